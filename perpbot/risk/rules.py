"""The rules of the four levels (RSK-1): each a small class with a name, asked in this order; the first no counts."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from decimal import Decimal
from typing import ClassVar

from perpbot.config.limits import Risk
from perpbot.model.money import ZERO, plain
from perpbot.model.quote import Quote
from perpbot.risk.approval import Level, Refusal, percent
from perpbot.risk.view import LegRequest, OpenRequest, View

HUNDRED = Decimal(100)
NS_PER_SECOND = 1_000_000_000


class Rule(ABC):
    """One rule. Its name is what the operator sees and what the configuration's keys are about."""

    level: ClassVar[Level]
    name: ClassVar[str]

    @abstractmethod
    def check(self, request: OpenRequest, view: View, limits: Risk) -> Refusal | None:
        """Why `request` is refused, or None."""

    def no(self, value: str, limit: str) -> Refusal:
        """A refusal by this rule."""
        return Refusal(level=self.level, rule=self.name, value=value, limit=limit)


class AccountRule(Rule):
    """A rule about the account alone: while it says no, nothing is opened, whatever it is."""

    level = Level.ACCOUNT

    @abstractmethod
    def verdict(self, view: View, limits: Risk) -> Refusal | None:
        """Why nothing is opened, or None."""

    def check(self, request: OpenRequest, view: View, limits: Risk) -> Refusal | None:
        """The same for every request."""
        del request
        return self.verdict(view, limits)


class PoolHasCapital(Rule):
    """Every leg's margin is available in the pool."""

    level = Level.POOL
    name = "pool-capital"

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

    def check(self, request: OpenRequest, view: View, limits: Risk) -> Refusal | None:
        """Look for a leg at a venue in safe mode."""
        del limits
        for leg in request.legs:
            if view.safe_mode.get(leg.venue, False):
                return self.no(f"{leg.venue} is in safe mode", "arbitrage at venues that are not")
        return None


class EnoughEquity(AccountRule):
    """There is enough capital to trade at all."""

    name = "min-equity"

    def verdict(self, view: View, limits: Risk) -> Refusal | None:
        """Compare the total equity with the least allowed."""
        if view.equity <= 0 or view.equity < limits.min_equity:
            return self.no(f"equity {plain(round(view.equity, 2))}", f"{plain(limits.min_equity)} or more")
        return None


class TradeSize(Rule):
    """A leg is a small part of the equity."""

    level = Level.ACCOUNT
    name = "trade-size"

    def check(self, request: OpenRequest, view: View, limits: Risk) -> Refusal | None:
        """Compare each leg's notional with the total equity."""
        for leg in request.legs:
            share = leg.notional / view.equity
            if share * HUNDRED > limits.max_trade_equity_pct:
                return self.no(f"{percent(share)} of equity", f"{plain(limits.max_trade_equity_pct)} %")
        return None


class Drawdown(AccountRule):
    """The equity is not too far below its highest."""

    name = "drawdown"

    def verdict(self, view: View, limits: Risk) -> Refusal | None:
        """Compare the equity with its peak."""
        drawdown = (view.peak_equity - view.equity) / view.peak_equity if view.peak_equity else ZERO
        if drawdown * HUNDRED >= limits.max_drawdown_pct:
            return self.no(percent(drawdown), f"less than {plain(limits.max_drawdown_pct)} %")
        return None


class DailyLoss(AccountRule):
    """Today's loss is bearable."""

    name = "daily-loss"

    def verdict(self, view: View, limits: Risk) -> Refusal | None:
        """Compare today's result with the limit."""
        if -view.daily_profit >= limits.daily_loss_limit:
            return self.no(
                f"loss of {plain(round(-view.daily_profit, 2))} today", f"less than {plain(limits.daily_loss_limit)}"
            )
        return None


class FailureStreak(AccountRule):
    """After several failed trades in a row there is a pause."""

    name = "failure-cooldown"

    def verdict(self, view: View, limits: Risk) -> Refusal | None:
        """Look whether the pause lasts."""
        left = view.cooldown_until_ns - view.now_ns
        if left > 0:
            return self.no(
                f"{limits.max_consecutive_failures} failures in a row, {_seconds(left)} left",
                f"a pause of {limits.failure_cooldown_sec:g} s",
            )
        return None


