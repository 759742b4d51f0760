"""Extended: what is signed, how frames are counted over a whole connection, and an account's history."""

import json
from collections.abc import Callable
from decimal import ROUND_CEILING, Decimal
from itertools import count
from typing import Any

import pytest
from Crypto.Hash import keccak
from extended_cases import MARKET, OWNER, start
from hypothesis import given, settings
from hypothesis import strategies as st
from venue_cases import (
    CREDENTIALS,
    Answer,
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
    BookReset,
    BookSnapshot,
    DecodeError,
    Event,
    Funding,
    Mark,
    PublicTrade,
    SessionEnding,
    VenueError,
)
from perpbot.model.instrument import Instrument, Side
from perpbot.model.money import Money, Rate
from perpbot.model.order import Balance, Fill, Liquidity, OrderStatus, OrderUpdate, Position, TimeInForce
from perpbot.venues import stark
from perpbot.venues.book_builder import BookBuilder, Taken
from perpbot.venues.http import Request
from perpbot.venues.venue import Venue, VenueReadError

KEY = int(CREDENTIALS["extended"]["privateKey"], 16)
NOW_MS = 1_800_000_000_000
NOW_NS = NOW_MS * 1_000_000
DAY_S = 24 * 3_600
ORDER = (
    '"Order"("position_id":"felt","base_asset_id":"AssetId","base_amount":"i64","quote_asset_id":"AssetId",'
    '"quote_amount":"i64","fee_asset_id":"AssetId","fee_amount":"u64","expiration":"Timestamp","salt":"felt")'
    '"PositionId"("value":"u32")"AssetId"("value":"felt")"Timestamp"("seconds":"u64")'
)
DOMAIN = (
    '"StarknetDomain"("name":"shortstring","version":"shortstring","chainId":"shortstring","revision":"shortstring")'
)


# -- signatures, worked out with ccxt's slow hash and without its message ------------------------------------------


def felt(value: int | str) -> int:
    return value if isinstance(value, int) else int.from_bytes(value.encode())


def hashed(kind: str, *values: int | str) -> int:
    selector = int.from_bytes(keccak.new(data=kind.encode(), digest_bits=256).digest()) & (2**250 - 1)
    return slow_poseidon([selector, *(felt(value) % stark.PRIME for value in values)])


def slow_poseidon(values: list[int]) -> int:
    """By the definition, one round after the other, with nothing in common with the fast one but the constants."""
    from ccxt.static_dependencies.starknet.hash.poseidon import poseidon_hash

    padded = [*values, 1, *([] if len(values) % 2 else [0])]
    state = [0, 0, 0]
    for place in range(0, len(padded), 2):
        state = poseidon_hash([state[0] + padded[place], state[1] + padded[place + 1], state[2]])
    return state[0]


