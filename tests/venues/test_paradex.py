"""Paradex: what is signed, how a token is got and kept, frames in binary and in JSON, an account's history."""

import json
from collections.abc import Callable
from decimal import Decimal
from functools import reduce
from struct import pack
from typing import Any

import pytest
from Crypto.Hash import keccak
from hypothesis import given, settings
from hypothesis import strategies as st
from venue_cases import (
    CREDENTIALS,
    PARADEX_START,
    Answer,
    Answers,
    an_order,
    bitcoin,
    parameters_of,
    price,
    sent,
    size,
    trading,
    venue,
    with_bitcoin,
)

from perpbot import clock
from perpbot.model.book import Follows
from perpbot.model.events import (
    Ack,
    BookDelta,
    BookSnapshot,
    DecodeError,
    Event,
    Funding,
    LoggedIn,
    Mark,
    PublicTrade,
    VenueError,
)
from perpbot.model.instrument import InstrumentTable, Side
from perpbot.model.money import Money, Rate
from perpbot.model.order import Balance, Fill, Liquidity, OrderStatus, OrderUpdate, Position, TimeInForce
from perpbot.venues import stark
from perpbot.venues.http import Request
from perpbot.venues.registry import venue_class
from perpbot.venues.venue import Credentials, VenueReadError

VENUE = with_bitcoin(venue("paradex"))
ACCOUNT = int(CREDENTIALS["paradex"]["walletAddress"], 16)
KEY = int(CREDENTIALS["paradex"]["privateKey"], 16)
NOW_MS = 1_800_000_000_000
NOW_NS = NOW_MS * 1_000_000
NOTHING = -(2**63)


# -- signatures, worked out with ccxt's slow hash and without its typed data --------------------------------------


def felt(value: int | str) -> int:
    return value if isinstance(value, int) else int.from_bytes(value.encode())


def chained(*values: int) -> int:
    from ccxt.static_dependencies.starkware.crypto.fast_pedersen_hash import pedersen_hash

    return reduce(pedersen_hash, (*values, len(values)), 0)


def struct(kind: str, *values: int | str) -> int:
    selector = int.from_bytes(keccak.new(data=kind.encode(), digest_bits=256).digest()) & (2**250 - 1)
    return chained(selector, *map(felt, values))


def is_signed(signature: str, kind: str, *values: int | str) -> bool:
    domain = struct("StarkNetDomain(name:felt,chainId:felt,version:felt)", "Paradex", "PRIVATE_SN_PARACLEAR_MAINNET", 1)
    message = chained(felt("StarkNet Message"), domain, ACCOUNT, struct(kind, *values))
    r, s = json.loads(signature)
    return stark.signed_by(KEY, message, (int(r, 16), int(s, 16)))


ORDER = "Order(timestamp:felt,market:felt,side:felt,orderType:felt,size:felt,price:felt)"


def test_an_order_is_signed_and_expires() -> None:
    made = trading("paradex")
    request = made.place(
        an_order(made, side=Side.SELL, reduce_only=True, time_in_force=TimeInForce.POST_ONLY), bitcoin("paradex")
    )
    assert (request.method, request.url) == ("POST", "https://api.prod.paradex.trade/v1/orders")
    assert request.headers["Authorization"] == "Bearer token-1"
    body = json.loads(str(request.body))
    signature, stamp = body.pop("signature"), body.pop("signature_timestamp")
    assert abs(stamp - clock.wall_ms()) < 10_000
    assert is_signed(signature, ORDER, stamp, "BTC-USD-PERP", 2, "LIMIT", 5_000_000, 65_000 * 10**8)
    assert body == {
        "market": "BTC-USD-PERP",
        "side": "SELL",
        "type": "LIMIT",
        "instruction": "POST_ONLY",
        "size": "0.05",
        "price": "65000",
        "client_id": "perp0000000000000001",
        "flags": ["REDUCE_ONLY"],
        "recv_window": 5_000,
    }


