"""Orders from what a trade wants: each gets an id of its journal that no other order has or had."""

from collections.abc import Callable, Iterable, Mapping

from perpbot.execution.plan import Plan
from perpbot.execution.trade import Want
from perpbot.model.order import Order

NUMBERS_PER_EPOCH = 10**10


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
    )
