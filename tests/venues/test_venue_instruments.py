"""Instruments as the venues tell them, and prices and sizes rounded so that the venue takes them."""

import json
from decimal import Decimal
from typing import Any

import pytest
from extended_cases import MARKET as EXTENDED_MARKET
from extended_cases import start as extended_start
from hypothesis import given, settings
from hypothesis import strategies as st
from venue_cases import (
    CREDENTIALS,
    EDGEX_META,
    GRVT_MARKET,
    LIGHTER_MARKETS,
    META,
    Answer,
    bitcoin,
    edgex,
    parameters_of,
    venue,
)

from perpbot.model.events import DecodeError
from perpbot.model.instrument import Instrument, Side
from perpbot.model.money import plain
from perpbot.venues.http import Request
from perpbot.venues.venue import VenueReadError

SWAP = {
    "instId": "BTC-USDT-SWAP", "uly": "BTC-USDT", "settleCcy": "USDT", "ctType": "linear", "ctVal": "0.01",
    "ctMult": "1", "tickSz": "0.1", "lotSz": "0.01", "minSz": "0.02", "state": "live", "lever": "100", "groupId": "4",
}  # fmt: skip
OTHERS = [
    {**SWAP, "instId": "BTC-USD-SWAP", "ctType": "inverse", "settleCcy": "BTC"},
    {**SWAP, "instId": "OLD-USDT-SWAP", "state": "suspend"},
    {**SWAP, "instId": "BTC-USDE-SWAP", "settleCcy": "USDE"},
]
FUNDING = {
    "instId": "BTC-USDT-SWAP", "fundingRate": "0.0001", "fundingTime": "1700726400000",
    "nextFundingTime": "1700740800000",
}  # fmt: skip
FEES = {"maker": "-0.001", "taker": "-0.002", "makerU": "-0.0002", "takerU": "-0.0005", "feeGroup": []}


def okx_answers(request: Request) -> Answer:
    rows: dict[str, list[Any]] = {
        "/public/instruments": [SWAP, *OTHERS],
        "/public/funding-rate": [FUNDING],
        "/account/trade-fee": [FEES],
    }
    return {"code": "0", "msg": "", "data": next(data for path, data in rows.items() if path in request.url)}


def test_okx_trades_linear_swaps_by_the_contract() -> None:
    (instrument,) = venue("okx", okx_answers, signed=False).fetch_instruments()
    assert instrument == bitcoin(
        "okx",
        lot=Decimal("0.0001"),
        min_quantity=Decimal("0.0002"),
        maker_fee=Decimal("0.0002"),
        taker_fee=Decimal("0.0005"),
        funding_hours=Decimal(4),
        max_leverage=Decimal(100),
    )


def test_okx_writes_a_fee_that_costs_as_a_negative_number() -> None:
    (instrument,) = venue("okx", okx_answers).fetch_instruments()
    assert (instrument.maker_fee, instrument.taker_fee) == (Decimal("0.0002"), Decimal("0.0005"))


def test_okx_has_fees_by_groups_of_instruments() -> None:
    groups = [{"groupId": "4", "maker": "0.00001", "taker": "-0.0003"}]

    def answers(request: Request) -> Answer:
        fees = {"code": "0", "data": [{**FEES, "feeGroup": groups}]}
        return fees if "trade-fee" in request.url else okx_answers(request)

    (instrument,) = venue("okx", answers).fetch_instruments()
    assert (instrument.maker_fee, instrument.taker_fee) == (Decimal("-0.00001"), Decimal("0.0003"))


@pytest.mark.parametrize("rows", [[], [{**FUNDING, "nextFundingTime": ""}]])
def test_a_swap_whose_funding_interval_is_not_known_is_left_out(rows: list[Any]) -> None:
    def answers(request: Request) -> Answer:
        return {"code": "0", "data": rows} if "funding-rate" in request.url else okx_answers(request)

    assert venue("okx", answers, signed=False).fetch_instruments() == []


def hyperliquid_answers(request: Request) -> Answer:
    fees = {"userCrossRate": "0.00035", "userAddRate": "-0.00001"}
    return META if parameters_of(request)["type"] == "meta" else fees


