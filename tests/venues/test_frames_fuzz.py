"""Whatever comes over the wire: events or a `DecodeError`, nothing else, and no bad number in an event."""

import json
from collections.abc import Iterator
from copy import deepcopy
from decimal import Decimal
from typing import Any

import pytest
from good_frames import FRAMES, Frame
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_shared_samples import SAMPLES, samples
from venue_cases import NAMES, venue, with_bitcoin

from perpbot.chance import Chance, Random
from perpbot.model.events import BookDelta, BookReset, BookSnapshot, DecodeError, Event
from perpbot.model.money import Price
from perpbot.model.order import Balance, FundingPayment, Position
from perpbot.venues.book_builder import BookBuilder
from perpbot.venues.decode import fields_of

ODD: st.SearchStrategy[object] = st.one_of(
    st.sampled_from(
        [
            "",
            "NaN",
            "Infinity",
            "-Infinity",
            "-1",
            "0",
            "-0",
            "0.0",
            "1e400",
            "1e17",
            "1e-30",
            "1_0",
            " 1",
            "100",
            "101",
        ]
    ),
    st.sampled_from(
        [None, True, False, 0, -1, 1, 2**63, 10**30, 1.5, [], {}, [[]], "BTC", "okx", "\u0000", "\ud83d\ude00"]
    ),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=8),
)