def test_a_k_coin_is_ordered_by_the_thousand() -> None:
    made = trading("paradex")
    instrument = bitcoin(
        "paradex", native="kPEPE-USD-PERP", contract_size=Decimal(1000), price_unit=Decimal(1000), tick=Decimal("1e-8")
    )
    request = made.place(an_order(made, price=Decimal("0.0000123"), quantity=Decimal(5000)), instrument)
    body = json.loads(str(request.body))
    assert (body["price"], body["size"]) == ("0.0123", "5")
    stamp = body["signature_timestamp"]
    assert is_signed(body["signature"], ORDER, stamp, "kPEPE-USD-PERP", 1, "LIMIT", 5 * 10**8, 1_230_000)


def test_a_cancel_names_the_order_by_either_id() -> None:
    made = trading("paradex")
    order, instrument = an_order(made), bitcoin("paradex")
    by_id, by_ours = made.cancel(order, "77", instrument), made.cancel(order, None, instrument)
    assert (by_id.method, by_id.url.rstrip("?")) == ("DELETE", "https://api.prod.paradex.trade/v1/orders/77")
    assert by_ours.url.endswith("/v1/orders/by_client_id/perp0000000000000001?market=BTC-USD-PERP")
    assert by_ours.headers["Authorization"] == "Bearer token-1"


# -- the token ---------------------------------------------------------------------------------------------------


