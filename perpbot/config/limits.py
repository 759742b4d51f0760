# ruff: noqa: RUF009 - the calls declare keys; each makes a field
"""Settings of what may be put at stake: capital pools and risk limits."""

from collections.abc import Iterator
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar

import attrs

from perpbot.config.kinds import written
from perpbot.config.section import (
    Fault,
    Section,
    choice,
    clash,
    count,
    flag,
    money,
    percent,
    rule,
    seconds,
    section,
    share,
    word,
)
from perpbot.model.instrument import canonical_symbol
from perpbot.model.money import ZERO

_SYMBOL_NUMBER = r"[0-9]{0,9}[A-Z][A-Z0-9]{0,14}(-PERP)?=[0-9]{1,6}(\.[0-9]{1,4})?"


@attrs.frozen(kw_only=True)
class Pool(Section):
    """One pool of capital. A number in place of it is its share."""

    shorthand: ClassVar[str] = "share_pct"

    share_pct: Decimal = percent("0", "Share of each venue's equity.", "1", "100", zero=True)
    enabled: bool = flag(True, "Whether what uses the pool is switched on.")


@attrs.frozen(kw_only=True)
class WashPool(Pool):
    """The pool of hedged volume: both legs on different venues, never against oneself. Off unless asked for."""

    share_pct: Decimal = percent("70", "Share of each venue's equity.", "1", "100", zero=True)
    enabled: bool = flag(False, "Whether hedged volume is switched on.")


@attrs.frozen(kw_only=True)
class ArbPool(Pool):
    """The pool of cross-venue arbitrage."""

    share_pct: Decimal = percent("20", "Share of each venue's equity.", "1", "100", zero=True)


@attrs.frozen(kw_only=True)
class ReservePool(Pool):
    """The pool that hedges and tops up."""

    share_pct: Decimal = percent("10", "Share of each venue's equity.", "1", "100", zero=True)


@attrs.frozen(kw_only=True)
class Pools(Section):
    """The three pools; their shares sum to 100."""

    wash: WashPool = section(WashPool, "Hedged volume: both legs on different venues, never against oneself.")
    arb: ArbPool = section(ArbPool, "Cross-venue arbitrage.")
    reserve: ReservePool = section(ReservePool, "Hedges, and topping up the arbitrage pool.")

    @rule
    def _shares_sum_to_all(self) -> Iterator[Fault]:
        total = self.wash.share_pct + self.arb.share_pct + self.reserve.share_pct
        if total != 100:  # noqa: PLR2004 - percent
            yield Fault((), f"the shares of wash, arb and reserve must sum to 100 percent, not {written(total)}")


@attrs.frozen(kw_only=True)
class Layers(Section):
    """The five layers of older configurations. They are mapped onto the three pools."""

    L1: Decimal = percent("0", "Older layer L1, hedged volume: part of the pool wash.", "0.01", "100", zero=True)
    L2: Decimal = percent("0", "Older layer L2, hedged volume: part of the pool wash.", "0.01", "100", zero=True)
    L3: Decimal = percent("0", "Older layer L3, arbitrage: the pool arb.", "0.01", "100", zero=True)
    L4: Decimal = percent("0", "Older layer L4, base holdings: part of the pool reserve.", "0.01", "100", zero=True)
    L5: Decimal = percent("0", "Older layer L5, safety: part of the pool reserve.", "0.01", "100", zero=True)

    @property
    def _total(self) -> Decimal:
        return self.L1 + self.L2 + self.L3 + self.L4 + self.L5

    @rule
    def _shares_sum_to_all(self) -> Iterator[Fault]:
        if self._total not in {1, 100}:
            text = f"L1 to L5 must sum to 100 percent, or to 1 as fractions, not {written(self._total)}"
            yield Fault((), text)

    def shares(self) -> dict[str, Decimal]:
        """The share of each pool, in percent."""
        whole = 100 / self._total
        return {"wash": (self.L1 + self.L2) * whole, "arb": self.L3 * whole, "reserve": (self.L4 + self.L5) * whole}


