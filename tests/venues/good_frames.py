"""Frames of every venue as they should be, several of each kind: what the fuzz tests damage."""

from typing import Any

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
