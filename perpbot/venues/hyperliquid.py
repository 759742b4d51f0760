"""Hyperliquid: perpetuals of its own exchange, cross margin in USDC.

Orders are signed with the key of an agent wallet (``privateKey``) for the master account (``walletAddress``); reads
are public and name the master account. Source: https://hyperliquid.gitbook.io/hyperliquid-docs/for-developers/api.
"""

import json
import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, ClassVar

import msgspec

from perpbot.model.book import Follows
from perpbot.model.events import BookDelta, BookSnapshot, DecodeError, Event
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
from perpbot.venues.answers import reads, since, unclear_or_limited
from perpbot.venues.http import Reply, Request
from perpbot.venues.hyperliquid_account import ClearinghouseState, FillRow, FundingDelta, OrderFields, OrderRow
from perpbot.venues.hyperliquid_client import HyperliquidClient, reader
from perpbot.venues.hyperliquid_frames import Book, HyperliquidFrames
from perpbot.venues.hyperliquid_instruments import Fees, Meta, instruments
from perpbot.venues.rate_limit import ORDER, RateLimits, Window
from perpbot.venues.recorded import Recorded
from perpbot.venues.signer import SignedVenue
from perpbot.venues.venue import Credentials, Endpoints, Heartbeat, Margin, Pace, VenueReadError
from perpbot.venues.wire import JsonReader

PAGE = 500
"""Rows in an answer about a range of time, at most; fills come in up to 2,000."""

_TIFS = {TimeInForce.IOC: "Ioc", TimeInForce.GTC: "Gtc", TimeInForce.POST_ONLY: "Alo"}
_LIMITED = re.compile(r"too many|rate limit", re.IGNORECASE)
_DUPLICATE = re.compile(r"duplicate", re.IGNORECASE)


class _Statuses(msgspec.Struct):
    statuses: list[msgspec.Raw]


class _Placed(msgspec.Struct):
    data: _Statuses


class _OrderId(msgspec.Struct):
    oid: int


class _Status(msgspec.Struct):
    resting: _OrderId | None = None
    filled: _OrderId | None = None
    error: str | None = None


class _OrderAnswer(msgspec.Struct):
    status: str
    order: OrderRow | None = None


class _Leverage(msgspec.Struct):
    type: str
    value: int


class _Asset(msgspec.Struct):
    leverage: _Leverage


