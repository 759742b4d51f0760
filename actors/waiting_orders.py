"""Our orders that wait at a venue: found by our ids, cancelled, and asked for afterwards. Others' are left alone."""

from collections.abc import Callable, Mapping, Sequence

import attrs
import gevent

from actors.order_news import AskForOrder, FindOurs
from actors.runtime import Actor, ActorDeadError, AskTimeoutError, Ref, Slot
from perpbot.execution.foreign import PURPOSE as FOREIGN
from perpbot.model.instrument import Instrument, Side
from perpbot.model.money import ZERO, Price
from perpbot.model.order import Order, OrderUpdate, TimeInForce
from perpbot.venues.cancelling import Cancelled, Waiting, cancel, cancel_waiting
from perpbot.venues.venue import Venue, VenueReadError

CANCEL_PAUSE_S = 0.2
"""For the venue to cancel what it was asked to, before it is asked what still waits; longer every time."""


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


class WaitingOrders:
    """Cancels in tasks of the actor it belongs to."""

    def __init__(self, actor: Actor, venue: Venue, *, orders: Ref, instruments: Mapping[str, Instrument]) -> None:
        self._actor = actor
        self._venue = venue
        self._orders = orders
        self._instruments = instruments

    def cancel(self, waiting: Waiting) -> None:
        """Send one cancel, once, and ask what became of the order."""
        self._actor.spawn_task(self._cancel, waiting)

    def cancel_all(self, slot: Slot) -> None:
        """Cancel all that is ours, what may rest too; `slot` is answered with `Cancelled`."""
        self._actor.spawn_task(lambda: slot.set(self._cancel_ours(strays_only=False)))

    def cancel_strays(self) -> None:
        """After a connect: what waits there and should not, because it was sent to fill at once or is done with."""
        self._actor.spawn_task(self._cancel_strays)

    def read_others(self, symbol: str, slot: Slot) -> None:
        """`slot` is answered with the `OrderUpdate`s of open orders in `symbol` that are not ours, or why not."""
        self._actor.spawn_task(self._answer, slot, lambda: self._others(symbol, self._venue.fetch_open_orders()))

    def cancel_others(self, symbol: str, slot: Slot) -> None:
        """Cancel the open orders in `symbol` that are not ours; `slot` is answered with `Cancelled`."""

        def others(updates: Sequence[OrderUpdate]) -> list[Waiting]:
            return [
                Waiting(_stand_in(each), each.venue_order_id, may_rest=False) for each in self._others(symbol, updates)
            ]

        self._actor.spawn_task(self._answer, slot, lambda: cancel_waiting(self._venue, others, _pause))

    # -- in tasks of the actor -----------------------------------------------------------------------------------

    def _answer(self, slot: Slot, question: Callable[[], object]) -> None:
        try:
            slot.set(question())
        except (VenueReadError, ActorDeadError, AskTimeoutError) as error:
            slot.set(Cancelled(self._venue.name, trouble=str(error)))

    def _others(self, symbol: str, updates: Sequence[OrderUpdate]) -> list[OrderUpdate]:
        ours = {each.venue_order_id for each in self._orders.ask(FindOurs(tuple(updates)))} if updates else set()
        return [each for each in updates if each.symbol == symbol and each.venue_order_id not in ours]

    def _cancel(self, waiting: Waiting) -> None:
        trouble = cancel(self._venue, waiting)
        if trouble:
            self._actor.log.warning(
                "cancel not sent", venue=self._venue.name, order=waiting.order.client_id, why=trouble
            )
        self._actor.ref.tell(AskForOrder(waiting.order))

    def _cancel_strays(self) -> None:
        done = self._cancel_ours(strays_only=True)
        if done.trouble or done.left:
            self._actor.log.error(
                "stray orders not cancelled", venue=done.venue, left=list(done.left), why=done.trouble
            )

    def _cancel_ours(self, *, strays_only: bool) -> Cancelled:
        found: dict[str, Waiting] = {}

        def ours(updates: Sequence[OrderUpdate]) -> list[Waiting]:
            answer: list[Waiting] = self._orders.ask(FindOurs(tuple(updates))) if updates else []
            wanted = [each for each in answer if not (strays_only and each.may_rest)]
            found.update({each.order.client_id: each for each in wanted})
            return wanted

        try:
            done = cancel_waiting(self._venue, ours, _pause)
        except (ActorDeadError, AskTimeoutError) as error:
            return Cancelled(self._venue.name, trouble=f"nobody could say which orders are ours: {error}")
        for each in found.values():
            if each.order.symbol in self._instruments:
                self._actor.ref.tell(AskForOrder(each.order))
        if found:
            self._actor.log.info("orders cancelled", venue=done.venue, gone=list(done.gone), left=list(done.left))
        return done


def _stand_in(update: OrderUpdate) -> Order:
    """As much of somebody else's order as a cancel needs."""
    return Order(
        client_id=update.client_id or update.venue_order_id,
        wire_id=update.client_id,
        venue=update.venue,
        account=update.account,
        symbol=update.symbol,
        side=Side.BUY,
        quantity=update.filled,
        price=Price(ZERO),
        time_in_force=TimeInForce.GTC,
        reduce_only=False,
        trade_id="",
        leg="",
        purpose=FOREIGN,
    )


def _pause(number: int) -> None:
    gevent.sleep(CANCEL_PAUSE_S * 2**number)
