"""Backpack: linear perpetuals settled in USDC, cross margin, net positions.

Requests are signed with the seed (``secret``) of an Ed25519 key whose public half is the ``apiKey``. Source:
https://docs.backpack.exchange.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar, TypeVar
from urllib.parse import urlencode

import msgspec

from perpbot.clock import NS_PER_MS
from perpbot.model.book import Follows
from perpbot.model.events import BookDelta, BookSnapshot, DecodeError, Event
from perpbot.model.instrument import Instrument, Side
from perpbot.model.money import plain
from perpbot.model.order import (
    Accepted,
    Balance,
    Fill,
    FundingPayment,
    Order,
    OrderUpdate,
    Outcome,
    Position,
    Refused,
    TimeInForce,
    Unknown,
)
from perpbot.venues.answers import OK, ask, reads, unclear_or_limited
from perpbot.venues.backpack_account import CollateralAnswer, FillRow, FundingRow, OrderRow, PositionRow
from perpbot.venues.backpack_frames import BackpackFrames, BookAnswer
from perpbot.venues.backpack_instruments import AccountAnswer, Market, instruments
from perpbot.venues.backpack_wire import reader
from perpbot.venues.http import Reply, Request
from perpbot.venues.recorded import Recorded
from perpbot.venues.signer import SignedVenue
from perpbot.venues.venue import Credentials, Endpoints, Heartbeat, Margin, VenueReadError
from perpbot.venues.wire import JsonReader, batches, positive

PAGE = 1_000
"""Rows in one answer, at most."""
BOOK_LEVELS = 1_000
SUBSCRIPTIONS_A_FRAME = 100
WINDOW_MS = 5_000
"""How long a signed request is good."""
CLIENT_IDS = 2**32
"""A client order id is a number below this."""

_SIDES = {Side.BUY: "Bid", Side.SELL: "Ask"}
_TIFS = {TimeInForce.IOC: "IOC", TimeInForce.GTC: "GTC", TimeInForce.POST_ONLY: "GTC"}
_PRIVATE_STREAMS = (("account.orderUpdate", "account.positionUpdate"), ("account.balanceUpdate",))
"""In frames of their own, so that one that is refused takes no other with it."""

_NOT_FOUND = 404
_NO_SUCH_ORDER = "RESOURCE_NOT_FOUND"
_LIMITED = "TOO_MANY_REQUESTS"
_REFUSALS = frozenset({
    "ACCOUNT_DEACTIVATED", "ACCOUNT_LIQUIDATING", "FORBIDDEN", "INSUFFICIENT_FUNDS", "INSUFFICIENT_MARGIN",
    "INVALID_CLIENT_REQUEST", "INVALID_MARKET", "INVALID_ORDER", "INVALID_PRICE", "INVALID_QUANTITY",
    "INVALID_SIGNATURE", "INVALID_SYMBOL", "MAINTENANCE", "MAX_LEVERAGE_REACHED", "ORDER_LIMIT", "POSITION_LIMIT",
    "TRADING_PAUSED", "UNAUTHORIZED",
})  # fmt: skip
"""Complaints after which there is no order; any other leaves it open."""

T = TypeVar("T")


class _Answer(msgspec.Struct):
    id: str = ""
    status: str = ""
    code: str = ""
    message: str = ""


class Backpack(SignedVenue):
    """Backpack with one account at it."""

    name = "backpack"
    ccxt_name = "backpack"
    mainnet = Endpoints(
        rest="https://api.backpack.exchange",
        public_ws="wss://ws.backpack.exchange",
        private_ws="wss://ws.backpack.exchange",
    )
    credential_names = ("apiKey", "secret")
    recorded = Recorded("markets", book="depth", named="symbol")
    book_by_rest = True
    request_lifetime_s: ClassVar[float] = WINDOW_MS / 1_000

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._frames = BackpackFrames(self)
        self._read_markets: JsonReader[list[Market]] = reader(list[Market])
        self._read_account: JsonReader[AccountAnswer] = reader(AccountAnswer)
        self._read_book: JsonReader[BookAnswer] = reader(BookAnswer)
        self._read_answer: JsonReader[_Answer] = reader(_Answer)
        self._read_order: JsonReader[OrderRow] = reader(OrderRow)
        self._read_orders: JsonReader[list[OrderRow]] = reader(list[OrderRow])
        self._read_fills: JsonReader[list[FillRow]] = reader(list[FillRow])
        self._read_positions: JsonReader[list[PositionRow]] = reader(list[PositionRow])
        self._read_collateral: JsonReader[CollateralAnswer] = reader(CollateralAnswer)
        self._read_funding: JsonReader[list[FundingRow]] = reader(list[FundingRow])

    def signer_settings(self, credentials: Credentials) -> dict[str, object]:
        """What ccxt's class is made with."""
        urls = {"public": self.endpoints.rest, "private": self.endpoints.rest}
        options = {"recvWindow": str(WINDOW_MS)}
        keys = {"apiKey": credentials["apiKey"], "secret": credentials["secret"]}
        return {**keys, "urls": {"api": urls}, "options": options}

    def _public(self, read: JsonReader[T], path: str, **parameters: str) -> T:
        query = f"?{urlencode(parameters)}" if parameters else ""
        return self._read(read, Request("GET", f"{self.endpoints.rest}/api/v1/{path}{query}"))

    def _private(self, read: JsonReader[T], method: str, **parameters: str) -> T:
        return self._read(read, self.signer.build(method, parameters))

    def _read(self, read: JsonReader[T], request: Request) -> T:
        reply = ask(self.name, self.http, request)
        if reply.status != OK:
            raise VenueReadError(f"backpack answered {reply.status}: {reply.excerpt}")
        return read(reply.body)

    # -- instruments ---------------------------------------------------------------------------------------------

    @reads
    def fetch_instruments(self) -> list[Instrument]:
        """Every perpetual that is traded; with credentials its fees are the account's."""
        markets = self._public(self._read_markets, "markets")
        return instruments(markets, None if self.credentials is None else self._account())

    def _account(self) -> AccountAnswer:
        return self._private(self._read_account, "privateGetApiV1Account")

    def read_instruments(self, answer: bytes) -> list[Instrument]:
        """The perpetuals in an answer of ``markets``."""
        return instruments(self._read_markets(answer))

    def read_book(self, native: str, answer: bytes) -> BookSnapshot:
        """The book in an answer of ``depth``."""
        return self._frames.book(native, self._read_book(answer))

    # -- public stream -------------------------------------------------------------------------------------------

    @property
    def public_heartbeat(self) -> Heartbeat:
        """Mark prices come every few seconds; Backpack itself pings once a minute."""
        return Heartbeat(interval_s=15.0, silence_s=30.0, frame=None)

    def public_subscriptions(self, instruments: Sequence[Instrument]) -> list[str]:
        """Changes of the book, and mark price with funding, of each instrument."""
        return _public(instruments, "depth", "markPrice")

    def tape_subscriptions(self, instruments: Sequence[Instrument]) -> list[str]:
        """Trades and bars."""
        return _public(instruments, "trade", "kline.1m")

    def decode_public(self, frame: str | bytes, received_ns: int) -> list[Event]:
        """The events in a frame; `DecodeError` when it is not Backpack's protocol."""
        return self._frames.decode(frame, received_ns)

    def follows(self, book_sequence: int, delta: BookDelta) -> Follows:
        """A change covers the numbers from `first` to `last`, and the next one begins right after it."""
        if delta.last <= book_sequence:
            return Follows.OLD
        return Follows.NEXT if delta.first <= book_sequence + 1 else Follows.GAP

    @reads
    def fetch_book(self, instrument: Instrument) -> BookSnapshot:
        """The book's best 1,000 levels."""
        answer = self._public(self._read_book, "depth", symbol=instrument.native, limit=str(BOOK_LEVELS))
        return self._frames.book(instrument.native, answer)

    # -- private stream ------------------------------------------------------------------------------------------

    @property
    def private_heartbeat(self) -> Heartbeat:
        """A quiet account sends nothing for hours: only the answers to pings show that the stream lives."""
        return Heartbeat(interval_s=15.0, silence_s=45.0, frame=None)

    def private_subscriptions(self, instruments: Sequence[Instrument]) -> list[str]:
        """Orders with their fills, positions and balances of the account; every frame is signed."""
        del instruments
        return [
            _subscription({"params": list(streams), "signature": self._signature()}) for streams in _PRIVATE_STREAMS
        ]

    def _signature(self) -> list[str]:
        stamp = str(self.signer.next_ms())
        text = f"instruction=subscribe&timestamp={stamp}&window={WINDOW_MS}"
        exchange = self.signer.exchange
        seed = exchange.base64_to_binary(self.secrets["secret"])[:32]
        signature: str = exchange.eddsa(exchange.encode(text), seed, "ed25519")
        return [self.secrets["apiKey"], signature, stamp, str(WINDOW_MS)]

    def decode_private(self, frame: str | bytes, received_ns: int) -> list[Event]:
        """The events in a frame; `DecodeError` when it is not Backpack's protocol."""
        return self._frames.decode(frame, received_ns)

    # -- trading -------------------------------------------------------------------------------------------------

    def wire_id(self, number: int) -> str:
        """A number of 32 bits, so that numbers come again after four thousand million orders."""
        return str(number % CLIENT_IDS)

    @reads
    def prepare_trading(self) -> None:
        """Load ccxt and make sure that the account may trade."""
        if self._account().liquidating:
            raise VenueReadError(f"backpack: account {self.account!r} is being liquidated")

    @reads
    def fetch_margins(self, instruments: Sequence[Instrument]) -> dict[str, Margin]:
        """The account's limit of leverage, as far as each market goes; Backpack knows cross margin only."""
        limit = positive(self._account().leverage_limit, self.name, "leverageLimit")
        return {each.symbol: Margin(min(limit, each.max_leverage)) for each in instruments}

    @reads
    def set_margin(self, instrument: Instrument, leverage: int) -> None:
        """Set the limit of leverage, which is one for all markets."""
        del instrument
        request = self.signer.build("privatePatchApiV1Account", {"leverageLimit": str(leverage)})
        reply = ask(self.name, self.http, request)
        if reply.status != OK:
            raise VenueReadError(f"backpack answered {reply.status}: {reply.excerpt}")

    def place(self, order: Order, instrument: Instrument) -> Request:
        """The signed request that places `order`. Backpack turns it away when its window has passed."""
        parameters: dict[str, object] = {
            "symbol": instrument.native,
            "side": _SIDES[order.side],
            "orderType": "Limit",
            "timeInForce": _TIFS[order.time_in_force],
            "quantity": plain(instrument.wire_size(order.quantity)),
            "price": plain(instrument.wire_price(order.price)),
            "clientId": int(order.wire_id),
        }
        if order.time_in_force is TimeInForce.POST_ONLY:
            parameters["postOnly"] = True
        if order.reduce_only:
            parameters["reduceOnly"] = True
        return self.signer.build("privatePostApiV1Order", parameters)

    def read_place(self, reply: Reply) -> Outcome:
        """What became of an order. It was taken where it has an id, whatever has become of it since."""
        by_status = unclear_or_limited(self.name, reply)
        if by_status is not None:
            return by_status
        try:
            answer = self._read_answer(reply.body)
        except DecodeError as error:
            return Unknown(f"{error} in {reply.excerpt!r}")
        if answer.code:
            return _complaint(answer)
        if not answer.id or not answer.status or reply.status != OK:
            return Unknown(f"backpack answered {reply.excerpt!r}")
        return Accepted(answer.id)

    def cancel(self, order: Order, venue_order_id: str | None, instrument: Instrument) -> Request:
        """The signed request that cancels `order`."""
        named = {"orderId": venue_order_id} if venue_order_id else {"clientId": int(order.wire_id)}
        return self.signer.build("privateDeleteApiV1Order", {"symbol": instrument.native, **named})

    @reads
    def fetch_order(self, order: Order, instrument: Instrument) -> OrderUpdate | None:
        """What Backpack knows of `order`: it has a place for open orders, and a history that is newest first.

        The history cannot be asked for a client id, so it is read until the order is found.
        """
        parameters = {"symbol": instrument.native, "clientId": int(order.wire_id)}
        reply = ask(self.name, self.http, self.signer.build("privateGetApiV1Order", parameters))
        if reply.status == OK:
            return self._frames.account.order(self._read_order(reply.body))
        if reply.status != _NOT_FOUND or self._read_answer(reply.body).code != _NO_SUCH_ORDER:
            raise VenueReadError(f"backpack answered {reply.status}: {reply.excerpt}")
        history = self._pages(self._read_orders, "privateGetWapiV1HistoryOrders", symbol=instrument.native)
        found = next((row for row in history if row.client_id == int(order.wire_id)), None)
        return None if found is None else self._frames.account.order(found)

    @reads
    def fetch_open_orders(self) -> list[OrderUpdate]:
        """Every open order of a perpetual."""
        rows = self._private(self._read_orders, "privateGetApiV1Orders", marketType="PERP")
        return [self._frames.account.order(row) for row in rows]

    @reads
    def fetch_fills(self, since_ms: int) -> list[Fill]:
        """The account's fills of perpetuals, oldest first, so that new ones come behind the pages already read."""
        period = {"from": str(max(0, since_ms)), "marketType": "PERP", "sortDirection": "Asc"}
        rows = self._pages(self._read_fills, "privateGetWapiV1HistoryFills", **period)
        return [self._frames.account.fill(row) for row in rows]

    def _pages(self, read: JsonReader[list[T]], method: str, **parameters: str) -> Iterator[T]:
        """Every row of a history."""
        asked = {"sortDirection": "Desc", "limit": str(PAGE), **parameters}
        offset = 0
        while True:
            page = self._private(read, method, offset=str(offset), **asked)
            yield from page
            if len(page) < PAGE:
                return
            offset += len(page)

    @reads
    def fetch_positions(self) -> list[Position]:
        """Every position that is not zero."""
        rows = self._private(self._read_positions, "privateGetApiV1Position")
        return [each for row in rows if (each := self._frames.account.position(row)).quantity]

    @reads
    def fetch_balances(self) -> list[Balance]:
        """Every asset that is not zero, as collateral has it: what is lent out counts."""
        return self._frames.account.balances(self._private(self._read_collateral, "privateGetApiV1CapitalCollateral"))

    @reads
    def fetch_funding_payments(self, since_ms: int) -> list[FundingPayment]:
        """Funding paid and received. The history is newest first and is read until it is older than asked for."""
        payments: list[FundingPayment] = []
        for row in self._pages(self._read_funding, "privateGetWapiV1HistoryFunding"):
            payment = self._frames.account.funding_payment(row)
            if payment.settled_ns < since_ms * NS_PER_MS:
                break
            payments.append(payment)
        return sorted(payments, key=lambda each: each.settled_ns)


def _public(instruments: Sequence[Instrument], *kinds: str) -> list[str]:
    streams = [f"{kind}.{each.native}" for each in instruments for kind in kinds]
    return [_subscription({"params": batch}) for batch in batches(streams, SUBSCRIPTIONS_A_FRAME)]


def _subscription(words: dict[str, object]) -> str:
    return json.dumps({"method": "SUBSCRIBE", **words}, separators=(",", ":"))


def _complaint(answer: _Answer) -> Outcome:
    text = f"backpack: {answer.code} {answer.message}"
    if answer.code == _LIMITED:
        return Refused(text, retryable=True)
    if answer.code not in _REFUSALS or "duplicate" in answer.message.lower():
        return Unknown(text)
    return Refused(text)
