"""Whatever comes over the wire: events or a `DecodeError`, nothing else, and no bad number in an event."""

import json
from collections.abc import Iterator
from copy import deepcopy
from decimal import Decimal
from typing import Any

import pytest
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

MS = 1_700_000_000_000
SWAP = "BTC-USDT-SWAP"
Frame = dict[str, Any]


def okx(channel: str, row: object, **more: object) -> Frame:
    return {"arg": {"channel": channel, "instId": SWAP}, "data": [row], **more}


OKX_BOOK = {
    "asks": [["101", "3", "0", "1"], ["102", "4", "0", "1"]], "bids": [["99", "5", "0", "1"], ["98", "6", "0", "1"]],
    "ts": str(MS), "checksum": 0, "seqId": 12, "prevSeqId": 10,
}  # fmt: skip
OKX_ORDER = {
    "instId": SWAP, "ordId": "77", "clOrdId": "perp1", "state": "filled", "accFillSz": "3", "side": "buy",
    "uTime": str(MS), "fillPx": "100.5", "fillSz": "2", "fillFee": "-0.01", "fillFeeCcy": "USDT",
    "fillTime": str(MS), "tradeId": "9", "execType": "T",
}  # fmt: skip
LEVELS = [[{"px": "99.0", "sz": "5", "n": 1}, {"px": "98.0", "sz": "6", "n": 2}], [{"px": "101.0", "sz": "3", "n": 1}]]
CLEARING = {
    "marginSummary": {"accountValue": "110"}, "withdrawable": "90",
    "assetPositions": [{"position": {"coin": "BTC", "szi": "0.5", "entryPx": "100", "unrealizedPnl": "1"}}],
}  # fmt: skip
HYPERLIQUID_ORDER = {"coin": "BTC", "side": "B", "sz": "0.7", "origSz": "1", "oid": 77, "timestamp": MS, "cloid": "0x1"}
HYPERLIQUID_FILL = {
    "coin": "BTC", "px": "100.0", "sz": "0.1", "side": "A", "time": MS, "oid": 7, "tid": 9, "crossed": True, "fee": "1",
}  # fmt: skip
HYPERLIQUID_CANDLE = {"t": MS, "s": "BTC", "i": "1m", "o": "2", "c": "2", "h": "3", "l": "1", "v": "5"}
ASTER_ORDER = {
    "s": "BTCUSDT", "c": "perp1", "S": "SELL", "x": "TRADE", "X": "FILLED", "i": 77, "l": "0.2", "z": "0.3", "L": "100",
    "n": "0.008", "N": "USDT", "T": MS, "t": 9, "m": False,
}  # fmt: skip
ASTER_DEPTH = {
    "e": "depthUpdate", "E": MS, "T": MS, "s": "BTCUSDT", "U": 11, "u": 12, "pu": 10,
    "b": [["99", "5"], ["98", "6"]], "a": [["101", "3"]],
}  # fmt: skip
ASTER_CANDLE = {
    "t": MS, "i": "1m", "o": "100", "c": "101", "h": "103", "l": "99", "v": "5", "q": "505", "x": True,
}  # fmt: skip
BACKPACK_DEPTH = {
    "e": "depth", "E": f"{MS}000", "T": f"{MS}000", "s": "BTC_USDC_PERP", "U": 11, "u": 12,
    "b": [["99", "5"], ["98", "6"]], "a": [["101", "3"]],
}  # fmt: skip
BACKPACK_ORDER = {
    "e": "orderFill", "E": f"{MS}000", "T": f"{MS}000", "s": "BTC_USDC_PERP", "c": 7, "S": "Ask", "o": "LIMIT",
    "f": "IOC", "q": "0.3", "X": "Filled", "i": "77", "z": "0.3", "t": 9, "l": "0.2", "L": "100", "m": False,
    "n": "0.01", "N": "USDC", "O": "USER", "r": False,
}  # fmt: skip
BACKPACK_POSITION = {"e": "positionClosed", "E": 1, "T": 1, "s": "BTC_USDC_PERP", "q": "-0.5", "B": "100", "M": "101"}
BACKPACK_CANDLE = {
    "e": "kline", "E": 1, "s": "BTC_USDC_PERP", "t": "2025-08-06T22:00:00", "T": "2025-08-06T22:01:00", "o": "100",
    "c": "101", "h": "103", "l": "99", "v": "5", "n": 2, "X": True,
}  # fmt: skip