def test_hyperliquid_has_a_price_rule_of_significant_figures() -> None:
    bitcoin, pepe = venue("hyperliquid", hyperliquid_answers, signed=False).fetch_instruments()
    assert (bitcoin.tick, bitcoin.lot, bitcoin.significant_figures) == (Decimal("0.1"), Decimal("0.00001"), 5)
    assert (bitcoin.quote, bitcoin.funding_hours, bitcoin.min_notional) == ("USDC", Decimal(1), Decimal(10))
    assert (pepe.symbol, pepe.native, pepe.base) == ("PEPE-PERP", "kPEPE", "PEPE")
    assert (pepe.contract_size, pepe.price_unit, pepe.lot) == (Decimal(1000), Decimal(1000), Decimal(1000))
    assert (bitcoin.maker_fee, bitcoin.taker_fee) == (Decimal("0.00015"), Decimal("0.00045"))


def test_hyperliquid_tells_the_accounts_fees() -> None:
    bitcoin, _ = venue("hyperliquid", hyperliquid_answers).fetch_instruments()
    assert (bitcoin.maker_fee, bitcoin.taker_fee) == (Decimal("-0.00001"), Decimal("0.00035"))


def test_hyperliquid_leaves_out_what_is_delisted_and_reads_both_of_its_answers() -> None:
    made = venue("hyperliquid")
    gone = {"name": "GONE", "szDecimals": 1, "maxLeverage": 3, "isDelisted": True}
    meta = {"universe": [*json.loads(META)["universe"], gone]}
    for answer in (meta, [meta, [{"markPx": "1"}]]):
        assert [each.native for each in made.read_instruments(json.dumps(answer).encode())] == ["BTC", "kPEPE"]


def symbol(**changes: Any) -> dict[str, Any]:
    filters = [
        {"filterType": "PRICE_FILTER", "tickSize": "0.10", "minPrice": "1", "maxPrice": "1000000"},
        {"filterType": "LOT_SIZE", "stepSize": "0.001", "minQty": "0.002", "maxQty": "1000"},
        {"filterType": "MIN_NOTIONAL", "notional": "5"},
        {"filterType": "MAX_NUM_ORDERS", "limit": 200},
    ]
    usual = {"symbol": "BTCUSDT", "status": "TRADING", "contractType": "PERPETUAL", "baseAsset": "BTC"}
    return {**usual, "quoteAsset": "USDT", "requiredMarginPercent": "5.0000", "filters": filters, **changes}


def aster_answers(request: Request) -> Answer:
    others = [symbol(symbol="X", status="BREAK"), symbol(symbol="Y", contractType=""), symbol(quoteAsset="BTC")]
    answers: dict[str, Answer] = {
        "/exchangeInfo": {"symbols": [symbol(), *others]},
        "/fundingInfo": [{"symbol": "BTCUSDT", "fundingIntervalHours": 4, "fundingFeeCap": 0.03}],
        "/commissionRate": {"symbol": "BTCUSDT", "makerCommissionRate": "0.00005", "takerCommissionRate": "0.0004"},
    }
    return next(answer for path, answer in answers.items() if path in request.url)


def test_aster_trades_perpetuals_in_dollars() -> None:
    (instrument,) = venue("aster", aster_answers, signed=False).fetch_instruments()
    assert (instrument.symbol, instrument.tick, instrument.lot) == ("BTC-PERP", Decimal("0.1"), Decimal("0.001"))
    assert (instrument.min_quantity, instrument.min_notional) == (Decimal("0.002"), Decimal(5))
    assert (instrument.funding_hours, instrument.max_leverage) == (Decimal(4), Decimal(20))
    assert (instrument.maker_fee, instrument.taker_fee) == (Decimal("0.0001"), Decimal("0.00035"))


def test_aster_tells_the_accounts_fees() -> None:
    (instrument,) = venue("aster", aster_answers).fetch_instruments()
    assert (instrument.maker_fee, instrument.taker_fee) == (Decimal("0.00005"), Decimal("0.0004"))


