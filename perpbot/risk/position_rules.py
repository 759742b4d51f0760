"""The third level: positions."""

from perpbot.config.limits import Risk
from perpbot.model.money import ZERO, plain
from perpbot.risk.approval import Level, Refusal, percent
from perpbot.risk.rule import HUNDRED, NS_PER_SECOND, Rule, seconds
from perpbot.risk.view import OpenRequest, View


class PositionSize(Rule):
    """No position grows beyond its limit."""

    level = Level.POSITION
    name = "position-size"
    keys = ("risk.max_position_notional",)
    cure = "wait until trades in the symbol have closed"

    def check(self, request: OpenRequest, view: View, limits: Risk) -> Refusal | None:
        """Compare each venue's position, with this trade, with the limit."""
        for leg in request.legs:
            value = view.position_value(leg.venue, request.symbol) + leg.notional
            if value > limits.max_position_notional:
                return self.no(
                    f"{plain(round(value, 2))} of {request.symbol} at {leg.venue}",
                    plain(limits.max_position_notional),
                )
        return None


class OneDirection(Rule):
    """Trades in progress stand the same way at a venue: two that cancel out there could not both be closed."""

    level = Level.POSITION
    name = "one-direction"
    cure = "wait until the trades that stand the other way have closed"

    def check(self, request: OpenRequest, view: View, limits: Risk) -> Refusal | None:
        """Look for a leg against what is open at its venue."""
        del limits
        for leg in request.legs:
            side = view.open_sides.get(leg.venue, leg.side)
            if side is None:
                return self.no(f"{leg.side} at {leg.venue}, where {request.symbol} is being cleared", "nothing there")
            if side is not leg.side:
                return self.no(f"{leg.side} at {leg.venue}, where {request.symbol} stands to {side}", f"{side} there")
        return None


class PositionsAgree(Rule):
    """Nothing is opened where the venue holds something else for us than our fills say."""

    level = Level.POSITION
    name = "position-doubted"
    cure = "compare `perpbot positions` with the venue; close by hand what nobody ordered"

    def check(self, request: OpenRequest, view: View, limits: Risk) -> Refusal | None:
        """Look for a leg at a venue that contradicts us in the symbol."""
        del limits
        for leg in request.legs:
            if (leg.venue, request.symbol) in view.doubted:
                return self.no(f"{leg.venue} says another position in {request.symbol}", "a position both agree on")
        return None


class SymbolCooldown(Rule):
    """Some time passes between two openings in one symbol."""

    level = Level.POSITION
    name = "symbol-cooldown"
    keys = ("risk.symbol_cooldown_sec",)
    cure = "wait"

    def check(self, request: OpenRequest, view: View, limits: Risk) -> Refusal | None:
        """Compare the time since the last opening with the cooldown."""
        last = view.last_opened_ns.get(request.symbol)
        if last is None:
            return None
        left = last + int(limits.symbol_cooldown_sec * NS_PER_SECOND) - view.now_ns
        if left > 0:
            return self.no(
                f"{request.symbol} was opened just now, {seconds(left)} left",
                f"every {limits.symbol_cooldown_sec:g} s",
            )
        return None


class LiquidationDistance(Rule):
    """Prices at a venue may move far against us before it liquidates: the other leg's gain is at another venue."""

    level = Level.POSITION
    name = "liquidation-distance"
    keys = ("risk.min_liquidation_distance_pct",)
    cure = "move funds to the venue, or wait until trades there have closed"

    def check(self, request: OpenRequest, view: View, limits: Risk) -> Refusal | None:
        """Compare each venue's equity with all that is open there, with this trade."""
        for leg in request.legs:
            gross = view.exposure.by_venue.get(leg.venue, ZERO) + leg.notional
            distance = view.venue_equity.get(leg.venue, ZERO) / gross - leg.maintenance
            if distance * HUNDRED < limits.min_liquidation_distance_pct:
                return self.no(
                    f"{leg.venue} would liquidate after {percent(distance)}",
                    f"{plain(limits.min_liquidation_distance_pct)} % or more",
                )
        return None


class Concentration(Rule):
    """One venue does not hold everything."""

    level = Level.POSITION
    name = "concentration"
    keys = ("risk.max_concentration_pct",)
    cure = "move funds, or wait until trades at the venue have closed"

    def check(self, request: OpenRequest, view: View, limits: Risk) -> Refusal | None:
        """Compare each venue's gross exposure, with this trade, with the equity."""
        for leg in request.legs:
            share = (view.exposure.by_venue.get(leg.venue, ZERO) + leg.notional) / view.equity
            if share * HUNDRED > limits.max_concentration_pct:
                return self.no(f"{percent(share)} of equity at {leg.venue}", f"{plain(limits.max_concentration_pct)} %")
        return None
