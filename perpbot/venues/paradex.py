"""Paradex: perpetuals on a chain of its own, cross margin in USDC.

Requests carry a token that lives for five minutes and is got with a signature; orders are signed one by one. Both are
signed with the Paradex key (``privateKey``, a Stark key, best a trading-only subkey) of the Paradex account
(``walletAddress``), never with the key of an Ethereum wallet. Source: https://docs.paradex.trade, openapi description.
"""

import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, ClassVar

import msgspec

from perpbot.model.book import Follows
from perpbot.model.events import BookDelta, BookSnapshot, Event, PublicTrade
from perpbot.model.instrument import Instrument
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
from perpbot.venues.answers import OK, first, reads, unclear_or_limited
from perpbot.venues.http import Reply, Request
from perpbot.venues.paradex_account import AccountRow, FillRow, FundingRow, OrderRow, PositionRow
from perpbot.venues.paradex_client import ParadexClient, Rows, reader
from perpbot.venues.paradex_frames import BookRow, ParadexFrames
from perpbot.venues.paradex_instruments import AccountInfo, Market, instruments
from perpbot.venues.paradex_sbe import QUERY
from perpbot.venues.rate_limit import ORDER, RateLimits, Window
from perpbot.venues.recorded import Recorded
from perpbot.venues.signer import SignedVenue
from perpbot.venues.stark import speed_up_ccxt
from perpbot.venues.venue import Credentials, Endpoints, Heartbeat, Margin, Tape, VenueReadError
from perpbot.venues.wire import JsonReader

BOOK_LEVELS = 15
SCALE = 8
"""Decimals of the whole numbers that prices and sizes are signed as."""

_INSTRUCTIONS = {TimeInForce.IOC: "IOC", TimeInForce.GTC: "GTC", TimeInForce.POST_ONLY: "POST_ONLY"}
_SIGNED_SIDES = {1: "1", -1: "2"}
_ORDER_FIELDS = ("timestamp", "market", "side", "orderType", "size", "price")

_CREATED = 201
_NO_SUCH_ORDER = frozenset({"CLIENT_ORDER_ID_NOT_FOUND", "ORDER_ID_NOT_FOUND"})
_LIMITED = frozenset({"RATE_LIMIT_EXCEEDED", "TOO_MANY_REQUESTS"})
_UNCLEAR = frozenset({"INTERNAL_ERROR", "SERVICE_UNAVAILABLE", "DUPLICATED_CLIENT_ID"})
"""Complaints after which an order of this client id may exist."""


class _Complaint(msgspec.Struct):
    error: str = ""
    message: str = ""


class _Placed(msgspec.Struct):
    id: str
    status: str


class _MarginConfig(msgspec.Struct):
    market: str
    leverage: int
    margin_type: str


class _MarginConfigs(msgspec.Struct):
    configs: list[_MarginConfig]


