"""Payloads recorded from the venues, or written in their documentation, as far as they lie beside the checkout."""

import json
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from venue_cases import NAMES, venue

from perpbot.model.events import BookDelta, BookSnapshot, DecodeError, Event
from perpbot.model.instrument import InstrumentTable
from perpbot.venues.book_builder import BookBuilder, Taken
from perpbot.venues.decode import decode, in_time_order
from perpbot.venues.venue import Venue

SHARED = Path(os.environ.get("PERPBOT_SHARED", Path(__file__).parents[3] / "shared"))
SAMPLES = SHARED / "samples"
RECORDING = SAMPLES / "aster" / "binance_futures_recording"

pytestmark = pytest.mark.skipif(not SAMPLES.is_dir(), reason="no recorded samples beside the checkout")


def samples(name: str) -> list[Any]:
    found = json.loads((SAMPLES / name / "ws.json").read_text(encoding="utf-8"))
    if "samples" in found:
        return [each["sample"] for each in found["samples"]]
    return [each for key, each in found.items() if key not in {"source", "rules"}]


def outcome(made: Venue, frame: object) -> list[Event] | None:
    """The events of a frame, or None when it is refused."""
    try:
        return made.decode_public(json.dumps(frame), 0)
    except DecodeError:
        return None


@pytest.mark.parametrize("name", NAMES)
def test_every_sample_decodes_or_is_refused_by_name(name: str) -> None:
    kinds = Counter(type(event).__name__ for frame in samples(name) for event in outcome(venue(name), frame) or ())
    wanted = {
        "okx": {"BookSnapshot", "BookDelta", "Quote", "PublicTrade", "Bar", "Balance", "Position", "OrderUpdate"},
        "hyperliquid": {"BookSnapshot", "Funding", "Mark", "PublicTrade", "Bar", "Fill", "OrderUpdate", "Balance"},
        "edgex": {"BookSnapshot", "BookDelta", "Quote"},
        "lighter": {"BookDelta", "Mark", "Funding", "PublicTrade", "Balance"},
        "aster": {"BookDelta", "Quote", "PublicTrade", "Bar", "Funding", "Mark", "Balance", "Position"},
        "grvt": {
            "BookSnapshot",
            "PublicTrade",
            "Quote",
            "Mark",
            "Funding",
            "Bar",
            "OrderUpdate",
            "Fill",
            "Position",
            "Ack",
        },
        "extended": {"BookSnapshot", "Balance", "Fill", "Position", "OrderUpdate", "Mark", "VenueError"},
        "paradex": {"BookSnapshot", "PublicTrade", "Mark", "Funding", "OrderUpdate", "Fill", "Position", "Balance"},
        "backpack": {"BookDelta", "Quote", "PublicTrade", "Bar", "OrderUpdate", "Position", "VenueError"},
    }[name]
    assert wanted <= set(kinds)


ENVELOPES: dict[str, set[str]] = {
    "okx": {"arg", "event", "op"},
    "hyperliquid": {"channel"},
    "aster": {"e", "stream", "result"},
    "edgex": {"type"},
    "lighter": {"channel", "error", "session_id"},
    "backpack": {"stream", "error"},
    "extended": {"type", "status"},
    "paradex": {"jsonrpc"},
    "grvt": {"jsonrpc", "stream"},
}


@pytest.mark.parametrize("name", NAMES)
def test_only_samples_torn_out_of_their_frame_are_refused(name: str) -> None:
    for frame in samples(name):
        if outcome(venue(name), frame) is None:
            assert not isinstance(frame, dict) or not ENVELOPES[name] & set(frame)