def message(body: dict[str, Any], chain: str = "SN_MAIN") -> int:
    """What has to be signed: units of a millionth; what a buyer gives is rounded up, what a seller gets down."""
    sign = 1 if body["side"] == "BUY" else -1
    units = Decimal(body["qty"]) * 10**6
    value = units * Decimal(body["price"])
    quote = int(value.to_integral_value(ROUND_CEILING)) if sign > 0 else int(value)
    fee = int((value * Decimal(body["fee"])).to_integral_value(ROUND_CEILING))
    asset = int(MARKET["l2Config"]["syntheticId"], 16)
    expiration = -(-body["expiryEpochMillis"] // 1000) + 14 * DAY_S
    values = (int(OWNER["l2Vault"]), asset, sign * int(units), 1, -sign * quote, 1, fee, expiration, int(body["nonce"]))
    domain = hashed(DOMAIN, "Perpetuals", "v0", chain, 1)
    return slow_poseidon([felt("StarkNet Message"), domain, int(OWNER["l2Key"], 16), hashed(ORDER, *values)])


def instrument(**changes: Any) -> Instrument:
    return bitcoin("extended", **{"taker_fee": Decimal("0.00025"), "tick": Decimal(1), **changes})


def placed(**changes: Any) -> tuple[Request, dict[str, Any]]:
    made = trading("extended")
    request = made.place(an_order(made, **changes), instrument())
    return request, json.loads(str(request.body))


@pytest.mark.parametrize("side", [Side.BUY, Side.SELL])
@pytest.mark.parametrize(("at", "quantity"), [("65000", "0.05"), ("65000.1", "0.00001"), ("3", "123.456789")])
def test_an_order_is_signed(side: Side, at: str, quantity: str) -> None:
    request, body = placed(side=side, price=Decimal(at), quantity=Decimal(quantity))
    assert (request.method, request.url) == ("POST", "https://api.starknet.extended.exchange/api/v1/user/order")
    assert request.headers["X-Api-Key"] == "key-1"
    signature = body["settlement"]["signature"]
    assert stark.signed_by(KEY, message(body), (int(signature["r"], 16), int(signature["s"], 16)))
    assert body["settlement"]["starkKey"] == OWNER["l2Key"]
    assert body["settlement"]["collateralPosition"] == OWNER["l2Vault"]


def test_an_order_that_does_not_wait_ends_with_its_request() -> None:
    _, body = placed(reduce_only=True)
    for name in ("settlement", "nonce"):
        body.pop(name)
    assert 0 < body.pop("expiryEpochMillis") - clock.wall_ms() <= 10_000
    assert body == {
        "id": "perp0000000000000001",
        "market": "BTC-USD",
        "type": "LIMIT",
        "side": "BUY",
        "qty": "0.05",
        "price": "65000",
        "timeInForce": "IOC",
        "fee": "0.00025",
        "postOnly": False,
        "reduceOnly": True,
        "selfTradeProtectionLevel": "ACCOUNT",
    }


def test_an_order_that_waits_may_do_so_for_a_day_and_pays_the_makers_fee_when_it_never_takes() -> None:
    _, body = placed(time_in_force=TimeInForce.POST_ONLY)
    assert abs(body["expiryEpochMillis"] - clock.wall_ms() - DAY_S * 1000) < 10_000
    assert (body["fee"], body["postOnly"], body["timeInForce"]) == ("0", True, "GTT")


@pytest.mark.parametrize("now_ms", [0, 2**31 - 1, 2**31, NOW_MS])
def test_a_nonce_fits_into_what_extended_takes(monkeypatch: pytest.MonkeyPatch, now_ms: int) -> None:
    made = trading("extended")
    monkeypatch.setattr(clock, "wall_ns", lambda: now_ms * 1_000_000)
    body = json.loads(str(made.place(an_order(made), instrument()).body))
    assert 1 <= int(body["nonce"]) <= 2**31


def test_a_market_that_was_not_listed_cannot_be_signed_for() -> None:
    made = trading("extended")
    with pytest.raises(VenueReadError, match="NEW-USD was not listed"):
        made.place(an_order(made), instrument(native="NEW-USD"))


def test_cancels_name_the_order_by_either_id() -> None:
    made = trading("extended")
    by_id, by_ours = made.cancel(an_order(made), "77", instrument()), made.cancel(an_order(made), None, instrument())
    root = "https://api.starknet.extended.exchange/api/v1/user/order"
    assert (by_id.method, by_id.url) == ("DELETE", f"{root}/77")
    assert (by_ours.method, by_ours.url) == ("DELETE", f"{root}?externalId=perp0000000000000001")


def test_the_account_is_subscribed_to_with_its_key() -> None:
    (frame,) = trading("extended").private_subscriptions([])
    parameters = {"scope": "account", "selector": {"account": "3017"}, "apiKey": "key-1"}
    assert json.loads(frame) == {"jsonrpc": "2.0", "method": "subscribe", "id": "1", "params": parameters}


# -- frames ------------------------------------------------------------------------------------------------------


class Connection:
    """Frames of one connection, counted from zero."""

    def __init__(self) -> None:
        self.venue: Venue = with_bitcoin(venue("extended"))
        self._numbers = count()

    def lose(self) -> None:
        next(self._numbers)

    def restart(self) -> None:
        self._numbers = count()

    def decode(self, kind: str, data: object) -> list[Event]:
        frame = {"type": kind, "data": data, "ts": NOW_MS, "seq": next(self._numbers), "subscription": "x"}
        decode = self.venue.decode_private if kind.startswith("ACCOUNT.") else self.venue.decode_public
        return decode(json.dumps(frame), 0)


def level(at: str, now: str, change: str = "7") -> dict[str, str]:
    return {"p": at, "q": change, "c": now}


WHOLE = {"m": "BTC-USD", "b": [{"p": "99", "q": "1"}], "a": [{"p": "101", "q": "2"}], "d": "f"}
CHANGE = {"m": "BTC-USD", "b": [level("99", "0", "-1"), level("98", "3")], "a": [], "d": "f"}


def test_a_change_says_what_is_there_now_and_not_only_by_how_much() -> None:
    made = Connection()
    assert made.decode("ORDERBOOKS.SNAPSHOT", WHOLE) == [
        BookSnapshot("BTC-PERP", [(price("99"), size("1"))], [(price("101"), size("2"))], 0, NOW_NS)
    ]
    made.decode("PRICES.MP", {"m": "BTC-USD", "p": "100"})
    (delta,) = made.decode("ORDERBOOKS.DELTA", CHANGE)
    assert delta == BookDelta("BTC-PERP", [(price("99"), size("0")), (price("98"), size("3"))], [], 2, 0, 2, NOW_NS)
    assert isinstance(delta, BookDelta)
    assert made.venue.follows(0, delta) is Follows.NEXT
    assert made.venue.follows(1, delta) is Follows.GAP
    with pytest.raises(DecodeError, match="extended"):
        made.decode("ORDERBOOKS.DELTA", {**CHANGE, "b": [{"p": "99", "q": "-1"}]})


def test_any_frame_that_is_missing_takes_the_price_of_every_book_of_the_connection() -> None:
    made = Connection()
    made.decode("ORDERBOOKS.SNAPSHOT", WHOLE)
    made.decode("ORDERBOOKS.SNAPSHOT", {**WHOLE, "m": "ETH-USD"})
    made.lose()
    resets = made.decode("PRICES.MP", {"m": "BTC-USD", "p": "100"})[:-1]
    assert [event.symbol for event in resets if isinstance(event, BookReset)] == ["BTC-PERP", "ETH-USD"]
    (delta,) = made.decode("ORDERBOOKS.DELTA", CHANGE)
    assert isinstance(delta, BookDelta)
    assert made.venue.follows(delta.previous, delta) is Follows.GAP


def test_a_book_that_could_not_be_read_once_is_not_read_on() -> None:
    made = Connection()
    builder = BookBuilder(made.venue, "BTC-PERP")
    for event in made.decode("ORDERBOOKS.SNAPSHOT", WHOLE):
        assert isinstance(event, BookSnapshot)
        assert builder.take(event) is Taken.APPLIED
    with pytest.raises(DecodeError):
        made.decode("ORDERBOOKS.DELTA", {**CHANGE, "b": [level("NaN", "1")]})
    (delta,) = made.decode("ORDERBOOKS.DELTA", CHANGE)
    assert isinstance(delta, BookDelta)
    assert builder.take(delta) is Taken.BROKEN


def test_a_new_connection_counts_anew_and_loses_nothing() -> None:
    made = Connection()
    made.decode("ORDERBOOKS.SNAPSHOT", WHOLE)
    made.decode("PRICES.MP", {"m": "BTC-USD", "p": "100"})
    made.restart()
    assert [type(event) for event in made.decode("ORDERBOOKS.SNAPSHOT", WHOLE)] == [BookSnapshot]


@given(dropped=st.integers(min_value=1, max_value=18), frames=st.integers(min_value=20, max_value=30))
@settings(deadline=None, max_examples=30)
def test_any_one_change_missing_breaks_the_book_at_the_next_frame(dropped: int, frames: int) -> None:
    made = Connection()
    builder = BookBuilder(made.venue, "BTC-PERP")
    for number in range(frames):
        if number == dropped:
            made.lose()
            continue
        events = made.decode("ORDERBOOKS.DELTA" if number else "ORDERBOOKS.SNAPSHOT", CHANGE if number else WHOLE)
        for event in events:
            assert isinstance(event, BookSnapshot | BookDelta | BookReset)
            builder.take(event)
        assert (builder.book.reason is None) == (number < dropped)


def test_prices_funding_and_trades_are_read() -> None:
    made = Connection()
    assert made.decode("PRICES.MP", {"m": "BTC-USD", "p": "100.5", "ts": 0}) == [
        Mark("BTC-PERP", price("100.5"), None, NOW_NS)
    ]
    assert made.decode("FUNDING_RATES", {"m": "BTC-USD", "T": NOW_MS, "f": "-0.00001"}) == [
        Funding("BTC-PERP", Rate(Decimal("-0.00001"), Decimal(1)), None, NOW_NS)
    ]
    row = {"i": 9, "m": "BTC-USD", "S": "SELL", "tT": "TRADE", "T": NOW_MS, "p": "100", "q": "3"}
    assert made.decode("TRADES", [row]) == [PublicTrade("BTC-PERP", price("100"), size("3"), Side.SELL, "9", NOW_NS)]


def test_answers_are_acknowledgements_or_complaints() -> None:
    made = venue("extended")

    def decode(frame: dict[str, Any]) -> list[Event]:
        return made.decode_public(json.dumps({"jsonrpc": "2.0", "id": "1", **frame}), 0)

    assert decode({"result": {"subscription": "orderbooks.BTC-USD"}}) == [Ack("orderbooks", "BTC-PERP")]
    assert decode({"result": {"subscription": "prices.mark.BTC-USD"}}) == [Ack("prices", "BTC-PERP")]
    assert decode({"result": {"subscription": "account.3017"}}) == [Ack("account", None)]
    assert decode({"result": {}}) == []
    assert decode({"error": {"code": 1001, "message": "Market not found."}}) == [
        VenueError("1001", "Market not found.")
    ]


def test_a_thousand_coins_are_told_by_their_name() -> None:
    row = {**MARKET, "name": "1000PEPE-USD", "assetName": "1000PEPE"}
    (found,) = venue("extended").read_instruments(json.dumps({"status": "OK", "data": [row]}).encode())
    assert (found.symbol, found.base, found.contract_size) == ("PEPE-PERP", "PEPE", Decimal(1000))
    assert (found.tick, found.lot) == (Decimal("0.001"), Decimal("0.01"))


@pytest.mark.parametrize("changes", [{"status": "REDUCE_ONLY"}, {"type": "SPOT"}, {"collateralAssetName": "EUR"}])
def test_what_is_no_perpetual_to_trade_is_left_out(changes: dict[str, str]) -> None:
    answer = json.dumps({"status": "OK", "data": [{**MARKET, **changes}]}).encode()
    assert venue("extended").read_instruments(answer) == []


def test_the_account_pays_its_own_fees() -> None:
    fees = [{"market": "BTC-USD", "makerFeeRate": "-0.00002", "takerFeeRate": "0.0003", "builderFeeRate": "0"}]
    made = venue(
        "extended", lambda request: {"status": "OK", "data": fees} if "fees" in request.url else start(request)
    )
    (found,) = made.fetch_instruments()
    assert (found.maker_fee, found.taker_fee) == (Decimal("-0.00002"), Decimal("0.0003"))
    assert (found.min_quantity, found.max_leverage, found.funding_hours) == (Decimal("0.0001"), Decimal(50), Decimal(1))


# -- the account -------------------------------------------------------------------------------------------------

ROW: dict[str, Any] = {
    "id": 77, "externalId": "perp1", "market": "BTC-USD", "status": "NEW", "qty": "1", "filledQty": "0.3",
    "updatedTime": NOW_MS,
}  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({}, OrderStatus.ACCEPTED),
        ({"status": "PARTIALLY_FILLED"}, OrderStatus.ACCEPTED),
        ({"status": "FILLED"}, OrderStatus.FILLED),
        ({"status": "CANCELLED", "statusReason": "NO_LIQUIDITY"}, OrderStatus.CANCELLED),
        ({"status": "EXPIRED"}, OrderStatus.CANCELLED),
        ({"status": "REJECTED", "filledQty": "0"}, OrderStatus.REFUSED),
        ({"status": "REJECTED"}, OrderStatus.CANCELLED),
    ],
)
def test_an_order_tells_its_status_and_what_is_filled(changes: dict[str, str], status: OrderStatus) -> None:
    (update,) = Connection().decode("ACCOUNT.ORDER", {"isSnapshot": False, "orders": [{**ROW, **changes}]})
    assert isinstance(update, OrderUpdate)
    assert (update.status, update.client_id, update.venue_order_id) == (status, "perp1", "77")
    assert update.filled == size(changes.get("filledQty", "0.3"))