PARADEX_BOOK = {
    "seq_no": 7, "market": "BTC-USD-PERP", "last_updated_at": MS, "update_type": "s",
    "inserts": [{"side": "BUY", "price": "99", "size": "1"}, {"side": "SELL", "price": "101", "size": "2"}],
    "updates": [{"side": "SELL", "price": "102", "size": "2"}],
    "deletes": [{"side": "BUY", "price": "98", "size": "1"}],
}  # fmt: skip
PARADEX_BEST = {
    "market": "BTC-USD-PERP", "seq_no": 7, "last_updated_at": MS, "bid": "99", "bid_size": "1", "ask": "100",
    "ask_size": "2",
}  # fmt: skip
PARADEX_TRADE = {
    "id": "9", "market": "BTC-USD-PERP", "side": "BUY", "size": "3", "price": "100", "created_at": MS,
}  # fmt: skip
PARADEX_ORDER = {
    "id": "77", "market": "BTC-USD-PERP", "size": "1", "remaining_size": "0.7", "status": "OPEN", "client_id": "perp1",
    "last_updated_at": MS, "cancel_reason": "",
}  # fmt: skip
PARADEX_FILL = {
    "id": "9", "market": "BTC-USD-PERP", "order_id": "77", "side": "SELL", "price": "100", "size": "0.2", "fee": "0.1",
    "liquidity": "TAKER", "created_at": MS, "client_id": "perp1",
}  # fmt: skip


EXTENDED_BOOK = {
    "m": "BTC-USD", "b": [{"p": "99", "q": "1", "c": "5"}], "a": [{"p": "101", "q": "1", "c": "0"}], "d": "f",
}  # fmt: skip
EXTENDED_ORDER = {
    "id": 77, "externalId": "perp1", "market": "BTC-USD", "status": "PARTIALLY_FILLED", "qty": "1", "filledQty": "0.3",
    "updatedTime": MS,
}  # fmt: skip
EXTENDED_TRADE = {
    "id": 9, "market": "BTC-USD", "orderId": 77, "externalOrderId": "perp1", "side": "SELL", "price": "100",
    "qty": "0.2", "fee": "0.1", "isTaker": True, "createdTime": MS,
}  # fmt: skip


def extended(kind: str, data: object) -> Frame:
    return {"type": kind, "data": data, "ts": MS, "seq": 7, "subscription": "x"}


def paradex(channel: str, data: Frame) -> Frame:
    return {"jsonrpc": "2.0", "method": "subscription", "params": {"channel": channel, "data": data}}


def backpack(stream: str, data: Frame) -> Frame:
    return {"stream": stream, "data": data}


def edgex(channel: str, row: Frame) -> Frame:
    return {"type": "quote-event", "channel": channel, "content": {"channel": channel, "data": [row]}}


EDGEX_BOOK = {
    "contractId": "30000001", "startVersion": "10", "endVersion": "12", "level": 15, "depthType": "SNAPSHOT",
    "asks": [{"price": "101", "size": "3"}], "bids": [{"price": "99", "size": "5"}, {"price": "98", "size": "6"}],
}  # fmt: skip
EDGEX_CHANGES = {
    "order": [
        {
            "id": "77", "contractId": "30000001", "clientOrderId": "perp1", "size": "1", "status": "FILLED",
            "cumFillSize": "1", "cancelReason": "UNKNOWN_ORDER_CANCEL_REASON", "updatedTime": str(MS),
        }
    ],
    "orderFillTransaction": [
        {
            "id": "9", "coinId": "1000", "contractId": "30000001", "orderId": "77", "orderSide": "BUY",
            "fillSize": "0.1", "fillValue": "10", "fillFee": "0.01", "fillPrice": "100", "direction": "TAKER",
            "matchTime": str(MS), "createdTime": str(MS),
        }
    ],
    "position": [{"contractId": "30000001", "openSize": "-0.1", "openValue": "-10"}],
    "collateral": [{"coinId": "1000", "legacyAmount": "15.5"}],
    "positionTransaction": [
        {
            "id": "5", "coinId": "1000", "contractId": "30000001", "type": "SETTLE_FUNDING_FEE",
            "deltaFundingFee": "-0.01", "fundingTime": str(MS), "createdTime": str(MS),
        }
    ],
}  # fmt: skip

