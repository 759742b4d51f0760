"""Our orders that wait at a venue: found by our ids, cancelled, and asked for afterwards. Others' are left alone."""

from collections.abc import Mapping, Sequence

import gevent

from actors.order_news import AskForOrder, FindOurs
from actors.runtime import Actor, ActorDeadError, AskTimeoutError, Ref, Slot
from perpbot.model.instrument import Instrument
from perpbot.model.order import OrderUpdate
from perpbot.venues.cancelling import Cancelled, Waiting, cancel, cancel_waiting
from perpbot.venues.venue import Venue

CANCEL_PAUSE_S = 0.2
"""For the venue to cancel what it was asked to, before it is asked what still waits; longer every time."""


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

    # -- in tasks of the actor -----------------------------------------------------------------------------------

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


def _pause(number: int) -> None:
    gevent.sleep(CANCEL_PAUSE_S * 2**number)
