"""What a trade's orders add up to while it lives, and its record when it is over (EXE-7)."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

import attrs

from perpbot.execution.entries import LegRecord, TradeRecord
from perpbot.execution.plan import Leg
from perpbot.execution.residuals import PURPOSE as RESIDUAL
from perpbot.execution.residuals import rests
from perpbot.execution.trade import BUILD, LegState, Phase, Resting
from perpbot.execution.views import OrderView, TradeView
from perpbot.model.money import ZERO, Price, Quantity, together
from perpbot.model.order import Fill, OrderStatus, TimeInForce
from perpbot.portfolio.holding import total

NS_PER_MS = 1_000_000
NOT_TAKEN = frozenset({OrderStatus.REFUSED, OrderStatus.EXPIRED})


@attrs.define
class Timings:
    """What is measured of a trade while it runs. Monotonic nanoseconds; 0 for not yet."""

    sent_ns: int = 0
    """From the frame behind it to both first orders durable and handed over."""
    first_fill_ns: int = 0
    hedged_ns: int = 0
    """From the first fill to equal legs."""
    phases_ns: dict[str, int] = attrs.field(factory=dict)
    """How long each phase took."""
    phase: str = ""
    phase_since_ns: int = 0

    def enters(self, phase: str, now_ns: int) -> None:
        """The phase before is over; so long it took."""
        if self.phase:
            self.phases_ns[self.phase] = self.phases_ns.get(self.phase, 0) + now_ns - self.phase_since_ns
        self.phase, self.phase_since_ns = phase, now_ns

    def filled(self, now_ns: int) -> None:
        """Something is filled."""
        self.first_fill_ns = self.first_fill_ns or now_ns

    def hedged(self, now_ns: int) -> None:
        """The legs are equal."""
        self.hedged_ns = now_ns - self.first_fill_ns if self.first_fill_ns else 0


def leg_state(name: str, orders: Iterable[OrderView]) -> LegState:
    """What the orders of leg `name` add up to."""
    mine = [each for each in orders if each.order.leg == name]
    tries: dict[str, int] = {}
    for each in mine:
        tries[each.order.purpose] = tries.get(each.order.purpose, 0) + 1
    resting = next((each for each in mine if _rests(each)), None)
    waiting = [each.changed_ns for each in mine if not each.settled and each is not resting]
    return LegState(
        held=Quantity(sum((each.held for each in mine), ZERO)),
        busy=bool(waiting),
        waiting_since_ns=min(waiting, default=None),
        tries=tries,
        last_try_ns=max((each.changed_ns for each in mine), default=0),
        resting=None if resting is None else _resting(resting),
        fills=sum(len(each.fills) for each in mine if each.order.time_in_force is TimeInForce.POST_ONLY),
        refused=any(each.turned_down for each in mine),
        refusals=refusals(mine),
        fee_elsewhere=_fee_elsewhere(mine),
    )


@attrs.frozen(kw_only=True)
class Sums:
    """What the orders of a trade add up to: made anew only when something became of one of them."""

    orders: tuple[OrderView, ...]
    legs: Mapping[str, LegState]
    """By name."""
    spent: Decimal


def add_up(view: TradeView) -> Sums:
    """The sums of a trade's orders."""
    legs = {leg.name: leg_state(leg.name, view.orders) for leg in view.plan.legs}
    return Sums(orders=view.orders, legs=legs, spent=spent(view.orders))


def refusals(orders: Sequence[OrderView]) -> int:
    """How many of the newest of `orders`, which are oldest first, were turned down one after the other."""
    return next((number for number, each in enumerate(reversed(orders)) if not each.turned_down), len(orders))


def _rests(view: OrderView) -> bool:
    return view.order.time_in_force is TimeInForce.POST_ONLY and view.status.open


def _resting(view: OrderView) -> Resting:
    cancelling = view.status is OrderStatus.PENDING_CANCEL
    return Resting(
        client_id=view.order.client_id,
        since_ns=view.intended_ns,
        cancelling_since_ns=view.changed_ns if cancelling else None,
    )


def _fee_elsewhere(orders: Iterable[OrderView]) -> Decimal:
    """Value of the fills whose fee was taken in another currency than the price's."""
    return sum((each.price * each.quantity for each in fills_of(orders) if each.other_fee), ZERO)


def fills_of(orders: Iterable[OrderView]) -> list[Fill]:
    """All fills of `orders`."""
    return [fill for each in orders for fill in each.fills]


def spent(orders: Iterable[OrderView]) -> Decimal:
    """What selling brought minus what buying cost, minus the fees in the same currency."""
    holding = total(fills_of(orders))
    return holding.cash - holding.fees


