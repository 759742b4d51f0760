"""GRVT: linear perpetuals settled in USDT, cross margin, net positions, one trading account.

The API key (``apiKey``) logs in and gets a cookie; the key that belongs to it (``privateKey``) signs orders. Source:
https://api-docs.grvt.io and https://github.com/gravity-technologies/grvt-pysdk.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from perpbot.clock import NS_PER_MS, NS_PER_SECOND
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
from perpbot.venues.grvt_account import NO_ID, OrderRow, reader
from perpbot.venues.grvt_answers import (
    BookAnswer,
    FillsAnswer,
    FundingPaymentsAnswer,
    LeveragesAnswer,
    OrderAnswer,
    OrdersAnswer,
    PlacedAnswer,
    PositionsAnswer,
    SuccessAnswer,
    SummaryAnswer,
)
from perpbot.venues.grvt_client import GrvtClient
from perpbot.venues.grvt_frames import GrvtFrames
from perpbot.venues.grvt_instruments import Asset, InstrumentsAnswer, assets, instruments
from perpbot.venues.grvt_signing import CHAIN_ID, TESTNET_CHAIN_ID, TIFS, sign
from perpbot.venues.http import Reply, Request
from perpbot.venues.recorded import Recorded
from perpbot.venues.signer import SignedVenue
from perpbot.venues.venue import Credentials, Endpoints, Heartbeat, Margin, VenueReadError
from perpbot.venues.wire import JsonReader, batches, positive

CLIENT_IDS = 2**63
"""A client order id is a number below this; those above are kept for GRVT's own pages."""
NONCES = 2**32
BOOK_RATE = "50"
"""Milliseconds between two changes of a book."""
RESTING_S = 29 * 24 * 3_600
"""How long an order may rest: its signature's lifetime is its own, and GRVT takes no longer one than 30 days."""
SELECTORS_A_FRAME = 50
BOOK_LEVELS = 100

_NOT_FOUND = 1004
_LIMITED = frozenset({1006, 2090})
_DUPLICATE = 2012
"""The client id is in use, perhaps by this very order."""
_REFUSALS = frozenset({1000, 1001, 1003, 1008, 1012, 1400, 7201, *range(2000, 2500), *range(3000, 3100)}) - {_DUPLICATE}
"""Complaints after which there is no order; any other leaves it open."""
_DUPLICATE_REASON = "OVERLAPPING_CLIENT_ORDER_ID"