class Paradex(SignedVenue):
    """Paradex with one account at it."""

    name = "paradex"
    ccxt_name = "paradex"
    mainnet = Endpoints(
        rest="https://api.prod.paradex.trade/v1",
        public_ws="wss://ws.api.prod.paradex.trade/v1",
        private_ws="wss://ws.api.prod.paradex.trade/v1",
    )
    testnet = Endpoints(
        rest="https://api.testnet.paradex.trade/v1",
        public_ws="wss://ws.api.testnet.paradex.trade/v1",
        private_ws="wss://ws.api.testnet.paradex.trade/v1",
        testnet=True,
    )
    credential_names = ("privateKey", "walletAddress")
    needs_login = True
    private_keepalive_s = 60.0
    signs_slowly = True
    recorded = Recorded("markets")
    limits = RateLimits(windows=(Window(800, 1.0, ORDER), Window(120, 1.0, "GET ")))
    request_lifetime_s: ClassVar[float] = 5.0
    """Said in every order as ``recv_window``, counted from the time that is signed."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._client = ParadexClient(self)
        self._frames = ParadexFrames(self)
        self._read_markets: JsonReader[Rows[Market]] = reader(Rows[Market])
        self._read_book: JsonReader[BookRow] = reader(BookRow)
        self._read_info: JsonReader[Rows[AccountInfo]] = reader(Rows[AccountInfo])
        self._read_complaint: JsonReader[_Complaint] = reader(_Complaint)
        self._read_placed: JsonReader[_Placed] = reader(_Placed)
        self._read_order: JsonReader[OrderRow] = reader(OrderRow)
        self._read_orders: JsonReader[Rows[OrderRow]] = reader(Rows[OrderRow])
        self._read_fills: JsonReader[Rows[FillRow]] = reader(Rows[FillRow])
        self._read_positions: JsonReader[Rows[PositionRow]] = reader(Rows[PositionRow])
        self._read_account: JsonReader[AccountRow] = reader(AccountRow)
        self._read_margin: JsonReader[_MarginConfigs] = reader(_MarginConfigs)
        self._read_nothing: JsonReader[object] = reader(dict)
        self._read_funding: JsonReader[Rows[FundingRow]] = reader(Rows[FundingRow])

    @classmethod
    def load(cls) -> None:
        """Load ccxt, and make it faster."""
        super().load()
        speed_up_ccxt()

    def signer_settings(self, credentials: Credentials) -> dict[str, object]:
        """What ccxt's class is made with. The account is given whole, so that it never asks for an Ethereum key."""
        account = {"privateKey": credentials["privateKey"], "address": credentials["walletAddress"]}
        urls = dict.fromkeys(("v1", "v2"), self.endpoints.rest)
        return {"urls": {"api": urls}, "options": {"paradexAccount": account}}

    # -- instruments ---------------------------------------------------------------------------------------------

    @reads
    def fetch_instruments(self) -> list[Instrument]:
        """Every perpetual with an order book; fees are the account's where there are credentials."""
        markets = self._client.public(self._read_markets, "markets").results
        if self.credentials is None:
            return instruments(markets)
        info = self._client.private(self._read_info, "privateGetAccountInfo").results
        return instruments(markets, next((each.fees for each in info if each.fees is not None), None))

    def read_instruments(self, answer: bytes) -> list[Instrument]:
        """The perpetuals in an answer of ``markets``."""
        return instruments(self._read_markets(answer).results)

    # -- public stream -------------------------------------------------------------------------------------------

    @property
    def public_heartbeat(self) -> Heartbeat:
        """Books change many times a second; Paradex itself pings every 55 s."""
        return Heartbeat(interval_s=15.0, silence_s=30.0, frame=None)

    def public_url(self, instruments: Sequence[Instrument]) -> str:
        """Public channels come in binary, and the URL must ask for it."""
        del instruments
        return f"{self.endpoints.public_ws}?{QUERY}"

    def public_subscriptions(self, instruments: Sequence[Instrument]) -> list[str]:
        """Book, mark price and funding of each instrument; a request has one channel."""
        return _subscriptions(instruments, "order_book.{}.deltas", "markets_summary.{}", "funding_data.{}")

    def tape_subscriptions(self, instruments: Sequence[Instrument]) -> list[str]:
        """Trades."""
        return _subscriptions(instruments, "trades.{}")

    def tapes(self, instruments: Sequence[Instrument]) -> list[Tape]:
        """Paradex has bars by REST only."""
        trades = self.tape_subscriptions(instruments)
        return [Tape(self.public_url(instruments), trades, frozenset({PublicTrade}))]

    def book_resubscription(self, instrument: Instrument) -> list[str]:
        """Leave the book's channel and enter it again: the whole book comes first."""
        channel = {"channel": f"order_book.{instrument.native}.deltas"}
        return [_call("unsubscribe", channel, 1), _call("subscribe", channel, 2)]

    def decode_public(self, frame: str | bytes, received_ns: int) -> list[Event]:
        """The events in a frame; `DecodeError` when it is not Paradex's protocol."""
        return self._frames.decode(frame, received_ns)

    def follows(self, book_sequence: int, delta: BookDelta) -> Follows:
        """Every change has the number after the one before; some change nothing."""
        return Follows.NEXT if delta.previous == book_sequence else Follows.GAP

    @reads
    def fetch_book(self, instrument: Instrument) -> BookSnapshot:
        """The book's best levels, as many as the stream has."""
        return self._frames.book(
            self._client.public(self._read_book, f"orderbook/{instrument.native}?depth={BOOK_LEVELS}")
        )

    # -- private stream ------------------------------------------------------------------------------------------

    @property
    def private_heartbeat(self) -> Heartbeat:
        """A quiet account sends nothing for hours: only the answers to pings show that the stream lives."""
        return Heartbeat(interval_s=15.0, silence_s=45.0, frame=None)

    @reads
    def open_private(self) -> str:
        """Get a fresh token, which the login needs."""
        self._client.renew_token(after_ms=0)
        return self.endpoints.private_ws

    @reads
    def keep_private_alive(self) -> None:
        """Keep the token that orders carry young."""
        self._client.renew_token()

    def login(self) -> list[str]:
        """The frame that opens the account's channels."""
        return [_call("auth", {"bearer": self._client.token}, 1)]

    def private_subscriptions(self, instruments: Sequence[Instrument]) -> list[str]:
        """Orders, fills, positions and collateral, whatever the instruments."""
        del instruments
        channels = ("orders.ALL", "fills.ALL", "positions", "account")
        return [_call("subscribe", {"channel": channel}, number) for number, channel in enumerate(channels, start=2)]

    def decode_private(self, frame: str | bytes, received_ns: int) -> list[Event]:
        """The events in a frame; `DecodeError` when it is not Paradex's protocol."""
        return self._frames.decode(frame, received_ns)

    # -- trading -------------------------------------------------------------------------------------------------

    @reads
    def prepare_trading(self) -> None:
        """Load ccxt, learn which chain is signed for, and get a token."""
        self._client.renew_token()

    @reads
    def fetch_margins(self, instruments: Sequence[Instrument]) -> dict[str, Margin]:
        """Leverage and margin mode; Paradex tells them market by market."""
        return {each.symbol: self._margin(each) for each in instruments}

    def _margin(self, instrument: Instrument) -> Margin:
        configs = self._client.private(self._read_margin, "privateGetAccountMargin", market=instrument.native).configs
        told = first(self.name, [each for each in configs if each.market == instrument.native])
        return Margin(Decimal(told.leverage), told.margin_type == "CROSS")

    @reads
    def set_margin(self, instrument: Instrument, leverage: int) -> None:
        """Set leverage and cross margin together."""
        asked = {"market": instrument.native, "leverage": leverage, "margin_type": "CROSS"}
        self._client.private(self._read_nothing, "privatePostAccountMarginMarket", **asked)

    def place(self, order: Order, instrument: Instrument) -> Request:
        """The signed request; Paradex turns it away after `request_lifetime_s`."""
        price, size = instrument.wire_price(order.price), instrument.wire_size(order.quantity)
        now_ms = self.signer.next_ms()
        signed: dict[str, object] = {
            "timestamp": now_ms,
            "market": instrument.native,
            "side": _SIGNED_SIDES[order.side.sign],
            "orderType": "LIMIT",
            "size": int(size.scaleb(SCALE)),
            "price": int(price.scaleb(SCALE)),
        }
        body = {
            "market": instrument.native,
            "side": order.side.value.upper(),
            "type": "LIMIT",
            "instruction": _INSTRUCTIONS[order.time_in_force],
            "size": plain(size),
            "price": plain(price),
            "client_id": order.wire_id,
            "flags": ["REDUCE_ONLY"] if order.reduce_only else [],
            "recv_window": int(self.request_lifetime_s * 1_000),
            "signature": self._client.sign("Order", _ORDER_FIELDS, signed),
            "signature_timestamp": now_ms,
        }
        return self._client.build("privatePostOrders", body)

    def read_place(self, reply: Reply) -> Outcome:
        """What became of an order. Accepted means queued: margin and position are looked at later."""
        by_status = unclear_or_limited(self.name, reply)
        if by_status is not None:
            return by_status
        try:
            if reply.status in {OK, _CREATED}:
                placed = self._read_placed(reply.body)
                return Accepted(placed.id) if placed.id else Unknown(f"paradex answered {reply.excerpt!r}")
            complaint = self._read_complaint(reply.body)
        except ValueError as error:
            return Unknown(f"{error} in {reply.excerpt!r}")
        if not complaint.error or complaint.error in _UNCLEAR:
            return Unknown(f"paradex answered {reply.status}: {reply.excerpt!r}")
        reason = f"paradex: {complaint.error} {complaint.message}"
        return Refused(reason, retryable=complaint.error in _LIMITED)

    def cancel(self, order: Order, venue_order_id: str | None, instrument: Instrument) -> Request:
        """The request that cancels `order`; no signature is needed for it."""
        if venue_order_id:
            return self._client.build("privateDeleteOrdersOrderId", {"order_id": venue_order_id})
        named = {"client_id": order.wire_id, "market": instrument.native}
        return self._client.build("privateDeleteOrdersByClientIdClientId", named)

    @reads
    def fetch_order(self, order: Order, instrument: Instrument) -> OrderUpdate | None:
        """What Paradex knows of `order`, first among those that are open, then among all."""
        account = self._frames.account
        reply = self._client.send("privateGetOrdersByClientIdClientId", client_id=order.wire_id)
        if reply.status == OK:
            return account.order(self._read_order(reply.body))
        if self._read_complaint(reply.body).error not in _NO_SUCH_ORDER:
            raise VenueReadError(f"paradex answered {reply.status}: {reply.excerpt}")
        named = {"client_id": order.wire_id, "market": instrument.native}
        rows = self._client.private(self._read_orders, "privateGetOrdersHistory", **named).results
        return next((account.order(row) for row in rows if row.client_id == order.wire_id), None)

    @reads
    def fetch_open_orders(self) -> list[OrderUpdate]:
        """Every open order."""
        rows = self._client.private(self._read_orders, "privateGetOrders").results
        return [self._frames.account.order(row) for row in rows]

    @reads
    def fetch_fills(self, since_ms: int) -> list[Fill]:
        """The account's fills, oldest first."""
        rows = self._client.history(self._read_fills, "privateGetFills", since_ms)
        return [self._frames.account.fill(row) for row in rows]

    @reads
    def fetch_positions(self) -> list[Position]:
        """Every position that is not zero."""
        rows = self._client.private(self._read_positions, "privateGetPositions").results
        return [each for row in rows if (each := self._frames.account.position(row)).quantity]

    @reads
    def fetch_balances(self) -> list[Balance]:
        """The collateral, unless it is zero."""
        balance = self._frames.account.balance(self._client.private(self._read_account, "privateGetAccount"))
        return [balance] if balance.wallet or balance.equity else []

    @reads
    def fetch_funding_payments(self, since_ms: int) -> list[FundingPayment]:
        """Funding paid and received, oldest first."""
        rows = self._client.history(self._read_funding, "privateGetFundingPayments", since_ms)
        return [self._frames.account.funding_payment(row) for row in rows]


def _subscriptions(instruments: Sequence[Instrument], *kinds: str) -> list[str]:
    channels = [kind.format(each.native) for each in instruments for kind in kinds]
    return [_call("subscribe", {"channel": channel}, number) for number, channel in enumerate(channels, start=1)]


def _call(method: str, parameters: dict[str, str], number: int) -> str:
    message = {"jsonrpc": "2.0", "method": method, "params": parameters, "id": number}
    return json.dumps(message, separators=(",", ":"))
