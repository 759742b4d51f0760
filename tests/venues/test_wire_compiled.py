"""What is compiled reads what Python reads, number by number and frame by frame, and leaves it all else."""

import gc
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import attrs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from venue_cases import bitcoin, venue

from perpbot.model.events import DecodeError, Event
from perpbot.model.instrument import Instrument, InstrumentTable
from perpbot.model.money import Price, Quantity
from perpbot.model.quote import Quote
from perpbot.venues.aster import Aster
from perpbot.venues.aster_frames import AsterFrames
from perpbot.venues.wire import COMPILED, ArrayLevel, ReadBest, Scale, best_reader, levels, plain_levels

needs_compiled = pytest.mark.skipif(not COMPILED, reason="it was installed without a compiler")

PEPE = bitcoin("aster", symbol="PEPE-PERP", native="1000PEPEUSDT", base="PEPE", price_unit=Decimal(1000))
TABLE = InstrumentTable([bitcoin("aster"), PEPE, bitcoin("aster", symbol="ETH-PERP", native="ETHUSDT", base="ETH")])
FORM = 'of <symbol>: <bid> x <bid_size>, <ask> x <ask_size> at <ms> (<whole>, "<text>")'
TEXTS = [
    "",
    ".",
    "0",
    "0.0",
    "1.",
    ".5",
    "7.610",
    "-1",
    "+1",
    "1e3",
    "NaN",
    "1_0",
    "1.2.3",
    "\u0661",
    "\ud800",
    " 1",
    "9" * 18,
    "9" * 19,
]
WRITTEN = st.decimals(allow_nan=False, allow_infinity=False, min_value=0, max_value=10**6, places=3)
NUMBERS = st.one_of(
    WRITTEN.map(lambda each: format(each, "f")), st.sampled_from(["1", "2", "2.5"]), st.sampled_from(TEXTS)
)


def frame(
    symbol: str = "BTCUSDT",
    bid: str = "10.5",
    bid_size: str = "1",
    ask: str = "10.6",
    ask_size: str = "2",
    ms: str = "1700",
) -> str:
    return (
        f'{{"stream":"{symbol.lower()}@bookTicker","data":{{"e":"bookTicker","u":7,"s":"{symbol}",'
        f'"b":"{bid}","B":"{bid_size}","a":"{ask}","A":"{ask_size}","T":{ms},"E":1701}}}}'
    )


def aster(table: InstrumentTable = TABLE) -> Aster:
    made = venue("aster", signed=False)
    assert isinstance(made, Aster)
    made.instruments = table
    return made


def reader(table: InstrumentTable = TABLE) -> Callable[[str | bytes], Quote | None]:
    read = aster(table)._read_best
    return lambda text: read(text, 5, table)


def outcome(decode: Callable[[str | bytes, int], list[Event]], text: str | bytes) -> list[Event] | str:
    try:
        return decode(text, 5)
    except DecodeError as error:
        return str(error)


def test_it_is_compiled_where_there_is_a_compiler() -> None:
    headers = Path(sysconfig.get_path("include"), "Python.h").exists()
    possible = headers and any(map(shutil.which, ("cc", "gcc", "clang")))
    assert COMPILED or not (possible or "PERPBOT_CI" in os.environ), "touch setup.py, and make setup compiles it"


