"""How symbols, trades and circuits are written where there is little room."""

CIRCUITS = {
    "CONNECTED": (0, "connected", "good"),
    "DEGRADED": (1, "probing", "warn"),
    "DISCONNECTED": (2, "down", "bad"),
    "CIRCUIT_OPEN": (3, "blocked", "bad"),
}
"""How bad, in short, and in which style."""
ARROW = " → "


def base(symbol: str) -> str:
    """``BTC`` for ``BTC-PERP``."""
    return symbol.removesuffix("-PERP")


def short_id(trade_id: str) -> str:
    """``t62`` for ``1795220521-t62``."""
    return trade_id.rsplit("-", 1)[-1]


def short_verdict(verdict: str) -> str:
    """Why not, without the rule's name before it: what matters first, as little of it may fit."""
    rule, _, why = verdict.removeprefix("refused: ").partition(": ")
    return why.replace("the kill switch is on", "kill switch on") if "/" in rule else verdict
