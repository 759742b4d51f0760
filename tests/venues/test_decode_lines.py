"""Lines of raw frames and recordings become plain dictionaries, with books rebuilt on the way."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from venue_cases import NAMES, venue, with_bitcoin

from perpbot.venues.decode import decode, in_time_order

MS = 1_700_000_000_000


def run(name: str, *lines: str | dict[str, Any], known: bool = False, depth: int = 10) -> list[dict[str, Any]]:
    made = with_bitcoin(venue(name, signed=False)) if known else venue(name, signed=False)
    return list(decode(made, [line if isinstance(line, str) else json.dumps(line) for line in lines], depth))


def okx_book(action: str, previous: int, sequence: int, bids: list[list[str]], asks: list[list[str]]) -> dict[str, Any]:
    row = {"bids": bids, "asks": asks, "ts": str(MS), "checksum": 0, "seqId": sequence, "prevSeqId": previous}
    return {"arg": {"channel": "books", "instId": "BTC-USDT-SWAP"}, "action": action, "data": [row]}


BIDS = [["99", "100", "0", "1"], ["98", "200", "0", "1"]]
ASKS = [["101", "300", "0", "1"], ["102", "400", "0", "1"]]
SNAPSHOT = okx_book("snapshot", -1, 10, BIDS, ASKS)


def test_a_book_is_shown_after_every_change_best_levels_first() -> None:
    update = okx_book("update", 10, 11, [["99", "0", "0", "0"], ["98.5", "50", "0", "1"]], [])
    first, second = run("okx", SNAPSHOT, update, known=True)
    assert first == {
        "type": "book",
        "venue": "okx",
        "symbol": "BTC-PERP",
        "sequence": 10,
        "valid": True,
        "bids": [["99", "1"], ["98", "2"]],
        "asks": [["101", "3"], ["102", "4"]],
        "venue_time_ms": MS,
    }
    assert second["bids"] == [["98.5", "0.5"], ["98", "2"]]


def test_depth_limits_what_is_shown() -> None:
    (book,) = run("okx", SNAPSHOT, depth=1)
    assert (len(book["bids"]), len(book["asks"])) == (1, 1)


def test_sizes_of_an_unknown_instrument_are_as_they_came_and_say_so() -> None:
    (book,) = run("okx", SNAPSHOT)
    assert (book["symbol"], book["unit"], book["bids"][0]) == ("BTC-PERP", "native", ["99", "100"])


def test_a_gap_is_told_once_and_the_book_is_invalid_until_the_next_snapshot() -> None:
    missing = okx_book("update", 12, 13, [["99.5", "1", "0", "1"]], [])
    later = okx_book("update", 13, 14, [["99.6", "1", "0", "1"]], [])
    events = run("okx", SNAPSHOT, missing, later, okx_book("snapshot", -1, 20, BIDS, ASKS))
    assert [event["type"] for event in events] == ["book", "gap", "book", "book"]
    assert events[1]["reason"] == "gap: 13 follows 12, but the book is at 10"
    assert (events[2]["valid"], events[2]["bids"]) == (False, [])
    assert events[3]["valid"]


def test_every_kind_of_event_is_plain_json() -> None:
    args = {"channel": "orders", "instType": "SWAP"}
    order = {
        "instId": "BTC-USDT-SWAP", "ordId": "77", "clOrdId": "perp1", "state": "filled", "accFillSz": "3",
        "side": "buy", "uTime": str(MS), "fillPx": "100.50", "fillSz": "2", "fillFee": "-0.010", "fillFeeCcy": "USDT",
        "fillTime": str(MS), "tradeId": "9", "execType": "T",
    }  # fmt: skip
    fill, update, pong, ack, error = run(
        "okx",
        {"arg": args, "data": [order]},
        "pong",
        {"event": "subscribe", "arg": {"channel": "books", "instId": "BTC-USDT-SWAP"}},
        {"event": "error", "code": "60018", "msg": "no such channel"},
        known=True,
    )
    assert fill == {
        "type": "fill",
        "venue": "okx",
        "symbol": "BTC-PERP",
        "trade_ref": "BTC-USDT-SWAP:9",
        "client_id": "perp1",
        "venue_order_id": "77",
        "side": "buy",
        "price": "100.5",
        "size": "0.02",
        "fee": "0.01",
        "fee_currency": "USDT",
        "liquidity": "taker",
        "time_ms": MS,
        "quote": "USDT",
    }
    assert (update["type"], update["status"], update["filled"]) == ("order", "filled", "0.03")
    assert pong == {"type": "pong", "venue": "okx"}
    assert ack == {"type": "ack", "venue": "okx", "symbol": "BTC-PERP", "channel": "books"}
    said = {"code": "60018", "message": "no such channel"}
    assert error == {"type": "error", "origin": "venue", "venue": "okx", **said}


def test_a_quote_has_both_sides_and_funding_its_interval() -> None:
    bbo = {"coin": "BTC", "time": MS, "bbo": [{"px": "99.0", "sz": "1"}, {"px": "101.0", "sz": "2"}]}
    ctx = {"coin": "BTC", "ctx": {"markPx": "100", "oraclePx": "99.9", "funding": "0.0000125"}}
    quote, mark, funding = run(
        "hyperliquid", {"channel": "bbo", "data": bbo}, {"channel": "activeAssetCtx", "data": ctx}, known=True
    )
    assert quote == {
        "type": "quote",
        "venue": "hyperliquid",
        "symbol": "BTC-PERP",
        "bid": "99",
        "bid_size": "1",
        "ask": "101",
        "ask_size": "2",
        "venue_time_ms": MS,
    }
    assert (mark["price"], mark["index"]) == ("100", "99.9")
    assert (funding["rate"], funding["interval_hours"]) == ("0.0000125", "1")


@pytest.mark.parametrize("name", NAMES)
def test_a_broken_frame_is_an_error_and_the_next_one_is_decoded(name: str) -> None:
    whole = {
        "okx": "pong",
        "hyperliquid": '{"channel":"pong"}',
        "aster": '{"result":null,"id":1}',
        "edgex": '{"type":"pong","time":"1"}',
        "lighter": '{"type":"pong"}',
        "grvt": '{"jsonrpc":"2.0","id":1,"method":"subscribe","result":{"stream":"v1.trade","subs":["X@50"]}}',
        "extended": '{"id":"1","result":{"subscription":"trades.BTC-USD"}}',
        "paradex": '{"id":1,"result":{"channel":"bbo.BTC-USD-PERP"}}',
        "backpack": '{"stream":"markPrice.X","data":{"e":"markPrice","E":1,"s":"X","p":"1"}}',
    }[name]
    error, after = run(name, '{"broken":', whole)
    assert (error["type"], error["venue"]) == ("error", name)
    assert name in error["message"]
    assert after["type"] in {"pong", "ack", "mark"}


def test_lines_that_are_no_frames_are_skipped() -> None:
    lines = ["", "   ", "# a remark", "configuration: {}", "wss://somewhere -> 17.5", "recorded with love"]
    assert run("okx", *lines) == []


# -- recordings --------------------------------------------------------------------------------------------------

FILTERS = [
    {"filterType": "PRICE_FILTER", "tickSize": "0.1"},
    {"filterType": "LOT_SIZE", "stepSize": "1", "minQty": "1"},
]
INFO = {
    "symbols": [
        {
            "symbol": "1000SHIBUSDT", "status": "TRADING", "contractType": "PERPETUAL", "baseAsset": "1000SHIB",
            "quoteAsset": "USDT", "filters": FILTERS,
        }
    ]
}  # fmt: skip
BOOK = {"lastUpdateId": 100, "E": MS, "T": MS, "bids": [["99", "1"]], "asks": [["101", "2"]]}


def depth(previous: int, last: int) -> dict[str, Any]:
    words = {"e": "depthUpdate", "E": MS, "T": MS, "s": "1000SHIBUSDT", "U": previous + 1, "u": last, "pu": previous}
    return {"stream": "1000shibusdt@depth@100ms", "data": {**words, "b": [["99", str(last)]], "a": []}}


def recorded(time: str, words: dict[str, Any], url: str = "") -> str:
    return f"{url} -> {time}: {json.dumps(words)}" if url else f"{time}: {json.dumps(words)}"


ANSWERS = [
    recorded("1.0", INFO, "https://fapi.asterdex.com/fapi/v3/exchangeInfo"),
    recorded("1.3", BOOK, "https://fapi.asterdex.com/fapi/v3/depth?symbol=1000SHIBUSDT&limit=1000"),
]
FRAMES = [recorded("1.1", depth(80, 95)), recorded("1.2", depth(95, 105)), recorded("1.4", depth(105, 110))]


@pytest.mark.parametrize("sources", [[ANSWERS, FRAMES], [FRAMES, ANSWERS]])
def test_files_of_a_recording_are_read_in_the_order_of_time(sources: Sequence[list[str]]) -> None:
    made = venue("aster", signed=False)
    events = list(decode(made, in_time_order(sources)))
    assert [(event["type"], event["sequence"]) for event in events] == [("book", 105), ("book", 110)]
    assert [event["bids"] for event in events] == [[["0.099", "105000"]], [["0.099", "110000"]]]
    assert all("unit" not in event for event in events)


def test_lines_without_time_stay_behind_the_line_before_them() -> None:
    first, second = ["5.0: {}", "a remark"], ["6.0: {}"]
    assert list(in_time_order([second, first])) == ["5.0: {}", "a remark", "6.0: {}"]
    assert list(in_time_order([["{1}", "{2}"]])) == ["{1}", "{2}"]


def test_an_answer_that_makes_no_sense_is_an_error() -> None:
    (error,) = run("aster", "https://fapi.asterdex.com/fapi/v3/exchangeInfo -> 1.0: {")
    assert error["type"] == "error"
    assert run("aster", "https://fapi.asterdex.com/fapi/v3/time -> 1.0: {}") == []


def test_instruments_that_were_given_are_not_replaced_by_recorded_ones() -> None:
    made = with_bitcoin(venue("aster", signed=False))
    assert list(decode(made, [ANSWERS[0]])) == []
    assert [each.native for each in made.instruments] == ["BTCUSDT"]
