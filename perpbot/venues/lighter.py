"""Lighter: linear perpetuals settled in USDC, cross margin, net positions, on a chain of its own.

Orders are transactions signed with an API key: ``privateKey`` is its private key, ``apiKey`` its index among the
account's keys, ``accountId`` the account's index. The same key signs the tokens for private questions and channels.
Source: https://apidocs.lighter.xyz, and the official signer's source.
"""

import json
from collections.abc import Sequence
from decimal import Decimal
from itertools import chain
from typing import Any, ClassVar
from urllib.parse import urlsplit

import msgspec

from perpbot.model.book import Follows
from perpbot.model.events import BookDelta, BookSnapshot, DecodeError, Event
from perpbot.model.instrument import Instrument, Side
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
from perpbot.venues import ecgfp5
from perpbot.venues import lighter_signing as signing
from perpbot.venues.answers import OK, first, reads, unclear_or_limited
from perpbot.venues.goldilocks import to_bytes
from perpbot.venues.http import Reply, Request
from perpbot.venues.lighter_account import AccountRow, FundingRow, OrderRow, TradeRow
from perpbot.venues.lighter_client import ANSWERED, Answer, LighterClient, reader
from perpbot.venues.lighter_frames import BookOrders, LighterFrames
from perpbot.venues.lighter_instruments import Limits, Markets, instruments, leverage, margin_ticks
from perpbot.venues.rate_limit import ORDER, RateLimits, Window
from perpbot.venues.recorded import Recorded
from perpbot.venues.venue import Endpoints, Heartbeat, Margin, Venue, VenueReadError

BOOK_ORDERS = 250
DAY_MS = 24 * 3_600_000
ORDER_DAYS = 28
"""How long an order waits."""
CLIENT_IDS = 2**48 - 1
"""A client order id is a number from 1 to this."""
HISTORY_DAYS = 2
"""How far back an order is looked for that is not open any more."""
SHORTEST_SWITCH_S = 310
"""Lighter cancels at a set time no sooner than in five minutes; a little more is for the way there."""
_LIMIT = 0
_CROSS = 0
_AT_A_TIME, _NOT_AFTER_ALL = 1, 2
_IOC, _GTT, _POST_ONLY = 0, 1, 2
_TIFS = {TimeInForce.IOC: _IOC, TimeInForce.GTC: _GTT, TimeInForce.POST_ONLY: _POST_ONLY}
_LATER = frozenset({21104, *range(23000, 23004)})
"""A nonce that was overtaken, and too many requests: the same order may be sent again with another nonce."""
_UNCLEAR = frozenset({21500, 21502, 21503, 21728})
"""What has gone wrong inside of Lighter, and a client id that has been used, perhaps by this very order."""
_REFUSALS = (range(20000, 21000), range(21100, 22000))
"""Complaints about requests and about transactions: none of them is carried out."""


class _Accounts(msgspec.Struct):
    accounts: list[AccountRow]


class _Orders(msgspec.Struct):
    rows: list[OrderRow] | None = msgspec.field(name="orders", default=None)
    next_cursor: str = ""


class _Trades(msgspec.Struct):
    rows: list[TradeRow] | None = msgspec.field(name="trades", default=None)
    next_cursor: str = ""


class _Fundings(msgspec.Struct):
    rows: list[FundingRow] | None = msgspec.field(name="position_fundings", default=None)
    next_cursor: str = ""


class _ApiKey(msgspec.Struct):
    api_key_index: int
    public_key: str
    nonce: int


class _ApiKeys(msgspec.Struct):
    api_keys: list[_ApiKey]