@pytest.fixture
def now_ms(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    times = [NOW_MS]
    monkeypatch.setattr(clock, "wall_ns", lambda: times[0] * 1_000_000)
    return times


def asks(made: Any) -> list[str]:
    return [request.url.partition("/v1/")[2].partition("?")[0] for request in sent(made)]


def test_a_token_is_got_with_a_signature_and_kept_for_two_minutes(now_ms: list[int]) -> None:
    made = with_bitcoin(venue("paradex", lambda _request: {"results": []}))
    made.fetch_positions()
    now_ms[0] += 119_000
    made.keep_private_alive()
    made.fetch_open_orders()
    now_ms[0] += 2_000
    made.keep_private_alive()
    assert asks(made) == ["system/config", "auth", "positions", "orders", "auth"]
    headers = sent(made)[1].headers
    stamp, expiry = (int(headers[f"PARADEX-{name}"]) for name in ("TIMESTAMP", "SIGNATURE-EXPIRATION"))
    assert (stamp, expiry) == (NOW_MS // 1000, NOW_MS // 1000 + 300)
    kind = "Request(method:felt,path:felt,body:felt,timestamp:felt,expiration:felt)"
    assert is_signed(headers["PARADEX-STARKNET-SIGNATURE"], kind, "POST", "/v1/auth", "", stamp, expiry)
    assert headers["PARADEX-STARKNET-ACCOUNT"] == CREDENTIALS["paradex"]["walletAddress"]
    assert sent(made)[2].headers["Authorization"] == "Bearer token-1"


def test_a_private_stream_is_opened_with_a_fresh_token(now_ms: list[int]) -> None:
    made = venue("paradex", lambda _request: {"results": []})
    made.prepare_trading()
    assert made.open_private() == "wss://ws.api.prod.paradex.trade/v1"
    assert asks(made) == ["system/config", "auth", "auth"]
    assert now_ms == [NOW_MS]
    (frame,) = made.login()
    assert json.loads(frame) == {"jsonrpc": "2.0", "method": "auth", "params": {"bearer": "token-1"}, "id": 1}


def test_the_token_is_younger_than_its_end_whenever_it_is_kept_alive() -> None:
    kind = venue_class("paradex")
    assert kind.private_keepalive_s is not None
    assert kind.private_keepalive_s + 120 < 300


def test_the_public_needs_no_key_and_asks_for_binary_frames() -> None:
    made = venue("paradex", signed=False)
    assert made.public_url([]) == "wss://ws.api.prod.paradex.trade/v1?sbeSchemaId=1&sbeSchemaVersion=1"
    channels = [json.loads(frame)["params"]["channel"] for frame in made.public_subscriptions([bitcoin("paradex")])]
    assert channels == ["order_book.BTC-USD-PERP.deltas", "markets_summary.BTC-USD-PERP", "funding_data.BTC-USD-PERP"]


def test_a_key_that_is_none_is_named() -> None:
    kind = venue_class("paradex")
    made = kind(kind.mainnet, Answers(lambda _request: PARADEX_START), Credentials({"privateKey": "0x1"}))
    with pytest.raises(VenueReadError, match="lack walletAddress"):
        made.prepare_trading()


# -- frames ------------------------------------------------------------------------------------------------------


def binary(template: int, block: bytes, *texts: str, groups: bytes = b"", schema: int = 1) -> bytes:
    tail = b"".join(bytes([len(text)]) + text.encode() for text in texts)
    return pack("<HHHH", len(block), template, schema, 1) + block + groups + tail


def group(*levels: tuple[int, int], extra: bytes = b"") -> bytes:
    entries = b"".join(pack("<qq", *level) + extra for level in levels)
    return pack("<HH", 16 + len(extra), len(levels)) + entries


def book_block(sequence: int, package: int) -> bytes:
    return pack("<qqB9q", NOW_MS * 1000, sequence, package, *[NOTHING] * 9)


BOOK = binary(3, book_block(7, 0), "BTC-USD-PERP", groups=group((99 * 10**8, 10**8)) + group((101 * 10**8, 2 * 10**8)))
SUMMARY = binary(4, pack("<31q", NOW_MS * 1000, 1, 1005 * 10**7, 1004 * 10**7, *[NOTHING] * 27), "BTC-USD-PERP")
FUNDING = binary(5, pack("<qqqqqqqhq", NOW_MS * 1000, 1, -10_000, 0, 0, 0, 0, 8, 0), "BTC-USD-PERP")
TRADE = binary(1, pack("<qqqBqqqB", 1, 1, 9, 2, 10**10, 3 * 10**8, NOW_MS * 1000, 1), "BTC-USD-PERP", "17180009")

PUSHED: dict[str, tuple[str, dict[str, Any]]] = {
    "book": (
        "order_book.BTC-USD-PERP.deltas",
        {
            "seq_no": 7,
            "market": "BTC-USD-PERP",
            "last_updated_at": NOW_MS,
            "update_type": "s",
            "inserts": [{"side": "BUY", "price": "99", "size": "1"}, {"side": "SELL", "price": "101", "size": "2"}],
            "updates": [],
            "deletes": [],
        },
    ),
    "summary": (
        "markets_summary.BTC-USD-PERP",
        {"symbol": "BTC-USD-PERP", "mark_price": "100.5", "underlying_price": "100.4", "created_at": NOW_MS},
    ),
    "funding": (
        "funding_data.BTC-USD-PERP",
        {"market": "BTC-USD-PERP", "funding_rate": "-0.0001", "funding_period_hours": 8, "created_at": NOW_MS},
    ),
    "trade": (
        "trades.BTC-USD-PERP",
        {"id": "17180009", "market": "BTC-USD-PERP", "side": "SELL", "size": "3", "price": "100", "created_at": NOW_MS},
    ),
}
WANTED: dict[str, Event] = {
    "book": BookSnapshot("BTC-PERP", [(price("99"), size("1"))], [(price("101"), size("2"))], 7, NOW_NS),
    "summary": Mark("BTC-PERP", price("100.5"), price("100.4"), NOW_NS),
    "funding": Funding("BTC-PERP", Rate(Decimal("-0.0001"), Decimal(8)), None, NOW_NS),
    "trade": PublicTrade("BTC-PERP", price("100"), size("3"), Side.SELL, "17180009", NOW_NS),
}


def push(channel: str, data: object) -> str:
    return json.dumps({"jsonrpc": "2.0", "method": "subscription", "params": {"channel": channel, "data": data}})


@pytest.mark.parametrize("what", WANTED)
def test_a_channel_means_the_same_in_binary_and_in_json(what: str) -> None:
    frame = {"book": BOOK, "summary": SUMMARY, "funding": FUNDING, "trade": TRADE}[what]
    assert VENUE.decode_public(frame, 0) == VENUE.decode_public(push(*PUSHED[what]), 0) == [WANTED[what]]


def test_a_change_of_a_book_takes_levels_away_by_a_size_of_zero() -> None:
    groups = group((99 * 10**8, 0), extra=b"more") + group()
    (event,) = VENUE.decode_public(binary(3, book_block(8, 1), "BTC-USD-PERP", groups=groups), 0)
    assert event == BookDelta("BTC-PERP", [(price("99"), size("0"))], [], 8, 7, 8, NOW_NS)
    data = {**PUSHED["book"][1], "seq_no": 8, "update_type": "d", "inserts": []}
    data["deletes"] = [{"side": "BUY", "price": "99", "size": "1"}]
    assert VENUE.decode_public(push("order_book.BTC-USD-PERP.deltas", data), 0) == [event]


@pytest.mark.parametrize(("sequence", "follows"), [(8, Follows.NEXT), (9, Follows.GAP), (7, Follows.GAP)])
def test_every_change_has_the_number_after_the_one_before(sequence: int, follows: Follows) -> None:
    assert VENUE.follows(7, BookDelta("BTC-PERP", [], [], sequence, sequence - 1, sequence, 0)) is follows


def test_a_price_that_is_nothing_takes_only_the_index_away() -> None:
    numbers = pack("<31q", NOW_MS * 1000, 1, 10**10, *[NOTHING] * 28)
    assert VENUE.decode_public(binary(4, numbers, "BTC-USD-PERP"), 0) == [Mark("BTC-PERP", price("100"), None, NOW_NS)]
    with pytest.raises(DecodeError, match="paradex"):
        VENUE.decode_public(binary(4, pack("<31q", NOW_MS * 1000, 1, *[NOTHING] * 29), "BTC-USD-PERP"), 0)


def test_a_k_coin_is_counted_and_priced_by_the_coin() -> None:
    made = venue("paradex")
    made.instruments = InstrumentTable(
        [bitcoin("paradex", native="BTC-USD-PERP", contract_size=Decimal(1000), price_unit=Decimal(1000))]
    )
    (event,) = made.decode_public(BOOK, 0)
    assert isinstance(event, BookSnapshot)
    assert event.bids == [(price("0.099"), size("1000"))]


@pytest.mark.parametrize(
    "frame",
    [
        binary(2, b"\0" * 60, "BTC-USD-PERP"),
        binary(3, book_block(7, 0), "BTC-USD-PERP", groups=group() * 2, schema=2),
        binary(3, book_block(7, 9), "BTC-USD-PERP", groups=group() * 2),
        binary(3, book_block(-1, 0), "BTC-USD-PERP", groups=group() * 2),
        binary(3, book_block(7, 0), "BTC-USD-PERP", groups=group()),
        binary(3, book_block(7, 0), groups=group() * 2),
        binary(3, book_block(7, 0)[:10], "BTC-USD-PERP", groups=group() * 2),
        binary(3, book_block(7, 0), "BTC-USD-PERP", groups=pack("<HH", 8, 1) + b"\0" * 8 + group()),
        *(BOOK[:end] for end in range(8, len(BOOK))),
    ],
)
def test_a_binary_frame_that_is_not_whole_is_refused(frame: bytes) -> None:
    with pytest.raises(DecodeError, match="paradex"):
        VENUE.decode_public(frame, 0)


@given(data=st.data())
@settings(max_examples=1_000, deadline=None)
def test_a_changed_binary_frame_decodes_or_is_refused(data: st.DataObject) -> None:
    frame = bytearray(data.draw(st.sampled_from([BOOK, SUMMARY, FUNDING, TRADE])))
    for _ in range(data.draw(st.integers(min_value=1, max_value=6))):
        frame[data.draw(st.integers(min_value=0, max_value=len(frame) - 1))] = data.draw(st.integers(0, 255))
    refused, events = "", list[Event]()
    try:
        events = VENUE.decode_public(bytes(frame), 0)
    except DecodeError as error:
        refused = str(error)
    assert len(events) == 1 or refused.startswith("paradex")


def test_answers_are_a_login_an_acknowledgement_or_a_complaint() -> None:
    def decode(frame: dict[str, Any]) -> list[Event]:
        return VENUE.decode_private(json.dumps({"jsonrpc": "2.0", **frame}), 0)

    assert decode({"id": 1, "result": {"node_id": "73cf"}}) == [LoggedIn()]
    assert decode({"id": 2, "result": {"channel": "order_book.BTC-USD-PERP.deltas"}}) == [Ack("order_book", "BTC-PERP")]
    assert decode({"id": 2, "result": {"channel": "orders.ALL"}, "usIn": 5}) == [Ack("orders", None)]
    complaint = {"code": -32600, "message": "invalid subscribe request", "data": "invalid channel"}
    assert decode({"id": 0, "error": complaint}) == [VenueError("-32600", "invalid subscribe request: invalid channel")]


# -- the account -------------------------------------------------------------------------------------------------

ROW: dict[str, Any] = {
    "id": "77", "market": "BTC-USD-PERP", "client_id": "perp1", "size": "1", "remaining_size": "0.7", "status": "OPEN",
    "last_updated_at": NOW_MS, "cancel_reason": "",
}  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "status", "filled"),
    [
        ({"status": "NEW"}, OrderStatus.ACCEPTED, "0.3"),
        ({}, OrderStatus.ACCEPTED, "0.3"),
        ({"status": "CLOSED", "remaining_size": "0"}, OrderStatus.FILLED, "1"),
        ({"status": "CLOSED", "cancel_reason": "USER_CANCELED"}, OrderStatus.CANCELLED, "0.3"),
        (
            {"status": "CLOSED", "cancel_reason": "A_WORD_OF_TOMORROW", "remaining_size": "1"},
            OrderStatus.CANCELLED,
            "0",
        ),
        ({"status": "CLOSED", "cancel_reason": "NOT_ENOUGH_MARGIN", "remaining_size": "1"}, OrderStatus.REFUSED, "0"),
        ({"status": "CLOSED", "cancel_reason": "NOT_ENOUGH_MARGIN"}, OrderStatus.CANCELLED, "0.3"),
    ],
)
def test_an_order_tells_its_status_and_what_is_filled(
    changes: dict[str, str], status: OrderStatus, filled: str
) -> None:
    (update,) = VENUE.decode_private(push("orders.ALL", {**ROW, **changes}), 0)
    assert isinstance(update, OrderUpdate)
    assert (update.status, update.filled, update.client_id, update.venue_order_id) == (
        status,
        size(filled),
        "perp1",
        "77",
    )