def settle(
    view: TradeView,
    phase: Phase,
    reason: str,
    currencies: Sequence[str],
    timings: Timings,
    wall_ns: int,
    rates: Mapping[str, Decimal] | None = None,
) -> TradeRecord:
    """The record of a trade that is over; `view` is of now. What little it still holds is valued at its cost.

    `rates` are the taker fees, as fractions, by leg; fees in other currencies are valued by them, for limits.
    """
    holding = total(fills_of(view.orders))
    executed = total(fills_of(each for each in view.orders if each.order.purpose != RESIDUAL))
    left = sum((rest.quantity * rest.price for rest in rests(view.orders, view.plan.legs)), ZERO)
    plan = view.plan
    opened = [each for each in view.orders if each.order.purpose in BUILD]
    return TradeRecord(
        trade_id=plan.trade_id,
        symbol=plan.symbol,
        buy_venue=plan.buy.venue,
        sell_venue=plan.sell.venue,
        quantity=_hedged(opened),
        phase=phase.value,
        reason=reason or _refusals(view.orders),
        trading=holding.cash + left - view.booked.trading,
        fees=holding.fees - view.booked.fees,
        funding=sum(view.funding.values(), ZERO),
        currencies=list(dict.fromkeys(currencies)),
        expected_net=plan.expected_net,
        slippage=_slippage(view, opened),
        opened_at_ns=plan.opened_at_ns,
        settled_at_ns=wall_ns,
        sent_ms=timings.sent_ns / NS_PER_MS,
        hedged_ms=timings.hedged_ns / NS_PER_MS,
        max_unhedged=view.unhedged.peak,
        unhedged_ms=view.unhedged.longest_ns / NS_PER_MS,
        unhedged_total_ms=view.unhedged.total_ns / NS_PER_MS,
        unhedged_value_s=view.unhedged.value_s,
        volume=executed.volume - view.booked.volume,
        pool=view.pool,
        phases_ms={name: ns / NS_PER_MS for name, ns in timings.phases_ns.items()},
        legs={leg.name: _leg_record(view, leg, opened) for leg in plan.legs},
        last_fill_ns=max((fill.time_ns for fill in fills_of(view.orders)), default=0),
        other_fees=together(holding.other_fees, view.booked.other_fees, -1),
        other_fees_worth=_other_fees_worth(view.orders, rates or {}) - view.booked.other_fees_worth,
    )


def _leg_record(view: TradeView, leg: Leg, opened: Iterable[OrderView]) -> LegRecord:
    mine = total(fills_of(each for each in view.orders if each.order.leg == leg.name))
    opening = total(fills_of(each for each in opened if each.order.leg == leg.name))
    left = sum((rest.quantity * rest.price for rest in rests(view.orders, [leg])), ZERO)
    closed = _closed(view.orders, leg)
    return LegRecord(
        side=leg.side,
        venue=leg.venue,
        expected=leg.expected,
        opened=abs(opening.quantity),
        opened_value=opening.volume,
        trading=mine.cash + left,
        fees=mine.fees,
        funding=view.funding.get(leg.name, ZERO),
        volume=mine.volume,
        other_fees=mine.other_fees,
        closing_slippage=sum((_beyond(fill, price) for fill, price in closed), ZERO),
        closing_expected=sum((fill.quantity * price for fill, price in closed), ZERO),
    )


def _closed(orders: Iterable[OrderView], leg: Leg) -> list[tuple[Fill, Price]]:
    """The fills that closed a leg, each with the price that was expected."""
    mine = [(each.fills, each.order.expected) for each in orders if each.order.leg == leg.name]
    return [(fill, price) for fills, price in mine if price is not None for fill in fills]


def _beyond(fill: Fill, expected: Price) -> Decimal:
    """What a fill cost beyond the price that was expected; below zero where it was better."""
    return fill.side.sign * (fill.price - expected) * fill.quantity


def _other_fees_worth(orders: Iterable[OrderView], rates: Mapping[str, Decimal]) -> Decimal:
    return sum((_fee_elsewhere([each]) * rates.get(each.order.leg, ZERO) for each in orders), ZERO)


def _refusals(orders: Iterable[OrderView]) -> str:
    """What the venues said to the orders that they refused, each sentence once."""
    said = [f"{each.order.venue} refused: {each.reason}" for each in orders if each.status in NOT_TAKEN]
    return "; ".join(dict.fromkeys(said))


def _hedged(opened: Iterable[OrderView]) -> Decimal:
    held: dict[str, Decimal] = {"buy": ZERO, "sell": ZERO}
    for each in opened:
        held[each.order.leg] += abs(each.held)
    return min(held.values())


def _slippage(view: TradeView, opened: Iterable[OrderView]) -> Decimal:
    cost = ZERO
    for each in opened:
        expected = view.plan.leg(each.order.leg).expected
        cost += sum((_beyond(fill, expected) for fill in each.fills), ZERO)
    return cost