@pytest.mark.parametrize(
    ("base_asset", "base", "unit"),
    [
        ("BTC", "BTC", 1),
        ("1INCH", "1INCH", 1),
        ("1000SHIB", "SHIB", 1000),
        ("1000000MOG", "MOG", 1_000_000),
        ("1MBABYDOGE", "BABYDOGE", 1_000_000),
    ],
)
def test_aster_counts_some_coins_by_the_thousand_or_million(base_asset: str, base: str, unit: int) -> None:
    answer = {"symbols": [symbol(symbol=f"{base_asset}USDT", baseAsset=base_asset)]}
    (instrument,) = venue("aster").read_instruments(json.dumps(answer).encode())
    assert (instrument.base, instrument.symbol) == (base, f"{base}-PERP")
    assert (instrument.contract_size, instrument.price_unit) == (Decimal(unit), Decimal(unit))
    assert instrument.lot == Decimal("0.001") * unit


PARADEX_MARKET = {
    "symbol": "BTC-USD-PERP", "base_currency": "BTC", "quote_currency": "USD", "settlement_currency": "USDC",
    "order_size_increment": "0.00001", "price_tick_size": "0.1", "min_notional": "10", "expiry_at": "0",
    "asset_kind": "PERP", "funding_period_hours": 4, "delta1_cross_margin_params": {"imf_base": "0.02"},
    "fee_config": {"api_fee": {"maker_fee": {"fee": "-0.00005"}, "taker_fee": {"fee": "0.0002"}}},
}  # fmt: skip
PARADEX_MARKETS = {
    "results": [
        PARADEX_MARKET,
        {**PARADEX_MARKET, "symbol": "BTC-USD-96000-C", "asset_kind": "PERP_OPTION"},
        {**PARADEX_MARKET, "symbol": "RFQ-USD-PERP", "trading_mode": "RFQ_ONLY"},
        {**PARADEX_MARKET, "symbol": "OLD-USD-PERP", "expiry_at": 1_700_000_000_000},
    ]
}


def test_paradex_trades_perpetuals_that_have_a_book() -> None:
    (instrument,) = venue("paradex", lambda _request: PARADEX_MARKETS, signed=False).fetch_instruments()
    assert instrument == bitcoin(
        "paradex",
        lot=Decimal("0.00001"),
        min_quantity=Decimal("0.00001"),
        min_notional=Decimal(10),
        maker_fee=Decimal("-0.00005"),
        taker_fee=Decimal("0.0002"),
        funding_hours=Decimal(4),
        max_leverage=Decimal(50),
    )


def test_the_account_at_paradex_pays_its_own_fees() -> None:
    fees = {"results": [{"account": "0x1", "fees": {"maker_rate": "0.0001", "taker_rate": "0.0003"}}]}
    made = venue("paradex", lambda request: fees if "account/info" in request.url else PARADEX_MARKETS)
    (instrument,) = made.fetch_instruments()
    assert (instrument.maker_fee, instrument.taker_fee) == (Decimal("0.0001"), Decimal("0.0003"))


def test_paradex_counts_some_coins_by_the_thousand() -> None:
    row = {**PARADEX_MARKET, "symbol": "kBONK-USD-PERP", "base_currency": "kBONK", "fee_config": None}
    (instrument,) = venue("paradex").read_instruments(json.dumps({"results": [row]}).encode())
    assert (instrument.base, instrument.symbol, instrument.native) == ("BONK", "BONK-PERP", "kBONK-USD-PERP")
    assert instrument.contract_size == 1000
    assert (instrument.tick, instrument.lot) == (Decimal("0.0001"), Decimal("0.01"))
    assert (instrument.maker_fee, instrument.taker_fee) == (Decimal("0.00003"), Decimal("0.00045"))


BACKPACK_MARKET = {
    "symbol": "BTC_USDC_PERP", "baseSymbol": "BTC", "quoteSymbol": "USDC", "marketType": "PERP",
    "orderBookState": "Open", "fundingInterval": "14400000", "imfFunction": {"type": "sqrt", "base": "0.02"},
    "filters": {"price": {"tickSize": "0.1"}, "quantity": {"stepSize": "0.00001", "minQuantity": "0.0001"}},
}  # fmt: skip
BACKPACK_OTHERS = [
    {**BACKPACK_MARKET, "symbol": "BTC_USDC", "marketType": "SPOT", "fundingInterval": None, "imfFunction": None},
    {**BACKPACK_MARKET, "symbol": "OLD_USDC_PERP", "orderBookState": "Closed"},
]


def backpack_answers(request: Request) -> Answer:
    fees = {"futuresMakerFee": "-0.5", "futuresTakerFee": "4"}
    return [BACKPACK_MARKET, *BACKPACK_OTHERS] if "/markets" in request.url else fees


