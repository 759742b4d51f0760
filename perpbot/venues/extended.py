"""Extended: perpetuals settled on Starknet, cross margin in USDC.

Requests carry a key (``apiKey``); orders are signed besides, with the Stark key of the sub-account (``privateKey``).
Source: https://api.docs.extended.exchange, and Extended's Python SDK for the stream.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

import msgspec

from perpbot.model.book import Follows
from perpbot.model.events import BookDelta, BookSnapshot, Event
from perpbot.model.instrument import Instrument
from perpbot.model.money import ZERO, plain
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
from perpbot.venues.answers import OK, TOO_MANY_REQUESTS, ask, first, reads, unclear_or_limited
from perpbot.venues.extended_account import BalanceRow, FundingRow, OrderRow, PositionRow, TradeRow
from perpbot.venues.extended_client import WELL, Answer, Complaint, ExtendedClient, reader, unwrapped
from perpbot.venues.extended_frames import UNLINKED, BookRow, ExtendedFrames
from perpbot.venues.extended_instruments import Fees, L2Config, Market, instruments
from perpbot.venues.http import Reply, Request
from perpbot.venues.rate_limit import RateLimits, Window
from perpbot.venues.recorded import Recorded
from perpbot.venues.signer import SignedVenue
from perpbot.venues.stark import speed_up_ccxt
from perpbot.venues.venue import Credentials, Endpoints, Heartbeat, Margin, VenueReadError
from perpbot.venues.wire import JsonReader, positive

RESTING_MS = 24 * 3_600_000
"""How long an order that waits may wait; it carries its end, and a request cannot have another one."""
SETTLEMENT_S = 14 * 24 * 3_600
"""How much longer than the order its signature holds, so that fills can be settled."""
NONCES = 2**31

_CREATED = 201
_NOT_FOUND = 404
_DUPLICATE = frozenset({"1134"})
_UNCLEAR = frozenset({"1006", "1010", "INTERNAL_SERVER_ERROR"}) | _DUPLICATE
"""Complaints after which an order of this client id may exist."""
_LIMITED = frozenset({str(TOO_MANY_REQUESTS), "TOO_MANY_REQUESTS"})
_MISSING = frozenset({"NOT_FOUND", "404"})


class _Account(msgspec.Struct, rename="camel"):
    account_id: int
    l2_key: str
    l2_vault: int


class _Placed(msgspec.Struct):
    id: int


class _Leverage(msgspec.Struct):
    market: str
    leverage: str


class Extended(SignedVenue):
    """Extended with one sub-account at it."""

    name = "extended"
    ccxt_name = "extended"
    mainnet = Endpoints(
        rest="https://api.starknet.extended.exchange",
        public_ws="wss://api.starknet.extended.exchange/stream.extended.exchange/v2/rpc",
        private_ws="wss://api.starknet.extended.exchange/stream.extended.exchange/v2/rpc",
    )
    testnet = Endpoints(
        rest="https://api.starknet.sepolia.extended.exchange",
        public_ws="wss://api.starknet.sepolia.extended.exchange/stream.extended.exchange/v2/rpc",
        private_ws="wss://api.starknet.sepolia.extended.exchange/stream.extended.exchange/v2/rpc",
        testnet=True,
    )
    credential_names = ("apiKey", "privateKey")
    dead_man = True
    signs_slowly = True
    recorded = Recorded("markets")
    limits = RateLimits(windows=(Window(1_000, 60.0),))
    finds_by_id_alone = True
    request_lifetime_s: ClassVar[float] = 10.0
    """The end of every order that does not wait. One that waits must live longer, and so must its request."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._client = ExtendedClient(self)
        self._owner: _Account | None = None
        self._markets: dict[str, L2Config] = {}
        self._public = ExtendedFrames(self)
        self._private = ExtendedFrames(self)
        self._read_markets: JsonReader[Answer[list[Market]]] = reader(list[Market])
        self._read_fees: JsonReader[Answer[list[Fees]]] = reader(list[Fees])
        self._read_owner: JsonReader[Answer[_Account]] = reader(_Account)
        self._read_book: JsonReader[Answer[BookRow]] = reader(BookRow)
        self._read_placed: JsonReader[Answer[_Placed]] = reader(_Placed)
        self._read_orders: JsonReader[Answer[list[OrderRow]]] = reader(list[OrderRow])
        self._read_trades: JsonReader[Answer[list[TradeRow]]] = reader(list[TradeRow])
        self._read_positions: JsonReader[Answer[list[PositionRow]]] = reader(list[PositionRow])
        self._read_balance: JsonReader[Answer[BalanceRow]] = reader(BalanceRow)
        self._read_leverages: JsonReader[Answer[list[_Leverage]]] = reader(list[_Leverage])
        self._read_funding: JsonReader[Answer[list[FundingRow]]] = reader(list[FundingRow])

    @classmethod
    def load(cls) -> None:
        """Load ccxt, and make it faster."""
        super().load()
        speed_up_ccxt()

    def signer_settings(self, credentials: Credentials) -> dict[str, object]:
        """What ccxt's class is made with."""
        chain = "SN_SEPOLIA" if self.endpoints.testnet else "SN_MAIN"
        return {
            **{name: credentials[name] for name in self.credential_names},
            "urls": {"api": {"rest": self.endpoints.rest}},
            "options": {"builderFee": False, "chainId": chain},
        }

    # -- instruments ---------------------------------------------------------------------------------------------

    def _fetch_markets(self) -> list[Market]:
        request = Request("GET", f"{self.endpoints.rest}/api/v1/info/markets")
        markets = unwrapped(self._read_markets, ask(self.name, self.http, request))
        self._markets = {each.name: each.l2_config for each in markets}
        return markets

    @reads
    def fetch_instruments(self) -> list[Instrument]:
        """Every perpetual that is traded; fees are the account's where there are credentials."""
        markets = self._fetch_markets()
        if self.credentials is None:
            return instruments(markets)
        return instruments(markets, self._client.ask(self._read_fees, "v1PrivateGetUserFees"))

    def read_instruments(self, answer: bytes) -> list[Instrument]:
        """The perpetuals in an answer of ``info/markets``."""
        return instruments(self._read_markets(answer).data or [])

    # -- public stream -------------------------------------------------------------------------------------------

    @property
    def public_heartbeat(self) -> Heartbeat:
        """Books change ten times a second; Extended itself pings every 15 s."""
        return Heartbeat(interval_s=10.0, silence_s=30.0, frame=None)

    def public_subscriptions(self, instruments: Sequence[Instrument]) -> list[str]:
        """Book, mark price and funding of each instrument; a request has one subscription."""
        return _subscriptions(subscription for each in instruments for subscription in _public(each.native))

    def tape_subscriptions(self, instruments: Sequence[Instrument]) -> list[str]:
        """Trades, and bars of them."""
        return _subscriptions(subscription for each in instruments for subscription in _tape(each.native))

    def book_resubscription(self, instrument: Instrument) -> list[str]:
        """End the book's subscription and begin it again: the whole book comes first."""
        book = _public(instrument.native)[0]
        return [_call("unsubscribe", 1, **book), _call("subscribe", 2, **book)]

    def decode_public(self, frame: str | bytes, received_ns: int) -> list[Event]:
        """The events in a frame; `DecodeError` when it is not Extended's protocol."""
        del received_ns
        return self._public.decode(frame)

    def follows(self, book_sequence: int, delta: BookDelta) -> Follows:
        """A change names the frame about its book before it, as long as no frame of the connection was missing."""
        linked = delta.previous != UNLINKED and delta.previous == book_sequence
        return Follows.NEXT if linked else Follows.GAP

    @reads
    def fetch_book(self, instrument: Instrument) -> BookSnapshot:
        """The whole book."""
        request = Request("GET", f"{self.endpoints.rest}/api/v1/info/markets/{instrument.native}/orderbook")
        return self._public.book(unwrapped(self._read_book, ask(self.name, self.http, request)))

    # -- private stream ------------------------------------------------------------------------------------------

    @property
    def private_heartbeat(self) -> Heartbeat:
        """A quiet account sends nothing for hours: only the answers to pings show that the stream lives."""
        return Heartbeat(interval_s=10.0, silence_s=30.0, frame=None)

    def private_subscriptions(self, instruments: Sequence[Instrument]) -> list[str]:
        """Everything about the account."""
        del instruments
        selector = {"account": str(self._known_owner().account_id)}
        return [_call("subscribe", 1, scope="account", selector=selector, apiKey=self.secrets["apiKey"])]

    def decode_private(self, frame: str | bytes, received_ns: int) -> list[Event]:
        """The events in a frame; `DecodeError` when it is not Extended's protocol."""
        del received_ns
        return self._private.decode(frame)

    # -- trading -------------------------------------------------------------------------------------------------

    @reads
    def prepare_trading(self) -> None:
        """Learn whose key it is, and what markets are called in signatures."""
        self._owner = self._client.ask(self._read_owner, "v1PrivateGetUserAccountInfo")
        self._fetch_markets()

    def _known_owner(self) -> _Account:
        if self._owner is None:
            raise VenueReadError("extended: the account is not known before trading was prepared")
        return self._owner

    @reads
    def fetch_margins(self, instruments: Sequence[Instrument]) -> dict[str, Margin]:
        """The leverage of each market; Extended knows cross margin only."""
        symbols = {each.native: each.symbol for each in instruments}
        rows = self._client.ask(self._read_leverages, "v1PrivateGetUserLeverage")
        return {
            symbols[row.market]: Margin(positive(row.leverage, self.name, f"leverage of {row.market}"))
            for row in rows
            if row.market in symbols
        }

    @reads
    def set_margin(self, instrument: Instrument, leverage: int) -> None:
        """Set the leverage."""
        asked = {"market": instrument.native, "leverage": str(leverage)}
        self._client.carry_out("v1PrivatePatchUserLeverage", **asked)

    @reads
    def set_dead_man(self, instruments: Sequence[Instrument], countdown_s: int) -> None:
        """One switch for all markets."""
        del instruments
        self._client.carry_out("v1PrivatePostUserDeadmanswitch", countdownTime=str(countdown_s))

    def place(self, order: Order, instrument: Instrument) -> Request:
        """The signed request; Extended turns it away after `request_lifetime_s` unless the order is one that waits."""
        price, size = plain(instrument.wire_price(order.price)), plain(instrument.wire_size(order.quantity))
        now_ms = self.signer.next_ms()
        waits = order.time_in_force is not TimeInForce.IOC
        expires_ms = now_ms + (RESTING_MS if waits else int(self.request_lifetime_s * 1_000))
        fee = instrument.maker_fee if order.time_in_force is TimeInForce.POST_ONLY else instrument.taker_fee
        nonce = now_ms % NONCES + 1
        body = {
            "id": order.wire_id,
            "market": instrument.native,
            "type": "LIMIT",
            "side": order.side.value.upper(),
            "qty": size,
            "price": price,
            "timeInForce": "GTT" if waits else "IOC",
            "expiryEpochMillis": expires_ms,
            "fee": plain(max(fee, ZERO)),
            "nonce": str(nonce),
            "postOnly": order.time_in_force is TimeInForce.POST_ONLY,
            "reduceOnly": order.reduce_only,
            "selfTradeProtectionLevel": "ACCOUNT",
        }
        return self.signer.build("v1PrivatePostUserOrder", {**body, "settlement": self._settlement(body, nonce)})

    def _settlement(self, body: dict[str, Any], nonce: int) -> dict[str, object]:
        """The signature of an order: what is bought and sold in units of the chain, and the most it may cost."""
        owner, config = self._known_owner(), self._config(body["market"])
        signed = self.signer.exchange.create_order_settlement_data(
            body["side"] == "BUY",
            body["qty"],
            body["price"],
            {
                "totalFee": body["fee"],
                "starkKey": owner.l2_key,
                "collateralPosition": str(owner.l2_vault),
                "syntheticId": config.synthetic_id,
                "syntheticResolution": config.synthetic_resolution,
                "collateralId": config.collateral_id,
                "collateralResolution": config.collateral_resolution,
                "settlementExpiration": -(-body["expiryEpochMillis"] // 1_000) + SETTLEMENT_S,
                "nonce": nonce,
            },
        )
        return {
            "signature": {"r": signed["r"], "s": signed["s"]},
            "starkKey": owner.l2_key,
            "collateralPosition": str(owner.l2_vault),
        }

    def _config(self, market: str) -> L2Config:
        try:
            return self._markets[market]
        except KeyError:
            raise VenueReadError(f"extended: {market} was not listed when trading was prepared") from None

    def read_place(self, reply: Reply) -> Outcome:
        """What became of an order. Accepted means queued: the matching engine may still reject it."""
        by_status = unclear_or_limited(self.name, reply)
        if by_status is not None:
            return by_status
        try:
            answer = self._read_placed(reply.body)
        except ValueError as error:
            return Unknown(f"{error} in {reply.excerpt!r}")
        if reply.status in {OK, _CREATED} and answer.status.upper() == WELL and answer.data is not None:
            return Accepted(str(answer.data.id))
        complaint = answer.error or Complaint()
        code = str(complaint.code)
        if not code or code in _UNCLEAR:
            return Unknown(f"extended answered {reply.status}: {reply.excerpt!r}")
        return Refused(f"extended: {code} {complaint.message}", retryable=code in _LIMITED)

    def cancel(self, order: Order, venue_order_id: str | None, instrument: Instrument) -> Request:
        """The request that cancels `order`; no signature is needed for it."""
        del instrument
        if venue_order_id:
            return self.signer.build("v1PrivateDeleteUserOrderId", {"id": venue_order_id})
        return self.signer.build("v1PrivateDeleteUserOrder", {"externalId": order.wire_id})

    @reads
    def fetch_order(self, order: Order, instrument: Instrument) -> OrderUpdate | None:
        """What Extended knows of `order`."""
        del instrument
        reply = self._client.send("v1PrivateGetUserOrdersExternalExternalId", externalId=order.wire_id)
        error = self._read_orders(reply.body).error
        if reply.status == _NOT_FOUND and error is not None and str(error.code) in _MISSING:
            return None
        rows = unwrapped(self._read_orders, reply)
        return self._private.account.order(first(self.name, rows)) if rows else None

    @reads
    def fetch_open_orders(self) -> list[OrderUpdate]:
        """Every open order."""
        return [
            self._private.account.order(row) for row in self._client.ask(self._read_orders, "v1PrivateGetUserOrders")
        ]

    @reads
    def fetch_fills(self, since_ms: int) -> list[Fill]:
        """The account's fills, oldest first."""
        rows = self._client.history(self._read_trades, "v1PrivateGetUserTrades", since_ms)
        return [self._private.account.fill(row) for row in rows]

    @reads
    def fetch_positions(self) -> list[Position]:
        """Every position that is not zero."""
        rows = self._client.ask(self._read_positions, "v1PrivateGetUserPositions")
        return [each for row in rows if (each := self._private.account.position(row)).quantity]

    @reads
    def fetch_balances(self) -> list[Balance]:
        """The collateral, unless it is zero: an account without any is not found."""
        reply = self._client.send("v1PrivateGetUserBalance")
        if reply.status == _NOT_FOUND and self._read_balance(reply.body).error is not None:
            return []
        balance = self._private.account.balance(unwrapped(self._read_balance, reply))
        return [balance] if balance.wallet or balance.equity else []

    @reads
    def fetch_funding_payments(self, since_ms: int) -> list[FundingPayment]:
        """Funding paid and received, oldest first."""
        rows = self._client.history(self._read_funding, "v1PrivateGetUserFundingHistory", since_ms, fromTime=since_ms)
        return [self._private.account.funding_payment(row) for row in rows]


def _subscriptions(wanted: Iterable[dict[str, object]]) -> list[str]:
    return [_call("subscribe", number, **each) for number, each in enumerate(wanted, start=1)]


def _tape(market: str) -> tuple[dict[str, object], ...]:
    return (
        {"scope": "trades", "selector": {"market": market}},
        {"scope": "candles", "selector": {"type": "last", "market": market, "interval": "PT1M"}},
    )


def _public(market: str) -> tuple[dict[str, object], ...]:
    return (
        {"scope": "orderbooks", "selector": {"market": market, "depth": "full", "rfqOnly": False}},
        {"scope": "prices", "selector": {"type": "mark", "market": market}},
        {"scope": "funding-rates", "selector": {"market": market}},
    )


def _call(method: str, number: int, **parameters: object) -> str:
    message = {"jsonrpc": "2.0", "method": method, "id": str(number), "params": parameters}
    return json.dumps(message, separators=(",", ":"))
