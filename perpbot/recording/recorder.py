"""Listens to one venue's public market data and writes down what comes, over plain sockets.

What is subscribed to is what PerpBot trades on: books, marks and funding. Books are built on the way, for one purpose:
to ask for a new snapshot where one is lost, so that the recording has it.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event

import attrs
import websocket

from perpbot.clock import NS_PER_SECOND, monotonic_ns
from perpbot.model.events import BookDelta, BookReset, BookSnapshot, DecodeError, Ping, SessionEnding
from perpbot.model.events import Event as MarketEvent
from perpbot.model.instrument import Instrument, InstrumentTable, one_each
from perpbot.recording.writing import RecordingFile, RecordingHttp
from perpbot.venues.book_builder import BookBuilder, Taken
from perpbot.venues.lines import ENDS
from perpbot.venues.route import USER_AGENT
from perpbot.venues.venue import Venue, VenueReadError

TEXT, BINARY, CLOSE = 0x1, 0x2, 0x8
PATIENCE_S = 10.0
LOOK_S = 0.2
"""How often it is looked whether it is over, a heartbeat is due, or a book has no price."""
AGAIN_S = 3.0
"""Between two questions for the same thing, and at least between two sessions: longer than PerpBot's first pause, so
that it is there again, in a backtest, when the next recorded session begins."""
LONGEST_PAUSE_S = 60.0
LASTING_S = 60.0
"""A session that was shorter than this counts as one more failure, and the pause doubles."""


class _EndedError(Exception):
    """The session is over; the text says why."""


@attrs.define
class Recorder:
    """Records `symbols` of one venue into `file` until `over` is set."""

    venue: Venue
    symbols: Sequence[str]
    file: RecordingFile
    over: Event
    trouble: str = ""
    """The last thing that went wrong."""

    def run(self) -> None:
        """Record. Whatever goes wrong on the network is tried again; the recording has the gap."""
        self.venue.credentials = None
        self.venue.http = RecordingHttp(self.venue.http, self.file)
        try:
            instruments = self._learn()
            pause_s = AGAIN_S
            while instruments and not self.over.is_set():
                began_ns = monotonic_ns()
                self._record(instruments)
                lasted = monotonic_ns() - began_ns > LASTING_S * NS_PER_SECOND
                self.over.wait(AGAIN_S if lasted else pause_s)
                pause_s = AGAIN_S if lasted else min(2 * pause_s, LONGEST_PAUSE_S)
        finally:
            self.venue.http.close()

    def _learn(self) -> list[Instrument]:
        while not self.over.is_set():
            try:
                listed = one_each(self.venue.fetch_instruments(), self.venue.instruments)
                found = [each for each in listed if each.symbol in self.symbols]
            except VenueReadError as error:
                self.trouble = str(error)
                self.over.wait(AGAIN_S)
                continue
            self.venue.instruments = InstrumentTable(found)
            missing = [symbol for symbol in self.symbols if self.venue.instruments.symbol(symbol) is None]
            self.trouble = f"it does not have {', '.join(missing)}" if missing else ""
            return found
        return []

    def _record(self, instruments: Sequence[Instrument]) -> None:
        url = self.venue.public_url(instruments)
        try:
            socket = self._connect(url)
        except (OSError, websocket.WebSocketException) as error:
            self.trouble = f"{type(error).__name__}: {error}"
            return
        self.file.began(url)
        reason = ENDS
        try:
            with ThreadPoolExecutor(1) as asking:
                session = _Session(self.venue, instruments, self.file, socket, asking)
                session.follow(self.over)
            if session.without_price:
                self.trouble = f"in the end no book of {', '.join(session.without_price)}"
        except (OSError, websocket.WebSocketException, _EndedError) as error:
            reason = self.trouble = str(error) or type(error).__name__
        finally:
            socket.close(timeout=0)
            self.file.ended(url, reason)

    def _connect(self, url: str) -> websocket.WebSocket:
        way = self.venue.http.route.websocket_options(url, PATIENCE_S)
        return websocket.create_connection(
            url, timeout=PATIENCE_S, header={"User-Agent": USER_AGENT}, enable_multithread=True,
            skip_utf8_validation=True, **way,
        )  # fmt: skip


class _Session:
    """One session of market data."""

    def __init__(
        self,
        venue: Venue,
        instruments: Sequence[Instrument],
        file: RecordingFile,
        socket: websocket.WebSocket,
        asking: ThreadPoolExecutor,
    ) -> None:
        self._venue = venue
        self._instruments = {each.symbol: each for each in instruments}
        self._file = file
        self._socket = socket
        self._asking = asking
        self._builders = {symbol: BookBuilder(venue, symbol) for symbol in self._instruments}
        self._asked_ns: dict[str, int] = {}
        """When a snapshot of each book was last asked for."""
        self._coming: dict[str, Future[BookSnapshot]] = {}
        """Snapshots by REST that were asked for."""
        self._subscriptions = venue.public_subscriptions(instruments)
        self._next_subscription_ns = self._heard_ns = self._beaten_ns = monotonic_ns()

    @property
    def without_price(self) -> list[str]:
        """Symbols whose book is not whole."""
        return [symbol for symbol, builder in self._builders.items() if not builder.book.valid]

    def follow(self, over: Event) -> None:
        """Write down what comes until it is `over`; `_EndedError` when the session is."""
        self._socket.settimeout(LOOK_S)
        while not over.is_set():
            self._look_after(monotonic_ns())
            try:
                opcode, data = self._socket.recv_data(control_frame=True)
            except websocket.WebSocketTimeoutException:
                continue
            self._heard_ns = monotonic_ns()
            if opcode == CLOSE:
                why = data[2:].decode("utf-8", "replace") or "no reason given"
                raise _EndedError(f"the venue closed the session ({why})")
            if opcode in {TEXT, BINARY}:
                self._file.frame(data)
                self._heed(data)

    def _look_after(self, now_ns: int) -> None:
        """Show that we live, see that the venue does, and that every book gets a price."""
        heartbeat = self._venue.public_heartbeat
        if now_ns - self._heard_ns > heartbeat.silence_s * NS_PER_SECOND:
            raise _EndedError(f"nothing heard for {heartbeat.silence_s:g} s")
        if now_ns - self._beaten_ns > heartbeat.interval_s * NS_PER_SECOND:
            self._beaten_ns = now_ns
            self._send([heartbeat.frame]) if heartbeat.frame is not None else self._socket.ping()
        if self._subscriptions:
            self._subscribe(now_ns)
        else:
            self._take_snapshots()
            for symbol in self.without_price:
                if now_ns - self._asked_ns[symbol] > AGAIN_S * NS_PER_SECOND:
                    self._resync(symbol, now_ns)

    def _subscribe(self, now_ns: int) -> None:
        """Send the next subscriptions, as many at once as the venue takes; then come the books."""
        if now_ns < self._next_subscription_ns:
            return
        pace = self._venue.pace
        now, self._subscriptions = self._subscriptions[: pace.frames], self._subscriptions[pace.frames :]
        self._send(now)
        self._next_subscription_ns = now_ns + int(pace.pause_s * NS_PER_SECOND)
        if not self._subscriptions:
            self._asked_ns = dict.fromkeys(self._builders, now_ns)
            for symbol in self._builders if self._venue.book_by_rest else ():
                self._resync(symbol, now_ns)

    def _take_snapshots(self) -> None:
        for symbol in [each for each, snapshot in self._coming.items() if snapshot.done()]:
            snapshot = self._coming.pop(symbol)
            if not isinstance(snapshot.exception(), VenueReadError):  # that is asked for again
                self._builders[symbol].take(snapshot.result())

    def _heed(self, data: bytes) -> None:
        try:
            events = self._venue.decode_public(data, self._heard_ns)
        except DecodeError:
            return  # it is in the recording as it came, for whoever wants to know
        for event in events:
            self._heed_event(event)

    def _heed_event(self, event: MarketEvent) -> None:
        if isinstance(event, BookDelta | BookReset | BookSnapshot):
            builder = self._builders.get(event.symbol)
            if builder is not None and builder.take(event) is Taken.BROKEN:
                self._resync(event.symbol, self._heard_ns)
        elif isinstance(event, Ping):
            self._send([event.answer])
        elif isinstance(event, SessionEnding):
            raise _EndedError(event.reason)

    def _resync(self, symbol: str, now_ns: int) -> None:
        self._asked_ns[symbol] = now_ns
        instrument = self._instruments[symbol]
        if not self._venue.book_by_rest:
            self._send(self._venue.book_resubscription(instrument))
        elif symbol not in self._coming:
            fetch: Callable[[Instrument], BookSnapshot] = self._venue.fetch_book
            self._coming[symbol] = self._asking.submit(fetch, instrument)

    def _send(self, frames: Sequence[str]) -> None:
        for frame in frames:
            self._socket.send(frame)
