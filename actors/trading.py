"""The trading connection of one venue and account: the only sender of its orders, and the reader of what they do.

It checks the gate at the moment of sending, signs in order, and waits for answers outside its handlers, so that one
slow answer holds up nothing. What the venue says goes to the order book, never anywhere past it.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import attrs

from actors.account_reader import ACCOUNT, FUNDING, AccountReader, ReadAccount, ReadFunding, UnlistedError
from actors.calls import Calls
from actors.circuit import CircuitChanged, Connected, Lost
from actors.dead_man import DeadMan, HoldSwitch, SwitchAnswered
from actors.gate import Circuit, Gate
from actors.instruments import LOADED, InstrumentsLoaded
from actors.margin_set_up import MarginSetUp
from actors.order_news import (
    AskForOrder,
    CancelOrder,
    CatchUp,
    CatchUpDone,
    PlaceOrder,
    TradingReady,
    TurnCame,
    VenueNews,
)
from actors.order_sender import OrderSender
from actors.runtime import LATER, Actor, Backoff, MailboxSpec, Overflow, Slot, handles
from actors.stream import LocalStream, Reconnects, Stream, StreamClosed, StreamError, StreamOpened, renewal_s
from actors.waiting_orders import WaitingOrders
from perpbot.clock import monotonic_ns
from perpbot.config.exchanges import Trading
from perpbot.model.events import DecodeError, Event, LoggedIn, Ping, SessionEnding, VenueError
from perpbot.model.instrument import Instrument
from perpbot.model.money import plain
from perpbot.model.order import (
    Fill,
    FundingPayment,
    OrderUpdate,
)
from perpbot.venues.cancelling import Cancelled
from perpbot.venues.set_up import SetUp
from perpbot.venues.venue import TooManyRequestsError, Venue, VenueReadError

FUNDING_EVERY_S = 60.0
AFTER_FILLS_S = 1.0
"""Balances are read this long after a fill, once for all that come meanwhile."""
SET_UP_EVERY_S = 60.0
RENEW_AGAIN_S = 1.0
"""A session that could not be renewed because an order was on its way is looked at again after this long."""


@attrs.frozen
class _Prepared:
    """The account can be traded."""

    url: str
    headers: Mapping[str, str] = attrs.field(repr=False)
    set_up: SetUp


@attrs.frozen
class _NotPrepared:
    reason: str


@attrs.frozen
class CancelWaiting:
    """Cancel our orders that wait at the venue, those that may rest too. Answered with `Cancelled`."""


@attrs.frozen
class ReadOthersOrders:
    """Which open orders in `symbol` are not ours? Answered with `OrderUpdate`s, or a `Cancelled` that says why not."""

    symbol: str


@attrs.frozen
class CancelOthersOrders:
    """Cancel the open orders in `symbol` that are not ours. Answered with `Cancelled`."""

    symbol: str


@attrs.frozen
class StandDown:
    """Nothing will be sent any more: switch the dead man's switch off. Answered when that is done, or cannot be."""


@attrs.frozen
class _Filled:
    """Balances and positions have changed."""


@attrs.frozen
class _Reconnect:
    """It is time for the next attempt."""


@attrs.frozen
class _SetUpAgain:
    """It is time to try again what the venue would not set up."""


@attrs.frozen
class _Renew:
    """It is time to begin a new session before the venue ends this one."""


@attrs.frozen
class _Beat:
    """It is time for a heartbeat."""


@attrs.frozen
class _KeepAlive:
    """It is time to prolong the private stream."""


@attrs.define
class Counts:
    """What the connection has seen since it started."""

    frames: int = 0
    decode_errors: int = 0
    reconnects: int = 0


