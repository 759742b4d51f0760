"""OKX: linear swaps, cross margin, net position mode.

Source: OKX API v5, https://www.okx.com/docs-v5/en/. What its frames and rows mean is in `okx_frames`,
`okx_account` and `okx_instruments`.
"""

import base64
import hmac
import json
import zlib
from collections.abc import Sequence
from decimal import Decimal
from itertools import chain, zip_longest
from typing import Any, ClassVar

import msgspec

from perpbot.clock import NS_PER_MS
from perpbot.model.book import Book, Follows
from perpbot.model.events import Bar, BookDelta, BookSnapshot, DecodeError, Event, PublicTrade
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
from perpbot.venues.answers import first, pages, reads, unclear_or_limited
from perpbot.venues.http import Reply, Request
from perpbot.venues.okx_account import BillRow, FillRow, OrderRow
from perpbot.venues.okx_client import OK, OkxClient
from perpbot.venues.okx_frames import OkxFrames
from perpbot.venues.okx_instruments import Fees, Settlements, Swap, instruments
from perpbot.venues.rate_limit import ORDER, RateLimits, Window
from perpbot.venues.recorded import Recorded
from perpbot.venues.signer import SignedVenue
from perpbot.venues.venue import Credentials, Endpoints, Heartbeat, Margin, Pace, Tape, VenueReadError
from perpbot.venues.wire import JsonReader, batches, positive

PAGE = 100
"""Rows in one answer, at most."""
DAY_MS = 24 * 3_600_000
FILLS_DAYS = 2
"""Fills younger than three days are in one place, older ones in another; a day is left for clocks."""
BILLS_DAYS = 6
CHECKSUM_LEVELS = 25
BOOK_LEVELS = 400
LEVERAGES_A_QUESTION = 20
SUBSCRIPTIONS_A_FRAME = 200
"""Keeps a frame well under the 64 KB that OKX takes."""

_ORDER_TYPES = {TimeInForce.IOC: "ioc", TimeInForce.GTC: "limit", TimeInForce.POST_ONLY: "post_only"}

_NO_SUCH_ORDER = "51603"
_LIMITED = frozenset({"50011", "50061"})
_UNCLEAR = frozenset({"50001", "50004", "50005", "50013", "50026", "51054", "51149"})
"""Time-outs and troubles after which OKX cannot say whether the order exists."""
_DUPLICATE_ID = "51016"


class _Placed(msgspec.Struct, rename="camel"):
    s_code: str
    s_msg: str = ""
    ord_id: str = ""


class _Config(msgspec.Struct, rename="camel"):
    pos_mode: str


class _Leverage(msgspec.Struct, rename="camel"):
    inst_id: str
    lever: str


