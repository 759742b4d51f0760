"""Aster: linear perpetuals, cross margin, one-way position mode.

Requests are signed with the key of an agent wallet (``privateKey``) for the user's wallet (``walletAddress``).
Source: https://github.com/asterdex/api-docs, futures API v3; the dialect is that of Binance's futures.
"""

import json
import re
from collections.abc import Iterator, Sequence
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
from perpbot.venues.answers import OK, reads, unclear_or_limited
from perpbot.venues.aster_account import BalanceRow, FillRow, IncomeRow, MarginRow, OrderRow, PositionRow
from perpbot.venues.aster_client import AsterClient, reader
from perpbot.venues.aster_frames import AsterFrames, BookAnswer
from perpbot.venues.aster_instruments import Commission, ExchangeInfo, FundingInfo, instruments
from perpbot.venues.http import Reply, Request
from perpbot.venues.rate_limit import ORDER, RateLimits, Window
from perpbot.venues.recorded import Recorded
from perpbot.venues.signer import SignedVenue, keccak_256
from perpbot.venues.venue import Credentials, Endpoints, Heartbeat, Margin, Pace, VenueReadError
from perpbot.venues.wire import JsonReader, batches, positive

CHAIN_ID = 1666
TESTNET_CHAIN_ID = 714
"""In the domain of what is signed."""
BOOK_LEVELS = 1_000
SUBSCRIPTIONS_A_FRAME = 100

_TIFS = {TimeInForce.IOC: "IOC", TimeInForce.GTC: "GTC", TimeInForce.POST_ONLY: "GTX"}

_NO_SUCH_ORDER = -2013
_NO_NEED = -4046
"""What is asked for is so already."""
_LIMITED = frozenset({-1003, -1015})
_UNCLEAR = frozenset({-1000, -1001, -1006, -1007, -1016})
"""Troubles after which Aster cannot say whether the order exists."""
_DUPLICATE = re.compile(r"duplicat", re.IGNORECASE)


class _ListenKey(msgspec.Struct, rename="camel"):
    listen_key: str


class _Mode(msgspec.Struct, rename="camel"):
    dual_side_position: bool


class _Placed(msgspec.Struct, rename="camel"):
    order_id: int | None = None
    status: str = ""
    code: int | None = None
    msg: str = ""