class Grvt(SignedVenue):
    """GRVT with one trading account at it."""

    name = "grvt"
    ccxt_name = "grvt"
    mainnet = Endpoints(
        rest="https://trades.grvt.io",
        public_ws="wss://market-data.grvt.io/ws/full",
        private_ws="wss://trades.grvt.io/ws/full",
    )
    testnet = Endpoints(
        rest="https://trades.testnet.grvt.io",
        public_ws="wss://market-data.testnet.grvt.io/ws/full",
        private_ws="wss://trades.testnet.grvt.io/ws/full",
        testnet=True,
    )
    credential_names = ("apiKey", "privateKey")
    recorded = Recorded("all_instruments", book="book")
    private_keepalive_s = 6 * 3_600.0
    dead_man = True
    finds_by_id_alone = True
    request_lifetime_s: ClassVar[float] = 5.0
    """The signature of an order that does not rest is good for this long. Orders that rest have no such limit."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.client = GrvtClient(self)
        self._assets: dict[str, Asset] = {}
        self._frames = GrvtFrames(self)
        self._read_instruments: JsonReader[InstrumentsAnswer] = reader(InstrumentsAnswer)
        self._read_book: JsonReader[BookAnswer] = reader(BookAnswer)
        self._read_answer: JsonReader[PlacedAnswer] = reader(PlacedAnswer)
        self._read_order: JsonReader[OrderAnswer] = reader(OrderAnswer)
        self._read_orders: JsonReader[OrdersAnswer] = reader(OrdersAnswer)
        self._read_fills: JsonReader[FillsAnswer] = reader(FillsAnswer)
        self._read_funding: JsonReader[FundingPaymentsAnswer] = reader(FundingPaymentsAnswer)
        self._read_positions: JsonReader[PositionsAnswer] = reader(PositionsAnswer)
        self._read_summary: JsonReader[SummaryAnswer] = reader(SummaryAnswer)
        self._read_leverages: JsonReader[LeveragesAnswer] = reader(LeveragesAnswer)
        self._read_nothing: JsonReader[object] = reader(dict)
        self._read_success: JsonReader[SuccessAnswer] = reader(SuccessAnswer)

    def signer_settings(self, credentials: Credentials) -> dict[str, object]:
        """What ccxt's class is made with; it signs orders and sends nothing."""
        return {"privateKey": credentials["privateKey"], "options": {"builderFee": False}}

    # -- instruments ---------------------------------------------------------------------------------------------

    @reads
    def fetch_instruments(self) -> list[Instrument]:
        """Every perpetual that is traded, with the fees everyone pays: GRVT does not tell the account's."""
        return instruments(self._fetch_instruments())

    def _fetch_instruments(self) -> InstrumentsAnswer:
        answer = self.client.public(self._read_instruments, "all_instruments", {"is_active": True})
        self._assets = assets(answer)
        return answer

    def read_instruments(self, answer: bytes) -> list[Instrument]:
        """The perpetuals in an answer of ``all_instruments``."""
        return instruments(self._read_instruments(answer))

    def read_book(self, native: str, answer: bytes) -> BookSnapshot:
        """The book in an answer of ``book``."""
        del native  # the answer names it
        return self._frames.book(self._read_book(answer).result)

    # -- public stream -------------------------------------------------------------------------------------------

    @property
    def public_heartbeat(self) -> Heartbeat:
        """Tickers come twice a second."""
        return Heartbeat(interval_s=15.0, silence_s=30.0, frame=None)

    def public_subscriptions(self, instruments: Sequence[Instrument]) -> list[str]:
        """Changes of the book, and mark price with funding, of each instrument."""
        books = [f"{each.native}@{BOOK_RATE}" for each in instruments]
        tickers = [f"{each.native}@500" for each in instruments]
        return [*_subscriptions("v1.book.d", books), *_subscriptions("v1.ticker.s", tickers)]

    def tape_subscriptions(self, instruments: Sequence[Instrument]) -> list[str]:
        """Trades, and bars of them."""
        trades, bars = ([f"{each.native}@{rate}" for each in instruments] for rate in ("50", "CI_1_M-TRADE"))
        return [*_subscriptions("v1.trade", trades), *_subscriptions("v1.candle", bars)]

    def book_resubscription(self, instrument: Instrument) -> list[str]:
        """A new subscription begins with the whole book."""
        selector = f"{instrument.native}@{BOOK_RATE}"
        return [_rpc(method, "v1.book.d", [selector]) for method in ("unsubscribe", "subscribe")]

    def decode_public(self, frame: str | bytes, received_ns: int) -> list[Event]:
        """The events in a frame; `DecodeError` when it is not GRVT's protocol."""
        return self._frames.decode(frame, received_ns)

    def follows(self, book_sequence: int, delta: BookDelta) -> Follows:
        """A change names the one before it. After a whole book without a number any change follows."""
        if book_sequence in {0, delta.previous}:
            return Follows.NEXT
        return Follows.OLD if delta.last <= book_sequence else Follows.GAP

    @reads
    def fetch_book(self, instrument: Instrument) -> BookSnapshot:
        """The book's best levels."""
        question = {"instrument": instrument.native, "depth": BOOK_LEVELS}
        return self._frames.book(self.client.public(self._read_book, "book", question).result)

    # -- private stream ------------------------------------------------------------------------------------------

    @property
    def private_heartbeat(self) -> Heartbeat:
        """A quiet account sends nothing for hours: only the answers to pings show that the stream lives."""
        return Heartbeat(interval_s=15.0, silence_s=45.0, frame=None)

    def private_headers(self, url: str) -> Mapping[str, str]:
        """The session's."""
        del url
        return self.client.headers()

    @reads
    def keep_private_alive(self) -> None:
        """Log in anew, well before the cookie is too old for requests."""
        self.client.log_in()

    def private_subscriptions(self, instruments: Sequence[Instrument]) -> list[str]:
        """Orders, fills and positions of the trading account; GRVT streams no balances."""
        del instruments
        return [
            _rpc("subscribe", stream, [self.client.own_account()]) for stream in ("v1.order", "v1.fill", "v1.position")
        ]

    def decode_private(self, frame: str | bytes, received_ns: int) -> list[Event]:
        """The events in a frame; `DecodeError` when it is not GRVT's protocol."""
        return self._frames.decode(frame, received_ns)

    # -- trading -------------------------------------------------------------------------------------------------

    def wire_id(self, number: int) -> str:
        """A number of 63 bits."""
        return str(number % CLIENT_IDS)

    @reads
    def prepare_trading(self) -> None:
        """Load ccxt, log in, find the trading account, and learn what stands for each instrument when signing."""
        self.client.log_in()
        self.client.own_account()
        self._fetch_instruments()
        _ = self.signer

    @reads
    def fetch_margins(self, instruments: Sequence[Instrument]) -> dict[str, Margin]:
        """Leverage and margin mode of each instrument."""
        symbols = {each.native: each.symbol for each in instruments}
        rows = self.client.private(self._read_leverages, "get_all_initial_leverage").results
        return {
            symbols[row.instrument]: Margin(
                positive(row.leverage, self.name, f"leverage of {row.instrument}"),
                row.margin_type == "CROSS",
                positive(row.max_leverage, self.name, f"max_leverage of {row.instrument}"),
            )
            for row in rows
            if row.instrument in symbols
        }

    @reads
    def set_margin(self, instrument: Instrument, leverage: int) -> None:
        """Set the leverage; how an instrument is margined is chosen on GRVT's pages."""
        asked = {"instrument": instrument.native, "leverage": str(leverage)}
        if not self.client.private(self._read_success, "set_initial_leverage", **asked).success:
            raise VenueReadError(f"grvt does not set the leverage of {instrument.native} to {leverage}")

    @reads
    def set_dead_man(self, instruments: Sequence[Instrument], countdown_s: int) -> None:
        """One switch for the trading account, of 1 to 300 s."""
        del instruments
        self.client.private(self._read_nothing, "cancel_on_disconnect", countdown_time=str(countdown_s * 1_000))

    def place(self, order: Order, instrument: Instrument) -> Request:
        """The signed request that places `order`. Only an order that does not rest expires within seconds.

        Raises:
            VenueReadError: `prepare_trading` has not logged in, or the instrument was not listed then.
        """
        asset = self._assets.get(instrument.native)
        if asset is None:
            raise VenueReadError(f"grvt: {instrument.native} was not listed when trading was prepared")
        now_ms = self.signer.next_ms()
        lifetime_s = self.request_lifetime_s if order.time_in_force is TimeInForce.IOC else RESTING_S
        words = {
            "sub_account_id": self.client.own_account(),
            "is_market": False,
            "time_in_force": TIFS[order.time_in_force],
            "post_only": order.time_in_force is TimeInForce.POST_ONLY,
            "reduce_only": order.reduce_only,
            "legs": [
                {
                    "instrument": instrument.native,
                    "size": plain(instrument.wire_size(order.quantity)),
                    "limit_price": plain(instrument.wire_price(order.price)),
                    "is_buying_asset": order.side is Side.BUY,
                }
            ],
            "signature": {
                "expiration": str(now_ms * NS_PER_MS + int(lifetime_s * NS_PER_SECOND)),
                "nonce": now_ms % NONCES,
            },
            "metadata": {"client_order_id": order.wire_id},
        }
        chain_id = TESTNET_CHAIN_ID if self.endpoints.testnet else CHAIN_ID
        return self.client.request("create_order", {"order": sign(self.signer.exchange, words, asset, chain_id)})

    def read_place(self, reply: Reply) -> Outcome:
        """What became of an order. GRVT takes it before it is matched: the stream tells whether it stays taken."""
        by_status = unclear_or_limited(self.name, reply)
        if by_status is not None:
            return by_status
        try:
            answer = self._read_answer(reply.body)
            if answer.code:
                return _complaint(answer.code, answer.message)
            if answer.result is None or reply.status != OK:
                return Unknown(f"grvt answered {reply.excerpt!r}")
            return self._placed(answer.result)
        except DecodeError as error:
            return Unknown(f"{error} in {reply.excerpt!r}")

    def _placed(self, row: OrderRow) -> Outcome:
        self._frames.account.order(row)  # refuses a status nobody knows
        if row.state.status != "REJECTED":
            return Accepted("" if row.order_id == NO_ID else row.order_id)
        reason = f"grvt: rejected: {row.state.reject_reason}"
        return Unknown(reason) if row.state.reject_reason == _DUPLICATE_REASON else Refused(reason)

    def cancel(self, order: Order, venue_order_id: str | None, instrument: Instrument) -> Request:
        """The request that cancels `order`; the session is all it needs."""
        del instrument
        named = {"order_id": venue_order_id} if venue_order_id else {"client_order_id": order.wire_id}
        return self.client.request("cancel_order", {"sub_account_id": self.client.own_account(), **named})

    @reads
    def fetch_order(self, order: Order, instrument: Instrument) -> OrderUpdate | None:
        """What GRVT knows of `order`. What it does not find by our id may still be in the history, newest first."""
        del instrument
        words = {"sub_account_id": self.client.own_account(), "client_order_id": order.wire_id}
        reply = ask(self.name, self.http, self.client.request("order", words))
        if reply.status == OK:
            return self._frames.account.order(self._read_order(reply.body).result)
        if self._read_answer(reply.body).code != _NOT_FOUND:
            raise VenueReadError(f"grvt answered {reply.status}: {reply.excerpt}")
        history = self.client.pages(self._read_orders, "order_history")
        found = next((row for row in history if row.metadata.client_order_id == order.wire_id), None)
        return None if found is None else self._frames.account.order(found)

    @reads
    def fetch_open_orders(self) -> list[OrderUpdate]:
        """Every open order."""
        rows = self.client.private(self._read_orders, "open_orders").result
        return [self._frames.account.order(row) for row in rows]

    @reads
    def fetch_fills(self, since_ms: int) -> list[Fill]:
        """The account's fills, oldest first; GRVT hands them out newest first."""
        rows = self.client.pages(self._read_fills, "fill_history", start_time=str(max(0, since_ms) * NS_PER_MS))
        return sorted((self._frames.account.fill(row) for row in rows), key=lambda fill: fill.time_ns)

    @reads
    def fetch_positions(self) -> list[Position]:
        """Every position that is not zero."""
        rows = self.client.private(self._read_positions, "positions").result
        return [each for row in rows if (each := self._frames.account.position(row)).quantity]

    @reads
    def fetch_balances(self) -> list[Balance]:
        """Every currency of the trading account that is not zero."""
        return self._frames.account.balances(self.client.private(self._read_summary, "account_summary").result)

    @reads
    def fetch_funding_payments(self, since_ms: int) -> list[FundingPayment]:
        """Funding paid and received, oldest first."""
        start = str(max(0, since_ms) * NS_PER_MS)
        rows = self.client.pages(self._read_funding, "funding_payment_history", start_time=start)
        payments = [self._frames.account.funding_payment(row) for row in rows]
        return sorted(payments, key=lambda payment: payment.settled_ns)


def _subscriptions(stream: str, selectors: Sequence[str]) -> list[str]:
    return [_rpc("subscribe", stream, batch) for batch in batches(selectors, SELECTORS_A_FRAME)]


def _rpc(method: str, stream: str, selectors: Sequence[str]) -> str:
    words = {"jsonrpc": "2.0", "method": method, "params": {"stream": stream, "selectors": selectors}, "id": 1}
    return json.dumps(words, separators=(",", ":"))


def _complaint(code: int, message: str) -> Outcome:
    text = f"grvt: {code} {message}"
    if code in _LIMITED:
        return Refused(text, retryable=True)
    return Refused(text) if code in _REFUSALS else Unknown(text)
