"""Orders from what a trade wants: each gets an id of its journal that no other order has or had."""

from collections.abc import Callable, Iterable, Mapping

from perpbot.clock import NS_PER_SECOND
from perpbot.execution.plan import Plan
from perpbot.execution.trade import Want
from perpbot.model.order import Order

NUMBERS_PER_EPOCH = 10**10
NUMBERS_PER_SECOND = 20
"""More orders than leave in the long run; the numbers of an epoch last for fifteen years."""


def skipped(epoch: int, wall_ns: int) -> int:
    """The number after which a journal begins that is opened now; its `epoch` is the second it was made in.

    A journal may have been put back from a copy: what was sent since it was copied is at the venues, not in it, and
    no number of that may come again. `wall_ns`: wall clock.
    """
    return max(0, (wall_ns - epoch * NS_PER_SECOND) * NUMBERS_PER_SECOND // NS_PER_SECOND)


def number_orders(
    plan: Plan, wants: Iterable[Want], wire_ids: Mapping[str, Callable[[int], str]], *, epoch: int, first: int
) -> list[Order]:
    """The orders of `wants`, numbered from `first` in the journal `epoch`; `wire_ids` gives each venue's form."""
    return [_order(plan, want, wire_ids, epoch=epoch, number=number) for number, want in enumerate(wants, start=first)]


def _order(plan: Plan, want: Want, wire_ids: Mapping[str, Callable[[int], str]], *, epoch: int, number: int) -> Order:
    leg = plan.leg(want.leg)
    return Order(
        client_id=f"{epoch}-{number}",
        wire_id=wire_ids[leg.venue](epoch * NUMBERS_PER_EPOCH + number),
        venue=leg.venue,
        account=leg.account,
        symbol=plan.symbol,
        side=want.side,
        quantity=want.quantity,
        price=want.price,
        time_in_force=want.time_in_force,
        reduce_only=want.reduce_only,
        trade_id=plan.trade_id,
        leg=want.leg,
        purpose=want.purpose,
        expected=want.expected,
    )


def number_of_order(order: Order) -> int:
    """The number in the id of one of our orders."""
    return int(order.client_id.rpartition("-")[2])