class Okx(SignedVenue):
    """OKX with one account at it."""

    name = "okx"
    ccxt_name = "okx"
    mainnet = Endpoints(
        rest="https://www.okx.com",
        public_ws="wss://ws.okx.com:8443/ws/v5/public",
        private_ws="wss://ws.okx.com:8443/ws/v5/private",
    )
    testnet = Endpoints(
        rest="https://www.okx.com",
        public_ws="wss://wspap.okx.com:8443/ws/v5/public",
        private_ws="wss://wspap.okx.com:8443/ws/v5/private",
        testnet=True,
    )
    credential_names = ("apiKey", "secret", "password")
    recorded = Recorded("instruments")
    needs_login = True
    dead_man = True
    amends = True
    pace = Pace(2, 1.0)
    """OKX takes 480 of these messages an hour on one connection; one holds many subscriptions."""
    limits = RateLimits(
        windows=(
            Window(60, 2.0, ORDER),
            Window(10, 2.0, "GET /api/v5/account/balance"),
            Window(10, 2.0, "GET /api/v5/account/positions"),
            Window(10, 2.0, "GET /api/v5/account/bills"),
            Window(5, 2.0, "GET /api/v5/account/config"),
            Window(5, 2.0, "GET /api/v5/account/trade-fee"),
            Window(10, 2.0, "GET /api/v5/trade/fills-history"),
            Window(60, 2.0, "GET /api/v5/trade/"),
            Window(20, 2.0, "GET /api/v5/market/"),
            Window(10, 2.0, "GET /api/v5/public/"),
        )
    )
    """Each endpoint by itself; the order of one instrument, taken here for all of them."""
    request_lifetime_s: ClassVar[float] = 5.0

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._client = OkxClient(self)
        self._frames = OkxFrames(self)
        self._read_swaps = JsonReader("okx", list[Swap])
        self._read_funding = JsonReader("okx", list[Settlements])
        self._read_fees = JsonReader("okx", list[Fees])
        self._read_placed = JsonReader("okx", list[_Placed])
        self._read_config = JsonReader("okx", list[_Config])
        self._read_leverages = JsonReader("okx", list[_Leverage])

    def signer_settings(self, credentials: Credentials) -> dict[str, object]:
        """What ccxt's class is made with."""
        return {
            **{name: credentials[name] for name in self.credential_names},
            "urls": {"api": {"rest": self.endpoints.rest}},
            "options": {"timeDifference": 0},
        }

    # -- instruments ---------------------------------------------------------------------------------------------

    @reads
    def fetch_instruments(self) -> list[Instrument]:
        """Every live linear swap with its funding interval; fees are the account's where there are credentials."""
        swaps = self._read_swaps(self._client.public("public/instruments", instType="SWAP"))
        funding = self._read_funding(self._client.public("public/funding-rate", instId="ANY"))
        if self.credentials is None:
            return instruments(swaps, funding)
        fees = self._read_fees(self._client.private("privateGetAccountTradeFee", instType="SWAP"))
        return instruments(swaps, funding, first(self.name, fees))

    def read_instruments(self, answer: bytes) -> list[Instrument]:
        """The live linear swaps in an answer of ``public/instruments``."""
        return instruments(self._read_swaps(self._client.read(answer).data))

    # -- public stream -------------------------------------------------------------------------------------------

    @property
    def public_heartbeat(self) -> Heartbeat:
        """OKX closes a stream that was silent for 30 s."""
        return Heartbeat(interval_s=10.0, silence_s=25.0, frame="ping")

    def public_subscriptions(self, instruments: Sequence[Instrument]) -> list[str]:
        """Book, funding and mark price of each instrument."""
        return _subscriptions(instruments, "books", "funding-rate", "mark-price")

    def tape_subscriptions(self, instruments: Sequence[Instrument]) -> list[str]:
        """Trades."""
        return _subscriptions(instruments, "trades")

    def tapes(self, instruments: Sequence[Instrument]) -> list[Tape]:
        """Bars are on a stream of their own, ``/ws/v5/business``."""
        public = self.public_url(instruments)
        bars = Tape(public.replace("/public", "/business"), _subscriptions(instruments, "candle1m"), frozenset({Bar}))
        return [Tape(public, self.tape_subscriptions(instruments), frozenset({PublicTrade})), bars]

    def book_resubscription(self, instrument: Instrument) -> list[str]:
        """Leave the book's channel and enter it again: the snapshot comes first."""
        arguments = [{"channel": "books", "instId": instrument.native}]
        return [_operation("unsubscribe", arguments), _operation("subscribe", arguments)]

    def decode_public(self, frame: str | bytes, received_ns: int) -> list[Event]:
        """The events in a frame; `DecodeError` when it is not OKX's protocol."""
        return self._frames.decode(frame, received_ns)

    def follows(self, book_sequence: int, delta: BookDelta) -> Follows:
        """An update names the one before it.

        So does the heartbeat of a quiet book (``prevSeqId`` equal to ``seqId``), and the first one after a
        maintenance, whose own number is smaller than that of the one before.
        """
        return Follows.NEXT if delta.previous == book_sequence else Follows.GAP

    def checksum_holds(self, book: Book, checksum: int) -> bool:
        """CRC32 over price and size of the best 25 bids and asks in turn, as OKX wrote them."""
        instrument = self.instruments.symbol(book.symbol)
        contract = instrument.contract_size if instrument else Decimal(1)
        sides = [
            [f"{plain(price)}:{plain(size / contract)}" for price, size in side.levels(CHECKSUM_LEVELS)]
            for side in book.raw_levels()
        ]
        parts = [part for part in chain.from_iterable(zip_longest(*sides)) if part is not None]
        crc = zlib.crc32(":".join(parts).encode())
        return crc == checksum % 2**32

    @reads
    def fetch_book(self, instrument: Instrument) -> BookSnapshot:
        """The book's best levels, as many as the stream has."""
        data = self._client.public("market/books", instId=instrument.native, sz=str(BOOK_LEVELS))
        return self._frames.book(instrument.native, data)

    # -- private stream ------------------------------------------------------------------------------------------

    def login(self) -> list[str]:
        """The signed frame that opens the account's channels."""
        secrets = self.secrets
        timestamp = str(self.venue_ms() // 1_000)
        text = f"{timestamp}GET/users/self/verify"
        signature = base64.b64encode(hmac.digest(secrets["secret"].encode(), text.encode(), "sha256")).decode()
        argument = {
            "apiKey": secrets["apiKey"],
            "passphrase": secrets["password"],
            "timestamp": timestamp,
            "sign": signature,
        }
        return [_operation("login", [argument])]

    def private_subscriptions(self, instruments: Sequence[Instrument]) -> list[str]:
        """Orders with their fills, positions and balances, whatever the instruments."""
        del instruments
        swaps = [{"channel": channel, "instType": "SWAP"} for channel in ("orders", "positions")]
        return [_operation("subscribe", [*swaps, {"channel": "account"}])]

    def decode_private(self, frame: str | bytes, received_ns: int) -> list[Event]:
        """The events in a frame; `DecodeError` when it is not OKX's protocol."""
        return self._frames.decode(frame, received_ns)

    # -- trading -------------------------------------------------------------------------------------------------

    @reads
    def prepare_trading(self) -> None:
        """Load ccxt and make sure that the account nets its positions."""
        mode = first(self.name, self._read_config(self._client.private("privateGetAccountConfig"))).pos_mode
        if mode != "net_mode":
            raise VenueReadError(f"okx: account {self.account!r} is in position mode {mode}; PerpBot needs net_mode")

    @reads
    def fetch_margins(self, instruments: Sequence[Instrument]) -> dict[str, Margin]:
        """The leverage of cross margin, which every order names as its own."""
        symbols = {each.native: each.symbol for each in instruments}
        found: dict[str, Margin] = {}
        for batch in batches(symbols, LEVERAGES_A_QUESTION):
            named = ",".join(batch)
            data = self._client.private("privateGetAccountLeverageInfo", instId=named, mgnMode="cross")
            for row in self._read_leverages(data):
                found[symbols[row.inst_id]] = Margin(positive(row.lever, self.name, f"lever of {row.inst_id}"))
        return found

    @reads
    def set_margin(self, instrument: Instrument, leverage: int) -> None:
        """Set the leverage of cross margin."""
        asked = {"instId": instrument.native, "lever": str(leverage), "mgnMode": "cross"}
        self._client.private("privatePostAccountSetLeverage", **asked)

    @reads
    def set_dead_man(self, instruments: Sequence[Instrument], countdown_s: int) -> None:
        """One switch for all instruments, of 10 to 120 s."""
        del instruments
        self._client.private("privatePostTradeCancelAllAfter", timeOut=str(countdown_s))

    def place(self, order: Order, instrument: Instrument) -> Request:
        """The signed request; OKX turns it away after `request_lifetime_s`."""
        return self._client.expiring(
            "privatePostTradeOrder",
            instId=instrument.native,
            tdMode="cross",
            clOrdId=order.wire_id,
            side=order.side.value,
            ordType=_ORDER_TYPES[order.time_in_force],
            px=plain(instrument.wire_price(order.price)),
            sz=plain(instrument.wire_size(order.quantity)),
            reduceOnly=order.reduce_only,
        )

    def read_place(self, reply: Reply) -> Outcome:
        """What became of an order. The order's own code says it; the answer's code only that something failed."""
        by_status = unclear_or_limited(self.name, reply)
        if by_status is not None:
            return by_status
        try:
            answer = self._client.read(reply.body)
            rows = self._read_placed(answer.data)
        except DecodeError as error:
            return Unknown(f"{error} in {reply.excerpt!r}")
        code, message = (rows[0].s_code, rows[0].s_msg) if rows else (answer.code, answer.msg)
        if code == OK:
            taken = answer.code == OK and rows and rows[0].ord_id
            return Accepted(rows[0].ord_id) if taken else Unknown(f"okx answered {reply.excerpt!r}")
        if code == _DUPLICATE_ID:
            return Unknown(f"okx has an order of this client id already: {code} {message}")
        if code in _UNCLEAR:
            return Unknown(f"okx: {code} {message}")
        return Refused(f"okx: {code} {message}", retryable=code in _LIMITED)

    def cancel(self, order: Order, venue_order_id: str | None, instrument: Instrument) -> Request:
        """The signed request that cancels `order`."""
        named = {"ordId": venue_order_id} if venue_order_id else {"clOrdId": order.wire_id}
        return self._client.request("privatePostTradeCancelOrder", instId=instrument.native, **named)

    def amend(self, order: Order, venue_order_id: str | None, instrument: Instrument) -> Request:
        """The signed request that gives a waiting order the price and quantity of `order`, what has filled included."""
        named = {"ordId": venue_order_id} if venue_order_id else {"clOrdId": order.wire_id}
        return self._client.expiring(
            "privatePostTradeAmendOrder",
            instId=instrument.native,
            newSz=plain(instrument.wire_size(order.quantity)),
            newPx=plain(instrument.wire_price(order.price)),
            **named,
        )

    @reads
    def fetch_order(self, order: Order, instrument: Instrument) -> OrderUpdate | None:
        """What OKX knows of `order`; cancelled ones without a fill are forgotten after two hours."""
        answer = self._client.answer("privateGetTradeOrder", instId=instrument.native, clOrdId=order.wire_id)
        if answer.code == _NO_SUCH_ORDER:
            return None
        if answer.code != OK:
            raise VenueReadError(f"okx refused to answer: {answer.code} {answer.msg}")
        return self._frames.account.order(first(self.name, self._frames.account.read_orders(answer.data)))

    @reads
    def fetch_open_orders(self) -> list[OrderUpdate]:
        """Every open order of swaps."""
        account = self._frames.account

        def page(after: str) -> list[OrderRow]:
            asked = {"instType": "SWAP", "limit": str(PAGE), "after": after}
            return account.read_orders(self._client.private("privateGetTradeOrdersPending", **asked))

        return [account.order(row) for row in pages(page, lambda row: row.ord_id, PAGE)]

    @reads
    def fetch_fills(self, since_ms: int) -> list[Fill]:
        """The account's fills in swaps, oldest first; OKX keeps three months."""
        account = self._frames.account
        recent = since_ms > self.venue_ms() - FILLS_DAYS * DAY_MS
        method = "privateGetTradeFills" if recent else "privateGetTradeFillsHistory"

        def page(after: str) -> list[FillRow]:
            asked = {"instType": "SWAP", "begin": str(since_ms), "limit": str(PAGE), "after": after}
            return account.read_fills(self._client.private(method, **asked))

        rows = list(pages(page, lambda row: row.bill_id, PAGE))
        fills = [account.fill(row) for row in reversed(rows)]
        return sorted((fill for fill in fills if fill.time_ns >= since_ms * NS_PER_MS), key=lambda fill: fill.time_ns)

    @reads
    def fetch_positions(self) -> list[Position]:
        """Every position in swaps that is not zero."""
        account = self._frames.account
        data = self._client.private("privateGetAccountPositions", instType="SWAP")
        return [each for row in account.read_positions(data) if (each := account.position(row)).quantity]

    @reads
    def fetch_balances(self) -> list[Balance]:
        """Every currency that is not zero."""
        account = self._frames.account
        rows = account.read_accounts(self._client.private("privateGetAccountBalance"))
        return [each for row in rows for each in account.balances(row) if each.wallet or each.equity]

    @reads
    def fetch_funding_payments(self, since_ms: int) -> list[FundingPayment]:
        """Funding paid and received, oldest first; OKX keeps three months."""
        account = self._frames.account
        recent = since_ms > self.venue_ms() - BILLS_DAYS * DAY_MS
        method = "privateGetAccountBills" if recent else "privateGetAccountBillsArchive"

        def page(after: str) -> list[BillRow]:
            parameters = {"instType": "SWAP", "type": "8", "begin": str(since_ms), "limit": str(PAGE), "after": after}
            return account.read_bills(self._client.private(method, **parameters))

        rows = list(pages(page, lambda row: row.bill_id, PAGE))
        paid = [account.funding_payment(row) for row in reversed(rows) if row.ts >= since_ms]
        return sorted(paid, key=lambda payment: payment.settled_ns)


def _subscriptions(instruments: Sequence[Instrument], *channels: str) -> list[str]:
    arguments = [{"channel": channel, "instId": each.native} for each in instruments for channel in channels]
    return [_operation("subscribe", batch) for batch in batches(arguments, SUBSCRIPTIONS_A_FRAME)]


def _operation(operation: str, arguments: list[dict[str, str]]) -> str:
    return json.dumps({"op": operation, "args": arguments}, separators=(",", ":"))
