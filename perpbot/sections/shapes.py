"""The shape of the whole state: what a surface gets, and all that it gets.

Money, prices and quantities are decimal text (`Money`), never floats; times are ISO 8601 in UTC; a number's key says
its unit (`_ms`, `_s`, `_pct`). Sections of many rows are objects keyed by id, and a key without a value is left out:
differences are JSON merge patches (RFC 7396), in which null takes a key away.
"""

from typing import Any, TypedDict

from perpbot.sections.market_shapes import Book, Opportunity, Quote
from perpbot.sections.money_shapes import CapitalPools, Exposure, Order, Position, ProfitAndLoss, Residual, Risk, Trade
from perpbot.sections.operations_shapes import Alert, Audit, Latency, Node, Overview, Venue


class Sections(TypedDict):
    """The whole state."""

    overview: Overview
    quotes: dict[str, dict[str, Quote]]
    """By venue, then by symbol."""
    books: dict[str, dict[str, Book]]
    """By venue, then by symbol."""
    opportunities: dict[str, Opportunity]
    """The newest, by id."""
    orders: dict[str, Order]
    """Of trades in progress, by our id."""
    trades: dict[str, Trade]
    """In progress, and the newest that are over, by id."""
    positions: dict[str, Position]
    """Those that are not zero, by ``venue/account/symbol``."""
    residuals: dict[str, Residual]
    """What trades have left, by id."""
    exposure: Exposure
    capital: CapitalPools
    risk: Risk
    venues: dict[str, Venue]
    tree: dict[str, Node]
    """By address."""
    latencies: dict[str, Latency]
    """By stage."""
    alerts: dict[str, Alert]
    """Pending and firing, by id; one that is gone is over."""
    pnl: ProfitAndLoss
    kill_switch: dict[str, str]
    """Scopes that are killed (``global``, a venue, or a connection's address), and by whom."""
    audit: dict[str, Audit]
    """The newest things operators did, by number."""


class Snapshot(TypedDict):
    """Everything at one moment."""

    seq: int
    """Grows with every difference; also the event's id."""
    state: Sections


class Difference(TypedDict):
    """What changed since the `seq` before."""

    seq: int
    diff: dict[str, Any]
    """A JSON merge patch (RFC 7396) for ``state``."""
