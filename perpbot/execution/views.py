"""What others see of orders and trades: snapshots that do not change."""

from collections.abc import Mapping
from decimal import Decimal

import attrs

from perpbot.execution.entries import TradeRecord
from perpbot.execution.plan import Plan
from perpbot.execution.record import OrderRecord
from perpbot.execution.unhedged import NEVER_ALONE, Unhedged
from perpbot.model.money import ZERO, Quantity, together
from perpbot.model.order import Fill, Order, OrderStatus


@attrs.frozen(kw_only=True)
class OrderView:
    """One order at one moment."""

    order: Order
    status: OrderStatus
    settled: bool
    """Nothing can come any more, and every fill is known."""
    held: Quantity
    """What its fills did to the position, signed."""
    fills: tuple[Fill, ...]
    reason: str
    changed_ns: int
    """Monotonic, of the last news."""
    intended_ns: int = 0
    """Monotonic, when it was journalled, or read from the journal."""
    retryable: bool = False
    """Refused for what passes: another one like it may be taken."""

    @property
    def turned_down(self) -> bool:
        """Whether its venue refused it for what it is."""
        return self.status is OrderStatus.REFUSED and not self.retryable


@attrs.frozen(kw_only=True)
class Booked:
    """What earlier records of a trade have booked: a fill that comes after a trade's end opens it again."""

    trading: Decimal = ZERO
    fees: Decimal = ZERO
    volume: Decimal = ZERO
    other_fees: Mapping[str, Decimal] = attrs.field(factory=dict)
    other_fees_worth: Decimal = ZERO

    def with_record(self, record: TradeRecord) -> "Booked":
        """With one record more."""
        return Booked(
            trading=self.trading + record.trading,
            fees=self.fees + record.fees,
            volume=self.volume + record.volume,
            other_fees=together(self.other_fees, record.other_fees),
            other_fees_worth=self.other_fees_worth + record.other_fees_worth,
        )


NOTHING_BOOKED = Booked()


@attrs.frozen(kw_only=True)
class TradeView:
    """One trade at one moment: its plan, what is reserved for it, and its orders, oldest first."""

    plan: Plan
    pool: str
    reserved: Mapping[str, Decimal]
    phase: str
    reason: str
    opened_ns: int | None
    """Monotonic, when it became hedged in this process's life."""
    orders: tuple[OrderView, ...]
    booked: Booked = NOTHING_BOOKED
    funding: Mapping[str, Decimal] = attrs.field(factory=dict)
    """What no record has booked of it yet, by leg; positive was received."""
    unhedged: Unhedged = NEVER_ALONE
    """What stands alone, and has since the trade began or was opened again."""


def view(record: OrderRecord) -> OrderView:
    """A snapshot of `record`."""
    return OrderView(
        order=record.order,
        status=record.status,
        settled=record.settled,
        held=record.held,
        fills=tuple(record.fills.values()),
        reason=record.reason,
        changed_ns=record.changed_ns,
        intended_ns=record.intended_ns,
        retryable=record.retryable,
    )