def test_a_status_nobody_knows_is_refused() -> None:
    with pytest.raises(DecodeError, match="extended: status"):
        Connection().decode("ACCOUNT.ORDER", {"orders": [{**ROW, "status": "MEDITATING"}]})


def test_a_missing_frame_about_the_account_ends_the_session_so_that_all_is_asked_for_again() -> None:
    made = Connection()
    made.decode("ACCOUNT.ORDER", {"orders": [ROW]})
    made.lose()
    events = made.decode("ACCOUNT.ORDER", {"orders": [ROW]})
    assert [type(event) for event in events] == [SessionEnding, OrderUpdate]


def trade(number: int, time_ms: int = NOW_MS) -> dict[str, Any]:
    return {
        "id": number, "accountId": 1, "market": "BTC-USD", "orderId": 77, "side": "SELL", "price": "100.0000",
        "qty": "0.2000", "value": "20", "fee": "0.0050", "tradeType": "TRADE", "isTaker": True, "createdTime": time_ms,
    }  # fmt: skip


def test_fills_positions_and_the_balance_are_read() -> None:
    made = Connection()
    (filled,) = made.decode("ACCOUNT.TRADE", {"trades": [{**trade(9), "externalOrderId": "perp1"}]})
    assert isinstance(filled, Fill)
    assert (filled.client_id, filled.trade_ref, filled.venue_order_id) == ("perp1", "9", "77")
    assert (filled.side, filled.quantity, filled.liquidity) == (Side.SELL, size("0.2"), Liquidity.TAKER)
    assert filled.fee == Money(Decimal("0.005"), "USDC")
    row = {"market": "BTC-USD", "side": "SHORT", "size": "0.5", "openPrice": "100", "status": "OPENED"}
    held, closed = made.decode("ACCOUNT.POSITION", {"positions": [row, {**row, "status": "CLOSED"}]})
    assert isinstance(held, Position)
    assert isinstance(closed, Position)
    assert (held.quantity, held.entry_price) == (size("-0.5"), price("100"))
    assert (closed.quantity, closed.entry_price) == (size("0"), None)
    worth = {"balance": "100", "equity": "110", "availableForTrade": "90"}
    (balance,) = made.decode("ACCOUNT.BALANCE", {"balance": worth})
    assert isinstance(balance, Balance)
    assert (balance.currency, balance.wallet, balance.equity) == ("USDC", Decimal(100), Decimal(110))