def places(value: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Every place inside a frame."""
    inside = enumerate(value) if isinstance(value, list) else value.items() if isinstance(value, dict) else ()
    for key, each in inside:
        yield (*path, key)
        yield from places(each, (*path, key))


def changed(frame: Frame, draw: st.DrawFn) -> Frame:
    """`frame` with one place dropped, replaced or doubled."""
    copy: Frame = json.loads(json.dumps(frame))
    path = draw(st.sampled_from(list(places(copy))))
    holder: Any = copy
    for key in path[:-1]:
        holder = holder[key]
    action = draw(st.sampled_from(["drop", "replace", "replace", "replace", "double"]))
    if action == "drop":
        del holder[path[-1]]
    elif action == "double" and isinstance(holder, list):
        holder.append(holder[int(path[-1])])
    else:
        holder[path[-1]] = draw(ODD)
    return copy


@st.composite
def mutated(draw: st.DrawFn, name: str) -> str | bytes:
    """A frame of `name`, changed in its shape and perhaps in its bytes."""
    frame = draw(st.sampled_from(FRAMES[name]))
    for _ in range(draw(st.integers(min_value=0, max_value=3))):
        if list(places(frame)):
            frame = changed(frame, draw)
    text = json.dumps(frame, separators=(",", ":"), ensure_ascii=False)
    how = draw(st.sampled_from(["as it is", "as it is", "bytes", "flipped", "cut", "doubled"]))
    if how == "as it is":
        return text
    data = bytearray(text.encode("utf-8", "surrogatepass"))
    if how == "flipped" and data:
        for _ in range(draw(st.integers(min_value=1, max_value=3))):
            data[draw(st.integers(min_value=0, max_value=len(data) - 1))] ^= 1 << draw(st.integers(0, 7))
    elif how == "cut":
        del data[draw(st.integers(min_value=0, max_value=len(data))) :]
    elif how == "doubled":
        data = data * 2
    return bytes(data)


def numbers(event: Event) -> Iterator[tuple[str, Decimal]]:
    """Every price and size of an event by name."""
    for name, value in fields_of(event):
        if isinstance(value, Decimal):
            yield name, value
        elif isinstance(value, list):
            for price, size in value:
                yield "level price", price
                yield "level size", size


def check_numbers(event: Event) -> None:
    """Prices are positive, sizes are not negative, everything is finite and of some instrument."""
    assert getattr(event, "symbol", None) != ""
    signed = isinstance(event, Position | Balance | FundingPayment)
    for name, value in numbers(event):
        assert value.is_finite()
        assert signed or value >= 0
        if name in {"level price", "price", "bid", "ask", "open", "high", "low", "close", "index"}:
            assert value > 0


def check_book(name: str, event: BookSnapshot | BookDelta | BookReset) -> None:
    """Whatever a book is fed, it is right or it has no price."""
    builder = BookBuilder(VENUES[name], event.symbol)
    levels = [(Price(Decimal(99)), Decimal(1))], [(Price(Decimal(101)), Decimal(1))]
    builder.take(BookSnapshot(event.symbol, *levels, 10, 0))  # type: ignore[arg-type]
    builder.take(event)
    if builder.book.valid:
        assert 0 < builder.book.best_bid()[0] < builder.book.best_ask()[0]
        assert all(size > 0 for _, size in [*builder.book.bids(), *builder.book.asks()])


VENUES = {name: with_bitcoin(venue(name)) for name in NAMES}


def survive(name: str, frame: str | bytes) -> None:
    made = VENUES[name]
    for decode in (made.decode_public, made.decode_private):
        refused, events = "", list[Event]()
        try:
            events = decode(frame, 0)
        except DecodeError as error:
            refused = str(error)
        assert refused.startswith(name) or not refused, "the error names its venue"
        for event in events:
            check_numbers(event)
            if isinstance(event, BookSnapshot | BookDelta | BookReset):
                check_book(name, event)


relaxed = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


@pytest.mark.parametrize("name", NAMES)
def test_the_frames_themselves_are_good(name: str) -> None:
    made = VENUES[name]
    assert all(made.decode_public(json.dumps(frame), 0) for frame in FRAMES[name])


@pytest.mark.parametrize("name", NAMES)
@given(data=st.data())
@settings(relaxed, max_examples=1_000)
def test_a_mutated_frame_decodes_or_is_refused(name: str, data: st.DataObject) -> None:
    survive(name, data.draw(mutated(name)))


@pytest.mark.full
@pytest.mark.parametrize("name", NAMES)
@given(data=st.data())
@settings(relaxed, max_examples=20_000)
def test_many_mutated_frames_decode_or_are_refused(name: str, data: st.DataObject) -> None:
    survive(name, data.draw(mutated(name)))


ODDITIES: tuple[Any, ...] = (
    *("", "NaN", "Infinity", "-Infinity", "-1", "0", "-0", "0.0", "1e400", "1e17", "1e-30", "1_0", " 1", "100", "101"),
    *(None, True, False, 0, -1, 1, 2**63, 10**30, 1.5, [], {}, [[]], "BTC", "\u0000", "\U0001f600", "\u0661"),
)


def damaged(text: str, chance: Random) -> str | bytes:
    """A frame with a place or two replaced, dropped or doubled, or with broken bytes."""
    if chance.random() < 0.3:
        data = bytearray(text.encode())
        for _ in range(chance.randrange(1, 4)):
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        return bytes(data[: chance.randrange(1, len(data))] if chance.random() < 0.2 else data)
    frame = json.loads(text)
    for _ in range(chance.randrange(1, 3)):
        if not (inside := list(places(frame))):
            break
        holder, path = frame, chance.choice(inside)
        for key in path[:-1]:
            holder = holder[key]
        action = chance.random()
        if action < 0.2:
            del holder[path[-1]]
        elif action < 0.3 and isinstance(holder, list):
            holder.append(holder[int(path[-1])])
        else:
            holder[path[-1]] = deepcopy(chance.choice(ODDITIES))
    return json.dumps(frame, separators=(",", ":"))


def survive_many(name: str, count: int) -> None:
    """Damage frames of a venue, those beside the checkout too, from a fixed seed."""
    recorded = samples(name) if SAMPLES.is_dir() else []
    texts = [json.dumps(frame) for frame in [*FRAMES[name], *recorded]]
    chance = Chance(20_260_101).stream(f"fuzz/{name}")
    for number in range(count):
        frame = damaged(texts[number % len(texts)], chance)
        try:
            survive(name, frame)
        except Exception as error:
            raise AssertionError(f"frame {number}: {frame!r}") from error


@pytest.mark.parametrize("name", NAMES)
def test_damaged_frames_decode_or_are_refused(name: str) -> None:
    survive_many(name, 2_000)


@pytest.mark.full
@pytest.mark.parametrize("name", NAMES)
def test_a_hundred_thousand_damaged_frames_decode_or_are_refused(name: str) -> None:
    survive_many(name, 100_000)


@pytest.mark.parametrize("name", NAMES)
@given(noise=st.one_of(st.binary(max_size=100), st.text(max_size=100)))
@settings(relaxed, max_examples=300)
def test_noise_is_refused(name: str, noise: str | bytes) -> None:
    survive(name, noise)