def test_backpack_trades_perpetuals_at_each_ones_own_interval() -> None:
    (instrument,) = venue("backpack", backpack_answers, signed=False).fetch_instruments()
    assert instrument == bitcoin(
        "backpack",
        lot=Decimal("0.00001"),
        min_quantity=Decimal("0.0001"),
        maker_fee=Decimal("0.0002"),
        taker_fee=Decimal("0.0005"),
        funding_hours=Decimal(4),
        max_leverage=Decimal(50),
    )


def test_backpack_tells_the_accounts_fees_in_basis_points() -> None:
    (instrument,) = venue("backpack", backpack_answers).fetch_instruments()
    assert (instrument.maker_fee, instrument.taker_fee) == (Decimal("-0.00005"), Decimal("0.0004"))


def test_backpack_counts_some_coins_by_the_thousand() -> None:
    row = {**BACKPACK_MARKET, "symbol": "kPEPE_USDC_PERP", "baseSymbol": "kPEPE"}
    (instrument,) = venue("backpack").read_instruments(json.dumps([row]).encode())
    assert (instrument.base, instrument.symbol, instrument.native) == ("PEPE", "PEPE-PERP", "kPEPE_USDC_PERP")
    assert (instrument.contract_size, instrument.price_unit) == (Decimal(1000), Decimal(1000))


GRVT_OTHERS = [
    {**GRVT_MARKET, "instrument": "BTC_USDT_Call", "kind": "CALL"},
    {**GRVT_MARKET, "instrument": "BTC_ETH_Perp", "quote": "ETH"},
]


def test_grvts_smallest_size_is_its_step_too() -> None:
    (instrument,) = venue(
        "grvt", lambda _request: {"result": [GRVT_MARKET, *GRVT_OTHERS]}, signed=False
    ).fetch_instruments()
    least = Decimal(GRVT_MARKET["min_size"])
    assert (instrument.native, instrument.symbol, instrument.quote) == ("BTC_USDT_Perp", "BTC-PERP", "USDT")
    assert (instrument.lot, instrument.min_quantity) == (least, least)
    assert instrument.tick == Decimal(GRVT_MARKET["tick_size"])
    assert instrument.funding_hours == GRVT_MARKET["funding_interval_hours"]


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("grvt", {"result": [{**GRVT_MARKET, "min_size": "0"}]}),
        ("grvt", {"result": [{**GRVT_MARKET, "tick_size": "-1"}]}),
        ("grvt", {"result": [{**GRVT_MARKET, "funding_interval_hours": 0}]}),
        ("extended", {"status": "OK", "data": [{**EXTENDED_MARKET, "tradingConfig": {}}]}),
        ("extended", {"status": "OK", "data": [{**EXTENDED_MARKET, "l2Config": None}]}),
        ("paradex", {"results": [{**PARADEX_MARKET, "price_tick_size": "0"}]}),
        ("paradex", {"results": [{**PARADEX_MARKET, "order_size_increment": "NaN"}]}),
        ("paradex", {"results": [{**PARADEX_MARKET, "base_currency": None}]}),
        ("backpack", [{**BACKPACK_MARKET, "filters": {}}]),
        ("backpack", [{**BACKPACK_MARKET, "fundingInterval": None}]),
        ("backpack", [{**BACKPACK_MARKET, "imfFunction": {"base": "0"}}]),
        ("okx", {"code": "0", "data": [{**SWAP, "ctVal": "0"}]}),
        ("okx", {"code": "0", "data": [{**SWAP, "tickSz": "-0.1"}]}),
        ("okx", {"code": "0", "data": [{**SWAP, "lotSz": "NaN"}]}),
        ("okx", {"code": "0", "data": [{**SWAP, "uly": None}]}),
        ("hyperliquid", {"universe": [{"name": "BTC"}]}),
        ("hyperliquid", {"universe": [{"name": "BTC", "szDecimals": "five", "maxLeverage": 1}]}),
        ("aster", {"symbols": [symbol(filters=[])]}),
        ("aster", {"symbols": [symbol(requiredMarginPercent="0")]}),
        ("aster", {}),
    ],
)
def test_an_instrument_that_makes_no_sense_is_refused(name: str, answer: Answer) -> None:
    with pytest.raises(DecodeError, match=name):
        venue(name).read_instruments(json.dumps(answer).encode())
    with pytest.raises(VenueReadError, match=name):
        venue(name, lambda _request: answer, signed=False).fetch_instruments()


