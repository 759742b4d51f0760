"""The simulated venues in a process of their own, and a client of one of them made of the venue's adapter alone."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from itertools import count
from typing import Any, TypeVar
from urllib.request import Request as UrlRequest
from urllib.request import urlopen

import websocket
from venue_cases import NAMES, an_order

from perpbot import clock
from perpbot.model.book import Book
from perpbot.model.events import BookDelta, BookReset, BookSnapshot, DecodeError, Event
from perpbot.model.instrument import InstrumentTable, Side
from perpbot.model.money import Price
from perpbot.model.order import Order, Outcome, TimeInForce
from perpbot.venues.book_builder import BookBuilder, Taken
from perpbot.venues.http import Http
from perpbot.venues.registry import venue_class
from perpbot.venues.venue import Credentials, Endpoints, Tape, Venue
from perpbot.venues.venue_clock import VenueClock

PATIENCE_S = 15.0
MOST_FRAMES = 400
E = TypeVar("E")


@contextmanager
def served() -> Iterator[dict[str, Any]]:
    """Where the venues are, while they are served."""
    command = [sys.executable, "-m", "perpbot.simulation.venues", *NAMES, "--seed", "7", "--die-with-parent"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())
    finally:
        process.terminate()
        process.wait(timeout=PATIENCE_S)


class LateClock(VenueClock):
    """A clock that is behind and learns nothing."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._behind_ms = int(seconds * 1_000)

    def now_ms(self) -> int:
        return clock.wall_ms() - self._behind_ms

    def heard(self, date: str, sent_ns: int, received_ns: int) -> None:
        pass


class Served:
    """One served venue seen through its adapter."""

    _numbers = count(1)

    def __init__(self, name: str, details: dict[str, Any]) -> None:
        self._admin = f"{details['admin']['url']}/admin/{name}"
        place = details[name]
        streams = place["ws"]
        endpoints = Endpoints(rest=place["rest"], public_ws=streams["public"], private_ws=streams["private"])
        self.venue: Venue = venue_class(name)(endpoints, Http(), Credentials(place["credentials"]))
        self.venue.instruments = InstrumentTable(self.venue.fetch_instruments())
        self.venue.prepare_trading()
        self.bitcoin = next(each for each in self.venue.instruments if each.symbol == "BTC-PERP")
        self.undecodable = 0
        self._sockets: list[websocket.WebSocket] = []

    def behind(self, seconds: float) -> Venue:
        """The same account by an adapter whose clock is late."""
        http = Http()
        late = venue_class(self.venue.name)(self.venue.endpoints, http, self.venue.credentials)
        if late.name in {"extended", "edgex", "grvt", "hyperliquid", "paradex"}:
            late.prepare_trading()
        http.venue_clock = LateClock(seconds)
        return late

    def close(self) -> None:
        """Let go of every connection."""
        self.faults(gap=0, status_500=0)
        for socket in self._sockets:
            socket.close()
        self.venue.http.close()

    def faults(self, **faults: int | bool) -> None:
        """Make the next occasions go wrong."""
        body = json.dumps(faults).encode()
        urlopen(UrlRequest(f"{self._admin}/faults", body, method="POST"), timeout=PATIENCE_S).close()  # noqa: S310

    # -- streams -------------------------------------------------------------------------------------------------

    def public(self) -> websocket.WebSocket:
        """A public stream with its subscriptions."""
        return self._connect(self.venue.public_url([self.bitcoin]), self.venue.public_subscriptions([self.bitcoin]))

    def tape(self, tape: Tape) -> websocket.WebSocket:
        """A public stream of trades or bars."""
        return self._connect(tape.url, tape.frames)

    def private(self) -> websocket.WebSocket:
        """A private stream, logged in and subscribed."""
        url = self.venue.open_private()
        socket = self._connect(url, self.venue.login(), self.venue.private_headers(url))
        if self.venue.needs_login:
            assert [type(event).__name__ for event in self.venue.decode_private(socket.recv(), 0)] == ["LoggedIn"]
        for frame in self.venue.private_subscriptions([self.bitcoin]):
            socket.send(frame)
        return socket

    def _connect(self, url: str, frames: list[str], headers: Mapping[str, str] | None = None) -> websocket.WebSocket:
        socket = websocket.create_connection(url, timeout=PATIENCE_S, header=dict(headers or {}))
        self._sockets.append(socket)
        for frame in frames:
            socket.send(frame)
        return socket

    def public_events(self, socket: websocket.WebSocket) -> Iterator[Event]:
        """The events of a public stream; frames that cannot be decoded are counted."""
        for _ in range(MOST_FRAMES):
            try:
                yield from self.venue.decode_public(socket.recv(), 0)
            except DecodeError:
                self.undecodable += 1
        raise AssertionError("what was waited for did not come")

    def until(self, socket: websocket.WebSocket, wanted: Callable[[Event], bool]) -> list[Event]:
        """The events of a private stream up to the first that is `wanted`."""
        events: list[Event] = []
        for _ in range(MOST_FRAMES):
            for event in self.venue.decode_private(socket.recv(), 0):
                events.append(event)
                if wanted(event):
                    return events
        raise AssertionError(f"what was waited for did not come, but {events[-5:]}")

    def book(
        self,
        socket: websocket.WebSocket,
        enough: Callable[[BookBuilder, int], bool],
        begun: BookBuilder | None = None,
    ) -> BookBuilder:
        """Build a book, or build on at one, until it is `enough`, told the builder and how many events it took."""
        builder, taken = begun or BookBuilder(self.venue, "BTC-PERP"), 0
        for event in self.public_events(socket):
            if not isinstance(event, BookSnapshot | BookDelta | BookReset):
                continue
            result = builder.take(event)
            taken += 1
            if enough(builder, taken):
                return builder
            if self.venue.book_by_rest and not builder.book.valid:
                builder.take(self.venue.fetch_book(self.bitcoin))
            elif result is Taken.BROKEN:
                for frame in self.venue.book_resubscription(self.bitcoin):
                    socket.send(frame)
        raise AssertionError("the stream ended")

    def fresh_book(self) -> Book:
        """The book as it is now."""
        return self.book(self.public(), lambda builder, _taken: builder.book.valid).book

    # -- orders --------------------------------------------------------------------------------------------------

    def order(self, side: Side, away: str, *, size: str = "0.01", **changes: Any) -> Order:
        """An order whose price is the fraction `away` behind the best price it meets; below zero it rests."""
        book = self.fresh_book()
        touch = book.best_ask()[0] if side is Side.BUY else book.best_bid()[0]
        price = self.bitcoin.round_price(Price(touch * (1 + side.sign * Decimal(away))), side, outward=True)
        number = next(self._numbers)
        usual = {
            "client_id": str(number),
            "wire_id": self.venue.wire_id(number),
            "side": side,
            "price": price,
            "quantity": self.bitcoin.round_quantity(Decimal(size)),
            "time_in_force": TimeInForce.IOC,
        }
        return an_order(self.venue, **{**usual, **changes})

    def place(self, order: Order) -> Outcome:
        """Place an order and read what became of it."""
        return self.venue.read_place(self.venue.http.send(self.venue.place(order, self.bitcoin)))


def of_kind(events: list[Event], kind: type[E]) -> list[E]:
    """Those of `events` that are of one kind."""
    return [event for event in events if isinstance(event, kind)]