class LegsAlone(Rule):
    """Nothing is opened in a symbol or at a venue where a leg stands alone, or may."""

    level = Level.ACCOUNT
    name = "leg-alone"

    def check(self, request: OpenRequest, view: View, limits: Risk) -> Refusal | None:
        """Look for a naked trade that has the symbol or a venue in common."""
        del limits
        venues = {leg.venue for leg in request.legs}
        for each in view.naked:
            if each.symbol == request.symbol or venues & {*each.unknown_at, *(each.venues if each.value else ())}:
                unknown = f", fate unknown at {', '.join(each.unknown_at)}" if each.unknown_at else ""
                alone = f"{plain(round(each.value, 2))} of {each.symbol} alone in trade {each.trade_id}{unknown}"
                return self.no(alone, "both legs of every trade")
        return None


class FastMarket(Rule):
    """Nothing is opened in a market that runs."""

    level = Level.ACCOUNT
    name = "fast-market"

    def check(self, request: OpenRequest, view: View, limits: Risk) -> Refusal | None:
        """Look whether the symbol is frozen."""
        left = view.frozen_until_ns.get(request.symbol, 0) - view.now_ns
        if left > 0:
            move = f"{plain(limits.fast_market_pct)} % in {limits.fast_market_window_sec:g} s"
            return self.no(f"{request.symbol} moved more than {move}, {_seconds(left)} left", "calmer markets")
        return None


class SymbolShare(Rule):
    """One symbol is not everything."""

    level = Level.ACCOUNT
    name = "symbol-share"

    def check(self, request: OpenRequest, view: View, limits: Risk) -> Refusal | None:
        """Compare the symbol's gross exposure, with this trade, with the equity."""
        gross = view.exposure.gross.get(request.symbol, ZERO) + sum((leg.notional for leg in request.legs), ZERO)
        share = gross / view.equity
        if share * HUNDRED > limits.max_symbol_share_pct:
            return self.no(f"{percent(share)} of equity in {request.symbol}", f"{plain(limits.max_symbol_share_pct)} %")
        return None


class PositionSize(Rule):
    """No position grows beyond its limit."""

    level = Level.POSITION
    name = "position-size"

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

    def check(self, request: OpenRequest, view: View, limits: Risk) -> Refusal | None:
        """Look for a leg against what is open at its venue."""
        del limits
        for leg in request.legs:
            side = view.open_sides.get(leg.venue, leg.side)
            if side is not leg.side:
                return self.no(f"{leg.side} at {leg.venue}, where {request.symbol} stands to {side}", f"{side} there")
        return None


class PositionsAgree(Rule):
    """Nothing is opened where the venue holds something else for us than our fills say."""

    level = Level.POSITION
    name = "position-doubted"

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

    def check(self, request: OpenRequest, view: View, limits: Risk) -> Refusal | None:
        """Compare the time since the last opening with the cooldown."""
        last = view.last_opened_ns.get(request.symbol)
        if last is None:
            return None
        left = last + int(limits.symbol_cooldown_sec * NS_PER_SECOND) - view.now_ns
        if left > 0:
            return self.no(
                f"{request.symbol} was opened just now, {_seconds(left)} left",
                f"every {limits.symbol_cooldown_sec:g} s",
            )
        return None


class Concentration(Rule):
    """One venue does not hold everything."""

    level = Level.POSITION
    name = "concentration"

    def check(self, request: OpenRequest, view: View, limits: Risk) -> Refusal | None:
        """Compare each venue's gross exposure, with this trade, with the equity."""
        for leg in request.legs:
            share = (view.exposure.by_venue.get(leg.venue, ZERO) + leg.notional) / view.equity
            if share * HUNDRED > limits.max_concentration_pct:
                return self.no(f"{percent(share)} of equity at {leg.venue}", f"{plain(limits.max_concentration_pct)} %")
        return None


class Slippage(Rule):
    """The mean price the book promises is not far beyond the best price."""

    level = Level.EXECUTION
    name = "slippage"

    def check(self, request: OpenRequest, view: View, limits: Risk) -> Refusal | None:
        """Compare the mean price the book promises with the best price."""
        for leg in request.legs:
            quote = view.quotes.get(leg.venue)
            if quote is None:
                continue  # PriceCollar refuses it
            best = quote.ask if leg.side.sign > 0 else quote.bid
            slip = leg.side.sign * (leg.expected - best) / best
            if slip * HUNDRED > limits.max_slippage_pct:
                return self.no(f"{percent(slip)} at {leg.venue}", f"{plain(limits.max_slippage_pct)} %")
        return None