@needs_compiled
@pytest.mark.process
def test_what_was_compiled_from_another_source_is_not_used() -> None:
    script = (
        "import perpbot.venues._wire as it; it.SOURCE += 1; import perpbot.venues.wire as wire; print(wire.COMPILED)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "False\n"


Rows = list[tuple[str, str]]


@pytest.mark.parametrize("instrument", [None, bitcoin("okx"), PEPE], ids=["unknown", "contracts", "thousands"])
@given(books=st.lists(st.lists(st.tuples(NUMBERS, NUMBERS), max_size=6), max_size=5))
@example(books=[[(text, "1"), ("1", text)] for text in TEXTS])
def test_levels_are_what_python_makes_of_them(instrument: Instrument | None, books: list[Rows]) -> None:
    ours, plain = (Scale("aster", "X", "X-PERP", instrument) for _ in range(2))
    for book in books:
        rows = [ArrayLevel(price, size) for price, size in book]
        told = []
        for read, scale in ((levels, ours), (plain_levels, plain)):
            try:
                told.append(repr(read(scale, rows)))
            except DecodeError as error:
                told.append(str(error))
        assert told[0] == told[1]
        assert repr(dict(ours.prices)) == repr(dict(plain.prices))
        assert repr(dict(ours.sizes)) == repr(dict(plain.sizes))


def test_levels_forget_texts_before_they_fill_the_memory() -> None:
    scale = Scale("aster", "X", "X-PERP", None)
    for count in range(1, 12_000):
        assert levels(scale, [ArrayLevel("1", str(count))]) == [(Price(Decimal(1)), Quantity(Decimal(count)))]
    assert len(scale.sizes) <= 5_000


@needs_compiled
def test_a_best_bid_and_offer_is_read_from_text_and_from_bytes() -> None:
    wanted = Quote("aster", "BTC-PERP", Decimal("10.5"), Decimal(1), Decimal("10.6"), Decimal(2), 1_700_000_000, 5)  # type: ignore[arg-type]
    read = reader()
    assert [read(frame()), read(frame().encode()), read(frame())] == [wanted] * 3


@needs_compiled
def test_prices_are_of_one_coin() -> None:
    quote = reader()(frame("1000PEPEUSDT", bid="0.011", ask="0.012"))
    assert quote is not None
    assert (quote.symbol, quote.bid, quote.ask) == ("PEPE-PERP", Decimal("0.000011"), Decimal("0.000012"))


Fields = tuple[str, str, str, str, str, str]
SYMBOLS = st.sampled_from(["BTCUSDT", "ETHUSDT", "1000PEPEUSDT", "NEWUSDT", "", "B\\u0054CUSDT"])
TIMES = st.sampled_from(["1", "0", "01", "-1", "1.5", "", "9999999999999", "99999999999999", "100000000000000"])


@given(st.lists(st.tuples(SYMBOLS, NUMBERS, NUMBERS, NUMBERS, NUMBERS, TIMES), max_size=8))
@example([("BTCUSDT", "2", "1", "3", text, "1") for text in TEXTS])
@example([("BTCUSDT", "2", "1", text, "1", "1") for text in TEXTS])
@example(
    [("BTCUSDT", "2", "1", "3", "1", "1"), ("BTCUSDT", "3", "1", "3", "1", "1"), ("BTCUSDT", "2", "4", "3", "1", "1")]
)
@example([("BTCUSDT", "2", "1", "3", "0", "1")] * 2)
@example([("BTCUSDT", "2", "1", "3", "1", "1"), ("BTCUSDT", "", "", "", "", "1")])
def test_quotes_are_what_the_decoder_makes_of_them_whatever_came_before(rows: list[Fields]) -> None:
    ours, plain = aster(), AsterFrames(aster())
    for each in rows:
        text = frame(*each)
        assert repr(outcome(ours.decode_public, text)) == repr(outcome(plain.decode, text))


LIKE = ["10.5", "10.55", "10.551", "10.50", "10", "1", "10000.123", "10000.124", "0", ""]
"""Texts that begin alike, so that one is easily taken for the other."""
NAMES = ["BTCUSDT", "1000PEPEUSDT"]
TABLES = [TABLE, InstrumentTable([bitcoin("aster", price_unit=Decimal(10), contract_size=Decimal("0.01"))])]
Step = tuple[str, str, list[str], int]
STEPS = st.tuples(
    st.sampled_from(["best", "best", "best", "depth"]),
    st.sampled_from(NAMES),
    st.lists(st.sampled_from(LIKE), min_size=4, max_size=4),
    st.sampled_from([0, 0, 0, 1]),
)


def depth(symbol: str, texts: list[str]) -> str:
    bid, bid_size, ask, ask_size = texts
    return (
        f'{{"stream":"{symbol.lower()}@depth","data":{{"e":"depthUpdate","s":"{symbol}","T":1,"U":1,"u":2,"pu":0,'
        f'"b":[["{bid}","{bid_size}"]],"a":[["{ask}","{ask_size}"]]}}}}'
    )


def moves(*texts: str) -> list[Step]:
    """Best bids and offers of bitcoin, one after the other: bid, its size, ask, its size."""
    return [("best", "BTCUSDT", text.split(), 0) for text in texts]


@given(st.lists(STEPS, max_size=12))
@example(moves("10 1 10.5 2", "10 1 10 2"))
@example(moves("10 1 10.55 1", "10 1 10.5 1", "10 1 10.55 1"))
@example(moves("1 10000.123 10 10000.123", "1 10000.124 10 10000.124"))
@example(moves("1 10000.123 10 1", "1 10000.123 10 10000.124", "1 1 10 10000.123"))
@example(moves("1 10 10.5 1", "1 10 10.5 10", "1 1 10.5 1"))
@example(moves("1 10.551 9 1", "1 10.50 9 1", "1 10.55 9 1"))
@example(moves("1 10 10.5 1", "1 0 10.5 1", "1 0 10.5 1", "0 10 10.5 1", "0 10 10.5 1"))
@example(
    [("depth", name, ["10", "10.5", "10.55", "10"], 0) for name in NAMES]
    + [("best", name, ["10", "10.55", "10.55", "10"], 0) for name in NAMES]
)
@example([("best", "BTCUSDT", ["10", "1", "10.5", "1"], table) for table in (0, 1, 0, 1)])
@example([("depth", "BTCUSDT", ["10", "1", "10.5", "1"], 1), ("best", "BTCUSDT", ["10", "10.5", "10.5", "10"], 1)])
def test_frames_are_what_the_decoder_makes_of_them_whatever_was_remembered(steps: list[Step]) -> None:
    ours, other = aster(), aster()
    plain = AsterFrames(other)
    for kind, symbol, texts, table in steps:
        ours.instruments = other.instruments = TABLES[table]
        text = frame(symbol, *texts) if kind == "best" else depth(symbol, texts)
        assert repr(outcome(ours.decode_public, text)) == repr(outcome(plain.decode, text))


@given(at=st.integers(0, 200), cut=st.integers(0, 3), put=st.characters(max_codepoint=300), as_bytes=st.booleans())
def test_a_changed_frame_is_what_the_decoder_makes_of_it(at: int, cut: int, put: str, *, as_bytes: bool) -> None:
    good = frame()
    at = min(at, len(good))
    changed = good[:at] + put + good[at + cut :]
    text = changed.encode() if as_bytes else changed
    assert repr(outcome(aster().decode_public, text)) == repr(outcome(AsterFrames(aster()).decode, text))


@needs_compiled
@pytest.mark.parametrize(
    "text",
    [
        frame(bid="0"), frame(bid_size="0.0"), frame(ask="10.5"), frame(bid="10.6"), frame(ask_size="1e2"),
        frame(ms="01"), frame(""), frame("\u0130"), frame(bid="1" * 19), frame() + " ", frame()[:-1], "",
        frame().replace("bookTicker", "aggTrade"),
    ],
)  # fmt: skip
def test_what_is_unusual_or_wrong_is_left_to_the_decoder_every_time(text: str) -> None:
    read = reader()
    assert [read(text), read(text), read(text.encode())] == [None] * 3


@needs_compiled
def test_a_frame_that_was_left_changes_nothing_of_what_is_known() -> None:
    read = reader()
    first = read(frame())
    assert read(frame(bid="10.7", bid_size="3")) is None
    assert read(frame()) == first


def test_a_venue_whose_instruments_are_replaced_reads_with_the_new_ones() -> None:
    made = aster()
    (was,) = made.decode_public(frame(), 5)
    made.instruments = InstrumentTable([attrs.evolve(bitcoin("aster"), price_unit=Decimal(10))])
    (now,) = made.decode_public(frame(), 5)
    assert isinstance(was, Quote)
    assert isinstance(now, Quote)
    assert (was.bid, now.bid) == (Decimal("10.5"), Decimal("1.05"))


@needs_compiled
def test_more_names_than_it_remembers_are_read_all_the_same() -> None:
    read = aster()._read_best
    for count in range(6_000):
        quote = read(frame(f"C{count}USDT"), 5, TABLE)
        assert quote is not None
        assert quote.symbol == f"C{count}USDT"
    remembered = max(len(each) for each in gc.get_referents(read.__self__) if isinstance(each, dict))  # type: ignore[attr-defined]
    assert remembered <= 5_000


def scaled(native: str) -> Scale:
    return Scale("okx", native, f"{native}-PERP", None)


@needs_compiled
def test_names_as_long_as_no_name_is_are_neither_read_nor_remembered() -> None:
    with pytest.raises(DecodeError, match="the name of an instrument"):
        aster().decode_public(frame("C" * 101), 5)


@needs_compiled
def test_any_venue_can_say_its_form() -> None:
    read: ReadBest = best_reader("okx", FORM, scaled)
    quote = read('of BTC: 1.5 x 2, 1.6 x 3 at 4 (5, "a@b")', 6, TABLE)
    assert quote == Quote("okx", "BTC-PERP", Decimal("1.5"), Decimal(2), Decimal("1.6"), Decimal(3), 4_000_000, 6)  # type: ignore[arg-type]


@needs_compiled
@pytest.mark.parametrize("form", [FORM.replace("<ms>", "4"), FORM + "<bid>", FORM + "<text>" * 6, FORM + "<what>"])
def test_a_form_without_a_number_twice_with_one_or_with_too_many_holes_is_refused(form: str) -> None:
    with pytest.raises(ValueError, match="of <symbol>"):
        best_reader("okx", form, scaled)
