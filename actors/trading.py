"""The trading connection of one venue and account: the only sender of its orders, and the reader of what they do.

It checks the gate at the moment of sending, signs in order, and waits for answers outside its handlers, so that one
slow answer holds up nothing. What the venue says goes to the order book, never anywhere past it.
"""

from collections.abc import Callable
from typing import Any

import attrs

from actors.account_reader import ACCOUNT, AccountReader, ReadAccount, ReadFunding
from actors.calls import Calls
from actors.circuit import CircuitChanged, Connected, Lost
from actors.dead_man import DeadMan, HoldSwitch, StandDown, SwitchAnswered
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
)
from actors.order_sender import OrderSender
from actors.private_news import PrivateNews
from actors.private_session import Beat, KeepAlive, NotPrepared, Prepared, PrivateSession, Reconnect, Renew
from actors.questions import Questions
from actors.runtime import LATER, Actor, Backoff, MailboxSpec, Overflow, Slot, handles
from actors.stream import StreamClosed, StreamOpened
from actors.waiting_orders import CancelOthersOrders, CancelWaiting, ReadOthersOrders, WaitingOrders
from perpbot.clock import monotonic_ns
from perpbot.config.exchanges import Trading
from perpbot.model.events import Event, LoggedIn
from perpbot.model.instrument import Instrument
from perpbot.model.money import plain
from perpbot.model.order import Fill
from perpbot.venues.cancelling import Cancelled
from perpbot.venues.set_up import SetUp
from perpbot.venues.venue import Venue

FUNDING_EVERY_S = 60.0
AFTER_FILLS_S = 1.0
"""Balances are read this long after a fill, once for all that come meanwhile."""
ROUTINE_SHARE = 0.4
"""Balances and positions are not read in between while as much is spent of what a venue counts reads in."""
LOGIN_S = 10.0
"""A venue that wants a login has answered it after this long, or will not."""
SET_UP_EVERY_S = 60.0


@attrs.frozen
class _Filled:
    """Balances and positions have changed."""


@attrs.frozen
class _LoginOverdue:
    """The venue should have answered by now."""