class PriceCollar(Rule):
    """No absurd price, whatever the reason for it."""

    level = Level.EXECUTION
    name = "price-collar"

    def check(self, request: OpenRequest, view: View, limits: Risk) -> Refusal | None:
        """Compare each limit price with what its venue quotes."""
        for leg in request.legs:
            refusal = self.check_price(leg.venue, leg.limit, view.quotes.get(leg.venue), limits)
            if refusal is not None:
                return refusal
        return None

    def check_price(self, venue: str, price: Decimal, quote: Quote | None, limits: Risk) -> Refusal | None:
        """Compare one price with the middle of a venue's quote; without a quote there is no fair price."""
        if quote is None:
            return self.no(f"no fresh quote of {venue}", "a price to compare with")
        distance = abs(price - quote.mid) / quote.mid
        if price <= 0 or distance * HUNDRED > limits.price_collar_pct:
            return self.no(
                f"{plain(price)} is {percent(distance)} from {venue}'s price", f"{plain(limits.price_collar_pct)} %"
            )
        return None


class ConnectionAlive(Rule):
    """Every leg's venue can be traded at."""

    level = Level.EXECUTION
    name = "connection"

    def check(self, request: OpenRequest, view: View, limits: Risk) -> Refusal | None:
        """Ask each venue's gate."""
        del limits
        for leg in request.legs:
            gate = view.gates.get(leg.venue)
            reason = f"{leg.venue} has no trading connection" if gate is None else gate.open_refusal
            if reason is not None:
                return self.no(reason, "a connection that is up")
        return None


class DifferentVenues(Rule):
    """The two legs of a pair are never on one venue, and we never trade with ourselves."""

    level = Level.EXECUTION
    name = "different-venues"

    def check(self, request: OpenRequest, view: View, limits: Risk) -> Refusal | None:
        """Look for a venue that appears twice."""
        del view, limits
        venues = [leg.venue for leg in request.legs]
        if any(venues.count(venue) > 1 for venue in venues):
            return self.no(f"both legs at {venues[0]}", "two different venues")
        return None


OPENING_RULES: tuple[Rule, ...] = (
    PoolHasCapital(),
    SafeMode(),
    EnoughEquity(),
    TradeSize(),
    Drawdown(),
    DailyLoss(),
    FailureStreak(),
    LegsAlone(),
    FastMarket(),
    SymbolShare(),
    PositionSize(),
    OneDirection(),
    PositionsAgree(),
    SymbolCooldown(),
    Concentration(),
    DifferentVenues(),
    ConnectionAlive(),
    Slippage(),
    PriceCollar(),
)


def check_opening(request: OpenRequest, view: View, limits: Risk) -> Refusal | None:
    """The first rule's no, or None when all four levels let the trade through."""
    return next(_noes(request, view, limits), None)


def _noes(request: OpenRequest, view: View, limits: Risk) -> Iterator[Refusal]:
    for rule in OPENING_RULES:
        refusal = rule.check(request, view, limits)
        if refusal is not None:
            yield refusal


def blocks(view: View, limits: Risk) -> list[Refusal]:
    """The noes that every opening meets, whatever it is: an operator wants to know of them at once."""
    verdicts = [rule.verdict(view, limits) for rule in OPENING_RULES if isinstance(rule, AccountRule)]
    return [each for each in verdicts if each is not None]


def check_reduction(leg: LegRequest, view: View, limits: Risk) -> Refusal | None:
    """The rules for an order that takes risk away: the price collar and the connection, nothing else (RSK-2)."""
    gate = view.gates.get(leg.venue)
    reason = f"{leg.venue} has no trading connection" if gate is None else gate.reduce_refusal
    if reason is not None:
        return ConnectionAlive().no(reason, "a connection that is up")
    return PriceCollar().check_price(leg.venue, leg.limit, view.quotes.get(leg.venue), limits)


def _seconds(ns: int) -> str:
    return f"{ns / NS_PER_SECOND:.1f} s"
