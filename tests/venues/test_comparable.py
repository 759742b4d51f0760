"""What makes venues comparable: one name and one unit for a coin, one unit for funding, whatever each venue writes."""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from venue_cases import GRVT_MARKET, NAMES, trading, with_bitcoin

from perpbot.model.events import Funding
from perpbot.venues.backpack_wire import coin as backpack_coin
from perpbot.venues.extended_frames import coin_and_unit as extended_coin
from perpbot.venues.grvt_frames import default_symbol as grvt_symbol
from perpbot.venues.grvt_instruments import coin_and_unit as grvt_coin
from perpbot.venues.registry import venue_class

MS = 1_790_596_800_000
HOUR_MS = 3_600_000
PER_HOUR = Decimal("0.0000125")
"""The same rate everywhere: 0.01 % in eight hours."""


def paradex(channel: str, data: dict[str, Any]) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "method": "subscription", "params": {"channel": channel, "data": data}}


FRAMES: Mapping[str, tuple[dict[str, Any], int]] = {
    # a fraction, for the time between two settlements that the frame names
    "okx": (
        {
            "arg": {"channel": "funding-rate", "instId": "BTC-USDT-SWAP"},
            "data": [
                {"instId": "BTC-USDT-SWAP", "fundingRate": "0.00005", "fundingTime": str(MS),
                 "nextFundingTime": str(MS + 4 * HOUR_MS), "ts": str(MS)},
            ],
        },
        8,
    ),
    # a fraction, for an hour
    "hyperliquid": (
        {"channel": "activeAssetCtx",
         "data": {"coin": "BTC", "ctx": {"markPx": "100", "oraclePx": "100", "funding": "0.0000125", "midPx": None}}},
        1,
    ),
    "extended": (
        {"type": "FUNDING_RATES", "data": {"m": "BTC-USD", "T": MS, "f": "0.0000125"}, "ts": MS, "seq": 1,
         "subscription": "x"},
        1,
    ),
    # a fraction, for the instrument's interval
    "aster": (
        {"stream": "btcusdt@markPrice@1s",
         "data": {"e": "markPriceUpdate", "E": MS, "s": "BTCUSDT", "p": "100", "i": "100", "P": "100", "r": "0.00005"}},
        4,
    ),
    "backpack": (
        {"stream": "markPrice.BTC_USDC_PERP",
         "data": {"e": "markPrice", "E": MS * 1_000, "T": MS * 1_000, "s": "BTC_USDC_PERP", "p": "100", "i": "100",
                  "f": "0.0000125"}},
        1,
    ),
    "edgex": (
        {"type": "quote-event", "channel": "ticker.30000001",
         "content": {"channel": "ticker.30000001",
                     "data": [{"contractId": "30000001", "lastPrice": "100", "indexPrice": "100", "oraclePrice": "100",
                               "markPrice": "100", "fundingRate": "0.00005", "fundingTime": str(MS),
                               "nextFundingTime": str(MS)}]}},
        4,
    ),
    # a fraction, for the hours the frame names
    "paradex": (
        paradex(
            "funding_data.BTC-USD-PERP",
            {"market": "BTC-USD-PERP", "funding_rate": "0.0001", "funding_period_hours": 8, "created_at": MS},
        ),
        1,
    ),
    # percent, for the hours the frame names
    "grvt": (
        {"stream": "v1.ticker.s", "selector": "BTC_USDT_Perp@500", "sequence_number": "1",
         "prev_sequence_number": "0",
         "feed": {"event_time": f"{MS}000000", "instrument": "BTC_USDT_Perp", "mark_price": "100",
                  "index_price": "100", "funding_rate": "0.005", "funding_interval_hours": 4,
                  "next_funding_time": f"{MS}000000"}},
        8,
    ),
    # percent, for an hour
    "lighter": (
        {"type": "update/market_stats", "channel": "market_stats:1", "timestamp": MS,
         "market_stats": {"symbol": "BTC", "market_id": 1, "index_price": "100", "mark_price": "100",
                          "last_trade_price": "100", "current_funding_rate": "0.00125", "funding_rate": "0.00125",
                          "funding_timestamp": MS}},
        1,
    ),
}  # fmt: skip
"""What each venue writes for it, and the hours between two payments of its instrument."""


@pytest.mark.parametrize("name", NAMES)
def test_one_rate_is_the_same_per_hour_wherever_it_is_quoted(name: str) -> None:
    frame, hours = FRAMES[name]
    made = with_bitcoin(trading(name), funding_hours=Decimal(hours))
    events = made.decode_public(json.dumps(frame), 0)
    (funding,) = [each for each in events if isinstance(each, Funding)]
    assert (funding.symbol, funding.rate.per_hour) == ("BTC-PERP", PER_HOUR)


@pytest.mark.parametrize(
    ("found", "unit"),
    [
        (backpack_coin("kPEPE"), 1_000),
        (extended_coin("1000PEPE"), 1_000),
        (grvt_coin("KPEPE"), 1_000),
        (backpack_coin("PEPE"), 1),
        (extended_coin("PEPE"), 1),
        (grvt_coin("PEPE"), 1),
    ],
)
def test_a_coin_by_the_thousand_is_the_same_coin(found: tuple[str, Decimal], unit: int) -> None:
    assert found == ("PEPE", Decimal(unit))


def test_a_coin_that_only_begins_with_a_k_is_itself() -> None:
    assert grvt_coin("KAVA") == ("KAVA", Decimal(1))


def test_a_name_at_grvt_is_canonical_without_a_table_of_instruments_too() -> None:
    assert grvt_symbol("KPEPE_USDT_Perp") == "PEPE-PERP"


def test_grvt_counts_and_prices_by_the_thousand_on_the_wire_only() -> None:
    row = {**GRVT_MARKET, "instrument": "KPEPE_USDT_Perp", "base": "KPEPE", "tick_size": "0.00001", "min_size": "100"}
    made = venue_class("grvt")(venue_class("grvt").mainnet, trading("grvt").http)
    (pepe,) = made.read_instruments(json_of({"result": [row]}))
    assert (pepe.symbol, pepe.base, pepe.native) == ("PEPE-PERP", "PEPE", "KPEPE_USDT_Perp")
    assert (pepe.lot, pepe.min_quantity, pepe.tick) == (Decimal(100_000), Decimal(100_000), Decimal("0.00000001"))
    assert (pepe.wire_size(Decimal(200_000)), pepe.wire_price(Decimal("0.00001"))) == (Decimal(200), Decimal("0.01"))


def json_of(value: object) -> bytes:
    return json.dumps(value).encode()
