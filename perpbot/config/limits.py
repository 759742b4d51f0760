# ruff: noqa: RUF009 - the calls declare keys; each makes a field
"""Settings of what may be put at stake: capital pools and risk limits."""

from collections.abc import Iterator
from decimal import Decimal
from typing import ClassVar

import attrs

from perpbot.config.kinds import written
from perpbot.config.section import Fault, Section, clash, count, flag, money, percent, rule, seconds, section


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
class Capital(Section):
    """How the equity at each venue is divided and guarded."""

    pools: Pools = section(Pools, "The three pools; their shares sum to 100.")
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


@attrs.frozen(kw_only=True)
class Risk(Section):
    """The limits every order passes, in the order of their levels: account, position, execution."""

    max_trade_equity_pct: Decimal = percent("5", "Largest notional of one leg, of total equity.", "0.1", "100")
    max_drawdown_pct: Decimal = percent("10", "Drawdown from the highest equity that stops new trades.", "0.5", "90")
    daily_loss_limit: Decimal = money("500", "Loss of one UTC day that stops new trades.", "1", "10000000")
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
    max_slippage_pct: Decimal = percent("0.1", "Most slippage the book may show for a new order.", "0.005", "5")
    price_collar_pct: Decimal = percent(
        "1", "Farthest any order's price may lie from the reference price, hedges included.", "0.05", "20"
    )
    unhedged_tolerance: Decimal = money(
        "10", "Value up to which a difference between the two legs of a trade is not a risk.", "0.01", "100000"
    )
    min_equity: Decimal = money("100", "Least total equity for a new trade.", "1", "10000000", zero=True)
