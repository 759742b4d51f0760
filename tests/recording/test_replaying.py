"""Recordings run through the code that reads the market live: what is recorded is what is seen."""

import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from perpbot.config.settings import Settings, load_settings
from perpbot.recording.reading import RecordingError, UnknownVenueError, read_recordings
from perpbot.recording.replaying import EdgeSeen, Gap, QuoteSeen, Replay, Seen, Unreadable
from perpbot.venues.decode import decode
from perpbot.venues.http import Http
from perpbot.venues.registry import venue_class, venue_names

pytest_plugins = ["recording_fixtures"]
pytestmark = pytest.mark.simulated
NAMES = ("okx", "hyperliquid", "aster")
CONFIG = Path(__file__).parents[2] / "config" / "simulation.yaml"


def settings() -> Settings:
    return load_settings(CONFIG, {}, tuple(venue_names()))


@pytest.fixture(scope="module")
def seen(files: list[str]) -> list[Seen]:
    return list(Replay(read_recordings(files), settings()).run())


def books(folder: Path, name: str) -> Iterator[tuple[str, str, str]]:
    """Symbol, best bid and best ask of each book that `perpbot venues decode` prints."""
    venue = venue_class(name)(venue_class(name).mainnet, Http())
    for event in decode(venue, (folder / f"{name}.rec").read_text().splitlines()):
        if event["type"] == "book" and event["valid"]:
            yield event["symbol"], event["bids"][0][0], event["asks"][0][0]


@pytest.mark.parametrize("name", NAMES)
def test_every_book_that_is_decoded_is_a_quote_of_the_replay(name: str, folder: Path, seen: list[Seen]) -> None:
    quotes = [each.quote for each in seen if isinstance(each, QuoteSeen) and each.quote.venue == name]
    expected = list(books(folder, name))
    assert len(expected) > 80
    assert [(each.symbol, each.bid, each.ask) for each in quotes] == [
        (symbol, Decimal(bid), Decimal(ask)) for symbol, bid, ask in expected
    ]


def test_what_is_seen_comes_in_the_order_of_time(seen: list[Seen]) -> None:
    times = [each.time_ns for each in seen]
    assert times == sorted(times)
    assert [each for each in seen if isinstance(each, Unreadable)] == []


def test_an_opportunity_is_one_after_all_its_costs(seen: list[Seen]) -> None:
    edges = [each.edge for each in seen if isinstance(each, EdgeSeen)]
    least = settings().scanner.min_profit_pct / 100
    assert edges
    for edge in edges:
        assert edge.net == edge.gross - edge.fees - edge.slippage - edge.funding
        assert edge.net_fraction >= least
        assert edge.fees > 0


def test_gaps_are_named_with_their_reason_and_their_place(folder: Path, seen: list[Seen]) -> None:
    gaps = [each for each in seen if isinstance(each, Gap)]
    lost = next(each for each in gaps if each.venue == "okx")
    assert lost.symbol is not None
    assert lost.reason.startswith("gap: ")
    assert re.fullmatch(rf"{re.escape(str(folder))}/okx\.rec:[0-9]+", lost.place)
    broken, back = [each for each in gaps if each.venue == "aster" and each.symbol is None]
    assert broken.time_ns < back.time_ns
    assert back.since_ns == broken.time_ns
    assert back.reason.startswith("not connected: ")


def test_while_a_venue_is_away_it_takes_part_in_no_opportunity(seen: list[Seen]) -> None:
    broken, back = [each.time_ns for each in seen if isinstance(each, Gap) and each.venue == "aster"][:2]
    meanwhile = [each.edge for each in seen if isinstance(each, EdgeSeen) and broken < each.time_ns < back]
    assert meanwhile
    assert all("aster" not in {each.buy_venue, each.sell_venue} for each in meanwhile)


def test_a_recording_that_was_cut_off_in_a_line_is_read_up_to_there_and_says_so(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "okx.rec"
    whole = (folder / "okx.rec").read_bytes()
    path.write_bytes(whole[: whole.rindex(b": {") + 20])
    *_, last = Replay(read_recordings([str(path)]), settings()).run()
    assert isinstance(last, Gap)
    assert (last.reason, last.place) == ("the recording was cut off", str(path))


def test_several_files_of_a_venue_are_one_recording(folder: Path, tmp_path: Path) -> None:
    lines = (folder / "okx.rec").read_text().splitlines(keepends=True)
    first, second = tmp_path / "first", tmp_path / "second"
    first.write_text("".join(lines[: len(lines) // 2]))
    second.write_text("".join(lines[len(lines) // 2 :]))
    (one,) = read_recordings([f"okx={second}", str(first)])
    (whole,) = read_recordings([str(folder / "okx.rec")])
    assert [each.held for each in one.lines()] == [each.held for each in whole.lines()]
    assert (one.frames, one.first_ns, one.last_ns) == (whole.frames, whole.first_ns, whole.last_ns)


@pytest.mark.parametrize(
    ("name", "content", "kind", "said"),
    [
        ("okx.rec", "hello\n", RecordingError, "okx.rec:1: this is no line of a recording: 'hello'"),
        ("okx.rec", '12.5: {}\n\n{"a": 1}\n', RecordingError, "okx.rec:3: a frame without a time"),
        ("okx.rec", "", RecordingError, "okx.rec: no frame of okx is in it"),
        ("frames.txt", "12.5: {}\n", UnknownVenueError, "frames.txt:1: which venue is this of? Say it, as in okx="),
        ("a.rec", "# perpbot recording of binance: BTC-PERP\n", UnknownVenueError, "a.rec:1: no venue is called 'bin"),
    ],
)
def test_what_is_no_recording_is_refused_with_its_line(
    name: str, content: str, kind: type[RecordingError], said: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(kind, match=re.escape(str(tmp_path / said))):
        read_recordings([str(tmp_path / name)])
