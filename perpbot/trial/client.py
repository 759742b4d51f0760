"""One venue seen through its adapter alone, over plain sockets: no actor, no greenlet, one question after the other."""

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from itertools import count

import attrs
import websocket

from perpbot import clock
from perpbot.model.book import Book
from perpbot.model.events import Bar, BookDelta, BookReset, BookSnapshot, Event, LoggedIn, PublicTrade
from perpbot.model.instrument import Instrument, InstrumentTable, Side, one_each
from perpbot.model.money import Price
from perpbot.model.order import Order, OrderUpdate, Outcome, TimeInForce
from perpbot.venues.book_builder import BookBuilder, Taken
from perpbot.venues.route import USER_AGENT
from perpbot.venues.venue import Tape, Venue

PATIENCE_S = 30.0
"""For a frame. Only a failure waits so long; a busy machine may be slow with what comes."""
TAPE_PATIENCE_S = 60.0
"""Somebody trades within a minute, and some venues send no bar before it is over."""
NUMBERS_A_NS = 10
"""Orders are numbered as high as in a run, so that their ids are as long, and apart from those of other clients."""
MOST_FRAMES = 1_000
"""What is waited for in a stream comes sooner, or not at all."""


class TrialError(Exception):
    """A check does not hold; the text says what was seen."""


@attrs.define
class BookStream:
    """A session of market data and the book that is built from it."""

    socket: websocket.WebSocket
    builder: BookBuilder
    reasons: list[str] = attrs.field(factory=list)
    """Why the book had no price, each time it lost it."""
    whole: int = 0
    """Frames that were whole books."""
    changes: int = 0
    """Frames that changed the book."""


