"""`perpbot venues`: the list, and raw frames to JSON."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import click
import pytest
from running_system import PERPBOT, Commands, environment, in_process

from perpbot.cli.venues import venues as venues_group

MS = 1_700_000_000_000


def book(action: str, previous: int, sequence: int, bids: list[list[str]]) -> str:
    row = {"bids": bids, "asks": [["101", "300", "0", "1"]], "ts": str(MS), "seqId": sequence, "prevSeqId": previous}
    row["checksum"] = 0
    return json.dumps({"arg": {"channel": "books", "instId": "BTC-USDT-SWAP"}, "action": action, "data": [row]})


SNAPSHOT = book("snapshot", -1, 10, [["99", "100", "0", "1"], ["98", "200", "0", "1"]])
UPDATE = book("update", 10, 11, [["99.5", "50", "0", "1"]])
INSTRUMENTS = {
    "code": "0",
    "data": [
        {
            "instType": "SWAP",
            "uly": "BTC-USDT",
            "instId": "BTC-USDT-SWAP",
            "ctType": "linear",
            "ctVal": "0.01",
            "ctMult": "1",
            "ctValCcy": "BTC",
            "settleCcy": "USDT",
            "tickSz": "0.1",
            "lotSz": "1",
            "minSz": "1",
            "lever": "100",
            "state": "live",
        }
    ],
}


def events(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_the_list_has_every_venue_and_what_it_needs(perpbot: Commands) -> None:
    listed = perpbot("venues", "list", "--json").json
    okx = next(each for each in listed["venues"] if each["name"] == "okx")
    assert okx["credentials"] == ["api_key_env", "api_secret_env", "api_passphrase_env"]
    assert (okx["simulated"], okx["testnet"], okx["login"]) == (True, True, True)
    shown = perpbot("venues", "list").out
    assert all(each["name"] in shown for each in listed["venues"])
    assert set(listed["planned"]).isdisjoint(each["name"] for each in listed["venues"])


def of(listed: Any, name: str) -> Any:
    return next(each for each in listed["venues"] if each["name"] == name)


def test_the_list_of_a_live_configuration_says_where_orders_go_and_what_is_missing(
    perpbot: Commands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "live.yaml"
    aster = "{testnet: false, trading: {trade_enabled: false, wallet_address_env: WALLET}}"
    okx = "{trading: {trade_enabled: true, api_key_env: KEY, api_secret_env: SECRET, api_passphrase_env: PHRASE}}"
    grvt = "{trading: {trade_enabled: true, api_key_env: KEY, private_key_env: NOT_SET}}"
    path.write_text(f"mode: live\nsymbols: [BTC]\nexchanges:\n  aster: {aster}\n  okx: {okx}\n  grvt: {grvt}\n")
    for name in ("KEY", "SECRET", "PHRASE"):
        monkeypatch.setenv(name, "hunter2")
    for name in ("WALLET", "NOT_SET"):
        monkeypatch.delenv(name, raising=False)
    answer = perpbot("venues", "list", "--config", path, "--json")
    assert "hunter2" not in answer.out
    listed = answer.json
    assert (of(listed, "okx")["orders"], of(listed, "okx")["missing"]) == ("trading", [])
    assert of(listed, "okx")["present"] == ["KEY", "SECRET", "PHRASE"]
    assert (of(listed, "aster")["orders"], of(listed, "aster")["missing"]) == (
        "read-only",
        ["WALLET", "private_key_env"],
    )
    assert (of(listed, "grvt")["orders"], of(listed, "grvt")["missing"]) == ("read-only", ["NOT_SET"])
    assert (of(listed, "paradex")["orders"], of(listed, "paradex")["present"]) == (None, [])
    shown = perpbot("venues", "list", "--config", path).out
    assert "missing: NOT_SET" in shown
    assert "needs private_key_env, wallet_address_env" in shown


def test_the_list_without_a_configuration_of_its_own_is_of_the_simulation(perpbot: Commands) -> None:
    listed = perpbot("venues", "list", "--json").json
    assert {each["orders"] for each in listed["venues"]} == {"simulated"}
    assert perpbot("venues", "list", "--config", "nothing.yaml").code == 78


def test_frames_in_a_file(perpbot: Commands, tmp_path: Path) -> None:
    path = tmp_path / "frames"
    path.write_text(f"{SNAPSHOT}\nnothing to see\n{UPDATE}\n")
    first, second = events(perpbot("venues", "decode", "okx", path).out)
    assert (first["type"], first["venue"], first["symbol"], first["unit"]) == ("book", "okx", "BTC-PERP", "native")
    assert second["bids"] == [["99.5", "50"], ["99", "100"], ["98", "200"]]


def test_depth_and_instruments(perpbot: Commands, tmp_path: Path) -> None:
    frames, instruments = tmp_path / "frames", tmp_path / "instruments"
    frames.write_text(f"{SNAPSHOT}\n")
    instruments.write_text(json.dumps(INSTRUMENTS))
    (shown,) = events(perpbot("venues", "decode", "okx", frames, "--instruments", instruments, "--depth", "1").out)
    assert "unit" not in shown
    assert shown["bids"] == [["99", "1"]]


def test_several_recordings_are_merged_by_time(perpbot: Commands, tmp_path: Path) -> None:
    late, early = tmp_path / "late", tmp_path / "early"
    late.write_text(f"1700000002.5: {UPDATE}\n")
    early.write_text(f"1700000001.5: {SNAPSHOT}\n")
    assert [each["sequence"] for each in events(perpbot("venues", "decode", "okx", late, early).out)] == [10, 11]


def test_what_cannot_be_decoded_is_an_event_and_no_failure(perpbot: Commands, tmp_path: Path) -> None:
    path = tmp_path / "frames"
    path.write_bytes(b'{"arg": 1}\n{\xff\xfe}\n{"broken\n')
    shown = perpbot("venues", "decode", "okx", path)
    assert shown.code == 0
    assert [(each["type"], each["origin"]) for each in events(shown.out)] == [("error", "frame")] * 3
    assert [each["at"] for each in events(shown.out)] == [f"{path}:{number}" for number in (1, 2, 3)]


def test_a_frame_in_many_lines_is_asked_for_in_one(perpbot: Commands, tmp_path: Path) -> None:
    path = tmp_path / "frames"
    path.write_text(json.dumps(json.loads(SNAPSHOT), indent=2))
    first, *_ = events(perpbot("venues", "decode", "okx", path).out)
    assert (first["at"], "one frame per line" in first["message"]) == (f"{path}:1", True)


def test_what_a_venue_complains_of_is_told_apart_from_what_cannot_be_decoded(perpbot: Commands, tmp_path: Path) -> None:
    path = tmp_path / "frames"
    path.write_text('{"event": "error", "code": "60012", "msg": "Invalid request", "connId": "a4d3ae55"}\n')
    (error,) = events(perpbot("venues", "decode", "okx", path).out)
    assert (error["type"], error["origin"], error["code"]) == ("error", "venue", "60012")


@pytest.mark.parametrize("name", ["binance", "OKX", ""])
def test_an_unknown_venue_names_those_there_are(perpbot: Commands, name: str) -> None:
    refused = perpbot("venues", "decode", name)
    assert (refused.code, refused.out) == (2, "")
    assert f"no venue is called {name!r}; there are aster, " in refused.err
    assert "hyperliquid" in refused.err


def test_files_that_are_not_there(perpbot: Commands, tmp_path: Path) -> None:
    assert perpbot("venues", "decode", "okx", tmp_path / "none").code == 2
    assert perpbot("venues", "decode", "okx", "--instruments", tmp_path / "none").code == 2


def test_instruments_that_are_none(perpbot: Commands, tmp_path: Path) -> None:
    path = tmp_path / "instruments"
    path.write_text("hello")
    refused = perpbot("venues", "decode", "okx", "--instruments", path)
    assert refused.code == 2
    assert f"{path} is not okx's answer about its instruments" in refused.err


@pytest.mark.process
def test_frames_on_stdin() -> None:
    shown = in_process(["venues", "decode", "okx"], given=f"{SNAPSHOT}\n{UPDATE}\n")
    assert shown.code == 0
    assert [each["sequence"] for each in events(shown.out)] == [10, 11]
    assert in_process(["venues", "decode", "okx"]) == (0, "", "")


@pytest.mark.process
def test_a_frame_is_printed_as_soon_as_it_is_read() -> None:
    command = [*PERPBOT, "venues", "decode", "okx"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment())
    assert process.stdin is not None
    assert process.stdout is not None
    with process.stdout:
        process.stdin.write(f"{SNAPSHOT}\n")
        process.stdin.flush()
        assert json.loads(process.stdout.readline())["sequence"] == 10
        process.stdin.close()
        assert process.wait() == 0


@pytest.mark.process
def test_a_reader_that_has_enough_is_no_error(tmp_path: Path) -> None:
    path = tmp_path / "frames"
    path.write_text(f"{SNAPSHOT}\n" * 5_000)
    command = [*PERPBOT, "venues", "decode", "okx", str(path)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment())
    assert process.stdout is not None
    assert process.stderr is not None
    with process.stderr:
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait() == 0


@pytest.mark.process
def test_serving_refuses_a_venue_that_is_not_simulated() -> None:
    refused = in_process(["venues", "serve", "binance"])
    assert (refused.code, refused.out) == (2, "")
    assert "Usage: perpbot venues serve [OPTIONS] [NAME]..." in refused.err
    assert "no venue called 'binance' can be simulated; there are okx, " in refused.err


def test_serving_takes_every_option_of_the_module_that_serves() -> None:
    module = Path("perpbot/simulation/venues/__main__.py").read_text()
    serve = venues_group.commands["serve"]
    taken = {name for each in serve.params if isinstance(each, click.Option) for name in each.opts}
    assert set(re.findall(r'"(--[a-z-]+)"', module)) == taken
