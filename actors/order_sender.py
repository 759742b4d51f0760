"""The one place where orders leave: it checks the gate and the approval at the moment of sending."""

from collections.abc import Mapping

from actors.calls import Calls
from actors.departures import Departures
from actors.gate import Gate
from actors.order_news import OrderSent, OutcomeArrived, PlaceOrder, TurnCame
from actors.runtime import Actor, Ref
from actors.signing import Signing
from actors.turns import Turns
from perpbot.clock import NS_PER_SECOND, monotonic_ns
from perpbot.execution.trade import ADD_RISK
from perpbot.model.instrument import Instrument
from perpbot.model.order import Order, Outcome, Refused, Unknown
from perpbot.risk.approval import ApprovalKind
from perpbot.venues.http import NoAnswerError, NotSentError, Request
from perpbot.venues.rate_limit import ORDER, Urgency
from perpbot.venues.venue import Venue


class OrderSender:
    """Signs in order, sends, and awaits the answers outside the handlers of the actor it belongs to."""

    def __init__(
        self,
        actor: Actor,
        venue: Venue,
        gate: Gate,
        calls: Calls,
        *,
        orders: Ref,
        instruments: Mapping[str, Instrument],
    ) -> None:
        """Send for `actor`; what becomes of each order is told to `orders`."""
        self.under_way = 0
        """Orders whose answer has not come."""
        self.sent = 0
        self.not_sent = 0
        self._actor = actor
        self._venue = venue
        self._gate = gate
        self._calls = calls
        self._orders = orders
        self._instruments = instruments
        self._held: Departures[PlaceOrder] = Departures()
        if venue.signs_slowly:
            venue.compute = Signing()
        if venue.nonces_ascend:
            venue.turn = Turns()

    def place(self, place: PlaceOrder) -> None:
        """Check the gate, sign, and send, as soon as the rate limit lets it; the answer is awaited elsewhere."""
        if not self._may_leave(place):
            return
        urgency = Urgency.REDUCE if place.approval.kind is ApprovalKind.REDUCE else Urgency.OPEN
        if self._venue.http.limiter.redeem(place.order.trade_id, urgency, monotonic_ns()):
            self._begin(place)
        else:
            self._held.join(urgency, place)
            self.depart()

    def depart(self) -> None:
        """Let go whose turn it is, one after the other, and come back when it is the next one's."""
        while (head := self._held.next) is not None:
            urgency, place = head
            if not self._may_leave(place):
                self._held.leave()
                continue
            wait_s = self._venue.http.limiter.take(ORDER, urgency, monotonic_ns())
            if not wait_s:
                self._held.leave()
                self._begin(place)
            elif not self._give_up(wait_s):
                self._actor.timers.after(wait_s, TurnCame())
                return

    def _give_up(self, wait_s: float) -> bool:
        """Refuse those whose approval would be too old when the next one leaves; whether there were any."""
        due_ns = monotonic_ns() + wait_s * NS_PER_SECOND
        late = self._held.give_up(lambda each: each.approval.expires_ns < due_ns)
        for each in late:
            reason = f"the rate limit of {self._venue.name} holds it back for {wait_s:.1f} s"
            self._refuse(each.order, reason, retryable=True)
        return bool(late)

    def _may_leave(self, place: PlaceOrder) -> bool:
        """Whether it may at this moment; else it is refused."""
        refusal = self._refusal(place)
        if refusal is not None:
            self._refuse(place.order, refusal, retryable=True)
            return False
        if place.order.symbol not in self._instruments:
            self._refuse(place.order, f"{self._venue.name} does not list {place.order.symbol}")
            return False
        return True

    def _begin(self, place: PlaceOrder) -> None:
        instrument = self._instruments[place.order.symbol]
        if self._venue.signs_slowly or self._venue.nonces_ascend:
            self._actor.spawn_task(self._sign_in_turn, place, instrument)
        elif self._takes(place):
            request = self._venue.place(place.order, instrument)
            self._leaves(place)
            self._actor.spawn_task(self._send, place.order, request, self._gate.moves)

    def _takes(self, place: PlaceOrder) -> bool:
        if self._gate.take():
            return True
        self._refuse(place.order, f"{self._venue.name} is being probed", retryable=True)
        return False

    def _refusal(self, place: PlaceOrder) -> str | None:
        """Why an order does not leave: the gate of this very moment, and an approval that covers it and is fresh."""
        order, approval = place.order, place.approval
        if (order.venue, order.account) != (self._venue.name, self._venue.account):
            return f"{order.client_id} is for {order.venue}/{order.account}"
        if approval.trade_id != order.trade_id or monotonic_ns() > approval.expires_ns:
            return "its approval is not for it, or not fresh any more"
        if approval.kind is ApprovalKind.REDUCE and order.purpose in ADD_RISK:
            return "it adds risk, and its approval is only for orders that take risk away"
        other = self._gate.own_orders.in_the_way(order)
        if other is not None:
            return f"it would meet our own order {other.client_id}"
        if approval.kind is ApprovalKind.REDUCE:
            return self._gate.refusal_to_reduce()
        if approval.generations.get(order.venue) != self._gate.generation:
            return f"the gate of {order.venue} moved after the approval"
        return self._gate.refusal_to_open(order.symbol)

    def _refuse(self, order: Order, reason: str, *, retryable: bool = False) -> None:
        self.not_sent += 1
        self._orders.tell(OutcomeArrived(order.client_id, Refused(reason, retryable=retryable)))

    def _leaves(self, place: PlaceOrder) -> None:
        self.sent += 1
        if place.seen_ns:
            self._actor.system.stage("tick_to_order").add(monotonic_ns() - place.seen_ns)
        self._orders.tell(OrderSent(place.order.client_id))

    # -- in tasks of the actor -----------------------------------------------------------------------------------

    def _sign_in_turn(self, place: PlaceOrder, instrument: Instrument) -> None:
        with self._venue.turn():
            self._sign_and_send(place, instrument)

    def _sign_and_send(self, place: PlaceOrder, instrument: Instrument) -> None:
        """Sign in the thread, one order after the other; all is asked again, for it may have changed meanwhile."""
        request = self._venue.compute(self._venue.place, place.order, instrument)
        refusal = self._refusal(place)
        if refusal is not None:
            self._refuse(place.order, f"{refusal}, after it was signed", retryable=True)
        elif self._takes(place):
            self._leaves(place)
            self._send(place.order, request, self._gate.moves)

    def _send(self, order: Order, request: Request, moves: int) -> None:
        self.under_way += 1
        try:
            outcome = self._deliver(request, moves)
        finally:
            self.under_way -= 1
        self._orders.tell(OutcomeArrived(order.client_id, outcome))

    def _deliver(self, request: Request, moves: int) -> Outcome:
        call, sent_ns = self._calls.began(moves), monotonic_ns()
        try:
            reply = self._venue.http.send(request)
            self._gate.health.took(monotonic_ns() - sent_ns)
        except NotSentError as error:
            self._calls.ended(moves, error, call)
            return Refused(str(error), retryable=True)
        except NoAnswerError as error:
            self._calls.ended(moves, error, call)
            return Unknown(str(error))
        outcome = self._venue.read_place(reply)
        self._calls.ended(moves, outcome, call)
        return outcome