@pytest.mark.parametrize("changes", [{"status": "MEDITATING"}, {"remaining_size": "2"}, {"size": "NaN"}])
def test_an_order_that_makes_no_sense_is_refused(changes: dict[str, str]) -> None:
    with pytest.raises(DecodeError, match="paradex"):
        VENUE.decode_private(push("orders.ALL", {**ROW, **changes}), 0)


def fill(number: int, time_ms: int = NOW_MS) -> dict[str, Any]:
    return {
        "id": str(number), "market": "BTC-USD-PERP", "order_id": "77", "client_id": "perp1", "side": "SELL",
        "price": "100", "size": "0.2", "fee": "0.01", "fee_currency": "USDC", "liquidity": "MAKER",
        "created_at": time_ms, "fill_type": "FILL",
    }  # fmt: skip


def test_fills_positions_and_collateral_are_read() -> None:
    (filled,) = VENUE.decode_private(push("fills.ALL", fill(9)), 0)
    assert isinstance(filled, Fill)
    assert (filled.side, filled.price, filled.quantity, filled.liquidity) == (
        Side.SELL,
        price("100"),
        size("0.2"),
        Liquidity.MAKER,
    )
    assert (filled.fee, filled.trade_ref) == (Money(Decimal("0.01"), "USDC"), "9")
    for written in ("0.5", "-0.5"):
        row = {"market": "BTC-USD-PERP", "side": "SHORT", "size": written, "average_entry_price": "100"}
        (held,) = VENUE.decode_private(push("positions", row), 0)
        assert isinstance(held, Position)
        assert (held.quantity, held.entry_price) == (size("-0.5"), price("100"))
    worth = {"account_value": "110", "total_collateral": "100", "free_collateral": "90", "settlement_asset": "USDC"}
    (balance,) = VENUE.decode_private(push("account", worth), 0)
    assert isinstance(balance, Balance)
    assert (balance.wallet, balance.equity, balance.available) == (Decimal(100), Decimal(110), Decimal(90))


