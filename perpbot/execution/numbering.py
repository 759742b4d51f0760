"""Ids of trades and orders: each is its journal's, and no other one has or had it."""

from collections import deque
from collections.abc import Callable, Iterable, Mapping

from perpbot.clock import NS_PER_SECOND
from perpbot.execution.entries import Entry, OrdersIntended, TradeOpened
from perpbot.execution.ledger import number_of, trade_id
from perpbot.execution.plan import Plan
from perpbot.execution.trade import Want
from perpbot.model.order import Order

NUMBERS_PER_EPOCH = 10**10
NUMBERS_PER_SECOND = 20
"""More orders than leave in the long run; the numbers of an epoch last for fifteen years."""
NUMBERS_KEPT = 1_000
"""Trades of which it is known that they were opened; lower numbers than these are not opened any more."""


class Numbers:
    """Hands out the ids of one journal. Trades that were never opened leave gaps, which do not matter."""

    def __init__(self, epoch: int, wire_ids: Mapping[str, Callable[[int], str]]) -> None:
        """Number in the journal `epoch`; `wire_ids` gives each venue's form of an order's id."""
        self._epoch = epoch
        self._wire_ids = wire_ids
        self._last_trade = self._last_order = 0
        self._opened: set[int] = set()
        """Numbers of the trades that were opened, the newest."""
        self._in_turn: deque[int] = deque()
        """The same, as they were opened."""
        self._oldest = 0
        """Trades of this number or a lower one count as opened."""

    def heed(self, entry: Entry) -> None:
        """What the journal has is not handed out again."""
        if isinstance(entry, TradeOpened):
            self.opened(entry.plan)
        if isinstance(entry, TradeOpened | OrdersIntended):
            self._last_order = max([self._last_order, *map(number_of_order, entry.orders)])

    def begin(self, wall_ns: int) -> None:
        """Leave room for what a journal that was put back does not know of."""
        self._last_order = max(self._last_order, skipped(self._epoch, wall_ns))

    def trade(self, last: int) -> str:
        """The next trade's id, beyond the number `last`."""
        self._last_trade = max(self._last_trade, last) + 1
        return trade_id(self._epoch, self._last_trade)

    def was_opened(self, plan: Plan) -> bool:
        """Whether this trade was opened before, or is too old to know."""
        number = number_of(plan.trade_id)
        return number in self._opened or number <= self._oldest

    def opened(self, plan: Plan) -> None:
        """Never again."""
        number = number_of(plan.trade_id)
        if number not in self._opened:
            self._opened.add(number)
            self._in_turn.append(number)
        while len(self._in_turn) > NUMBERS_KEPT:
            first = self._in_turn.popleft()
            self._opened.remove(first)
            self._oldest = max(self._oldest, first)

    def orders(self, plan: Plan, wants: Iterable[Want]) -> list[Order]:
        """The orders of `wants`, with the next ids."""
        orders = number_orders(plan, wants, self._wire_ids, epoch=self._epoch, first=self._last_order + 1)
        self._last_order += len(orders)
        return orders


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