class AllocationMethod(StrEnum):
    """How one pool's capital is divided between symbols."""

    EQUAL = "equal"
    """All symbols have the same."""
    WEIGHTED = "weighted"
    """By the weights in the configuration."""
    DYNAMIC = "dynamic"
    """Half of it equally, half of it after what each symbol asked for lately."""


@attrs.frozen(kw_only=True)
class Allocation(Section):
    """How the arbitrage pool is divided between symbols."""

    method: AllocationMethod = choice(
        AllocationMethod.DYNAMIC,
        "equal: all symbols alike; weighted: by `weights`; dynamic: half alike, half after what each asked for.",
        AllocationMethod,
    )
    weights: tuple[str, ...] = word(
        (), "Weights of symbols, 1 where not given.", _SYMBOL_NUMBER, "a symbol and its weight, as in BTC=2"
    )
    symbol_caps: tuple[str, ...] = word(
        (), "Most that a symbol may use, of the pool.", _SYMBOL_NUMBER, "a symbol and its percentage, as in BTC=40"
    )
    max_use_pct: Decimal = percent("95", "Most of the pool that all symbols together may use.", "1", "100")
    rebalance_difference_pct: Decimal = percent(
        "30", "Difference between the use of two symbols above which shares are worked out anew.", "1", "100"
    )
    rebalance_interval_sec: float = seconds(3600, "How often that is looked at.", "1", "86400")

    def weight(self, symbol: str) -> Decimal:
        """The weight of a canonical symbol."""
        return _by_symbol(self.weights).get(symbol, Decimal(1))

    def most(self, symbol: str) -> Decimal:
        """The largest fraction of the pool that a canonical symbol may use."""
        return _by_symbol(self.symbol_caps).get(symbol, Decimal(100)) / 100

    @rule
    def _shares_are_shares(self) -> Iterator[Fault]:
        for index, number in enumerate(_by_symbol(self.symbol_caps).values()):
            if not 0 < number <= 100:  # noqa: PLR2004 - percent
                yield Fault(("symbol_caps", index), f"{written(number)} must be more than 0 and at most 100 percent")

    @rule
    def _some_weight(self) -> Iterator[Fault]:
        for index, number in enumerate(_by_symbol(self.weights).values()):
            if number == ZERO:
                yield Fault(("weights", index), "must be more than 0; take the symbol out of `symbols` instead")


def _by_symbol(pairs: tuple[str, ...]) -> dict[str, Decimal]:
    given = dict(each.split("=") for each in pairs)
    return {canonical_symbol(name.removesuffix("-PERP")): Decimal(number) for name, number in given.items()}


@attrs.frozen(kw_only=True)
class Capital(Section):
    """How the equity at each venue is divided and guarded."""

    pools: Pools = section(Pools, "The three pools; their shares sum to 100.")
    layer_targets: Layers | None = section(
        Layers, "The five layers of older configurations (L1 to L5), in place of the pools' shares.", given=False
    )
    allocation: Allocation = section(Allocation, "How the arbitrage pool is divided between symbols.")
    margin_buffer_pct: Decimal = percent(
        "10", "Set aside for a leg beyond its initial margin and fees, of that margin.", "1", "500", zero=True
    )
    safe_mode_drawdown_pct: Decimal = percent(
        "5", "Drawdown at a venue that puts it into safe mode: no new arbitrage there.", "0.5", "90"
    )
    safe_mode_release_pct: Decimal = percent("4", "Drawdown below which safe mode lifts itself.", "0.1", "90")
    reserve_topup_pct: Decimal = percent(
        "50", "Use of the arbitrage pool above which the reserve tops it up.", "1", "100"
    )
    snapshot_interval_sec: float = seconds(5, "How often balances are read from every venue.", "0.5", "300")
    reservation_ttl_sec: float = seconds(
        120, "Time after which a reservation whose owner is gone expires.", "1", "3600"
    )

    @rule
    def _release_below_entry(self) -> Iterator[Fault]:
        if self.safe_mode_release_pct >= self.safe_mode_drawdown_pct:
            yield clash(self, "safe_mode_release_pct", "must be less than", "safe_mode_drawdown_pct")

    @rule
    def _layers_or_pools(self) -> Iterator[Fault]:
        if self.layer_targets is not None and _shares(self.pools) != _shares(Pools()):
            yield Fault(("layer_targets",), "give the pools' shares or the older layers, not both", ("pools",))

    def shares(self) -> dict[str, Decimal]:
        """The share of each pool, in percent."""
        return _shares(self.pools) if self.layer_targets is None else self.layer_targets.shares()

    def warnings(self) -> list[str]:
        """What is understood though it should be written in another way, and how it was."""
        if self.layer_targets is None:
            return []
        shares = ", ".join(f"{name} {written(share)} %" for name, share in self.shares().items())
        mapped = f"L1 and L2 are the pool wash, L3 is arb, L4 and L5 are reserve, which makes {shares}"
        return [f"capital.layer_targets is of an older configuration: {mapped}. Write that under capital.pools instead"]