def pages(rows: list[dict[str, Any]]) -> Callable[[Request], Answer]:
    """Rows newest first, a hundred at a time, with a mark of where to go on."""

    def answer(request: Request) -> Answer:
        asked = parameters_of(request)
        first = int(asked.get("cursor", 0))
        found = [row for row in rows[::-1] if row["created_at"] >= int(asked["start_at"])]
        onward = str(first + 100) if len(found) > first + 100 else None
        return {"next": onward, "prev": None, "results": found[first : first + 100]}

    return answer


@pytest.mark.parametrize("count", [0, 1, 99, 100, 101, 250])
def test_fills_and_funding_are_read_to_the_end_oldest_first(count: int) -> None:
    rows = [fill(number, NOW_MS + number // 3) for number in range(8, 8 + count)]
    made = with_bitcoin(venue("paradex", pages(rows)))
    assert [each.trade_ref for each in made.fetch_fills(NOW_MS)] == [row["id"] for row in rows]
    paid = [{"id": row["id"], "market": "BTC-USD-PERP", "payment": "-1.5", "created_at": NOW_MS} for row in rows]
    made = with_bitcoin(venue("paradex", pages(paid)))
    payments = made.fetch_funding_payments(NOW_MS)
    assert [each.ref for each in payments] == [row["id"] for row in rows]
    assert all(each.amount == Money(Decimal("-1.5"), "USDC") for each in payments)


def test_a_page_that_does_not_go_on_is_a_failure_and_no_endless_loop() -> None:
    made = with_bitcoin(venue("paradex", lambda _request: {"next": "5", "results": [fill(1)]}))
    with pytest.raises(VenueReadError, match="does not go on"):
        made.fetch_fills(NOW_MS)


def test_an_order_that_is_over_is_found_among_all() -> None:
    gone = (400, '{"error":"CLIENT_ORDER_ID_NOT_FOUND","message":"order not found"}')
    closed = {**ROW, "client_id": "perp0000000000000001", "status": "CLOSED", "remaining_size": "0"}
    other = {**closed, "client_id": "perp0000000000000002", "id": "78"}

    def answer(request: Request) -> Answer:
        return {"results": [other, closed]} if "orders-history" in request.url else gone

    made = with_bitcoin(venue("paradex", answer))
    update = made.fetch_order(an_order(made), bitcoin("paradex"))
    assert update is not None
    assert (update.venue_order_id, update.status) == ("77", OrderStatus.FILLED)
    assert "client_id=perp0000000000000001" in sent(made)[-1].url