class Lighter(Venue):
    """Lighter with one account at it."""

    name = "lighter"
    mainnet = Endpoints(
        rest="https://mainnet.zklighter.elliot.ai",
        public_ws="wss://mainnet.zklighter.elliot.ai/stream",
        private_ws="wss://mainnet.zklighter.elliot.ai/stream",
    )
    testnet = Endpoints(
        rest="https://testnet.zklighter.elliot.ai",
        public_ws="wss://testnet.zklighter.elliot.ai/stream",
        private_ws="wss://testnet.zklighter.elliot.ai/stream",
        testnet=True,
    )
    credential_names = ("privateKey", "apiKey", "accountId")
    recorded = Recorded("orderBookDetails", book="orderBookOrders", named="market_id")
    signs_slowly = True
    nonces_ascend = True
    dead_man = True
    session_life_s = 6.5 * 3_600.0
    """A stream about the account begins with a token that is good for a little longer."""
    limits = RateLimits(
        windows=(Window(24_000, 60.0, "GET"), Window(4_000, 60.0, ORDER)),
        weights={
            "GET accountActiveOrders": 100,
            "GET accountInactiveOrders": 100,
            "GET apikeys": 150,
            "GET trades": 200,
            "GET": 300,
        },
    )
    """Those of a premium account. A standard one has sixty calls a minute, which must be configured."""
    request_lifetime_s: ClassVar[float] = 10.0
    """Signed into every transaction."""

    @classmethod
    def load(cls) -> None:
        """Make the tables that signing multiplies with."""
        ecgfp5.public(1)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._client = LighterClient(self)
        self._frames = LighterFrames(self, lambda: self._client.account)
        self._read_answer = reader(Answer)
        self._read_markets = reader(Markets)
        self._read_limits = reader(Limits)
        self._read_book = reader(BookOrders)
        self._read_accounts = reader(_Accounts)
        self._read_orders = reader(_Orders)
        self._read_trades = reader(_Trades)
        self._read_fundings = reader(_Fundings)
        self._read_keys = reader(_ApiKeys)

    def call_kind(self, request: Request) -> str:
        """Method and endpoint, as in ``GET trades``."""
        return f"{request.method} {urlsplit(request.url).path.rpartition('/')[2]}"

    # -- instruments ---------------------------------------------------------------------------------------------

    @reads
    def fetch_instruments(self) -> list[Instrument]:
        """Every active perpetual; fees are those of the account's kind where there are credentials."""
        markets = self._client.public(self._read_markets, "orderBookDetails", filter="perp")
        if self.credentials is None:
            return instruments(markets)
        return instruments(markets, self._client.private(self._read_limits, "accountLimits"))

    def read_instruments(self, answer: bytes) -> list[Instrument]:
        """The perpetuals in an answer of ``orderBookDetails``."""
        return instruments(self._read_markets(answer))

    def read_book(self, native: str, answer: bytes) -> BookSnapshot:
        """The book in an answer of ``orderBookOrders``."""
        return self._frames.book(native, self._read_book(answer))

    # -- public stream -------------------------------------------------------------------------------------------

    @property
    def public_heartbeat(self) -> Heartbeat:
        """Lighter pings too, and closes a stream on which nothing comes for two minutes."""
        return Heartbeat(interval_s=15.0, silence_s=35.0, frame='{"type":"ping"}')

    def public_subscriptions(self, instruments: Sequence[Instrument]) -> list[str]:
        """Book, and the statistics with mark price and funding, of each market."""
        return [
            _message("subscribe", f"{channel}/{each.native}")
            for each in instruments
            for channel in ("order_book", "market_stats")
        ]

    def tape_subscriptions(self, instruments: Sequence[Instrument]) -> list[str]:
        """Trades and bars."""
        channels = [channel for each in instruments for channel in (f"trade/{each.native}", f"candle/{each.native}/1m")]
        return [_message("subscribe", channel) for channel in channels]

    def book_resubscription(self, instrument: Instrument) -> list[str]:
        """Leave the book's channel and enter it again: the snapshot comes first."""
        channel = f"order_book/{instrument.native}"
        return [_message("unsubscribe", channel), _message("subscribe", channel)]

    def decode_public(self, frame: str | bytes, received_ns: int) -> list[Event]:
        """The events in a frame; `DecodeError` when it is not Lighter's protocol."""
        return self._frames.decode(frame, received_ns)

    def follows(self, book_sequence: int, delta: BookDelta) -> Follows:
        """A change begins with the nonce that the one before ended with."""
        if delta.previous == book_sequence:
            return Follows.NEXT
        return Follows.OLD if delta.last <= book_sequence else Follows.GAP

    @reads
    def fetch_book(self, instrument: Instrument) -> BookSnapshot:
        """The book's best orders."""
        asked = {"market_id": instrument.native, "limit": BOOK_ORDERS}
        return self._frames.book(instrument.native, self._client.public(self._read_book, "orderBookOrders", **asked))

    # -- private stream ------------------------------------------------------------------------------------------

    def private_subscriptions(self, instruments: Sequence[Instrument]) -> list[str]:
        """Orders, trades and positions of all markets, and the collateral, with a token."""
        del instruments
        auth, index = self._client.auth(), self._client.account
        channels = ("account_all_orders", "account_all_trades", "account_all_positions", "user_stats")
        return [_message("subscribe", f"{channel}/{index}", auth=auth) for channel in channels]

    def decode_private(self, frame: str | bytes, received_ns: int) -> list[Event]:
        """The events in a frame; `DecodeError` when it is not Lighter's protocol."""
        return self._frames.decode(frame, received_ns)

    # -- trading -------------------------------------------------------------------------------------------------

    def wire_id(self, number: int) -> str:
        """A number of 48 bits that is not zero, so that numbers come again after 280 million million orders."""
        return str((number - 1) % CLIENT_IDS + 1)

    @reads
    def prepare_trading(self) -> None:
        """Make sure that Lighter knows our key, and learn which nonces are used."""
        key = self._client.key
        asked = {"account_index": key.account, "api_key_index": key.index}
        told = first(self.name, self._client.public(self._read_keys, "apikeys", **asked).api_keys)
        ours = to_bytes(ecgfp5.encode(self.compute(ecgfp5.public, key.secret))).hex()
        if told.api_key_index != key.index or told.public_key.removeprefix("0x").lower() != ours:
            raise VenueReadError(
                f"lighter: key {key.index} of account {key.account} has another private key than the one configured"
            )
        self._client.last_nonce = max(self._client.last_nonce, told.nonce - 1)

    @reads
    def fetch_margins(self, instruments: Sequence[Instrument]) -> dict[str, Margin]:
        """What is set for each market; the market's usual one until it is."""
        markets = self._client.public(self._read_markets, "orderBookDetails", filter="perp").order_book_details
        usual = {
            str(row.market_id): Margin(leverage(Decimal(row.default_initial_margin_fraction)))
            for row in markets
            if row.default_initial_margin_fraction > 0
        }
        account = self._frames.account
        told = usual | {str(row.market_id): account.margin(row) for row in self._account().positions}
        return {each.symbol: told[each.native] for each in instruments if each.native in told}

    @reads
    def set_margin(self, instrument: Instrument, leverage: int) -> None:
        """Set cross margin and leverage of a market together."""
        body = {
            "MarketIndex": int(instrument.native),
            "InitialMarginFraction": margin_ticks(leverage),
            "MarginMode": _CROSS,
        }
        self._client.carry_out(signing.UPDATE_LEVERAGE, body)

    @reads
    def set_dead_man(self, instruments: Sequence[Instrument], countdown_s: int) -> None:
        """Have everything cancelled at a time, which is set again and again; never sooner than `SHORTEST_SWITCH_S`."""
        del instruments
        body = {"TimeInForce": _NOT_AFTER_ALL, "Time": 0}
        if countdown_s:
            until_ms = self.venue_ms() + max(countdown_s, SHORTEST_SWITCH_S) * 1_000
            body = {"TimeInForce": _AT_A_TIME, "Time": until_ms}
        self._client.carry_out(signing.CANCEL_ALL, body)

    def place(self, order: Order, instrument: Instrument) -> Request:
        """The signed transaction that places `order`; Lighter turns it away after `request_lifetime_s`."""
        waits = order.time_in_force is not TimeInForce.IOC
        body = {
            "MarketIndex": int(instrument.native),
            "ClientOrderIndex": int(order.wire_id),
            "BaseAmount": _units(order.quantity, instrument.lot),
            "Price": _units(order.price, instrument.tick),
            "IsAsk": int(order.side is Side.SELL),
            "Type": _LIMIT,
            "TimeInForce": _TIFS[order.time_in_force],
            "ReduceOnly": int(order.reduce_only),
            "TriggerPrice": 0,
            "OrderExpiry": self.venue_ms() + ORDER_DAYS * DAY_MS if waits else 0,
        }
        return self._client.transaction(signing.CREATE_ORDER, body)

    def read_place(self, reply: Reply) -> Outcome:
        """What became of an order. Lighter takes it before it is matched: the stream tells whether it stays taken."""
        by_status = unclear_or_limited(self.name, reply)
        if by_status is not None:
            return by_status
        try:
            answer = self._read_answer(reply.body)
        except DecodeError as error:
            return Unknown(f"{error} in {reply.excerpt!r}")
        if answer.code == ANSWERED:
            return Accepted("") if reply.status == OK else Unknown(f"lighter answered {reply.excerpt!r}")
        return _complaint(answer)

    def cancel(self, order: Order, venue_order_id: str | None, instrument: Instrument) -> Request:
        """The signed transaction that cancels `order`; our number says which as well as Lighter's."""
        which = int(venue_order_id or order.wire_id)
        return self._client.transaction(signing.CANCEL_ORDER, {"MarketIndex": int(instrument.native), "Index": which})

    @reads
    def fetch_order(self, order: Order, instrument: Instrument) -> OrderUpdate | None:
        """What Lighter knows of `order`: among the open ones, and where it is not, among those of late."""
        market = int(instrument.native)
        waiting = self._client.private(self._read_orders, "accountActiveOrders", market_id=market).rows or []
        since_ms = self.venue_ms() - HISTORY_DAYS * DAY_MS
        ended = self._client.newest(self._read_orders, "accountInactiveOrders", since_ms, market_id=market)
        found = next((row for row in chain(waiting, ended) if row.client_order_id == order.wire_id), None)
        return None if found is None else self._frames.account.order(found)

    @reads
    def fetch_open_orders(self) -> list[OrderUpdate]:
        """Every open order."""
        rows = self._client.private(self._read_orders, "accountActiveOrders").rows or []
        return [self._frames.account.order(row) for row in rows]

    @reads
    def fetch_fills(self, since_ms: int) -> list[Fill]:
        """The account's fills, oldest first. Lighter keeps the last 3000."""
        rows = self._client.newest(self._read_trades, "trades", since_ms, sort_by="timestamp")
        once = {row.trade_id: row for row in rows}
        ordered = sorted(once.values(), key=lambda row: (row.time_ns, row.trade_id))
        return [self._frames.account.fill(row) for row in ordered]

    def _account(self) -> AccountRow:
        asked = {"by": "index", "value": self._client.account}
        return first(self.name, self._client.public(self._read_accounts, "account", **asked).accounts)

    @reads
    def fetch_positions(self) -> list[Position]:
        """Every position that is not zero."""
        rows = self._account().positions
        return [each for row in rows if (each := self._frames.account.position(row)).quantity]

    @reads
    def fetch_balances(self) -> list[Balance]:
        """The collateral, unless there is none."""
        return self._frames.account.balances(self._account())

    @reads
    def fetch_funding_payments(self, since_ms: int) -> list[FundingPayment]:
        """Funding paid and received, oldest first."""
        once = {row.ref: row for row in self._client.newest(self._read_fundings, "positionFunding", since_ms)}
        paid = [self._frames.account.funding_payment(row) for row in once.values()]
        return sorted(paid, key=lambda each: each.settled_ns)


def _message(kind: str, channel: str, **more: str) -> str:
    return json.dumps({"type": kind, "channel": channel, **more}, separators=(",", ":"))


def _units(amount: Decimal, step: Decimal) -> int:
    """An amount in the steps that Lighter counts it in."""
    whole, rest = divmod(amount, step)
    if rest:
        raise ValueError(f"lighter: {amount} is not a multiple of {step}")
    return int(whole)


def _complaint(answer: Answer) -> Outcome:
    text = f"lighter: {answer.code} {answer.message}"
    if answer.code in _LATER:
        return Refused(text, retryable=True)
    refused = any(answer.code in codes for codes in _REFUSALS) and answer.code not in _UNCLEAR
    return Refused(text) if refused else Unknown(text)
