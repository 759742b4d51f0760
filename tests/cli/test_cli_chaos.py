"""`perpbot chaos`: what it prints, and how it ends."""

import json
from pathlib import Path

import pytest
from running_system import Commands
from three_venues import three_venues

from actors.pool import CapitalPool

pytestmark = pytest.mark.simulated


def test_a_run_in_which_all_held_says_so_and_what_befell_it(perpbot: Commands, tmp_path: Path) -> None:
    shown = perpbot("chaos", "--seed", "1", "--minutes", "0.5", "--config", three_venues(tmp_path))
    assert shown.code == 0, shown.out + shown.err
    assert shown.out.startswith("seed 1: held; ")
    assert " trades, " in shown.out


def test_a_violation_is_printed_with_its_seed_and_the_end_of_the_log(
    perpbot: Commands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(CapitalPool, "_give_back", lambda *_: True)
    shown = perpbot("chaos", "--seed", "2", "--minutes", "0.5", "--json", "--config", three_venues(tmp_path))
    assert shown.code == 1
    (run,) = json.loads(shown.out)["runs"]
    assert (run["seed"], run["ok"]) == (2, False)
    assert "left open" in {each["rule"] for each in run["violations"]}
    assert run["log"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--runs", "0"), "from 1 to"),
        (("--minutes", "0"), "from 0.5"),
        (("--config", "nowhere.yaml"), "nowhere.yaml"),
    ],
)
def test_what_cannot_be_is_refused(perpbot: Commands, options: tuple[str, ...], words: str) -> None:
    refused = perpbot("chaos", *options)
    assert refused.code in {2, 78}
    assert words in refused.err
