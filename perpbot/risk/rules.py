"""All rules, in the order they are asked (RSK-1); the first no counts."""

from perpbot.config.limits import Risk
from perpbot.risk.account_rules import (
    DailyLoss,
    Drawdown,
    EnoughEquity,
    FailureStreak,
    FastMarket,
    LegsAlone,
    SymbolShare,
    TradeSize,
    VenueMargin,
)
from perpbot.risk.approval import Refusal
from perpbot.risk.execution_rules import (
    ConnectionAlive,
    ConnectionHealth,
    Depth,
    DifferentVenues,
    Leverage,
    OrderMinimum,
    PriceCollar,
    RateLimit,
    SelfTrade,
    Slippage,
)
from perpbot.risk.pool_rules import PoolHasCapital, SafeMode, SymbolRoom
from perpbot.risk.position_rules import (
    Concentration,
    LiquidationDistance,
    OneDirection,
    PositionsAgree,
    PositionSize,
    SymbolCooldown,
)
from perpbot.risk.rule import AccountRule, Rule
from perpbot.risk.view import LegRequest, OpenRequest, View

OPENING_RULES: tuple[Rule, ...] = (
    PoolHasCapital(),
    SymbolRoom(),
    SafeMode(),
    EnoughEquity(),
    TradeSize(),
    VenueMargin(),
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
    LiquidationDistance(),
    DifferentVenues(),
    OrderMinimum(),
    ConnectionAlive(),
    ConnectionHealth(),
    Leverage(),
    SelfTrade(),
    Slippage(),
    PriceCollar(),
    Depth(),
    RateLimit(),
)


def check_opening(request: OpenRequest, view: View, limits: Risk) -> Refusal | None:
    """The first rule's no, or None when all four levels let the trade through."""
    for rule in OPENING_RULES:
        refusal = rule.check(request, view, limits)
        if refusal is not None:
            return refusal
    return None


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