class Hyperliquid(SignedVenue):
    """Hyperliquid with one account at it."""

    name = "hyperliquid"
    ccxt_name = "hyperliquid"
    mainnet = Endpoints(
        rest="https://api.hyperliquid.xyz",
        public_ws="wss://api.hyperliquid.xyz/ws",
        private_ws="wss://api.hyperliquid.xyz/ws",
    )
    testnet = Endpoints(
        rest="https://api.hyperliquid-testnet.xyz",
        public_ws="wss://api.hyperliquid-testnet.xyz/ws",
        private_ws="wss://api.hyperliquid-testnet.xyz/ws",
        testnet=True,
    )
    credential_names = ("privateKey", "walletAddress")
    dead_man = True
    pace = Pace(10, 0.5)
    """Hyperliquid takes two thousand messages a minute from one address."""
    recorded = Recorded("info")
    limits = RateLimits(
        windows=(Window(1_200, 60.0),),
        weights={
            ORDER: 1,
            "exchange": 1,
            "info l2Book": 2,
            "info clearinghouseState": 2,
            "info orderStatus": 2,
            "info spotClearinghouseState": 2,
            "info userRole": 60,
            "info": 20,
        },
    )
    """By address of the caller. Long answers cost more than is counted here: one unit for every 20 rows."""
    finds_by_id_alone = True
    request_lifetime_s: ClassVar[float] = 5.0

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._assets: dict[str, int] = {}
        self._client = HyperliquidClient(self)
        self._frames = HyperliquidFrames(self)
        self._read_meta: JsonReader[Meta] = reader(Meta)
        self._read_either: JsonReader[Meta | tuple[Meta, msgspec.Raw]] = reader(Meta | tuple[Meta, msgspec.Raw])
        self._read_fees: JsonReader[Fees] = reader(Fees)
        self._read_book: JsonReader[Book] = reader(Book)
        self._read_text: JsonReader[str] = reader(str)
        self._read_placed: JsonReader[_Placed] = reader(_Placed)
        self._read_status: JsonReader[_Status] = reader(_Status)
        self._read_order: JsonReader[_OrderAnswer] = reader(_OrderAnswer)
        self._read_open: JsonReader[list[OrderFields]] = reader(list[OrderFields])
        self._read_fills: JsonReader[list[FillRow]] = reader(list[FillRow])
        self._read_fundings: JsonReader[list[FundingDelta]] = reader(list[FundingDelta])
        self._read_asset: JsonReader[_Asset] = reader(_Asset)
        self._read_state: JsonReader[ClearinghouseState] = reader(ClearinghouseState)

    def signer_settings(self, credentials: Credentials) -> dict[str, object]:
        """What ccxt's class is made with."""
        return {
            "privateKey": credentials["privateKey"],
            "walletAddress": credentials["walletAddress"],
            "urls": {"api": {"public": self.endpoints.rest, "private": self.endpoints.rest}},
            "options": {"sandboxMode": self.endpoints.testnet},
        }

    def call_kind(self, request: Request) -> str:
        """``info`` and the type that is asked for, or ``exchange``."""
        kind = request.url.rsplit("/", 1)[-1]
        if kind != "info" or request.body is None:
            return kind
        return f"info {json.loads(request.body)['type']}"

    # -- instruments ---------------------------------------------------------------------------------------------

    @reads
    def fetch_instruments(self) -> list[Instrument]:
        """Every perpetual that is listed; fees are the account's where there are credentials."""
        meta = self._client.info(self._read_meta, "meta")
        return instruments(
            meta, None if self.credentials is None else self._client.about_user(self._read_fees, "userFees")
        )

    def read_instruments(self, answer: bytes) -> list[Instrument]:
        """The perpetuals in an answer about ``meta`` or ``metaAndAssetCtxs``."""
        meta = self._read_either(answer)
        return instruments(meta if isinstance(meta, Meta) else meta[0])

    def read_recorded(self, url: str, answer: bytes) -> list[Instrument] | BookSnapshot | None:
        """Instruments, or None: every question is asked at one address, and only the answer tells what it was."""
        try:
            return super().read_recorded(url, answer)
        except DecodeError:
            return None

    # -- public stream -------------------------------------------------------------------------------------------

    @property
    def public_heartbeat(self) -> Heartbeat:
        """Hyperliquid closes a stream that heard nothing from us for 60 s."""
        return Heartbeat(interval_s=10.0, silence_s=25.0, frame='{"method":"ping"}')

    def public_subscriptions(self, instruments: Sequence[Instrument]) -> list[str]:
        """Book, and the asset's context with mark price and funding, of each instrument."""
        kinds = ("l2Book", "activeAssetCtx")
        return [_subscribe({"type": kind, "coin": each.native}) for each in instruments for kind in kinds]

    def tape_subscriptions(self, instruments: Sequence[Instrument]) -> list[str]:
        """Trades and bars."""
        kinds: tuple[dict[str, str], ...] = ({"type": "trades"}, {"type": "candle", "interval": "1m"})
        return [_subscribe({**kind, "coin": each.native}) for each in instruments for kind in kinds]

    def book_resubscription(self, instrument: Instrument) -> list[str]:
        """Leave the book's channel and enter it again; every frame of it is a snapshot."""
        book = {"type": "l2Book", "coin": instrument.native}
        return [_method("unsubscribe", book), _subscribe(book)]

    def decode_public(self, frame: str | bytes, received_ns: int) -> list[Event]:
        """The events in a frame; `DecodeError` when it is not Hyperliquid's protocol."""
        return self._frames.decode(frame, received_ns)

    def follows(self, book_sequence: int, delta: BookDelta) -> Follows:
        """Hyperliquid sends no deltas, so none can follow."""
        del book_sequence, delta
        return Follows.GAP

    @reads
    def fetch_book(self, instrument: Instrument) -> BookSnapshot:
        """The book's best twenty levels."""
        return self._frames.book(self._client.info(self._read_book, "l2Book", coin=instrument.native))

    # -- private stream ------------------------------------------------------------------------------------------

    def private_subscriptions(self, instruments: Sequence[Instrument]) -> list[str]:
        """Orders, fills, funding, and the clearing house's view of positions and collateral."""
        del instruments
        user = self.secrets["walletAddress"]
        kinds = ("orderUpdates", "userFills", "userFundings", "clearinghouseState")
        return [_subscribe({"type": kind, "user": user}) for kind in kinds]

    def decode_private(self, frame: str | bytes, received_ns: int) -> list[Event]:
        """The events in a frame; `DecodeError` when it is not Hyperliquid's protocol."""
        return self._frames.decode(frame, received_ns)

    # -- trading -------------------------------------------------------------------------------------------------

    def wire_id(self, number: int) -> str:
        """128 bits in hexadecimal; the first four bytes spell ``perp``."""
        return f"0x{b'perp'.hex()}{number:024x}"

    @reads
    def prepare_trading(self) -> None:
        """Load ccxt, and the number each asset has in orders."""
        universe = self._client.info(self._read_meta, "meta").universe
        self._assets = {asset.name: index for index, asset in enumerate(universe)}
        _ = self.signer

    def _asset(self, instrument: Instrument) -> int:
        try:
            return self._assets[instrument.native]
        except KeyError:
            raise VenueReadError(f"hyperliquid: {instrument.native} was not listed when trading was prepared") from None

    @reads
    def fetch_margins(self, instruments: Sequence[Instrument]) -> dict[str, Margin]:
        """Leverage and margin mode; Hyperliquid tells them coin by coin."""
        return {each.symbol: self._margin(each) for each in instruments}

    def _margin(self, instrument: Instrument) -> Margin:
        told = self._client.about_user(self._read_asset, "activeAssetData", coin=instrument.native).leverage
        return Margin(Decimal(told.value), told.type == "cross")

    @reads
    def set_margin(self, instrument: Instrument, leverage: int) -> None:
        """Set leverage and cross margin together."""
        asset = self._asset(instrument)
        self._client.carry_out({"type": "updateLeverage", "asset": asset, "isCross": True, "leverage": leverage})

    @reads
    def set_dead_man(self, instruments: Sequence[Instrument], countdown_s: int) -> None:
        """One switch for all coins, of 5 s at least; refused until the account has traded a million dollars."""
        del instruments
        at = {"time": self.venue_ms() + countdown_s * 1_000} if countdown_s else {}
        self._client.carry_out({"type": "scheduleCancel", **at})

    def place(self, order: Order, instrument: Instrument) -> Request:
        """The signed request that places `order`; no builder takes part in it."""
        wire = {
            "a": self._asset(instrument),
            "b": order.side.sign > 0,
            "p": plain(instrument.wire_price(order.price)),
            "s": plain(instrument.wire_size(order.quantity)),
            "r": order.reduce_only,
            "t": {"limit": {"tif": _TIFS[order.time_in_force]}},
            "c": order.wire_id,
        }
        return self._client.action({"type": "order", "orders": [wire], "grouping": "na"})

    def read_place(self, reply: Reply) -> Outcome:
        """What became of an order; the answer is 200 whether it was taken or not."""
        by_status = unclear_or_limited(self.name, reply)
        if by_status is not None:
            return by_status
        try:
            answer = self._client.read_answer(reply.body)
            if answer.status == "err":
                return _complaint(self._read_text(answer.response))
            (status,) = self._read_placed(answer.response).data.statuses
            return _outcome(self._read_status(status), reply)
        except ValueError as error:
            return Unknown(f"{error} in {reply.excerpt!r}")

    def cancel(self, order: Order, venue_order_id: str | None, instrument: Instrument) -> Request:
        """The signed request that cancels `order`."""
        asset = self._asset(instrument)
        if venue_order_id:
            return self._client.action({"type": "cancel", "cancels": [{"a": asset, "o": int(venue_order_id)}]})
        return self._client.action({"type": "cancelByCloid", "cancels": [{"asset": asset, "cloid": order.wire_id}]})

    @reads
    def fetch_order(self, order: Order, instrument: Instrument) -> OrderUpdate | None:
        """What Hyperliquid knows of `order`."""
        del instrument
        answer = self._client.about_user(self._read_order, "orderStatus", oid=order.wire_id)
        if answer.status == "unknownOid":
            return None
        if answer.order is None:
            raise VenueReadError(f"hyperliquid answered {answer.status!r} about order {order.wire_id}")
        return self._frames.account.order(answer.order)

    @reads
    def fetch_open_orders(self) -> list[OrderUpdate]:
        """Every open order."""
        rows = self._client.about_user(self._read_open, "frontendOpenOrders")
        return [self._frames.account.order(OrderRow(row, "open", row.timestamp)) for row in rows]

    @reads
    def fetch_fills(self, since_ms: int) -> list[Fill]:
        """The account's fills, oldest first; Hyperliquid keeps the last 10,000."""

        def page(start_ms: int) -> list[FillRow]:
            return self._client.about_user(
                self._read_fills, "userFillsByTime", startTime=start_ms, aggregateByTime=False
            )

        rows = since(page, lambda row: row.time, lambda row: (row.tid, row.oid), since_ms, PAGE)
        return [self._frames.account.fill(row) for row in rows]

    @reads
    def fetch_positions(self) -> list[Position]:
        """Every position that is not zero."""
        return self._frames.account.positions(self._client.about_user(self._read_state, "clearinghouseState"))

    @reads
    def fetch_balances(self) -> list[Balance]:
        """The collateral, unless it is zero."""
        balance = self._frames.account.balance(self._client.about_user(self._read_state, "clearinghouseState"))
        return [balance] if balance.wallet or balance.equity else []

    @reads
    def fetch_funding_payments(self, since_ms: int) -> list[FundingPayment]:
        """Funding paid and received, oldest first."""

        def page(start_ms: int) -> list[FundingDelta]:
            return self._client.about_user(self._read_fundings, "userFunding", startTime=start_ms)

        rows = since(page, lambda row: row.time, lambda row: (row.time, row.delta.coin), since_ms, PAGE)
        return [self._frames.account.funding_payment(row.delta.coin, row.delta.usdc, row.time) for row in rows]


def _method(method: str, subscription: dict[str, str]) -> str:
    return json.dumps({"method": method, "subscription": subscription}, separators=(",", ":"))


def _subscribe(subscription: dict[str, str]) -> str:
    return _method("subscribe", subscription)


def _complaint(text: str) -> Outcome:
    if _DUPLICATE.search(text):
        return Unknown(f"hyperliquid may have an order of this client id already: {text}")
    return Refused(f"hyperliquid: {text}", retryable=_LIMITED.search(text) is not None)


def _outcome(status: _Status, reply: Reply) -> Outcome:
    if status.error is not None:
        return _complaint(status.error)
    taken = status.resting or status.filled
    return Accepted(str(taken.oid)) if taken else Unknown(f"hyperliquid answered {reply.excerpt!r}")
