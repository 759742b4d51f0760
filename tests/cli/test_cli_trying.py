"""`perpbot venues test`: the table of checks, at simulated venues and, reading only, at real ones."""

import json
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from running_system import in_process

from perpbot.cli.trying import _beside
from perpbot.places import CREDENTIAL_NAMES
from perpbot.trial.checks import LIVE, SIMULATED, Trial
from perpbot.trial.client import Client, TrialError
from perpbot.trial.report import Verdict, all_held, report
from perpbot.venues.http import Http
from perpbot.venues.registry import venue_class, venue_names

PAIR = ("okx", "hyperliquid")


@pytest.mark.process
def test_simulated_venues_pass_every_check() -> None:
    shown = in_process(["venues", "test", "okx", "hyperliquid", "aster", "--json"])
    assert shown.code == 0, shown.out
    assert shown.json["ok"]
    assert list(shown.json["venues"]) == ["okx", "hyperliquid", "aster"]
    for verdicts in shown.json["venues"].values():
        assert list(verdicts) == list(SIMULATED)
        assert all(each["ok"] and each["said"] for each in verdicts.values())


@pytest.mark.process
@pytest.mark.full
def test_every_venue_there_is_passes_every_check() -> None:
    shown = in_process(["venues", "test"])
    assert shown.code == 0, shown.out
    assert shown.out.split().count("ok") == len(SIMULATED) * len(venue_names())
    assert shown.out.endswith("All is well.\n")


def live_config(venues: Path, folder: Path, rest: str | None = None) -> tuple[Path, dict[str, str]]:
    """A configuration with the served venues in place of the real ones, and the environment it needs."""
    details = json.loads(venues.read_text())
    names = {theirs: ours for ours, theirs in CREDENTIAL_NAMES.items()}
    exchanges, environment = {}, {}
    for venue in PAIR:
        place = details[venue]
        trading: dict[str, Any] = {"trade_enabled": True}
        for theirs, secret in place["credentials"].items():
            variable = f"TRIED_{venue}_{names[theirs]}".upper()
            environment[variable], trading[f"{names[theirs]}_env"] = secret, variable
        streams = {"public_ws": place["ws"]["public"], "private_ws": place["ws"]["private"]}
        exchanges[venue] = {"endpoints": {"rest": rest or place["rest"], **streams}, "trading": trading}
    path = folder / "live.yaml"
    path.write_text(json.dumps({"mode": "live", "symbols": ["BTC"], "exchanges": exchanges}))
    return path, environment


def orders_at(venues: Path) -> int:
    details = json.loads(venues.read_text())
    total = 0
    for venue in PAIR:
        with urlopen(f"{details['admin']['url']}/admin/{venue}/books") as answer:  # noqa: S310 - on loopback
            total += sum(len(each["orders"]) for each in json.load(answer).values())
    return total


@pytest.mark.process
def test_real_venues_are_only_read(venues: Path, tmp_path: Path) -> None:
    config, environment = live_config(venues, tmp_path)
    before = orders_at(venues)
    shown = in_process(["venues", "test", "--live", "--config", config, "--json"], **environment)
    assert shown.code == 0, shown.out + shown.err
    for verdicts in shown.json["venues"].values():
        assert list(verdicts) == list(LIVE)
        assert all(each["ok"] for each in verdicts.values())
    assert orders_at(venues) == before
    assert not any(secret in shown.out for secret in environment.values())


@pytest.mark.process
def test_a_venue_that_does_not_answer_is_red_and_the_rest_is_not_tried(venues: Path, tmp_path: Path) -> None:
    config, environment = live_config(venues, tmp_path, rest="http://127.0.0.1:1")
    shown = in_process(["venues", "test", "okx", "--live", "--config", config], **environment)
    assert "Nothing was reached at all" in shown.out
    assert shown.code == 1
    rows = [line.split() for line in shown.out.splitlines()]
    assert rows[:3] == [["check", "okx"], ["instruments", "FAILED"], ["book", "-"]]
    assert "okx, instruments: okx: cannot connect to 127.0.0.1:1\nNot well: okx.\n" in shown.out


@pytest.mark.process
def test_a_missing_credential_ends_it_with_its_name(venues: Path, tmp_path: Path) -> None:
    config, _ = live_config(venues, tmp_path)
    refused = in_process(["venues", "test", "--live", "--config", config])
    assert (refused.code, refused.out) == (78, "")
    assert "okx trades, but the environment has no TRIED_OKX_API_KEY" in refused.err


def test_wrong_usage(perpbot: Any) -> None:
    refused = perpbot("venues", "test", "binance")
    assert refused.code == 2
    assert "no venue is called 'binance'; there are aster, " in refused.err
    assert perpbot("venues", "test", "--config", "x.yaml").code == 2


# -- the report ------------------------------------------------------------------------------------------------------


def trial() -> Trial:
    kind = venue_class("okx")
    return Trial(Client(kind(kind.mainnet, Http()), "BTC-PERP"))


def fail(_: Trial) -> str:
    raise TrialError("no such thing")


def hold(_: Trial) -> str:
    return "seen"


def test_when_the_first_check_fails_the_others_are_not_tried() -> None:
    found = report(trial(), {"one": fail, "two": hold})
    assert found == {"one": Verdict(False, "no such thing"), "two": Verdict(None, "one failed")}
    assert not all_held({"okx": found})


def test_a_later_failure_is_red_and_the_rest_goes_on() -> None:
    found = report(trial(), {"one": hold, "two": fail, "three": hold})
    assert [each.held for each in found.values()] == [True, False, True]


def test_without_credentials_the_account_is_not_read() -> None:
    found = report(trial(), {"one": hold, "balance": fail})
    assert found["balance"] == Verdict(None, "there are no credentials")
    assert all_held({"okx": found})


def test_a_mistake_of_ours_is_not_taken_for_the_venues() -> None:
    def broken(_: Trial) -> str:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        report(trial(), {"one": broken})


def test_live_checks_send_no_orders() -> None:
    assert set(LIVE) <= set(SIMULATED)
    assert not set(LIVE) & {"post-only", "cancel", "IOC", "reduce-only", "unknown fate"}


def test_venues_stand_beside_each_other_as_far_as_there_is_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("perpbot.cli.trying.on_terminal", lambda: True)
    monkeypatch.setenv("COLUMNS", "40")
    assert list(_beside(["okx", "hyperliquid", "aster", "backpack"], 14)) == [
        ["okx", "hyperliquid"],
        ["aster", "backpack"],
    ]