class Aster(SignedVenue):
    """Aster with one account at it."""

    name = "aster"
    ccxt_name = "aster"
    mainnet = Endpoints(
        rest="https://fapi.asterdex.com",
        public_ws="wss://fstream.asterdex.com/stream",
        private_ws="wss://fstream.asterdex.com/ws",
    )
    testnet = Endpoints(
        rest="https://fapi.asterdex-testnet.com",
        public_ws="wss://fstream5.asterdex-testnet.com/stream",
        private_ws="wss://fstream5.asterdex-testnet.com/ws",
        testnet=True,
    )
    credential_names = ("privateKey", "walletAddress")
    recorded = Recorded("exchangeInfo", book="depth", named="symbol")
    book_by_rest = True
    dead_man = True
    private_keepalive_s = 30 * 60.0
    pace = Pace(4, 0.5)
    """Aster takes ten messages a second, heartbeats included."""
    session_life_s = 24 * 3_600.0
    limits = RateLimits(
        windows=(Window(2_400, 60.0), Window(1_200, 60.0, ORDER)),
        weights={
            "GET /fapi/v3/depth": 20,
            "GET /fapi/v3/openOrders": 40,
            "GET /fapi/v3/income": 30,
            "GET /fapi/v3/commissionRate": 20,
            "GET /fapi/v3/positionRisk": 5,
            "GET /fapi/v3/balance": 5,
            "GET /fapi/v3/userTrades": 5,
        },
    )
    """By address of the caller, and orders by account; the numbers are those of ``exchangeInfo``."""
    request_lifetime_s: ClassVar[float] = 10.0
    """The nonce of a request is its time, and Aster takes none that is 10 s off."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._client = AsterClient(self)
        self._frames = AsterFrames(self)
        self._read_best = self._frames.read_best
        self._read_info: JsonReader[ExchangeInfo] = reader(ExchangeInfo)
        self._read_funding: JsonReader[list[FundingInfo]] = reader(list[FundingInfo])
        self._read_commission: JsonReader[Commission] = reader(Commission)
        self._read_book: JsonReader[BookAnswer] = reader(BookAnswer)
        self._read_key: JsonReader[_ListenKey] = reader(_ListenKey)
        self._read_nothing: JsonReader[object] = reader(dict)
        self._read_mode: JsonReader[_Mode] = reader(_Mode)
        self._read_placed: JsonReader[_Placed] = reader(_Placed)
        self._read_order: JsonReader[OrderRow] = reader(OrderRow)
        self._read_orders: JsonReader[list[OrderRow]] = reader(list[OrderRow])
        self._read_fills: JsonReader[list[FillRow]] = reader(list[FillRow])
        self._read_positions: JsonReader[list[PositionRow]] = reader(list[PositionRow])
        self._read_margins: JsonReader[list[MarginRow]] = reader(list[MarginRow])
        self._read_balances: JsonReader[list[BalanceRow]] = reader(list[BalanceRow])
        self._read_income: JsonReader[list[IncomeRow]] = reader(list[IncomeRow])

    def signer_settings(self, credentials: Credentials) -> dict[str, object]:
        """What ccxt's class is made with. It would take the agent for the user, so it is told the user."""
        from ccxt import Exchange

        key = credentials["privateKey"]
        urls = dict.fromkeys(("fapiPublic", "fapiPrivate"), f"{self.endpoints.rest}/fapi")
        options = {
            "builderFee": False,
            "v3ChainId": TESTNET_CHAIN_ID if self.endpoints.testnet else CHAIN_ID,
            "cachedWalletAddress": credentials["walletAddress"],
            "privateKeyHashForCachedWalletAddress": keccak_256(key.encode()).hex(),
            "signerAddress": Exchange.eth_get_address_from_private_key(key),
        }
        return {"privateKey": key, "urls": {"api": urls}, "options": options}

    # -- instruments ---------------------------------------------------------------------------------------------

    @reads
    def fetch_instruments(self) -> list[Instrument]:
        """Every perpetual that is traded, with its funding interval.

        With credentials the fees are what the account pays for the first one: Aster tells them by symbol, but they
        go by the account's tier.
        """
        info = self._client.public(self._read_info, "exchangeInfo")
        funding = self._client.public(self._read_funding, "fundingInfo")
        found = instruments(info, funding)
        if self.credentials is None or not found:
            return found
        symbol = found[0].native
        rates = self._client.private(self._read_commission, "fapiPrivateGetV3CommissionRate", symbol=symbol)
        return instruments(info, funding, rates)

    def read_instruments(self, answer: bytes) -> list[Instrument]:
        """The perpetuals in an answer of ``exchangeInfo``."""
        return instruments(self._read_info(answer))

    def read_book(self, native: str, answer: bytes) -> BookSnapshot:
        """The book in an answer of ``depth``."""
        return self._frames.book(native, self._read_book(answer))

    # -- public stream -------------------------------------------------------------------------------------------

    @property
    def public_heartbeat(self) -> Heartbeat:
        """Mark prices come every second; Aster itself pings every five minutes."""
        return Heartbeat(interval_s=15.0, silence_s=30.0, frame=None)

    def public_subscriptions(self, instruments: Sequence[Instrument]) -> list[str]:
        """Changes of the book, and mark price with funding, of each instrument."""
        return _subscriptions(instruments, "depth@100ms", "markPrice@1s")

    def tape_subscriptions(self, instruments: Sequence[Instrument]) -> list[str]:
        """Trades by the order that took, and bars."""
        return _subscriptions(instruments, "aggTrade", "kline_1m")

    def decode_public(self, frame: str | bytes, received_ns: int) -> list[Event]:
        """The events in a frame; `DecodeError` when it is not Aster's protocol."""
        best = self._read_best(frame, received_ns, self.instruments)
        return self._frames.decode(frame, received_ns) if best is None else [best]

    def follows(self, book_sequence: int, delta: BookDelta) -> Follows:
        """A change covers what came after `previous` up to `last`.

        The first one after a snapshot must cover the snapshot's number; every later one begins where the book is.
        """
        if delta.last < book_sequence:
            return Follows.OLD
        return Follows.NEXT if delta.previous <= book_sequence else Follows.GAP

    @reads
    def fetch_book(self, instrument: Instrument) -> BookSnapshot:
        """The book's best 1,000 levels."""
        answer = self._client.public(self._read_book, "depth", symbol=instrument.native, limit=str(BOOK_LEVELS))
        return self._frames.book(instrument.native, answer)

    # -- private stream ------------------------------------------------------------------------------------------

    @property
    def private_heartbeat(self) -> Heartbeat:
        """A quiet account sends nothing for hours: only the answers to pings show that the stream lives."""
        return Heartbeat(interval_s=15.0, silence_s=45.0, frame=None)

    @reads
    def open_private(self) -> str:
        """Get a listen key, which lives for an hour, and say where it is listened to."""
        key = self._client.private(self._read_key, "fapiPrivatePostV3ListenKey").listen_key
        return f"{self.endpoints.private_ws}/{key}"

    @reads
    def keep_private_alive(self) -> None:
        """Give the listen key another hour."""
        self._client.private(self._read_nothing, "fapiPrivatePutV3ListenKey")

    def private_subscriptions(self, instruments: Sequence[Instrument]) -> list[str]:
        """None: the listen key brings everything."""
        del instruments
        return []

    def decode_private(self, frame: str | bytes, received_ns: int) -> list[Event]:
        """The events in a frame; `DecodeError` when it is not Aster's protocol."""
        return self._frames.decode(frame, received_ns)

    # -- trading -------------------------------------------------------------------------------------------------

    @reads
    def prepare_trading(self) -> None:
        """Load ccxt and make sure that the account nets its positions."""
        if self._client.private(self._read_mode, "fapiPrivateGetV3PositionSideDual").dual_side_position:
            raise VenueReadError(f"aster: account {self.account!r} is in hedge mode; PerpBot needs one-way mode")

    @reads
    def fetch_margins(self, instruments: Sequence[Instrument]) -> dict[str, Margin]:
        """Leverage and margin mode, which stand beside positions, flat ones too."""
        symbols = {each.native: each.symbol for each in instruments}
        rows = self._client.private(self._read_margins, "fapiPrivateGetV3PositionRisk")
        return {
            symbols[row.symbol]: Margin(
                positive(row.leverage, self.name, f"leverage of {row.symbol}"), row.margin_type == "cross"
            )
            for row in rows
            if row.symbol in symbols
        }

    @reads
    def set_margin(self, instrument: Instrument, leverage: int) -> None:
        """Set cross margin, about which Aster complains when it is set already, then the leverage."""
        reply = self._client.send("fapiPrivatePostV3MarginType", symbol=instrument.native, marginType="CROSSED")
        if reply.status != OK and self._read_placed(reply.body).code != _NO_NEED:
            raise VenueReadError(f"aster answered {reply.status}: {reply.excerpt}")
        asked = {"symbol": instrument.native, "leverage": str(leverage)}
        self._client.private(self._read_nothing, "fapiPrivatePostV3Leverage", **asked)

    @reads
    def set_dead_man(self, instruments: Sequence[Instrument], countdown_s: int) -> None:
        """A switch for each symbol."""
        countdown = {"countdownTime": str(countdown_s * 1_000)}
        for each in instruments:
            asked = {"symbol": each.native, **countdown}
            self._client.private(self._read_nothing, "fapiPrivatePostV3CountdownCancelAll", **asked)

    def place(self, order: Order, instrument: Instrument) -> Request:
        """The signed request that places `order`. Its nonce is its time, which lets it expire."""
        parameters = {
            "symbol": instrument.native,
            "side": order.side.value.upper(),
            "type": "LIMIT",
            "timeInForce": _TIFS[order.time_in_force],
            "quantity": plain(instrument.wire_size(order.quantity)),
            "price": plain(instrument.wire_price(order.price)),
            "newClientOrderId": order.wire_id,
        }
        if order.reduce_only:
            parameters["reduceOnly"] = "true"
        return self.signer.build("fapiPrivatePostV3Order", parameters)

    def read_place(self, reply: Reply) -> Outcome:
        """What became of an order. After any server error, 503 above all, nobody knows."""
        by_status = unclear_or_limited(self.name, reply)
        if by_status is not None:
            return by_status
        try:
            answer = self._read_placed(reply.body)
        except DecodeError as error:
            return Unknown(f"{error} in {reply.excerpt!r}")
        if answer.code is not None:
            return _complaint(answer.code, answer.msg)
        if answer.order_id is None or reply.status != OK:
            return Unknown(f"aster answered {reply.excerpt!r}")
        return Refused("aster: rejected") if answer.status == "REJECTED" else Accepted(str(answer.order_id))

    def cancel(self, order: Order, venue_order_id: str | None, instrument: Instrument) -> Request:
        """The signed request that cancels `order`."""
        named = {"orderId": venue_order_id} if venue_order_id else {"origClientOrderId": order.wire_id}
        return self.signer.build("fapiPrivateDeleteV3Order", {"symbol": instrument.native, **named})

    @reads
    def fetch_order(self, order: Order, instrument: Instrument) -> OrderUpdate | None:
        """What Aster knows of `order`; cancelled ones without a fill are forgotten after seven days."""
        named = {"symbol": instrument.native, "origClientOrderId": order.wire_id}
        reply = self._client.send("fapiPrivateGetV3Order", **named)
        if reply.status != OK:
            if self._read_placed(reply.body).code == _NO_SUCH_ORDER:
                return None
            raise VenueReadError(f"aster answered {reply.status}: {reply.excerpt}")
        return self._frames.account.order(self._read_order(reply.body))

    @reads
    def fetch_open_orders(self) -> list[OrderUpdate]:
        """Every open order."""
        rows = self._client.private(self._read_orders, "fapiPrivateGetV3OpenOrders")
        return [self._frames.account.order(row) for row in rows]

    @reads
    def fetch_fills(self, since_ms: int) -> list[Fill]:
        """The account's fills, oldest first.

        Aster tells them by symbol only: those of `instruments` are asked for, and those that cost a commission.
        """
        symbols = {each.native for each in self.instruments}
        symbols |= {row.symbol for row in self._income("COMMISSION", since_ms) if row.symbol}
        rows = [row for symbol in sorted(symbols) for row in self._fills(symbol, since_ms)]
        return [self._frames.account.fill(row) for row in sorted(rows, key=lambda row: (row.time, row.id))]

    def _fills(self, symbol: str, since_ms: int) -> Iterator[FillRow]:
        method = "fapiPrivateGetV3UserTrades"
        return self._client.history(
            self._read_fills, method, lambda row: row.time, lambda row: row.id, since_ms, symbol=symbol
        )

    def _income(self, kind: str, since_ms: int) -> Iterator[IncomeRow]:
        method = "fapiPrivateGetV3Income"
        return self._client.history(
            self._read_income, method, lambda row: row.time, lambda row: row.tran_id, since_ms, incomeType=kind
        )

    @reads
    def fetch_positions(self) -> list[Position]:
        """Every position that is not zero."""
        rows = self._client.private(self._read_positions, "fapiPrivateGetV3PositionRisk")
        return [each for row in rows if (each := self._frames.account.position(row)).quantity]

    @reads
    def fetch_balances(self) -> list[Balance]:
        """Every asset that is not zero."""
        rows = self._client.private(self._read_balances, "fapiPrivateGetV3Balance")
        return [each for row in rows if (each := self._frames.account.balance(row)).wallet or each.equity]

    @reads
    def fetch_funding_payments(self, since_ms: int) -> list[FundingPayment]:
        """Funding paid and received, oldest first."""
        return [self._frames.account.funding_payment(row) for row in self._income("FUNDING_FEE", since_ms)]


def _subscriptions(instruments: Sequence[Instrument], *kinds: str) -> list[str]:
    streams = [f"{each.native.lower()}@{kind}" for each in instruments for kind in kinds]
    return [
        json.dumps({"method": "SUBSCRIBE", "params": batch, "id": index}, separators=(",", ":"))
        for index, batch in enumerate(batches(streams, SUBSCRIPTIONS_A_FRAME), start=1)
    ]


def _complaint(code: int, message: str) -> Outcome:
    if code in _UNCLEAR or _DUPLICATE.search(message):
        return Unknown(f"aster: {code} {message}")
    return Refused(f"aster: {code} {message}", retryable=code in _LIMITED)
