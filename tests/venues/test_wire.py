"""Numbers and names on the wire: what is exact, what is refused, and what is remembered."""

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from venue_cases import bitcoin

from perpbot.model.events import DecodeError
from perpbot.model.instrument import InstrumentTable
from perpbot.model.quote import Quote
from perpbot.venues.wire import ArrayLevel, JsonReader, Millis, Prices, Scale, Scales, Sizes, bar, number, quote

ONE = Decimal(1)
NOT_NUMBERS = ["", " 1", "1 ", "1_000", "0x10", "NaN", "Infinity", "-Infinity", "sNaN", "1,5", "\u0661", "1e999", "--1"]


class Stamped(msgspec.Struct):
    ts: Millis


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**17), max_value=10**17, places=12))
def test_a_number_is_read_exactly(value: Decimal) -> None:
    assert number(format(value, "f"), "okx", "px") == value


@pytest.mark.parametrize("text", NOT_NUMBERS)
def test_what_is_no_plain_number_is_refused_with_venue_and_field(text: str) -> None:
    with pytest.raises(DecodeError, match="okx: px is"):
        number(text, "okx", "px")


@pytest.mark.parametrize("text", [*NOT_NUMBERS, "0", "0.00", "-1", "1e18"])
def test_a_price_is_positive_and_finite(text: str) -> None:
    with pytest.raises(DecodeError, match="okx: a price of BTC-USDT-SWAP"):
        _ = Prices("okx", "BTC-USDT-SWAP", ONE)[text]


@pytest.mark.parametrize("text", [*NOT_NUMBERS, "-0.1", "1e18"])
def test_a_size_is_not_negative(text: str) -> None:
    with pytest.raises(DecodeError, match="okx: a size of BTC-USDT-SWAP"):
        _ = Sizes("okx", "BTC-USDT-SWAP", ONE)[text]


def test_what_was_refused_is_refused_again() -> None:
    prices = Prices("okx", "BTC-USDT-SWAP", ONE)
    for _ in range(2):
        with pytest.raises(DecodeError):
            _ = prices["NaN"]
    assert not prices


def test_an_instrument_forgets_texts_before_they_fill_the_memory() -> None:
    sizes = Sizes("okx", "BTC-USDT-SWAP", ONE)
    for count in range(12_000):
        assert sizes[str(count)] == count
    assert len(sizes) <= 5_000


def test_contracts_become_coins_and_a_thousand_coins_price_one() -> None:
    instrument = bitcoin("okx", contract_size=Decimal(1000), price_unit=Decimal(1000))
    scale = Scale("okx", instrument.native, instrument.symbol, instrument)
    assert scale.sizes["2.5"] == 2500
    assert scale.prices["0.0123"] == Decimal("0.0000123")
    assert scale.signed("-3") == -3000


def test_without_instruments_a_name_is_derived_and_sizes_stay_as_they_came() -> None:
    scale = Scales("okx", lambda native: f"derived from {native}").of("BTC-USDT-SWAP", InstrumentTable())
    assert scale.symbol == "derived from BTC-USDT-SWAP"
    assert scale.sizes["5"] == 5


def test_a_name_missing_from_the_table_cannot_be_mistaken_for_one_that_was_chosen() -> None:
    table = InstrumentTable([bitcoin("okx")])
    scales = Scales("okx", lambda _native: "BTC-PERP")
    assert scales.of("BTC-USDT-SWAP", table).symbol == "BTC-PERP"
    assert scales.of("BTC-USDC-SWAP", table).symbol == "BTC-USDC-SWAP"


def test_a_new_table_is_used_at_once() -> None:
    scales = Scales("okx", lambda native: native)
    assert scales.of("BTC-USDT-SWAP", InstrumentTable()).sizes["5"] == 5
    assert scales.of("BTC-USDT-SWAP", InstrumentTable([bitcoin("okx")])).sizes["5"] == Decimal("0.05")


@pytest.mark.parametrize(
    ("bid", "ask", "why"),
    [
        (("101", "1"), ("100", "1"), "crossed"),
        (("100", "1"), ("100", "1"), "crossed"),
        (("99", "0"), ("100", "1"), "the size at a best price"),
        (("99", "1"), ("100", "0.0"), "the size at a best price"),
    ],
)
def test_no_quote_is_made_of_crossed_or_empty_levels(bid: tuple[str, str], ask: tuple[str, str], why: str) -> None:
    scale = Scale("okx", "BTC-USDT-SWAP", "BTC-PERP", None)
    with pytest.raises(DecodeError, match=why):
        quote(scale, ArrayLevel(*bid), ArrayLevel(*ask), venue_time_ns=0, received_ns=0)


_FEW_TEXTS = st.sampled_from(["1", "2.0", "2", "3.5", "0", "NaN"])


@given(st.lists(st.tuples(_FEW_TEXTS, _FEW_TEXTS, _FEW_TEXTS, _FEW_TEXTS), max_size=12))
def test_what_a_quote_is_does_not_depend_on_the_quotes_before_it(quotes: list[tuple[str, str, str, str]]) -> None:
    def read(scale: Scale, texts: tuple[str, str, str, str]) -> Quote | str:
        try:
            return scale.best(*texts, 1, 2)
        except DecodeError as error:
            return str(error)

    one = Scale("okx", "BTC-USDT-SWAP", "BTC-PERP", bitcoin("okx", contract_size=Decimal("0.1")))
    for texts in quotes:
        fresh = Scale("okx", "BTC-USDT-SWAP", "BTC-PERP", one.instrument)
        assert read(one, texts) == read(fresh, texts)


@pytest.mark.parametrize("prices", [("5", "4", "3", "3"), ("3", "4", "3", "5"), ("2", "4", "3", "3")])
def test_no_bar_is_made_of_prices_outside_its_range(prices: tuple[str, str, str, str]) -> None:
    scale = Scale("okx", "BTC-USDT-SWAP", "BTC-PERP", None)
    with pytest.raises(DecodeError, match="the bar of"):
        bar("okx", scale, "1m", 0, prices, (ONE, None), closed=True)


@pytest.mark.parametrize(
    "text",
    [b"", b"{", b'{"ts":', b"[]", b'{"ts":-1}', b'{"ts":"1"}', b'{"ts":100000000000000}', b"\xff", "\ud800"],
)
def test_json_of_another_shape_is_a_decode_error_that_names_the_venue(text: str | bytes) -> None:
    with pytest.raises(DecodeError, match=r"^somewhere: "):
        JsonReader("somewhere", Stamped)(text)


def test_json_nested_deeper_than_any_frame_is_a_decode_error() -> None:
    with pytest.raises(DecodeError, match=r"^somewhere: "):
        JsonReader("somewhere", Stamped)('{"ts":1,"a":' + "[" * 100_000)


def test_venues_that_quote_their_numbers_are_read_alike() -> None:
    assert JsonReader("okx", Stamped, numbers_in_quotes=True)(b'{"ts":"1700000000000"}').ts == 1_700_000_000_000


@pytest.mark.parametrize("texts", [("", "", "", ""), ("1", "", "2", "1"), ("1", "1", "2", ""), ("", "1", "2", "1")])
def test_the_first_quote_of_a_name_without_a_number_is_refused(texts: tuple[str, str, str, str]) -> None:
    with pytest.raises(DecodeError, match="BTC-USDT-SWAP"):
        Scale("okx", "BTC-USDT-SWAP", "BTC-PERP", None).best(*texts, 1, 2)
