"""One pool's capital across the symbols that compete for it (CAP-6): equal, weighted, or after what each asks for."""

from collections.abc import Mapping
from decimal import Decimal

import attrs

from perpbot.config.limits import Allocation as Settings
from perpbot.config.limits import AllocationMethod
from perpbot.model.money import ZERO

ONE = Decimal(1)
HALF = Decimal("0.5")
HUNDRED = Decimal(100)


class NotRegisteredError(Exception):
    """A symbol that nobody registered wants capital; the text names it."""


@attrs.frozen(kw_only=True)
class SymbolAllocation:
    """What one symbol has."""

    allocated: Decimal
    used: Decimal

    @property
    def use(self) -> Decimal:
        """Share of what it has that is used; 0 where it has nothing."""
        return self.used / self.allocated if self.allocated else ZERO


@attrs.frozen(kw_only=True)
class AllocationSummary:
    """All symbols together."""

    total: Decimal
    used: Decimal
    rebalanced: int
    """How often the shares were worked out anew because the symbols' use differed."""
    blocked: int
    """Trades that a symbol, or all of them, had no room for."""
    efficiency: Decimal
    """Share of the capital asked for that there was room for; 1 while nothing was asked for."""

    @property
    def use(self) -> Decimal:
        """Share of the total that is used."""
        return self.used / self.total if self.total else ZERO


@attrs.define
class _Trader:
    most: Decimal
    weight: Decimal
    share: Decimal = ZERO
    asked: Decimal = ZERO
    """Fades by half at every rebalance."""


class Allocation:
    """Who may use how much of one total. Amounts are quote currency, taken as US dollars."""

    def __init__(
        self,
        method: AllocationMethod,
        *,
        max_use: Decimal = ONE,
        difference: Decimal = Decimal("0.3"),
    ) -> None:
        """Allocate by `method`.

        Args:
            method: how shares are worked out.
            max_use: fraction of the total that all symbols together may use.
            difference: how far the use of two symbols may differ before shares are worked out anew.
        """
        self._method = method
        self._max_use = max_use
        self._difference = difference
        self._total = ZERO
        self._traders: dict[str, _Trader] = {}
        self._shared_out = False
        self._owners: dict[str, tuple[str, Decimal]] = {}
        """Symbol and amount, by owner."""
        self._used: dict[str, Decimal] = {}
        """By symbol."""
        self._all_used = ZERO
        self._rebalanced = self._blocked = 0
        self._asked = self._granted = ZERO

    def set_total(self, total: Decimal) -> None:
        """There is `total` to allocate."""
        self._total = max(total, ZERO)

    def register(self, symbol: str, *, weight: Decimal = ONE, most: Decimal = ONE) -> None:
        """`symbol` is traded: by `weight` where shares are weighted, and never with more than `most` of the total."""
        self._traders[symbol] = _Trader(most=most, weight=weight)
        self._shared_out = False

    def follow(self, settings: Settings) -> None:
        """Go by `settings` from now on; what symbols use and have asked for stays."""
        self._method = settings.method
        self._max_use = settings.max_use_pct / HUNDRED
        self._difference = settings.rebalance_difference_pct / HUNDRED
        for symbol, each in self._traders.items():
            each.weight, each.most = settings.weight(symbol), settings.most(symbol)
        self._shared_out = False

    def room(self, symbol: str) -> Decimal:
        """What `symbol` may still use, below zero where it uses more than it has now.

        Raises:
            NotRegisteredError: nobody registered it.
        """
        if symbol not in self._traders:
            raise NotRegisteredError(f"{symbol} is not among {', '.join(self._traders) or 'no symbols'}")
        left = self._total * self._max_use - self._all_used
        return min(left, self.allocated(symbol) - self.used(symbol))

    def check(self, symbol: str, amount: Decimal) -> bool:
        """Whether a trade of `symbol` may use `amount` more; remembered as something asked for.

        Raises:
            NotRegisteredError: nobody registered it.
        """
        fits = amount <= self.room(symbol)
        self._traders[symbol].asked += amount
        self._asked += amount
        if fits:
            self._granted += amount
        else:
            self._blocked += 1
        return fits

    def record(self, owner: str, symbol: str, amount: Decimal) -> None:
        """The trade `owner` uses `amount`; the same owner twice counts once."""
        self.release(owner)
        self._owners[owner] = (symbol, amount)
        self._use(symbol, amount)

    def release(self, owner: str) -> None:
        """The trade `owner` uses nothing any more."""
        used = self._owners.pop(owner, None)
        if used is not None:
            self._use(used[0], -used[1])

    def _use(self, symbol: str, amount: Decimal) -> None:
        self._used[symbol] = self.used(symbol) + amount
        self._all_used += amount

    def rebalance_if_needed(self) -> bool:
        """Work the shares out anew where the use of two symbols differs by too much; whether that changed any."""
        uses = [each.use for each in self.status().values()]
        if not uses or max(uses) - min(uses) <= self._difference:
            return False
        before = {symbol: each.share for symbol, each in self._traders.items()}
        self._share_out()
        for each in self._traders.values():
            each.asked *= HALF
        changed = before != {symbol: each.share for symbol, each in self._traders.items()}
        self._rebalanced += changed
        return changed

    def allocated(self, symbol: str) -> Decimal:
        """What `symbol` has, used or not."""
        if not self._shared_out:
            self._share_out()
        trader = self._traders[symbol]
        return self._total * self._max_use * min(trader.share, trader.most)

    def used(self, symbol: str) -> Decimal:
        """What the trades of `symbol` use."""
        return self._used.get(symbol, ZERO)

    def status(self) -> dict[str, SymbolAllocation]:
        """What each symbol has and uses."""
        return {each: SymbolAllocation(allocated=self.allocated(each), used=self.used(each)) for each in self._traders}

    def summary(self) -> AllocationSummary:
        """All symbols together."""
        return AllocationSummary(
            total=self._total,
            used=self._all_used,
            rebalanced=self._rebalanced,
            blocked=self._blocked,
            efficiency=self._granted / self._asked if self._asked else ONE,
        )

    def _share_out(self) -> None:
        self._shared_out = True
        weights = self._weights()
        whole = sum(weights.values(), ZERO)
        for symbol, each in self._traders.items():
            each.share = weights[symbol] / whole if whole else ZERO

    def _weights(self) -> Mapping[str, Decimal]:
        """Equal: all alike. Weighted: as registered. Dynamic: half of it all alike, half after what each asked for."""
        asked = sum((each.asked for each in self._traders.values()), ZERO)
        if self._method is AllocationMethod.WEIGHTED:
            return {symbol: each.weight for symbol, each in self._traders.items()}
        if self._method is AllocationMethod.EQUAL or not asked:
            return dict.fromkeys(self._traders, ONE)
        alike = ONE / len(self._traders)
        return {symbol: (alike + each.asked / asked) * HALF for symbol, each in self._traders.items()}
