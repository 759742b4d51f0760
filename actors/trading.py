"""The trading connection of one venue and account: the only sender of its orders, and the reader of what they do.

It checks the gate at the moment of sending, signs in order, and waits for answers outside its handlers, so that one
slow answer holds up nothing. What the venue says goes to the order book, never anywhere past it.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import attrs
import gevent
from gevent.threadpool import ThreadPool

from actors.circuit import CallBegan, CallFailed, CallSucceeded, CircuitChanged, Connected, Lost, speaks_against
from actors.gate import Circuit, Gate
from actors.instruments import LOADED, InstrumentsLoaded
from actors.order_news import (
    AskForOrder,
    CancelOrder,
    CatchUp,
    CatchUpAnswer,
    CatchUpDone,
    FindOurs,
    OrderSent,
    OutcomeArrived,
    PlaceOrder,
    TradingReady,
    VenueNews,
)
from actors.runtime import LATER, Actor, ActorDeadError, AskTimeoutError, Backoff, MailboxSpec, Overflow, Slot, handles
from actors.stream import Reconnects, Stream, StreamClosed, StreamError, StreamOpened, renewal_s
from perpbot.clock import NS_PER_SECOND, monotonic_ns
from perpbot.config.exchanges import Trading
from perpbot.execution.inquiry import OrderFound
from perpbot.model.events import DecodeError, Event, LoggedIn, Ping, SessionEnding, VenueError
from perpbot.model.instrument import Instrument
from perpbot.model.money import plain
from perpbot.model.order import (
    Balance,
    Fill,
    FundingPayment,
    Order,
    OrderUpdate,
    Outcome,
    Position,
    Refused,
    Unknown,
)
from perpbot.risk.approval import ApprovalKind
from perpbot.venues.cancelling import Cancelled, Waiting, cancel, cancel_waiting
from perpbot.venues.http import NoAnswerError, NotSentError, Request
from perpbot.venues.rate_limit import ORDER, Urgency
from perpbot.venues.set_up import SetUp, set_up
from perpbot.venues.venue import TooManyRequestsError, Venue, VenueReadError

ACCOUNT = "account"
"""Topic: `AccountRead`, whenever positions and balances were read."""
FUNDING = "funding"
"""Topic: `FundingPayment`s."""
FUNDING_EVERY_S = 60.0
SET_UP_EVERY_S = 60.0
SIGNER_IDLE_S = 600
"""The thread that signs ends when there was nothing to sign for this long; the next order starts one."""
RENEW_AGAIN_S = 1.0
"""A session that could not be renewed because an order was on its way is looked at again after this long."""
CANCEL_PAUSE_S = 0.2
"""For the venue to cancel what it was asked to, before it is asked what still waits; longer every time."""
FUNDING_OVERLAP_MS = 600_000
"""Funding is asked for from this long before the last reading; what is known already is not booked again."""


@attrs.frozen
class AccountRead:
    """What the venue says the account holds, all of it, at one moment."""

    venue: str
    account: str
    balances: tuple[Balance, ...]
    positions: tuple[Position, ...]
    read_ns: int
    """Monotonic, when the question left."""


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
class StandDown:
    """Nothing will be sent any more: switch the dead man's switch off. Answered when that is done, or cannot be."""


@attrs.frozen
class _HoldSwitch:
    """It is time for a sign of life to the dead man's switch."""


@attrs.frozen
class _SwitchAnswered:
    reason: str
    """Why the switch could not be set; empty when it was."""


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


@attrs.frozen
class ReadAccount:
    """Read balances and positions now."""


@attrs.frozen
class ReadFunding:
    """Read funding payments now. An asker is answered when they were published, or could not be read."""


