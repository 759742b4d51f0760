"""`perpbot run`: what a run says, leaves behind and ends with, and what keeps it from starting."""

import json
import stat
import sys
from pathlib import Path
from typing import Any

import pytest
from running_system import in_process, trading_at

from perpbot import main as program
from perpbot.config.exchanges import Exchange, Trading
from perpbot.config.operation import Mode
from perpbot.config.settings import Settings

pytestmark = pytest.mark.process


def test_a_run_without_a_terminal_says_what_there_is_to_see(venues: Path, tmp_path: Path) -> None:
    summary = tmp_path / "summary.json"
    options: list[str | Path] = [
        "run",
        *trading_at(venues),
        "--state",
        tmp_path / "state",
        "--duration",
        "8",
        "--summary",
        summary,
    ]
    ended = in_process(options)
    assert (ended.code, ended.out) == (0, "")
    assert f"perpbot status --state {tmp_path}/state\n" in ended.err
    assert f"Control socket: {tmp_path}/state/perpbot.sock\nWeb console: http://127.0.0.1:" in ended.err
    assert f"Sign in with the password in {tmp_path}/state/operator.password;" in ended.err
    for about in ("prices ", "opportunities ", "trades "):
        assert f"INFO    {about}" in ended.err
    assert "Stopped cleanly: " in ended.err.splitlines()[-1]
    report = json.loads(summary.read_text())
    assert report["clean"]
    assert report["trades"]["completed"] >= 1
    assert stat.S_IMODE((tmp_path / "state").stat().st_mode) == 0o700
    assert not (tmp_path / "state" / "perpbot.sock").exists()


def test_what_libraries_write_beside_the_live_view_is_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "stderr.log"
    with program._strays(path):
        pass
    assert capsys.readouterr().err == ""
    with program._strays(path):
        sys.stderr.write("a warning\n")
    assert path.read_text() == "a warning\n"
    assert capsys.readouterr().err == f"Something was written to stderr meanwhile; see {path}\n"


def refused(*options: str | Path) -> str:
    """What is said when nothing starts."""
    ended = in_process(["run", *options])
    assert (ended.code, ended.out) == (78, "")
    assert ended.err.count("\n") == 1
    return ended.err


def test_state_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert refused("--state", tmp_path / "file" / "below").startswith(
        f"{tmp_path}/file/below cannot be made: Not a dir"
    )
    assert "is too long for a socket, by " in refused("--state", tmp_path / ("x" * 150))


def test_a_summary_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for place in (tmp_path / "file", tmp_path / "none"):
        said = f"{place} is not a directory; make it, or give another --summary\n"
        assert refused("--state", tmp_path, "--summary", place / "summary.json") == said
    assert not (tmp_path / "none").exists()


TRADES = {"opened": 3, "completed": 3, "hedged": 0, "unwound": 0, "failed": 1, "closed_at_stop": 0}
MONEY = {"by_currency": {"USDC": {"net": "12.34567"}, "USDT": {"net": "-0.001"}}}


@pytest.mark.parametrize(
    ("report", "said"),
    [
        (
            {"clean": True, "trades": TRADES, "pnl": MONEY},
            "Stopped cleanly: this run 3 trades completed, 0 unwound, 1 failed; +12.35 USDC, +0.00 USDT after fees.",
        ),
        (
            {"clean": True, "trades": TRADES | {"completed": 1, "closed_at_stop": 1}, "pnl": {}},
            (
                "Stopped cleanly: this run 1 trade completed (1 early, because of the stop), 0 unwound, 1 failed; "
                "nothing earned."
            ),
        ),
        ({"clean": False, "error": "nobody answers"}, "Stopped NOT cleanly: what it did is not known: nobody answers."),
    ],
)
def test_the_last_words_are_rounded_by_currency_and_say_what_the_stop_cut_short(report: Any, said: str) -> None:
    assert program._last_words(report) == said


@pytest.mark.parametrize(
    ("testnet", "said"),
    [
        (False, "LIVE: orders are sent to okx, aster; this is real money."),
        (True, "LIVE: orders are sent to okx, aster; these are testnets."),
    ],
)
def test_a_start_that_may_cost_money_says_so(*, testnet: bool, said: str) -> None:
    trades = Exchange(testnet=testnet, trading=Trading(trade_enabled=True, api_key_env="A_KEY"))
    settings = Settings(
        mode=Mode.LIVE, symbols=("BTC",), exchanges={"okx": trades, "aster": trades, "grvt": Exchange(testnet=testnet)}
    )
    assert program._live(settings) == said


def test_a_world_that_goes_on_says_which_settings_are_for_a_new_one() -> None:
    assert program._world({"id": "7", "resumed": False}, Path("run")) == "Simulated world 7 is new."
    goes_on = program._world({"id": "7", "resumed": True}, Path("run"))
    assert "`starting_balance` are for a new one" in goes_on
    assert goes_on.endswith("rm -r run")


def test_a_file_that_is_not_what_the_simulated_venues_printed(tmp_path: Path) -> None:
    path = tmp_path / "venues.json"
    absent = f"{path} cannot be read: No such file or directory; `perpbot venues serve > {path}` makes it\n"
    assert refused("--state", tmp_path, "--venues", path) == absent
    expected = f"{path} does not hold what `perpbot venues serve` prints: "
    path.write_text("hello\n")
    assert refused("--state", tmp_path, "--venues", path).startswith(expected)


def test_mode_simulation_never_trades_at_real_venues(tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text(Path("config/simulation.yaml").read_text().replace("  enabled: true ", "  enabled: false "))
    assert refused("--config", config, "--state", tmp_path).startswith("mode simulation needs simulated venues: ")