def pages(rows: list[dict[str, Any]]) -> Callable[[Request], Answer]:
    """Rows newest first, below the id of a cursor."""

    def answer(request: Request) -> Answer:
        asked = parameters_of(request)
        limit = int(asked["limit"])
        found = [row for row in rows[::-1] if row["id"] < int(asked.get("cursor", 10**18))][:limit]
        cursor = found[-1]["id"] if found else None
        return {"status": "OK", "data": found, "pagination": {"cursor": cursor, "count": len(found)}}

    return answer


@pytest.mark.parametrize("found", [0, 1, 499, 500, 501, 1200])
def test_fills_and_funding_are_read_to_the_end_oldest_first(found: int) -> None:
    old = [trade(number, NOW_MS - 5) for number in range(1, 4)]
    rows = [trade(number, NOW_MS + number // 3) for number in range(10, 10 + found)]
    made = with_bitcoin(venue("extended", pages([*old, *rows])))
    assert [each.trade_ref for each in made.fetch_fills(NOW_MS)] == [str(row["id"]) for row in rows]
    paid = [{"id": row["id"], "market": "BTC-USD", "fundingFee": "-1.5", "paidTime": NOW_MS} for row in rows]
    made = with_bitcoin(venue("extended", pages(paid)))
    payments = made.fetch_funding_payments(NOW_MS)
    assert [each.ref for each in payments] == [str(row["id"]) for row in rows]
    assert all(each.amount == Money(Decimal("-1.5"), "USDC") for each in payments)
    assert parameters_of(sent(made)[0])["fromTime"] == str(NOW_MS)


def test_a_page_that_does_not_go_on_is_a_failure_and_no_endless_loop() -> None:
    full = {"status": "OK", "data": [trade(number) for number in range(500)]}
    with pytest.raises(VenueReadError, match="does not go on"):
        with_bitcoin(venue("extended", lambda _request: full)).fetch_fills(NOW_MS)


def test_an_account_without_money_is_not_found_and_has_no_balance() -> None:
    missing = (404, '{"status":"ERROR","error":{"code":"NOT_FOUND","message":"Balance not found"}}')
    assert venue("extended", lambda _request: missing).fetch_balances() == []
    with pytest.raises(VenueReadError, match="extended"):
        venue("extended", lambda _request: (404, "<html>")).fetch_balances()


def test_an_order_that_is_not_in_the_list_does_not_exist() -> None:
    made = with_bitcoin(venue("extended", lambda _request: {"status": "OK", "data": []}))
    assert made.fetch_order(an_order(made), instrument()) is None