LIGHTER_LEVELS = {"asks": [{"price": "101", "size": "3"}], "bids": [{"price": "99", "size": "5"}]}
LIGHTER_TRADE = {
    "trade_id": 9, "type": "trade", "market_id": 1, "size": "0.1", "price": "100", "usd_amount": "10", "ask_id": 7,
    "bid_id": 8, "ask_client_id": 1, "bid_client_id": 2, "ask_account_id": 65, "bid_account_id": 3,
    "is_maker_ask": True, "timestamp": MS, "maker_fee": 28,
}  # fmt: skip
LIGHTER_ORDER = {
    "order_id": "7", "client_order_id": "1", "market_index": 1, "initial_base_amount": "1", "filled_base_amount": "1",
    "status": "filled", "timestamp": MS, "updated_at": MS,
}  # fmt: skip
LIGHTER_POSITION = {
    "market_id": 1, "sign": -1, "position": "0.1", "avg_entry_price": "100", "initial_margin_fraction": "5.00",
}  # fmt: skip
LIGHTER_STATS = {
    "market_id": 1, "index_price": "100", "mark_price": "100.5", "current_funding_rate": "-0.0028",
    "funding_timestamp": MS,
}  # fmt: skip


def lighter(channel: str, **content: Any) -> Frame:
    kind = channel.partition(":")[0]
    return {"type": f"update/{kind}", "channel": channel, "timestamp": MS, **content}


NANOS = f"{MS}000000"
GRVT_BOOK = {
    "event_time": NANOS, "instrument": "BTC_USDT_Perp", "bids": [{"price": "99", "size": "5"}],
    "asks": [{"price": "101", "size": "3"}, {"price": "102", "size": "4"}],
}  # fmt: skip
GRVT_TICKER = {
    "event_time": NANOS, "instrument": "BTC_USDT_Perp", "mark_price": "100", "index_price": "99",
    "funding_rate": "0.01", "funding_interval_hours": 8, "next_funding_time": NANOS, "best_bid_price": "99",
    "best_bid_size": "1", "best_ask_price": "101", "best_ask_size": "2",
}  # fmt: skip
GRVT_ORDER = {
    "order_id": "0x77", "legs": [{"instrument": "BTC_USDT_Perp", "size": "1", "is_buying_asset": True}],
    "metadata": {"client_order_id": "1"},
    "state": {"status": "OPEN", "reject_reason": "UNSPECIFIED", "traded_size": ["0.3"], "update_time": NANOS},
}  # fmt: skip
GRVT_FILL = {
    "event_time": NANOS, "instrument": "BTC_USDT_Perp", "is_buyer": True, "is_taker": False, "size": "0.2",
    "price": "100", "fee": "-0.01", "trade_id": "9-1", "order_id": "0x77", "client_order_id": "1",
}  # fmt: skip
GRVT_CANDLE = {
    "open_time": NANOS, "instrument": "BTC_USDT_Perp", "open": "100", "close": "101", "high": "103", "low": "99",
    "volume_b": "5", "volume_q": "505",
}  # fmt: skip


def grvt(stream: str, feed: Frame, number: int = 0, selector: str = "BTC_USDT_Perp@50") -> Frame:
    numbers = {"sequence_number": str(number), "prev_sequence_number": str(max(0, number - 1))}
    return {"stream": stream, "selector": selector, **numbers, "feed": feed}