# -- rounding ----------------------------------------------------------------------------------------------------

KINDS = {
    "okx": lambda: venue("okx", okx_answers, signed=False).fetch_instruments(),
    "hyperliquid": lambda: venue("hyperliquid", hyperliquid_answers, signed=False).fetch_instruments(),
    "aster": lambda: venue("aster", aster_answers, signed=False).fetch_instruments(),
    "backpack": lambda: venue("backpack", backpack_answers, signed=False).fetch_instruments(),
    "extended": lambda: venue("extended", extended_start, signed=False).fetch_instruments(),
    "edgex": lambda: venue("edgex", lambda _request: edgex(EDGEX_META), signed=False).fetch_instruments(),
    "lighter": lambda: venue("lighter", lambda _request: LIGHTER_MARKETS, signed=False).fetch_instruments(),
    "grvt": lambda: venue("grvt", lambda _request: {"result": [GRVT_MARKET]}, signed=False).fetch_instruments(),
    "paradex": lambda: venue("paradex", lambda _request: PARADEX_MARKETS, signed=False).fetch_instruments(),
}
INSTRUMENTS = {f"{each.venue} {each.native}": each for name in CREDENTIALS for each in KINDS[name]()}
PRICES = st.decimals(min_value="0.00002", max_value=200_000, places=10)
QUANTITIES = st.decimals(min_value=0, max_value=1_000_000, places=8)


@pytest.mark.parametrize("instrument", INSTRUMENTS.values(), ids=list(INSTRUMENTS))
@given(price=PRICES, side=st.sampled_from(Side), outward=st.booleans())
@settings(deadline=None, max_examples=150)
def test_a_rounded_price_is_on_the_grid_on_the_safe_side_and_one_step_away_at_most(
    instrument: Instrument,
    price: Decimal,
    side: Side,
    outward: bool,  # noqa: FBT001 - drawn
) -> None:
    rounded = instrument.round_price(price, side, outward=outward)
    assert rounded >= price if (side is Side.BUY) == outward else rounded <= price
    assert abs(rounded - price) < max(instrument.tick, price / 10_000)
    if rounded > 0:
        assert instrument.on_grid(rounded)
        assert rounded == instrument.round_price(rounded, side, outward=outward)
        assert (rounded / instrument.tick) % 1 == 0


@given(price=PRICES, side=st.sampled_from(Side), outward=st.booleans())
@settings(deadline=None, max_examples=300)
def test_hyperliquid_takes_the_price_as_it_is_written(price: Decimal, side: Side, outward: bool) -> None:  # noqa: FBT001 - drawn
    for instrument in (INSTRUMENTS["hyperliquid BTC"], INSTRUMENTS["hyperliquid kPEPE"]):
        rounded = instrument.round_price(price, side, outward=outward)
        wire = plain(instrument.wire_price(rounded))
        whole, _, decimals = wire.partition(".")
        figures = (whole + decimals).lstrip("0")
        assert not decimals or len(figures) <= 5
        assert len(decimals) <= (1 if instrument.native == "BTC" else 6)


@pytest.mark.parametrize("instrument", INSTRUMENTS.values(), ids=list(INSTRUMENTS))
@given(quantity=QUANTITIES)
@settings(deadline=None, max_examples=150)
def test_a_rounded_quantity_is_whole_lots_and_never_more(instrument: Instrument, quantity: Decimal) -> None:
    rounded = instrument.round_quantity(quantity)
    assert 0 <= quantity - rounded < instrument.lot
    assert (rounded / instrument.lot) % 1 == 0
    assert instrument.quantity(instrument.wire_size(rounded)) == rounded


@pytest.mark.parametrize("instrument", INSTRUMENTS.values(), ids=list(INSTRUMENTS))
@given(price=PRICES)
@settings(deadline=None, max_examples=150)
def test_the_smallest_order_is_accepted_and_a_lot_less_is_not(instrument: Instrument, price: Decimal) -> None:
    smallest = instrument.smallest_order(price)
    assert instrument.accepts(smallest, price)
    assert not instrument.accepts(smallest - instrument.lot, price)