@attrs.frozen
class _SetUpAgain:
    """It is time to try again what the venue would not set up."""


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
        self._backoff = backoff
        self._snapshot_s = snapshot_s
        self._instruments: dict[str, Instrument] = {}
        self._reads_soon = False
        self._ended = 0

    # -- coming up and going down --------------------------------------------------------------------------------

    def on_start(self) -> None:
        """Wait for the instruments."""
        venue, gate, known = self._venue, self._gate, self._instruments
        self._orders = self.look_up(self._orders_address)
        self._supervisor = self.look_up(gate.address.rsplit("/", 1)[0])
        self._calls = Calls(gate, self._supervisor)
        self._news = PrivateNews(self, venue, self._calls, self._orders)
        self._sender = OrderSender(self, venue, gate, self._calls, orders=self._orders, instruments=known)
        self._waiting = WaitingOrders(self, venue, orders=self._orders, instruments=known)
        self._dead_man = DeadMan(self, venue, gate, self._settings.dead_man_sec, known)
        self._margin = MarginSetUp(self, venue, gate, self._settings.leverage, known)
        self._session = PrivateSession(
            self,
            venue,
            gate,
            self._read_frame,
            instruments=known,
            margin=self._margin,
            backoff=self._backoff,
            heartbeat_s=self._settings.heartbeat_interval_sec,
        )
        self._reader = AccountReader(self, venue, known)
        self._questions = Questions(self, gate, self._calls, self._session)
        self.subscribe(self._instruments_address, LOADED)
        self.timers.every(self._snapshot_s, ReadAccount())
        self.timers.every(FUNDING_EVERY_S, ReadFunding())
        self.timers.every(SET_UP_EVERY_S, _SetUpAgain())

    @handles(InstrumentsLoaded)
    def on_instruments(self, news: InstrumentsLoaded) -> None:
        """Connect once the instruments are known."""
        self._instruments.clear()
        self._instruments.update({each.symbol: each for each in news.instruments})
        self._session.connect()

    @handles(CircuitChanged)
    def on_circuit(self, change: CircuitChanged) -> None:
        """An open circuit ends all attempts; in a half-open one a question to the account is the probe."""
        if change.after is Circuit.CIRCUIT_OPEN:
            self._session.stop_trying()
        elif change.after is Circuit.DEGRADED:
            if self._session.up:
                self._read_account()
            else:
                self._session.connect()

    @handles(Reconnect)
    def on_reconnect(self, _: Reconnect) -> None:
        """Try again."""
        self._session.connect()

    @handles(SetUp)
    def on_set_up(self, done: SetUp) -> None:
        """What came of it."""
        self._margin.done(done)

    @handles(_SetUpAgain)
    def on_set_up_again(self, _: _SetUpAgain) -> None:
        """Try again what was refused, when there is a connection to try it through."""
        if self._margin.refused and self._session.ready and self._gate.circuit is Circuit.CONNECTED:
            self._margin.again()

    @handles(NotPrepared)
    def on_not_prepared(self, news: NotPrepared) -> None:
        """Report it and try again later."""
        self._session.not_prepared()
        self._went_down(news.reason)

    @handles(Prepared)
    def on_prepared(self, news: Prepared) -> None:
        """Open the private stream."""
        self._margin.done(news.set_up)
        self._session.prepared(news)

    @handles(StreamOpened)
    def on_opened(self, news: StreamOpened) -> None:
        """Subscribe at once, where no login is waited for."""
        if not self._session.opened(news):
            return
        if self._venue.needs_login:
            self.timers.after(LOGIN_S, _LoginOverdue())
        else:
            self._subscribe()

    @handles(LoggedIn)
    def on_logged_in(self, _: LoggedIn) -> None:
        """Subscribe."""
        self.timers.cancel(_LoginOverdue.__name__)
        self._subscribe()

    @handles(_LoginOverdue)
    def on_login_overdue(self, _: _LoginOverdue) -> None:
        """Log in anew on another session: a venue that turned it down may leave this one as it is for ever."""
        self.log.warning("not logged in", venue=self._venue.name, within_s=LOGIN_S)
        self._session.start_over()

    def _subscribe(self) -> None:
        self._session.send(self._venue.private_subscriptions(tuple(self._instruments.values())))
        self._orders.tell(TradingReady(self._venue.name, self._venue.account))

    @handles(CatchUpDone)
    def on_caught_up(self, _: CatchUpDone) -> None:
        """Everything that was missed is durable: orders may be sent."""
        if not self._session.caught_up():
            return
        self._supervisor.tell(Connected(self._gate.address, self._session.moves))
        self._read_account()
        self._waiting.cancel_strays()
        self._dead_man.guard()

    @handles(StreamClosed)
    def on_closed(self, news: StreamClosed) -> None:
        """Report it and try again later. Orders in flight are asked for by the order book."""
        if not self._session.closed(news):
            return
        self._ended += 1
        self.timers.cancel(_LoginOverdue.__name__)
        self._dead_man.pause()
        self._went_down(news.reason)

    def _went_down(self, reason: str) -> None:
        self._calls.complain(reason)
        self._gate.health.went(well=False)
        self.log.warning("trading connection down", venue=self._venue.name, reason=reason)
        self._supervisor.tell(Lost(self._gate.address, self._gate.moves, reason))
        self._session.reconnect_later()

    @handles(Renew)
    def on_renew(self, _: Renew) -> None:
        """End the session when no order is on its way, and connect again at once."""
        self._session.renew(order_under_way=bool(self._sender.under_way))

    @handles(Beat)
    def on_beat(self, _: Beat) -> None:
        """Keep the session alive."""
        self._session.beat()

    @handles(KeepAlive)
    def on_keep_alive(self, _: KeepAlive) -> None:
        """Prolong what the private stream needs."""
        self._questions.put("keep-alive", self._venue.keep_private_alive, lambda _: None)

    # -- frames; runs in the reading task ------------------------------------------------------------------------

    def _read_frame(self, frame: bytes, received_ns: int) -> list[Event]:
        events = self._news.read(frame, received_ns)
        if any(isinstance(event, Fill) for event in events):
            self.ref.tell(_Filled())
        return events

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
        if self._session.ready:
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
        if self._session.ready and self._gate.circuit is Circuit.CONNECTED:
            self._dead_man.hold()
        elif self._session.ready:
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
        if self._session.ready:
            self._dead_man.let_go(slot)
        else:
            slot.set(None)
        return LATER

    # -- questions -----------------------------------------------------------------------------------------------

    @handles(AskForOrder)
    def on_ask_for_order(self, ask: AskForOrder) -> None:
        """Ask the venue for one order."""
        self._questions.put("order", lambda: self._reader.order(ask.order), self._orders.tell)

    @handles(CatchUp)
    def on_catch_up(self, request: CatchUp) -> None:
        """Ask the venue for everything since the mark."""
        self._questions.put(
            "catch-up",
            lambda: self._reader.catch_up(request),
            self._orders.tell,
            self._session.start_over,  # without it nothing may be sent
        )

    @handles(_Filled)
    def on_filled(self, _: _Filled) -> None:
        """Read soon what it made of balances and positions, unless they are read about as soon anyway."""
        if not self._reads_soon and self._snapshot_s > 2 * AFTER_FILLS_S:
            self._reads_soon = True
            self.timers.after(AFTER_FILLS_S, ReadAccount(), key=_Filled.__name__)

    @handles(ReadAccount)
    def on_read_account(self, _: ReadAccount) -> None:
        """Read balances and positions, when there is a connection to read them through, and room beside it.

        What is read every few seconds leaves room for what is asked because money depends on it.
        """
        self._reads_soon = False
        if self._session.ready and self._venue.http.limiter.reads_spent(monotonic_ns()) < ROUTINE_SHARE:
            self._read_account()

    def _read_account(self) -> None:
        self._questions.put("account", self._reader.account, lambda read: self.publish(ACCOUNT, read, retain=True))

    @handles(ReadFunding)
    def on_read_funding(self, request: ReadFunding) -> object:
        """Read what was paid and received, when there is a connection to read it through."""
        slot = self.defer()
        if request.known_ms is not None:
            self._reader.forget_funding(request.known_ms)
        if self._session.ready and self._gate.circuit is Circuit.CONNECTED:
            self.spawn_task(self._reader.answer_funding, slot)
        else:
            slot.set(False)
        return LATER

    # -- the rest ------------------------------------------------------------------------------------------------

    def on_stop(self) -> None:
        """Close the session."""
        self._session.close()

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
            "session": self._session.number,
            "up": self._session.up,
            "ready": self._session.ready,
            "last_error": self._calls.last_error,
            "rate_limits": self._venue.http.limiter.describe(monotonic_ns()),
            "orders": self._sender.sent,
            "not_sent": self._sender.not_sent,
            "errors": self._calls.errors,
            "frames": self._news.frames,
            "decode_errors": self._news.decode_errors,
            "reconnects": self._ended,
        }
