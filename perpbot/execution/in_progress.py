"""The trades that were admitted and are not over, found by id and by symbol without looking at all of them."""

from collections.abc import Collection, Iterator

from perpbot.execution.plan import Plan
from perpbot.model.instrument import Side


class InProgress:
    """Plans by trade id, oldest first."""

    def __init__(self) -> None:
        self._plans: dict[str, Plan] = {}
        self._by_symbol: dict[str, dict[str, Plan]] = {}

    def add(self, plan: Plan) -> None:
        """A trade was admitted, or taken up again."""
        self._plans[plan.trade_id] = plan
        self._by_symbol.setdefault(plan.symbol, {})[plan.trade_id] = plan

    def remove(self, trade_id: str) -> None:
        """A trade is over; one that is not here changes nothing."""
        plan = self._plans.pop(trade_id, None)
        if plan is None:
            return
        left = self._by_symbol[plan.symbol]
        del left[trade_id]
        if not left:
            del self._by_symbol[plan.symbol]

    def in_symbol(self, symbol: str) -> Collection[Plan]:
        """Those in `symbol`."""
        return self._by_symbol.get(symbol, {}).values()

    def sides(self, symbol: str) -> dict[str, Side | None]:
        """Which way those in `symbol` stand, by venue; None where one only clears what is held there, either way."""
        plans = self.in_symbol(symbol)
        stands = {leg.venue: leg.side for plan in plans if not plan.clears for leg in plan.legs}
        return {**stands, **{plan.buy.venue: None for plan in plans if plan.clears}}

    def plans(self) -> Collection[Plan]:
        """All of them."""
        return self._plans.values()

    def __contains__(self, trade_id: str) -> bool:
        return trade_id in self._plans

    def __iter__(self) -> Iterator[str]:
        return iter(self._plans)

    def __len__(self) -> int:
        return len(self._plans)
