"""The first level: the capital pool."""

from perpbot.config.limits import Risk
from perpbot.model.money import ZERO, plain
from perpbot.risk.approval import Level, Refusal
from perpbot.risk.rule import Rule
from perpbot.risk.view import OpenRequest, View


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


class SafeMode(Rule):
    """No arbitrage at a venue whose drawdown put it into safe mode."""

    level = Level.POOL
    name = "safe-mode"
    keys = ("capital.safe_mode_drawdown_pct", "capital.safe_mode_release_pct")
    cure = "find out why the venue lost; safe mode lifts itself when the drawdown is back"

    def check(self, request: OpenRequest, view: View, limits: Risk) -> Refusal | None:
        """Look for a leg at a venue in safe mode."""
        del limits
        for leg in request.legs:
            if view.safe_mode.get(leg.venue, False):
                return self.no(f"{leg.venue} is in safe mode", "arbitrage at venues that are not")
        return None