@attrs.define
class Counts:
    """What the connection has seen since it started."""

    frames: int = 0
    orders: int = 0
    not_sent: int = 0
    decode_errors: int = 0
    reconnects: int = 0
    errors: int = 0


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
        self._sending = 0
        """Orders whose answer has not come."""
        self._renewing = False
        self._moves = 0
        self._calls = 0
        self._last_error: str | None = None
        self._funding_ms = 0
        self.counts = Counts()

    # -- coming up and going down --------------------------------------------------------------------------------

    def on_start(self) -> None:
        """Wait for the instruments."""
        self._signing = ThreadPool(1, idle_task_timeout=SIGNER_IDLE_S)
        self._orders = self.look_up(self._orders_address)
        self._supervisor = self.look_up(self._gate.address.rsplit("/", 1)[0])
        self.subscribe(self._instruments_address, LOADED)
        self.timers.every(self._snapshot_s, ReadAccount())
        self.timers.every(FUNDING_EVERY_S, ReadFunding())
        self.timers.every(SET_UP_EVERY_S, _SetUpAgain())

    @handles(InstrumentsLoaded)
    def on_instruments(self, news: InstrumentsLoaded) -> None:
        """Connect once the instruments are known."""
        self._instruments = {each.symbol: each for each in news.instruments}
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
            done = self._set_up()
            url = self._venue.open_private()
            headers = self._venue.private_headers(url)
        except VenueReadError as error:
            self.ref.tell(_NotPrepared(str(error)))
            return
        self.ref.tell(_Prepared(url, headers, done))

    def _set_up(self) -> SetUp:
        return set_up(self._venue, tuple(self._instruments.values()), self._settings.leverage)

    @handles(SetUp)
    def on_set_up(self, done: SetUp) -> None:
        """Let orders that open pass where the venue has confirmed the margin, and say where it has not."""
        before = {} if self._gate.set_up is None else self._gate.set_up.refused
        self._gate.set_up = done
        for symbol, why in done.refused.items():
            if symbol not in before:
                self.log.error("nothing is opened: the margin is not set up", venue=self._venue.name, symbol=symbol,
                               why=why)  # fmt: skip
        for symbol in sorted(before.keys() & done.leverage.keys()):
            self.log.info("margin set up", venue=self._venue.name, symbol=symbol)

    @handles(_SetUpAgain)
    def on_set_up_again(self, _: _SetUpAgain) -> None:
        """Try again what was refused, when there is a connection to try it through."""
        refused = self._gate.set_up is not None and self._gate.set_up.refused
        if refused and self._ready and self._gate.circuit is Circuit.CONNECTED:
            self.spawn_task(lambda: self.ref.tell(self._set_up()))

    @handles(_NotPrepared)
    def on_not_prepared(self, news: _NotPrepared) -> None:
        """Report it and try again later."""
        self._preparing = False
        self._went_down(news.reason)

    @handles(_Prepared)
    def on_prepared(self, news: _Prepared) -> None:
        """Open the private stream."""
        self._preparing = False
        self.on_set_up(news.set_up)
        self._session += 1
        self._stream = Stream(
            self._session,
            self.ref,
            self._venue.private_heartbeat,
            self._on_frame,
            self._on_life,
            route=self._venue.http.route,
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
        self.spawn_task(self._cancel_strays)
        self._guard()

    @handles(StreamClosed)
    def on_closed(self, news: StreamClosed) -> None:
        """Report it and try again later. Orders in flight are asked for by the order book."""
        if news.session != self._session:
            return
        self._stream = None
        self._ready = False
        self.counts.reconnects += 1
        for timer in (_Beat, _KeepAlive, _HoldSwitch, _Renew):
            self.timers.cancel(timer.__name__)
        self._went_down(news.reason)

    def _went_down(self, reason: str) -> None:
        self._last_error = reason
        self.counts.errors += 1
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
        if self._sending:
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
            self._last_error = str(error)
            self.log.error("private frame not understood", venue=self._venue.name, error=str(error))
            # what it told is asked for instead
            self._orders.tell(TradingReady(self._venue.name, self._venue.account))
            return
        for event in events:
            self._on_event(event)
        news = tuple(event for event in events if isinstance(event, OrderUpdate | Fill))
        if news:
            self._orders.tell(VenueNews(self._venue.name, self._venue.account, news))

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
            self.counts.errors += 1
            self._last_error = f"{event.code}: {event.message}"
            self.log.error("venue complains", venue=self._venue.name, code=event.code, message=event.message)

    # -- orders --------------------------------------------------------------------------------------------------

    @handles(PlaceOrder)
    def on_place(self, place: PlaceOrder) -> None:
        """Check the gate, sign, and send; the answer is awaited elsewhere."""
        refusal = self._refusal(place)
        if refusal is not None:
            self._not_sent(place.order, refusal)
            return
        instrument = self._instruments.get(place.order.symbol)
        if instrument is None:
            self._not_sent(place.order, f"{self._venue.name} does not list {place.order.symbol}")
            return
        reduces = place.approval.kind is ApprovalKind.REDUCE
        wait_s = self._venue.http.limiter.take(ORDER, Urgency.REDUCE if reduces else Urgency.OPEN, monotonic_ns())
        if wait_s:
            self._hold_back(place, wait_s)
            return
        if not self._gate.take():
            self._not_sent(place.order, f"{self._venue.name} is being probed")
            return
        self.counts.orders += 1
        if self._venue.signs_slowly:
            self.spawn_task(self._sign_and_send, place, instrument)
            return
        request = self._venue.place(place.order, instrument)
        self._leaves(place)
        self.spawn_task(self._send_order, place.order, request, self._gate.moves)

    def _leaves(self, place: PlaceOrder) -> None:
        if place.seen_ns:
            self.system.stage("tick_to_order").add(monotonic_ns() - place.seen_ns)
        self._orders.tell(OrderSent(place.order.client_id))

    def _sign_and_send(self, place: PlaceOrder, instrument: Instrument) -> None:
        """Sign in the thread, one order after the other; the gate is read again, for it may have moved meanwhile."""
        moves, generation = self._gate.moves, self._gate.generation
        request = self._signing.apply(self._venue.place, (place.order, instrument))
        if self._gate.generation != generation:
            self._not_sent(place.order, f"the gate of {self._venue.name} moved while it was signed", retryable=True)
            return
        self._leaves(place)
        self._send_order(place.order, request, moves)

    def _hold_back(self, place: PlaceOrder, wait_s: float) -> None:
        """Wait for a turn, unless the approval would be too old by then."""
        if monotonic_ns() + wait_s * NS_PER_SECOND > place.approval.expires_ns:
            reason = f"the rate limit of {self._venue.name} holds it back for {wait_s:.1f} s"
            self._not_sent(place.order, reason, retryable=True)
        else:
            self.timers.after(wait_s, place, key=place.order.client_id)

    def _refusal(self, place: PlaceOrder) -> str | None:
        """Why an order does not leave: the gate of this very moment, and an approval that covers it and is fresh."""
        order, approval = place.order, place.approval
        if (order.venue, order.account) != (self._venue.name, self._venue.account):
            return f"{order.client_id} is for {order.venue}/{order.account}"
        if approval.trade_id != order.trade_id or monotonic_ns() > approval.expires_ns:
            return "its approval is not for it, or not fresh any more"
        if approval.kind is ApprovalKind.REDUCE:
            return self._gate.refusal_to_reduce()
        if approval.generations.get(order.venue) != self._gate.generation:
            return f"the gate of {order.venue} moved after the approval"
        return self._gate.refusal_to_open(order.symbol)

    def _not_sent(self, order: Order, reason: str, *, retryable: bool = False) -> None:
        self.counts.not_sent += 1
        self._orders.tell(OutcomeArrived(order.client_id, Refused(reason, retryable=retryable)))

    def _send_order(self, order: Order, request: Request, moves: int) -> None:
        self._sending += 1
        try:
            outcome = self._deliver(request, moves)
        finally:
            self._sending -= 1
        self._orders.tell(OutcomeArrived(order.client_id, outcome))

    def _deliver(self, request: Request, moves: int) -> Outcome:
        call, sent_ns = self._call_began(moves), monotonic_ns()
        try:
            reply = self._venue.http.send(request)
            self._gate.health.took(monotonic_ns() - sent_ns)
        except NotSentError as error:
            self._call_ended(moves, error, call)
            return Refused(str(error), retryable=True)
        except NoAnswerError as error:
            self._call_ended(moves, error, call)
            return Unknown(str(error))
        outcome = self._venue.read_place(reply)
        self._call_ended(moves, outcome, call)
        return outcome

    def _call_began(self, moves: int) -> int:
        self._calls += 1
        self._supervisor.tell(CallBegan(self._gate.address, moves, self._calls))
        return self._calls

    def _call_ended(self, moves: int, result: Outcome | Exception, call: int | None = None) -> None:
        self._gate.health.went(well=not speaks_against(result))
        if speaks_against(result):
            reason = result.reason if isinstance(result, Unknown) else str(result)
            self.counts.errors += 1
            self._last_error = reason
            self._supervisor.tell(CallFailed(self._gate.address, moves, reason, call))
        else:
            self._call_succeeded(moves, call)

    def _call_succeeded(self, moves: int, call: int | None = None) -> None:
        self._gate.heard_ns = monotonic_ns()
        self._supervisor.tell(CallSucceeded(self._gate.address, moves, call))

    # -- cancels -------------------------------------------------------------------------------------------------

    @handles(CancelOrder)
    def on_cancel(self, request: CancelOrder) -> None:
        """Send it once, and ask what became of the order."""
        self.spawn_task(self._cancel, request.waiting)

    def _cancel(self, waiting: Waiting) -> None:
        trouble = cancel(self._venue, waiting)
        if trouble:
            self.log.warning("cancel not sent", venue=self._venue.name, order=waiting.order.client_id, why=trouble)
        self.ref.tell(AskForOrder(waiting.order))

    @handles(CancelWaiting)
    def on_cancel_waiting(self, _: CancelWaiting) -> object:
        """Cancel all that is ours, in a task."""
        slot = self.defer()
        if self._ready:
            self.spawn_task(lambda: slot.set(self._cancel_ours(strays_only=False)))
        else:
            slot.set(Cancelled(self._venue.name, trouble=self._gate.refusal_to_reduce() or "it is not connected yet"))
        return LATER

    def _cancel_strays(self) -> None:
        """After a connect: what waits there and should not, because it was sent to fill at once or is done with."""
        done = self._cancel_ours(strays_only=True)
        if done.trouble or done.left:
            self.log.error("stray orders not cancelled", venue=done.venue, left=list(done.left), why=done.trouble)

    def _cancel_ours(self, *, strays_only: bool) -> Cancelled:
        found: dict[str, Waiting] = {}

        def ours(updates: Sequence[OrderUpdate]) -> list[Waiting]:
            answer: list[Waiting] = self._orders.ask(FindOurs(tuple(updates))) if updates else []
            wanted = [each for each in answer if not (strays_only and each.may_rest)]
            found.update({each.order.client_id: each for each in wanted})
            return wanted

        try:
            done = cancel_waiting(self._venue, ours, self._pause)
        except (ActorDeadError, AskTimeoutError) as error:
            return Cancelled(self._venue.name, trouble=f"nobody could say which orders are ours: {error}")
        for each in found.values():
            if each.order.symbol in self._instruments:
                self.ref.tell(AskForOrder(each.order))
        if found:
            self.log.info("orders cancelled", venue=done.venue, gone=list(done.gone), left=list(done.left))
        return done

    def _pause(self, number: int) -> None:
        gevent.sleep(CANCEL_PAUSE_S * 2**number)

    # -- the dead man's switch -----------------------------------------------------------------------------------

    def _guard(self) -> None:
        """Begin to hold the switch, or say that there is none."""
        if not self._venue.dead_man:
            if self._gate.dead_man != "none":
                self.log.info("no dead man's switch: open orders outlive us here", venue=self._venue.name)
            self._gate.dead_man = "none"
        elif self._settings.dead_man_sec:
            self.timers.every(self._settings.dead_man_sec / 3, _HoldSwitch())
            self.ref.tell(_HoldSwitch())

    @handles(_HoldSwitch)
    def on_hold_switch(self, _: _HoldSwitch) -> None:
        """Give a sign of life. That it is refused says nothing against the connection."""
        if self._ready and self._gate.circuit is Circuit.CONNECTED:
            self.spawn_task(lambda: self.ref.tell(_SwitchAnswered(self._switch(self._settings.dead_man_sec))))

    def _switch(self, countdown_s: int) -> str:
        try:
            self._venue.set_dead_man(tuple(self._instruments.values()), countdown_s)
        except VenueReadError as error:
            return str(error)
        return ""

    @handles(_SwitchAnswered)
    def on_switch_answered(self, answer: _SwitchAnswered) -> None:
        """Say it once when the switch is not held."""
        if answer.reason and self._gate.dead_man in {"on", "off"}:
            self.log.warning("the dead man's switch is not held", venue=self._venue.name, why=answer.reason)
        self._gate.dead_man = answer.reason or "on"

    @handles(StandDown)
    def on_stand_down(self, _: StandDown) -> object:
        """Let go of the switch, or orders of others would be cancelled when we are gone."""
        self.timers.cancel(_HoldSwitch.__name__)
        slot = self.defer()
        if self._ready and self._gate.dead_man == "on":
            self.spawn_task(self._let_go, slot)
        else:
            slot.set(None)
        return LATER

    def _let_go(self, slot: Slot) -> None:
        trouble = self._switch(0)
        self._gate.dead_man = trouble or "off"
        if trouble:
            self.log.warning("the dead man's switch is still set", venue=self._venue.name, why=trouble)
        slot.set(None)

    # -- questions -----------------------------------------------------------------------------------------------

    @handles(AskForOrder)
    def on_ask_for_order(self, ask: AskForOrder) -> None:
        """Ask the venue for one order."""
        self._ask("order", lambda: self._look_for(ask.order), self._orders.tell)

    def _look_for(self, order: Order) -> OrderFound:
        asked_ns = monotonic_ns()
        update = self._venue.fetch_order(order, self._instruments[order.symbol])
        return OrderFound(order.client_id, update, asked_ns)

    @handles(CatchUp)
    def on_catch_up(self, request: CatchUp) -> None:
        """Ask the venue for everything since the mark."""
        self._ask("catch-up", lambda: self._catch_up(request), self._orders.tell)

    def _catch_up(self, request: CatchUp) -> CatchUpAnswer:
        until_ms = self._venue.venue_ms()
        found = tuple(self._look_for(order) for order in request.orders)
        fills = tuple(self._venue.fetch_fills(request.since_ms))
        self._fetch_funding(request.since_ms)
        return CatchUpAnswer(self._venue.name, self._venue.account, fills, found, until_ms)

    @handles(ReadAccount)
    def on_read_account(self, _: ReadAccount) -> None:
        """Read balances and positions, when there is a connection to read them through."""
        if self._ready:
            self._read_account()

    def _read_account(self) -> None:
        self._ask("account", self._fetch_account, lambda read: self.publish(ACCOUNT, read, retain=True))

    def _fetch_account(self) -> AccountRead:
        asked_ns = monotonic_ns()
        positions = tuple(self._venue.fetch_positions())
        balances = tuple(self._venue.fetch_balances())
        return AccountRead(self._venue.name, self._venue.account, balances, positions, asked_ns)

    @handles(ReadFunding)
    def on_read_funding(self, _: ReadFunding) -> object:
        """Read what was paid and received, when there is a connection to read it through."""
        slot = self.defer()
        if self._ready and self._gate.circuit is Circuit.CONNECTED:
            self.spawn_task(self._answer_funding, slot)
        else:
            slot.set(False)
        return LATER

    def _answer_funding(self, slot: Slot) -> None:
        try:
            self._fetch_funding(self._funding_ms - FUNDING_OVERLAP_MS)
        except VenueReadError as error:
            self.log.warning("funding not read", venue=self._venue.name, error=str(error))
        slot.set(True)

    def _fetch_funding(self, since_ms: int) -> None:
        asked_ms = self._venue.venue_ms()
        for payment in self._venue.fetch_funding_payments(since_ms):
            self.publish(FUNDING, payment)
        self._funding_ms = asked_ms

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
            if not isinstance(error, TooManyRequestsError):
                self._call_ended(moves, error)
            if what == "catch-up" and not self._ready and self._stream is not None:
                self._stream.close()  # without it nothing may be sent: start over
            return
        self._gate.health.went(well=True)
        self._call_succeeded(moves)
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
            "not_set_up": {} if self._gate.set_up is None else dict(self._gate.set_up.refused),
            "session": self._session,
            "up": self._stream is not None,
            "ready": self._ready,
            "last_error": self._last_error,
            "rate_limits": self._venue.http.limiter.describe(monotonic_ns()),
            **attrs.asdict(self.counts),
        }
