"""The whole program on recordings: it trades on paper, deterministically, and sees what was recorded."""

import io
import json
import re
from contextlib import redirect_stdout
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import ccxt  # noqa: F401 - heavy imports happen once, before the forks
import pytest

from perpbot.cli import main
from perpbot.clock import NS_PER_MS, iso
from perpbot.config.settings import Settings, load_settings
from perpbot.execution.entries import OrderFilled, TradeOpened
from perpbot.recording.backtest import Backtest, run, settings_for
from perpbot.recording.reading import RecordingError, read_recordings
from perpbot.recording.replaying import EdgeSeen, QuoteSeen, Replay
from perpbot.storage.reading import read
from perpbot.venues.registry import venue_names

pytest_plugins = ["recording_fixtures"]
pytestmark = pytest.mark.simulated
CONFIG = Path(__file__).parents[2] / "config" / "simulation.yaml"


def settings() -> Settings:
    return load_settings(CONFIG, {}, tuple(venue_names()))


def backtest(files: list[str], state: Path, *, seed: int = 1, latency_ms: float | None = None) -> dict[str, Any]:
    recordings = tuple(read_recordings(files))
    chosen = settings_for(recordings, settings(), latency_ms)
    state.mkdir()
    return run(Backtest(recordings=recordings, settings=chosen, config="simulation", seed=seed, state=state))


class Ran(NamedTuple):
    """What the command did."""

    code: int
    said: str
    summary: Path


@pytest.fixture(scope="module")
def ran(files: list[str], tmp_path_factory: pytest.TempPathFactory) -> Ran:
    path = tmp_path_factory.mktemp("backtest") / "summary.json"
    said = io.StringIO()
    with redirect_stdout(said):
        code = main(["backtest", *files, "--config", str(CONFIG), "--summary", str(path)])
    return Ran(code, said.getvalue(), path)


@pytest.fixture
def report(ran: Ran) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(ran.summary.read_text())
    return found


def test_the_command_says_what_came_of_it(ran: Ran, report: dict[str, Any]) -> None:
    assert ran.code == 0
    assert ran.said.startswith("PAPER. ")
    assert f"{report['trades']['completed']} completed" in ran.said
    assert ran.said.endswith("It stopped cleanly.\n")


def test_it_trades_on_paper_and_ends_with_nothing_open(report: dict[str, Any]) -> None:
    assert report["mode"] == "paper"
    assert report["clean"], report
    assert report["trades"]["completed"] > 0
    assert report["orders"]["unknown_open"] == report["orders"]["duplicates"] == 0
    assert report["exposure"]["positions"] == {}
    assert report["pnl"]["by_currency"]
    assert all(Decimal(each["fees"]) > 0 for each in report["pnl"]["by_currency"].values())


def test_the_same_recordings_and_seed_give_the_same_summary(
    report: dict[str, Any], files: list[str], tmp_path: Path
) -> None:
    again = backtest(files, tmp_path / "again")
    assert json.dumps({**again, "config": report["config"]}) == json.dumps(report)


def test_the_program_sees_what_the_replay_shows_across_a_lost_frame_and_a_broken_session(
    report: dict[str, Any], files: list[str]
) -> None:
    recordings = read_recordings(files)
    every = Replay(recordings, settings_for(recordings, settings(), None)).run()
    seen = [each for each in every if iso(each.time_ns) <= report["stopped_at"]]
    quotes = [each.quote.venue for each in seen if isinstance(each, QuoteSeen)]
    for name, each in report["venues"].items():
        assert each["quotes"] == pytest.approx(quotes.count(name), abs=2), name
    edges = sum(isinstance(each, EdgeSeen) for each in seen)
    assert 0 < report["opportunities"] <= edges
    assert report["venues"]["okx"]["gaps"] > 0
    assert report["venues"]["aster"]["reconnects"] > 0


@pytest.mark.full
def test_orders_take_as_long_as_is_asked_for(files: list[str], tmp_path: Path) -> None:
    report = backtest(files, tmp_path / "slow", latency_ms=400)
    assert report["recording"]["latency_ms"] == 400
    left: dict[str, int] = {}
    waits = []
    for line in read(tmp_path / "slow" / "journal.sqlite", (TradeOpened, OrderFilled)):
        if isinstance(line.entry, TradeOpened):
            left |= {order.wire_id: line.at_ns for order in line.entry.orders}
        elif isinstance(line.entry, OrderFilled) and line.entry.fill.client_id in left:
            waits.append(line.entry.fill.time_ns - left[line.entry.fill.client_id])
    assert waits
    assert all(400 <= each / NS_PER_MS <= 410 for each in waits)


def test_one_venue_is_no_arbitrage(files: list[str]) -> None:
    recordings = read_recordings(files[:1])
    with pytest.raises(RecordingError, match="needs recordings of two venues, and there is only okx"):
        settings_for(recordings, settings(), None)


def test_a_recording_without_instruments_is_refused(folder: Path, files: list[str], tmp_path: Path) -> None:
    path = tmp_path / "okx.rec"
    path.write_text("".join(line for line in (folder / "okx.rec").open() if not line.startswith("http")))
    with pytest.raises(RecordingError, match=r"okx\.rec: okx: nothing in the recording tells of instruments"):
        backtest([str(path), *files[1:]], tmp_path / "state")


def test_recordings_of_different_times_are_refused(folder: Path, files: list[str], tmp_path: Path) -> None:
    path = tmp_path / "okx.rec"
    path.write_text(re.sub(r"(?m)^(http\S+ -> |ws\S+ <.> )?1767", r"\g<1>1667", (folder / "okx.rec").read_text()))
    with pytest.raises(RecordingError, match=r"okx\.rec: okx was recorded from 2022-.*, and no other venue was then"):
        backtest([str(path), *files[1:]], tmp_path / "state")