def test_samples_torn_out_of_their_frame_decode_inside_one() -> None:
    funding = next(each for each in samples("okx") if isinstance(each, dict) and "fundingRate" in each)
    assert outcome(venue("okx"), {"arg": {"channel": "funding-rate", "instId": funding["instId"]}, "data": [funding]})
    orders = [each for each in samples("aster") if isinstance(each, dict) and {"X", "i", "ap"} <= set(each)]
    assert orders
    for order in orders:
        assert outcome(venue("aster"), {"e": "ORDER_TRADE_UPDATE", "E": 1, "T": 1, "o": order})
    fills = [each for each in samples("hyperliquid") if "startPosition" in each]
    assert fills
    assert outcome(venue("hyperliquid"), {"channel": "userFills", "data": {"fills": fills}})
    (depth,) = [each for each in samples("edgex") if "type" not in each]
    channel = f"depth.{depth['contractId']}.15"
    frame = {"type": "quote-event", "channel": channel, "content": {"channel": channel, "data": [depth]}}
    assert outcome(venue("edgex"), frame)
    torn = [each for each in samples("backpack") if isinstance(each, dict) and "e" in each]
    assert torn
    for each in torn:
        stream = {"kline": "kline.2h.ETH_USDC"}.get(each["e"], f"{each['e']}.ETH_USDC")
        assert outcome(venue("backpack"), {"stream": stream, "data": each}) is not None


# -- a recording of the dialect Aster speaks ---------------------------------------------------------------------


def recording() -> list[list[str]]:
    files = sorted(RECORDING.iterdir()) if RECORDING.is_dir() else []
    if not files:
        pytest.skip("no recording beside the checkout")
    return [path.read_text(encoding="utf-8").splitlines() for path in files]


def test_a_recording_rebuilds_its_books_without_a_false_gap() -> None:
    events = list(decode(venue("aster", signed=False), in_time_order(recording())))
    kinds = Counter(event["type"] for event in events)
    assert set(kinds) == {"book", "quote", "trade", "bar"}
    books = [event for event in events if event["type"] == "book"]
    assert {event["symbol"] for event in books} == {"SUSHI-PERP", "AKRO-PERP", "KEEP-PERP", "CTK-PERP"}
    assert all(event["valid"] and event["bids"] and event["asks"] for event in books)
    assert all("unit" not in event for event in events)


def book_events(made: Venue) -> Iterator[BookSnapshot | BookDelta]:
    for line in in_time_order(recording()):
        head, separator, body = line.partition(": ")
        if " -> " in head:
            held = made.read_recorded(head.partition(" -> ")[0], body.encode())
            if isinstance(held, BookSnapshot):
                yield held
            elif held is not None:
                made.instruments = InstrumentTable(held)
        elif separator and body.startswith("{") and not head.startswith("configuration"):
            for event in made.decode_public(body, 0):
                if isinstance(event, BookSnapshot | BookDelta):
                    yield event


def test_any_one_frame_missing_breaks_exactly_that_book() -> None:
    """Frames that the snapshot covers are not missed; the last one has none behind it that could tell."""
    made = venue("aster", signed=False)
    events: dict[str, list[BookSnapshot | BookDelta]] = {}
    for event in book_events(made):
        events.setdefault(event.symbol, []).append(event)
    removed = 0
    for symbol, of_symbol in events.items():
        covered = next(event.sequence for event in of_symbol if isinstance(event, BookSnapshot))
        news = [place for place, event in enumerate(of_symbol) if isinstance(event, BookDelta) and event.last > covered]
        for missing in news[:-1]:
            builder = BookBuilder(made, symbol)
            taken = [builder.take(event) for event in of_symbol[: missing + 2] if event is not of_symbol[missing]]
            assert Taken.BROKEN not in taken[:-1]
            assert taken[-1] is Taken.BROKEN
            assert not builder.book.valid
            removed += 1
    assert removed > 500


def test_a_frame_missing_from_the_file_is_one_gap_of_one_book() -> None:
    files = recording()
    frames = max(files, key=len)
    place = [number for number, line in enumerate(frames) if '"akrousdt@depth' in line][40]
    del frames[place]
    events = list(decode(venue("aster", signed=False), in_time_order(files)))
    gaps = [event for event in events if event["type"] == "gap"]
    assert [gap["symbol"] for gap in gaps] == ["AKRO-PERP"]
    last = {event["symbol"]: event["valid"] for event in events if event["type"] == "book"}
    assert last == {"AKRO-PERP": False, "CTK-PERP": True, "KEEP-PERP": True, "SUSHI-PERP": True}