class TradingConnection(Actor):
    """Sends orders and reads their fate. It exists only with `trade_enabled` and credentials."""

    mailbox = MailboxSpec(capacity=10_000, overflow=Overflow.REJECT)

    def __init__(
        self,
        venue: Venue,
        gate: Gate,
        settings: Trading,
        instruments: str,
        orders: str,
        backoff: Backoff,
        snapshot_s: float,
    ) -> None:
        super().__init__()
        self._venue = venue
        self._gate = gate
        self._settings = settings
        self._instruments_address = instruments
        self._orders_address = orders
        self._reconnects = Reconnects(backoff)
        self._snapshot_s = snapshot_s
        self._instruments: dict[str, Instrument] = {}
        self._session = 0
        self._stream: Stream | None = None
        self._preparing = False
        self._ready = False
        self._renewing = False
        self._reads_soon = False
        self._moves = 0
        self.counts = Counts()

    # -- coming up and going down --------------------------------------------------------------------------------

    def on_start(self) -> None:
        """Wait for the instruments."""
        venue, gate, known = self._venue, self._gate, self._instruments
        self._orders = self.look_up(self._orders_address)
        self._supervisor = self.look_up(gate.address.rsplit("/", 1)[0])
        self._calls = Calls(gate, self._supervisor)
        self._sender = OrderSender(self, venue, gate, self._calls, orders=self._orders, instruments=known)
        self._waiting = WaitingOrders(self, venue, orders=self._orders, instruments=known)
        self._dead_man = DeadMan(self, venue, gate, self._settings.dead_man_sec, known)
        self._margin = MarginSetUp(self, venue, gate, self._settings.leverage, known)
        self._reader = AccountReader(self, venue, known)
        self.subscribe(self._instruments_address, LOADED)
        self.timers.every(self._snapshot_s, ReadAccount())
        self.timers.every(FUNDING_EVERY_S, ReadFunding())
        self.timers.every(SET_UP_EVERY_S, _SetUpAgain())

    @handles(InstrumentsLoaded)
    def on_instruments(self, news: InstrumentsLoaded) -> None:
        """Connect once the instruments are known."""
        self._instruments.clear()
        self._instruments.update({each.symbol: each for each in news.instruments})
        self._connect()

    @handles(CircuitChanged)
    def on_circuit(self, change: CircuitChanged) -> None:
        """An open circuit ends all attempts; in a half-open one a question to the account is the probe."""
        if change.after is Circuit.CIRCUIT_OPEN:
            self.timers.cancel(_Reconnect.__name__)
        elif change.after is Circuit.DEGRADED:
            if self._stream is None:
                self._connect()
            else:
                self._read_account()

    @handles(_Reconnect)
    def on_reconnect(self, _: _Reconnect) -> None:
        """Try again."""
        self._connect()

    def _connect(self) -> None:
        busy = self._stream is not None or self._preparing
        if busy or not self._instruments or not self._gate.take():
            return
        self._preparing = True
        self._moves = self._gate.moves
        self.spawn_task(self._prepare)

    def _prepare(self) -> None:
        try:
            self._venue.prepare_trading()
            done = self._margin.carry_out()
            url = self._venue.open_private()
            headers = self._venue.private_headers(url)
        except VenueReadError as error:
            self.ref.tell(_NotPrepared(str(error)))
            return
        self.ref.tell(_Prepared(url, headers, done))

    @handles(SetUp)
    def on_set_up(self, done: SetUp) -> None:
        """What came of it."""
        self._margin.done(done)

    @handles(_SetUpAgain)
    def on_set_up_again(self, _: _SetUpAgain) -> None:
        """Try again what was refused, when there is a connection to try it through."""
        if self._margin.refused and self._ready and self._gate.circuit is Circuit.CONNECTED:
            self._margin.again()

    @handles(_NotPrepared)
    def on_not_prepared(self, news: _NotPrepared) -> None:
        """Report it and try again later."""
        self._preparing = False
        self._went_down(news.reason)

    @handles(_Prepared)
    def on_prepared(self, news: _Prepared) -> None:
        """Open the private stream."""
        self._preparing = False
        self._margin.done(news.set_up)
        self._session += 1
        session = self._session, self.ref, self._venue.private_heartbeat, self._on_frame, self._on_life
        local = self._venue.private_frames()
        self._stream = (
            Stream(*session, route=self._venue.http.route) if local is None else LocalStream(*session, frames=local)
        )
        self.spawn_task(self._stream.run, news.url, news.headers)

    @handles(StreamOpened)
    def on_opened(self, news: StreamOpened) -> None:
        """Log in where that is needed, else subscribe at once."""
        if self._stream is None or news.session != self._session:
            return
        self.timers.every(min(self._settings.heartbeat_interval_sec, self._venue.private_heartbeat.interval_s), _Beat())
        if self._venue.private_keepalive_s is not None:
            self.timers.every(self._venue.private_keepalive_s, _KeepAlive())
        if self._venue.session_life_s is not None:
            self.timers.after(renewal_s(self._venue.session_life_s, self.chance.random()), _Renew())
        self._send_frames(self._venue.login())
        if not self._venue.needs_login:
            self._subscribe()

    @handles(LoggedIn)
    def on_logged_in(self, _: LoggedIn) -> None:
        """Subscribe."""
        self._subscribe()

    def _subscribe(self) -> None:
        self._send_frames(self._venue.private_subscriptions(tuple(self._instruments.values())))
        self._orders.tell(TradingReady(self._venue.name, self._venue.account))

    def _send_frames(self, frames: list[str]) -> None:
        if self._stream is not None:
            with suppress(StreamError):  # StreamClosed is on its way
                self._stream.send(frames)

    @handles(CatchUpDone)
    def on_caught_up(self, _: CatchUpDone) -> None:
        """Everything that was missed is durable: orders may be sent."""
        if self._stream is None or self._ready:
            return
        self._ready = True
        self._reconnects.up(monotonic_ns())
        self._supervisor.tell(Connected(self._gate.address, self._moves))
        self._read_account()
        self._waiting.cancel_strays()
        self._dead_man.guard()

    @handles(StreamClosed)
    def on_closed(self, news: StreamClosed) -> None:
        """Report it and try again later. Orders in flight are asked for by the order book."""
        if news.session != self._session:
            return
        self._stream = None
        self._ready = False
        self.counts.reconnects += 1
        for timer in (_Beat, _KeepAlive, _Renew):
            self.timers.cancel(timer.__name__)
        self._dead_man.pause()
        self._went_down(news.reason)

    def _went_down(self, reason: str) -> None:
        self._calls.complain(reason)
        self._gate.health.went(well=False)
        self.log.warning("trading connection down", venue=self._venue.name, reason=reason)
        self._supervisor.tell(Lost(self._gate.address, self._gate.moves, reason))
        delay_s = 0.0 if self._renewing else self._reconnects.down(monotonic_ns(), self.chance.random())
        self._renewing = False
        self.timers.after(delay_s, _Reconnect())

    @handles(_Renew)
    def on_renew(self, _: _Renew) -> None:
        """End the session when no order is on its way, and connect again at once."""
        if self._stream is None:
            return
        if self._sender.under_way:
            self.timers.after(RENEW_AGAIN_S, _Renew())
            return
        self._renewing = True
        self.log.info("session renewed", venue=self._venue.name)
        self._stream.close()

    @handles(_Beat)
    def on_beat(self, _: _Beat) -> None:
        """Keep the session alive."""
        if self._stream is not None:
            with suppress(StreamError):  # StreamClosed is on its way
                self._stream.beat()

    @handles(_KeepAlive)
    def on_keep_alive(self, _: _KeepAlive) -> None:
        """Prolong what the private stream needs."""
        self._ask("keep-alive", self._venue.keep_private_alive, lambda _: None)

    # -- frames; runs in the reading task ------------------------------------------------------------------------

    def _on_life(self, now_ns: int) -> None:
        self._gate.heard_ns = now_ns

    def _on_frame(self, frame: bytes, received_ns: int) -> None:
        self.counts.frames += 1
        try:
            events = self._venue.decode_private(frame, received_ns)
        except DecodeError as error:
            self.counts.decode_errors += 1
            self._calls.last_error = str(error)
            self.log.error("private frame not understood", venue=self._venue.name, error=str(error))
            # what it told is asked for instead
            self._orders.tell(TradingReady(self._venue.name, self._venue.account))
            return
        for event in events:
            self._on_event(event)
        news = tuple(event for event in events if isinstance(event, OrderUpdate | Fill))
        if news:
            self._orders.tell(VenueNews(self._venue.name, self._venue.account, news))
        if any(isinstance(event, Fill) for event in news):
            self.ref.tell(_Filled())

    def _on_event(self, event: Event) -> None:
        if isinstance(event, LoggedIn):
            self.ref.tell(event)
        elif isinstance(event, Ping):
            self._send_frames([event.answer])
        elif isinstance(event, FundingPayment):
            self.publish(FUNDING, event)
        elif isinstance(event, SessionEnding):
            self.log.info("session ending", venue=self._venue.name, reason=event.reason)
            if self._stream is not None:
                self._stream.close()
        elif isinstance(event, VenueError):
            self._calls.complain(f"{event.code}: {event.message}")
            self.log.error("venue complains", venue=self._venue.name, code=event.code, message=event.message)

    # -- orders --------------------------------------------------------------------------------------------------

    @handles(PlaceOrder)
    def on_place(self, place: PlaceOrder) -> None:
        """Have it sent, or refused."""
        self._sender.place(place)

    @handles(TurnCame)
    def on_turn(self, _: TurnCame) -> None:
        """The rate limit lets one more leave."""
        self._sender.depart()

    # -- cancels -------------------------------------------------------------------------------------------------

    @handles(CancelOrder)
    def on_cancel(self, request: CancelOrder) -> None:
        """Send it once, and ask what became of the order."""
        self._waiting.cancel(request.waiting)

    @handles(CancelWaiting)
    def on_cancel_waiting(self, _: CancelWaiting) -> object:
        """Cancel all that is ours, in a task."""
        return self._when_ready(self._waiting.cancel_all)

    def _when_ready(self, act: Callable[[Slot], None]) -> object:
        """Have `act` answer who asked; where nothing can be sent, the answer is a `Cancelled` that says why."""
        slot = self.defer()
        if self._ready:
            act(slot)
        else:
            slot.set(Cancelled(self._venue.name, trouble=self._gate.refusal_to_reduce() or "it is not connected yet"))
        return LATER

    @handles(ReadOthersOrders)
    def on_read_others(self, request: ReadOthersOrders) -> object:
        """Look, in a task."""
        return self._when_ready(lambda slot: self._waiting.read_others(request.symbol, slot))

    @handles(CancelOthersOrders)
    def on_cancel_others(self, request: CancelOthersOrders) -> object:
        """An operator has made them ours to cancel."""
        return self._when_ready(lambda slot: self._waiting.cancel_others(request.symbol, slot))

    # -- the dead man's switch -----------------------------------------------------------------------------------

    @handles(HoldSwitch)
    def on_hold_switch(self, _: HoldSwitch) -> None:
        """Give a sign of life. That it is refused says nothing against the connection."""
        if self._ready and self._gate.circuit is Circuit.CONNECTED:
            self._dead_man.hold()
        elif self._ready:
            self._dead_man.hold_soon()

    @handles(SwitchAnswered)
    def on_switch_answered(self, answer: SwitchAnswered) -> None:
        """The venue holds it, or says why not."""
        self._dead_man.answered(answer)

    @handles(StandDown)
    def on_stand_down(self, _: StandDown) -> object:
        """Let go of the switch, or orders of others would be cancelled when we are gone."""
        self._dead_man.pause()
        slot = self.defer()
        if self._ready:
            self._dead_man.let_go(slot)
        else:
            slot.set(None)
        return LATER

    # -- questions -----------------------------------------------------------------------------------------------

    @handles(AskForOrder)
    def on_ask_for_order(self, ask: AskForOrder) -> None:
        """Ask the venue for one order."""
        self._ask("order", lambda: self._reader.order(ask.order), self._orders.tell)

    @handles(CatchUp)
    def on_catch_up(self, request: CatchUp) -> None:
        """Ask the venue for everything since the mark."""
        self._ask("catch-up", lambda: self._reader.catch_up(request), self._orders.tell)

    @handles(_Filled)
    def on_filled(self, _: _Filled) -> None:
        """Read soon what it made of balances and positions, unless they are read about as soon anyway."""
        if not self._reads_soon and self._snapshot_s > 2 * AFTER_FILLS_S:
            self._reads_soon = True
            self.timers.after(AFTER_FILLS_S, ReadAccount(), key=_Filled.__name__)

    @handles(ReadAccount)
    def on_read_account(self, _: ReadAccount) -> None:
        """Read balances and positions, when there is a connection to read them through."""
        self._reads_soon = False
        if self._ready:
            self._read_account()

    def _read_account(self) -> None:
        self._ask("account", self._reader.account, lambda read: self.publish(ACCOUNT, read, retain=True))

    @handles(ReadFunding)
    def on_read_funding(self, _: ReadFunding) -> object:
        """Read what was paid and received, when there is a connection to read it through."""
        slot = self.defer()
        if self._ready and self._gate.circuit is Circuit.CONNECTED:
            self.spawn_task(self._reader.answer_funding, slot)
        else:
            slot.set(False)
        return LATER

    def _ask(self, what: str, question: Callable[[], Any], tell: Callable[[Any], None]) -> None:
        """Put a question to the venue in a task; its answer goes to `tell`, its failure to the circuit.

        An open circuit lets none through; who needs the answer asks again.
        """
        connecting = self._stream is not None and not self._ready and self._gate.circuit is not Circuit.CIRCUIT_OPEN
        if not connecting and not self._gate.take():
            return
        self.spawn_task(self._await_answer, what, question, tell, self._gate.moves)

    def _await_answer(self, what: str, question: Callable[[], Any], tell: Callable[[Any], None], moves: int) -> None:
        try:
            answer = question()
        except VenueReadError as error:
            self.log.warning("question not answered", venue=self._venue.name, what=what, error=str(error))
            if not isinstance(error, TooManyRequestsError | UnlistedError):
                self._calls.ended(moves, error)
            if what == "catch-up" and not self._ready and self._stream is not None:
                self._stream.close()  # without it nothing may be sent: start over
            return
        self._gate.health.went(well=True)
        self._calls.succeeded(moves)
        tell(answer)

    # -- the rest ------------------------------------------------------------------------------------------------

    def on_stop(self) -> None:
        """Close the session."""
        if self._stream is not None:
            self._stream.close()

    def describe(self) -> dict[str, Any]:
        """The session and what was counted."""
        return {
            "venue": self._venue.name,
            "account": self._venue.account,
            "circuit": self._gate.circuit.value,
            "refusal_to_open": self._gate.refusal_to_open(),
            "leverage": {symbol: plain(self._gate.leverage(symbol)) for symbol in self._instruments},
            "dead_man": self._gate.dead_man,
            "not_set_up": dict(self._margin.refused),
            "session": self._session,
            "up": self._stream is not None,
            "ready": self._ready,
            "last_error": self._calls.last_error,
            "rate_limits": self._venue.http.limiter.describe(monotonic_ns()),
            "orders": self._sender.sent,
            "not_sent": self._sender.not_sent,
            "errors": self._calls.errors,
            **attrs.asdict(self.counts),
        }