class Client:
    """A venue, one instrument there, and what was opened to talk about it."""

    def __init__(self, venue: Venue, symbol: str) -> None:
        self.venue = venue
        self.symbol = symbol
        self._numbers = count(clock.wall_ns() * NUMBERS_A_NS)
        self._instrument: Instrument | None = None
        self._sockets: list[websocket.WebSocket] = []

    @property
    def instrument(self) -> Instrument:
        """The instrument that is tried; `TrialError` before the venue has told of it."""
        if self._instrument is None:
            raise TrialError(f"the instrument {self.symbol} is not known")
        return self._instrument

    def learn_instruments(self) -> int:
        """Ask for the instruments and make ready for orders where there are credentials; says how many there are."""
        found = self.venue.fetch_instruments()
        self.venue.instruments = InstrumentTable(one_each(found))
        self._instrument = self.venue.instruments.symbol(self.symbol)
        if self._instrument is None:
            raise TrialError(f"{self.symbol} is not among its {len(found)} instruments")
        if self.venue.credentials is not None:
            self.venue.prepare_trading()
        return len(found)

    def close(self) -> None:
        """Let go of every connection."""
        for socket in self._sockets:
            socket.close(timeout=0)
        self.venue.http.close()

    # -- streams -------------------------------------------------------------------------------------------------

    def open_book(self) -> BookStream:
        """A session that subscribes to the book."""
        only = [self.instrument]
        socket = self._connect(self.venue.public_url(only), self.venue.public_subscriptions(only))
        return BookStream(socket, BookBuilder(self.venue, self.symbol))

    def follow(self, stream: BookStream, enough: Callable[[BookStream], bool]) -> Book:
        """Build the book from the stream until it is `enough`; `TrialError` when that does not come."""
        for event in self.events(stream.socket, self.venue.decode_public):
            if not isinstance(event, BookSnapshot | BookDelta | BookReset) or event.symbol != self.symbol:
                continue
            taken = stream.builder.take(event)
            stream.whole += isinstance(event, BookSnapshot)
            stream.changes += isinstance(event, BookDelta)
            if taken is Taken.BROKEN:
                stream.reasons.append(stream.builder.book.reason or "")
            self._heal(stream, taken)
            if enough(stream):
                return stream.builder.book
        raise TrialError("the stream ended")

    def _heal(self, stream: BookStream, taken: Taken) -> None:
        if self.venue.book_by_rest and not stream.builder.book.valid:
            stream.builder.take(self.venue.fetch_book(self.instrument))
        elif taken is Taken.BROKEN:
            self._send(stream.socket, self.venue.book_resubscription(self.instrument))

    def tape(self) -> list[PublicTrade | Bar]:
        """The first trade between others and the first bar, from wherever the venue streams them."""
        return [heard for tape in self.venue.tapes([self.instrument]) for heard in self._first_of_each(tape)]

    def _first_of_each(self, tape: Tape) -> list[PublicTrade | Bar]:
        socket = self._connect(tape.url, tape.frames)
        socket.settimeout(TAPE_PATIENCE_S)
        heard: dict[type, PublicTrade | Bar] = {}
        try:
            for event in self.events(socket, self.venue.decode_public):
                if isinstance(event, PublicTrade | Bar) and event.symbol == self.symbol:
                    heard.setdefault(type(event), event)
                if tape.brings <= heard.keys():
                    break
        finally:
            socket.close(timeout=0)
        return list(heard.values())

    def book(self) -> Book:
        """The book as it is now."""
        stream = self.open_book()
        try:
            return self.follow(stream, lambda each: each.builder.book.valid)
        finally:
            stream.socket.close(timeout=0)

    def open_account(self) -> websocket.WebSocket:
        """A private session, logged in and subscribed."""
        url = self.venue.open_private()
        socket = self._connect(url, self.venue.login(), self.venue.private_headers(url))
        if self.venue.needs_login:
            self.hear(socket, lambda event: isinstance(event, LoggedIn), "the login was not confirmed")
        self._send(socket, self.venue.private_subscriptions([self.instrument]))
        return socket

    def hear(self, socket: websocket.WebSocket, wanted: Callable[[Event], bool], otherwise: str) -> list[Event]:
        """The events of a private session up to the first that is `wanted`; else `TrialError` says `otherwise`."""
        heard: list[Event] = []
        try:
            for event in self.events(socket, self.venue.decode_private):
                heard.append(event)
                if wanted(event):
                    return heard
        except (TrialError, websocket.WebSocketTimeoutException):
            pass  # told below, with what came instead
        kinds = ", ".join(dict.fromkeys(type(each).__name__ for each in heard)) or "nothing"
        raise TrialError(f"{otherwise}; the stream sent {kinds}")

    def _connect(self, url: str, frames: list[str], headers: Mapping[str, str] | None = None) -> websocket.WebSocket:
        way = self.venue.http.route.websocket_options(url, PATIENCE_S)
        header = {"User-Agent": USER_AGENT, **(headers or {})}
        socket = websocket.create_connection(url, timeout=PATIENCE_S, header=header, **way)
        self._sockets.append(socket)
        self._send(socket, frames)
        return socket

    @staticmethod
    def _send(socket: websocket.WebSocket, frames: list[str]) -> None:
        for frame in frames:
            socket.send(frame)

    @staticmethod
    def events(socket: websocket.WebSocket, decode: Callable[[str | bytes, int], list[Event]]) -> Iterator[Event]:
        """The events of a session, as `decode` makes them of its frames; `TrialError` when it ends, or goes on long."""
        for _ in range(MOST_FRAMES):
            frame = socket.recv()
            if not frame:
                raise TrialError("the venue closed the session")
            yield from decode(frame, 0)
        raise TrialError(f"what was waited for is not among {MOST_FRAMES} frames")

    # -- orders --------------------------------------------------------------------------------------------------

    def order(
        self, side: Side, away: Decimal, size: Decimal, time_in_force: TimeInForce, *, reduce_only: bool = False
    ) -> Order:
        """An order whose price is the fraction `away` behind the best price it meets; below zero it rests."""
        book = self.book()
        touch = book.best_ask()[0] if side is Side.BUY else book.best_bid()[0]
        number = next(self._numbers)
        return Order(
            client_id=str(number),
            wire_id=self.venue.wire_id(number),
            venue=self.venue.name,
            account=self.venue.account,
            symbol=self.symbol,
            side=side,
            quantity=self.instrument.round_quantity(size),
            price=self.instrument.round_price(Price(touch * (1 + side.sign * away)), side, outward=True),
            time_in_force=time_in_force,
            reduce_only=reduce_only,
            trade_id="trial",
            leg=side.value,
            purpose="open",
        )

    def place(self, order: Order) -> Outcome:
        """Place an order and read what the venue says at once; `NoAnswerError` when it says nothing."""
        return self.venue.read_place(self.venue.http.send(self.venue.place(order, self.instrument)))

    def cancel(self, order: Order, venue_order_id: str | None = None) -> None:
        """Ask for an order's end; the answer is not looked at, what becomes of it is asked for."""
        self.venue.http.send(self.venue.cancel(order, venue_order_id, self.instrument))

    def find(self, order: Order) -> OrderUpdate:
        """What the venue knows of an order; `TrialError` when it knows nothing."""
        found = self.venue.fetch_order(order, self.instrument)
        if found is None:
            raise TrialError("the venue does not know the order")
        return found

    def held(self) -> Decimal:
        """What is held of the instrument, below zero when it is owed."""
        return sum((each.quantity for each in self.venue.fetch_positions() if each.symbol == self.symbol), Decimal(0))
