"""The recorder at simulated venues, on virtual time: it loses nothing, and heals what breaks."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gevent
import pytest
from recorded import record
from test_backtest import backtest, settings

from perpbot.recording.reading import read_recordings
from perpbot.recording.replaying import Gap, QuoteSeen, Replay, Unreadable
from perpbot.recording.writing import RecordingFile, UnwritableError
from perpbot.simulation.venues.serving import SimulatedVenues
from perpbot.simulation.world import World, run_forked
from perpbot.venues.decode import decode
from perpbot.venues.http import Http
from perpbot.venues.lines import FrameLine, RecordedLine, SessionBegan, SessionEnded, read_header, read_line
from perpbot.venues.registry import venue_class, venue_names

pytestmark = pytest.mark.simulated


def lines(path: Path) -> list[RecordedLine]:
    header, *others = path.read_text(encoding="utf-8").splitlines()
    assert read_header(header) is not None
    found = [read_line(each) for each in others]
    assert None not in found
    return [each for each in found if each is not None]


def frames(path: Path) -> list[bytes]:
    found = [each.frame for each in lines(path) if isinstance(each, FrameLine)]
    return [each.encode() if isinstance(each, str) else each for each in found]


def decoded(path: Path, name: str) -> list[dict[str, Any]]:
    return list(decode(venue_class(name)(venue_class(name).mainnet, Http()), path.read_text().splitlines()))


def recorded(world: World, names: Sequence[str], folder: Path) -> tuple[dict[str, list[bytes]], list[str]]:
    """What the venues sent, and the secrets of the account there."""
    secrets: list[str] = []

    def keep(venues: SimulatedVenues) -> None:
        details = venues.details()
        secrets.extend(secret for name in names for secret in details[name]["credentials"].values())

    return record(world, folder, names, 5.0, keep), secrets


@pytest.mark.parametrize("names", [("okx", "hyperliquid"), ("aster", "paradex")], ids=" ".join)
def test_every_frame_that_was_sent_is_in_the_recording_and_can_be_decoded(
    names: tuple[str, ...], tmp_path: Path
) -> None:
    sent, secrets = run_forked(recorded, 3, names, tmp_path)
    assert secrets
    for name in names:
        path = tmp_path / f"{name}.rec"
        assert not any(json.dumps(secret)[1:-1] in path.read_text() for secret in secrets)
        written = frames(path)
        assert len(written) > 30
        assert written == sent[name][: len(written)], "what came, in the order in which it came"
        assert len(sent[name]) - len(written) <= 5, "what was on its way when it ended"
        times = [each.time_ns for each in lines(path)]
        assert times == sorted(times)
        events = decoded(path, name)
        assert [each for each in events if each["type"] in {"error", "gap"}] == []
        books = [each for each in events if each["type"] == "book"]
        assert {each["symbol"] for each in books} == {"BTC-PERP", "ETH-PERP"}
        assert books[-1]["valid"]
        assert "unit" not in books[-1], "the instruments are in the recording"


def disturbed(world: World, names: Sequence[str], folder: Path) -> None:
    def trouble(venues: SimulatedVenues) -> None:
        gevent.sleep(3.0)
        for name in names:
            venues.venues[name].faults.change({"gap": 1})
        gevent.sleep(5.0)
        for name in names:
            venues.admin.disconnect(name)

    record(world, folder, names, 10.0, trouble)


@pytest.mark.parametrize("names", [("okx", "aster")], ids=" ".join)
def test_a_lost_frame_and_a_broken_session_are_in_the_recording_and_the_book_is_whole_afterwards(
    names: tuple[str, ...], tmp_path: Path
) -> None:
    run_forked(disturbed, 5, names, tmp_path)
    for name in names:
        path = tmp_path / f"{name}.rec"
        events = decoded(path, name)
        assert [each["type"] for each in events].count("gap") >= 1
        assert [each for each in events if each["type"] == "book"][-1]["valid"]
        sessions = [each for each in lines(path) if isinstance(each, SessionBegan | SessionEnded)]
        assert [type(each) for each in sessions] == [SessionBegan, SessionEnded, SessionBegan, SessionEnded]
        assert isinstance(sessions[-1], SessionEnded)
        assert sessions[-1].reason == "the recording ends"


@pytest.mark.full
def test_every_venue_there_is_can_be_recorded_replayed_and_traded_on(tmp_path: Path) -> None:
    names = tuple(venue_names())
    run_forked(recorded, 4, names, tmp_path)
    files = [str(tmp_path / f"{name}.rec") for name in names]
    seen = list(Replay(read_recordings(files), settings()).run())
    assert [each for each in seen if isinstance(each, Unreadable | Gap)] == []
    assert {each.quote.venue for each in seen if isinstance(each, QuoteSeen)} == {*names}
    report = backtest(files, tmp_path / "state")
    assert all(each["quotes"] for each in report["venues"].values()), report["venues"]


def test_a_full_disk_is_told_with_the_file(tmp_path: Path) -> None:
    file = RecordingFile(tmp_path / "okx.rec", "okx", ("BTC-PERP",))
    file._file.close()
    file._file = open("/dev/full", "w", buffering=1)  # noqa: PTH123, SIM115 - closed below
    with pytest.raises(UnwritableError, match=r"okx\.rec cannot be written any more: No space left on device"):
        file.frame(b"{}")
    file.close()


def test_an_existing_file_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "okx.rec"
    path.write_text("mine")
    with pytest.raises(FileExistsError):
        RecordingFile(path, "okx", ())
    assert path.read_text() == "mine"