def _shares(pools: Pools) -> dict[str, Decimal]:
    return {"wash": pools.wash.share_pct, "arb": pools.arb.share_pct, "reserve": pools.reserve.share_pct}


@attrs.frozen(kw_only=True)
class Risk(Section):
    """The limits every order passes, in the order of their levels: account, position, execution."""

    max_trade_equity_pct: Decimal = percent("5", "Largest notional of one leg, of total equity.", "0.1", "100")
    max_drawdown_pct: Decimal = percent("10", "Drawdown from the highest equity that stops new trades.", "0.5", "90")
    daily_loss_limit: Decimal = money("500", "Loss of one day that stops new trades.", "1", "10000000")
    daily_loss_limit_pct: Decimal = percent("5", "The same, of total equity.", "0.1", "100")
    day_start_hour: int = count(0, "Hour, in UTC, at which a day of these limits begins.", 0, 23, "o'clock UTC")
    max_consecutive_failures: int = count(3, "Failed trades in a row that start a cooldown.", 1, 100, "trades")
    failure_cooldown_sec: float = seconds(60, "Pause of new trades after that, unless lifted by hand.", "0.5", "86400")
    fast_market_pct: Decimal = percent("0.5", "Move of a price within the window that counts as fast.", "0.05", "50")
    fast_market_window_sec: float = seconds(1, "The window that move is measured over.", "0.1", "60")
    fast_market_freeze_sec: float = seconds(5, "Pause of new trades in a symbol whose market is fast.", "0.1", "3600")
    max_symbol_share_pct: Decimal = percent(
        "30", "Largest gross exposure in one symbol over all venues, of total equity.", "1", "1000"
    )
    max_position_notional: Decimal = money("1000", "Largest position in one symbol at one venue.", "1", "10000000")
    symbol_cooldown_sec: float = seconds(60, "Pause between two openings in the same symbol.", "0.1", "86400")
    max_concentration_pct: Decimal = percent("60", "Largest gross exposure at one venue, of total equity.", "1", "1000")
    min_liquidation_distance_pct: Decimal = percent(
        "10", "How far all prices at a venue may move against us, at least, before it liquidates.", "1", "90", zero=True
    )
    min_connection_score: Decimal = share(
        "0.5", "Least score of a venue's connections; slowness and errors lower it from 1."
    )
    max_slippage_pct: Decimal = percent("0.1", "Most slippage the book may show for a new order.", "0.005", "5")
    price_collar_pct: Decimal = percent(
        "1", "Farthest any order's price may lie from the reference price, hedges included.", "0.05", "20"
    )
    unhedged_tolerance: Decimal = money(
        "10", "Value up to which a difference between the two legs of a trade is not a risk.", "0.01", "100000"
    )
    min_equity: Decimal = money("100", "Least total equity for a new trade.", "1", "10000000", zero=True)
