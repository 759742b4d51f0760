"""The first level: the capital pool."""

from perpbot.config.limits import Risk
from perpbot.model.money import ZERO, plain
from perpbot.risk.approval import Level, Refusal
from perpbot.risk.rule import Rule
from perpbot.risk.view import OpenRequest, View

ARB = "arb"
"""The pool that safe mode closes."""


class PoolHasCapital(Rule):
    """Every leg's margin is available in the pool."""

    level = Level.POOL
    name = "pool-capital"
    cure = "free capital, raise the pool's share, or move funds to the venue"

    def check(self, request: OpenRequest, view: View, limits: Risk) -> Refusal | None:
        """Compare each leg's margin with what the pool has left at its venue."""
        del limits
        for leg in request.legs:
            available = view.pool_available.get(leg.venue, ZERO)
            if leg.margin > available:
                return self.no(f"{plain(leg.margin)} needed at {leg.venue}", f"{plain(available)} in pool {view.pool}")
        return None


class SymbolRoom(Rule):
    """The symbol's part of the pool is enough for both legs."""

    level = Level.POOL
    name = "symbol-allocation"
    keys = ("capital.allocation.method", "capital.allocation.symbol_caps", "capital.allocation.max_use_pct")
    cure = "wait until trades in the symbol have closed, or give it more weight"

    def check(self, request: OpenRequest, view: View, limits: Risk) -> Refusal | None:
        """Compare the margin of all legs with what the pool has left for the symbol."""
        del limits
        needed = sum((leg.margin for leg in request.legs), ZERO)
        if view.symbol_room is None or needed <= view.symbol_room:
            return None
        left = plain(round(max(ZERO, view.symbol_room), 2))
        return self.no(f"{plain(round(needed, 2))} needed for {request.symbol}", f"{left} of pool {view.pool}")


class SafeMode(Rule):
    """No arbitrage at a venue whose drawdown put it into safe mode; hedged volume and the reserve go on."""

    level = Level.POOL
    name = "safe-mode"
    keys = ("capital.safe_mode_drawdown_pct", "capital.safe_mode_release_pct")
    cure = "find out why the venue lost; it lifts itself; after a withdrawal `perpbot risk rebase`"

    def check(self, request: OpenRequest, view: View, limits: Risk) -> Refusal | None:
        """Look for a leg at a venue in safe mode."""
        del limits
        for leg in request.legs if view.pool == ARB else ():
            if view.safe_mode.get(leg.venue, False):
                return self.no(f"{leg.venue} is in safe mode", "arbitrage at venues that are not")
        return None