FRAMES: dict[str, list[Frame]] = {
    "edgex": [
        edgex("depth.30000001.15", EDGEX_BOOK),
        edgex("depth.30000001.15", {**EDGEX_BOOK, "depthType": "CHANGED"}),
        edgex(
            "ticker.30000001",
            {
                "contractId": "30000001", "fundingRate": "0.0001", "nextFundingTime": str(MS), "indexPrice": "100",
                "oraclePrice": "100", "markPrice": "100.5",
            },
        ),
        edgex("fundingRate.30000001", {"contractId": "30000001", "fundingRate": "0.1", "fundingTime": str(MS)}),
        edgex(
            "bookTicker.all",
            {
                "contractId": "30000001", "bestBidPrice": "99", "bestBidSize": "1", "bestAskPrice": "101",
                "bestAskSize": "2", "time": str(MS),
            },
        ),
        edgex(
            "trades.30000001",
            {
                "contractId": "30000001", "ticketId": "9", "time": str(MS), "price": "1", "size": "2",
                "isBuyerMaker": True,
            },
        ),
        edgex(
            "kline.LAST_PRICE.30000001.MINUTE_1",
            {
                "contractId": "30000001", "klineType": "MINUTE_1", "klineTime": str(MS), "open": "2", "close": "2",
                "high": "3", "low": "1", "size": "5", "value": "10",
            },
        ),
        {"type": "trade-event", "content": {"event": "ORDER_UPDATE", "version": 1, "time": MS, "data": EDGEX_CHANGES}},
        {"type": "subscribed", "channel": "depth.30000001.15"},
        {"type": "ping", "time": str(MS)},
        {"type": "error", "content": {"code": "INVALID_CONTRACT_ID", "msg": "?"}},
    ],
    "lighter": [
        lighter("order_book:1", type="subscribed/order_book", order_book={**LIGHTER_LEVELS, "nonce": 9}),
        lighter("order_book:1", order_book={**LIGHTER_LEVELS, "nonce": 12, "begin_nonce": 10}),
        lighter("ticker:1", ticker={"s": "BTC", "a": {"price": "101", "size": "3"}, "b": {"price": "9", "size": "1"}}),
        lighter("market_stats:1", market_stats=LIGHTER_STATS),
        lighter("market_stats:all", market_stats={"1": LIGHTER_STATS}),
        lighter("trade:1", trades=[LIGHTER_TRADE], liquidation_trades=[]),
        lighter("candle:1:1m", candles=[{"t": MS, "o": 2.0, "h": 3, "l": 1.5, "c": 2, "v": 5.25, "V": 10.5}]),
        lighter("account_all_orders:65", orders={"1": [LIGHTER_ORDER]}),
        lighter("account_all_trades:65", trades={"1": [LIGHTER_TRADE]}),
        lighter("account_all_positions:65", positions={"1": LIGHTER_POSITION}),
        lighter("user_stats:65", stats={"collateral": "10", "portfolio_value": "11", "available_balance": "9"}),
        {"type": "unsubscribed", "channel": "order_book:1"},
        {"type": "ping"},
        {"error": {"code": 30005, "message": "Invalid Channel"}},
    ],
    "okx": [
        okx("books", OKX_BOOK, action="snapshot"),
        okx("books", OKX_BOOK, action="update"),
        okx("bbo-tbt", OKX_BOOK),
        okx("tickers", {"bidPx": "99", "bidSz": "1", "askPx": "100", "askSz": "2", "ts": str(MS)}),
        okx("trades", {"instId": SWAP, "tradeId": "9", "px": "100", "sz": "3", "side": "sell", "ts": str(MS)}),
        okx("funding-rate", {"instId": SWAP, "fundingRate": "0.1", "fundingTime": "5", "nextFundingTime": "9"}),
        okx("mark-price", {"instId": SWAP, "markPx": "100.5", "ts": str(MS)}),
        okx("candle1m", [str(MS), "100", "103", "99", "101", "500", "5", "505", "1"]),
        okx("orders", OKX_ORDER),
        okx("positions", {"instId": SWAP, "pos": "-7", "posSide": "net", "avgPx": "100"}),
        okx("account", {"details": [{"ccy": "USDT", "cashBal": "1", "eq": "2", "availEq": "", "availBal": "3"}]}),
        {"event": "subscribe", "arg": {"channel": "books", "instId": SWAP}},
    ],
    "hyperliquid": [
        {"channel": "l2Book", "data": {"coin": "BTC", "time": MS, "levels": LEVELS}},
        {"channel": "bbo", "data": {"coin": "BTC", "time": MS, "bbo": [LEVELS[0][0], LEVELS[1][0]]}},
        {"channel": "trades", "data": [{"coin": "BTC", "side": "A", "px": "1", "sz": "1", "time": MS, "tid": 1}]},
        {"channel": "activeAssetCtx", "data": {"coin": "BTC", "ctx": {"markPx": "1", "oraclePx": "1", "funding": "0"}}},
        {"channel": "candle", "data": HYPERLIQUID_CANDLE},
        {"channel": "orderUpdates", "data": [{"order": HYPERLIQUID_ORDER, "status": "open", "statusTimestamp": MS}]},
        {"channel": "userFills", "data": {"isSnapshot": True, "fills": [HYPERLIQUID_FILL]}},
        {"channel": "userFundings", "data": {"fundings": [{"time": MS, "coin": "BTC", "usdc": "-1.5"}]}},
        {"channel": "clearinghouseState", "data": {"dex": "", "clearinghouseState": CLEARING}},
        {"channel": "subscriptionResponse", "data": {"subscription": {"type": "l2Book", "coin": "BTC"}}},
    ],
    "aster": [
        ASTER_DEPTH,
        {"stream": "btcusdt@depth@100ms", "data": ASTER_DEPTH},
        {"stream": "btcusdt@depth5", "data": ASTER_DEPTH},
        {"e": "bookTicker", "u": 5, "s": "BTCUSDT", "b": "99", "B": "1", "a": "100", "A": "2", "T": MS, "E": MS},
        {"e": "aggTrade", "E": MS, "a": 9, "s": "BTCUSDT", "p": "100", "q": "3", "T": MS, "m": True},
        {"e": "markPriceUpdate", "E": MS, "s": "BTCUSDT", "p": "100", "i": "99", "r": "0.0001", "T": MS},
        {"e": "kline", "E": MS, "s": "BTCUSDT", "k": ASTER_CANDLE},
        {"e": "ORDER_TRADE_UPDATE", "E": MS, "T": MS, "o": ASTER_ORDER},
        {
            "e": "ACCOUNT_UPDATE", "E": MS, "T": MS,
            "a": {"B": [{"a": "USDT", "wb": "39"}], "P": [{"s": "BTCUSDT", "pa": "-1", "ep": "100"}]},
        },
        {"result": None, "id": 1},
    ],
    "grvt": [
        grvt("v1.book.d", GRVT_BOOK),
        grvt("v1.book.d", GRVT_BOOK, 11),
        grvt("v1.book.s", GRVT_BOOK),
        grvt("v1.ticker.s", GRVT_TICKER),
        grvt("v1.mini.s", GRVT_TICKER),
        grvt(
            "v1.trade",
            {"event_time": "1", "instrument": "X", "is_taker_buyer": True, "size": "3", "price": "1", "trade_id": "9"},
        ),
        grvt("v1.candle", GRVT_CANDLE, 0, "BTC_USDT_Perp@CI_1_M-TRADE"),
        grvt("v1.order", GRVT_ORDER),
        grvt("v1.fill", GRVT_FILL),
        grvt("v1.position", {"instrument": "BTC_USDT_Perp", "size": "-0.5", "entry_price": "100"}),
        {"jsonrpc": "2.0", "error": {"code": 3000, "message": "Instrument is invalid"}, "id": 1},
    ],
    "extended": [
        extended("ORDERBOOKS.SNAPSHOT", EXTENDED_BOOK),
        extended("ORDERBOOKS.DELTA", EXTENDED_BOOK),
        extended("TRADES", [{"i": 9, "m": "BTC-USD", "S": "SELL", "tT": "TRADE", "T": MS, "p": "100", "q": "3"}]),
        extended("PRICES.MP", {"m": "BTC-USD", "p": "100.5", "ts": MS}),
        extended("FUNDING_RATES", {"m": "BTC-USD", "f": "0.0001", "T": MS}),
        extended("ACCOUNT.ORDER", {"isSnapshot": False, "orders": [EXTENDED_ORDER]}),
        extended("ACCOUNT.TRADE", {"isSnapshot": False, "trades": [EXTENDED_TRADE]}),
        extended("ACCOUNT.POSITION", {"positions": [{"market": "BTC-USD", "side": "SHORT", "size": "0.5"}]}),
        extended("ACCOUNT.BALANCE", {"balance": {"balance": "3", "equity": "2", "availableForTrade": "1"}}),
        {"jsonrpc": "2.0", "id": "1", "result": {"subscription": "orderbooks.BTC-USD"}},
        {"jsonrpc": "2.0", "id": "1", "error": {"code": 1001, "message": "Market not found."}},
    ],
    "paradex": [
        paradex("order_book.BTC-USD-PERP.deltas", PARADEX_BOOK),
        paradex("order_book.BTC-USD-PERP.deltas", {**PARADEX_BOOK, "update_type": "d"}),
        paradex("bbo.BTC-USD-PERP", PARADEX_BEST),
        paradex("trades.ALL", PARADEX_TRADE),
        paradex("markets_summary", {"symbol": "BTC-USD-PERP", "mark_price": "100.5", "created_at": MS}),
        paradex(
            "funding_data",
            {"market": "BTC-USD-PERP", "funding_rate": "-0.0001", "funding_period_hours": 8, "created_at": MS},
        ),
        paradex("orders.ALL", PARADEX_ORDER),
        paradex("fills.ALL", PARADEX_FILL),
        paradex("positions", {"market": "BTC-USD-PERP", "side": "SHORT", "size": "-0.5", "average_entry_price": "1"}),
        paradex("account", {"account_value": "3", "free_collateral": "1", "total_collateral": "2"}),
        paradex("funding_payments.ALL", {"id": "1", "market": "BTC-USD-PERP", "payment": "-1.5", "created_at": MS}),
        {"jsonrpc": "2.0", "id": 1, "result": {"node_id": "73cf456f7cb78d59"}},
        {"jsonrpc": "2.0", "id": 1, "result": {"channel": "order_book.BTC-USD-PERP.deltas"}},
        {"jsonrpc": "2.0", "id": 0, "error": {"code": -32600, "message": "no", "data": "invalid channel"}},
    ],
    "backpack": [
        backpack("depth.BTC_USDC_PERP", BACKPACK_DEPTH),
        backpack(
            "bookTicker.BTC_USDC_PERP",
            {"e": "bookTicker", "s": "BTC_USDC_PERP", "b": "99", "B": "1", "a": "100", "A": "2", "u": 5, "T": 1},
        ),
        backpack(
            "trade.BTC_USDC_PERP",
            {"e": "trade", "E": 1, "T": 1, "s": "BTC_USDC_PERP", "p": "100", "q": "3", "t": 9, "m": True},
        ),
        backpack(
            "markPrice.BTC_USDC_PERP",
            {"e": "markPrice", "E": 1, "T": 1, "s": "BTC_USDC_PERP", "p": "100", "i": "99", "f": "0.0001", "n": MS},
        ),
        backpack("kline.1m.BTC_USDC_PERP", BACKPACK_CANDLE),
        backpack("account.orderUpdate", BACKPACK_ORDER),
        backpack("account.positionUpdate", BACKPACK_POSITION),
        backpack("account.balanceUpdate", {"e": "balanceUpdate", "E": 1, "a": "USDC", "A": "1", "L": "2", "S": "0"}),
        {"id": None, "error": {"code": 4006, "message": "Invalid stream"}},
    ],
}  # fmt: skip

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
