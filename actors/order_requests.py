"""What trades, pools and surfaces ask of the order book, and what it publishes."""

from collections.abc import Mapping
from decimal import Decimal

import attrs
import msgspec

from actors.runtime import DomainError
from perpbot.execution.entries import TradeRecord
from perpbot.execution.plan import Plan
from perpbot.execution.trade import Want
from perpbot.execution.views import OrderView
from perpbot.model.order import Fill, Order
from perpbot.risk.approval import Approval

OPENED = "opened"
"""Topic: every `TradeOpened`."""
INTENDED = "intended"
"""Topic: every `OrdersIntended`, `ForeignAdopted`, `ResidualLeft` and `ResidualTaken`, before it has any effect."""
FILLS = "fills"
"""Topic: every `OrderFilled`, once, after it is durable."""
SETTLED = "settled"
"""Topic: every `TradeRecord`."""
REOPENED = "reopened"
"""Topic: every `TradeMoved` of a trade that was over."""


class NotSubmittedError(DomainError):
    """The orders were not taken; nothing was sent."""


class OwnOrderInTheWayError(NotSubmittedError):
    """An order would trade with one of ours that waits at `venue`: that one is being cancelled; ask again then."""

    def __init__(self, text: str, venue: str) -> None:
        super().__init__(text)
        self.venue = venue


class OpenTrade(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Journal a trade with its reservation and both first orders, and send them. Answered when they are handed over."""

    plan: Plan
    pool: str
    reserved: Mapping[str, Decimal]
    approval: Approval
    wants: tuple[Want, ...]
    """Its first orders."""


class SubmitOrders(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Journal further orders of a trade and send them. The answer is the trade's view."""

    trade_id: str
    wants: tuple[Want, ...]
    approval: Approval
    seen: int
    """How many orders the trade had when this was decided; refused when there are more by now."""


@attrs.frozen
class EndOrder:
    """Have an order of ours that waits at its venue cancelled. What becomes of it is told as always."""

    client_id: str


@attrs.frozen
class ReadTrade:
    """The answer is the `TradeView`, or None when there is no such trade in progress."""

    trade_id: str


@attrs.frozen
class ReadOpenTrades:
    """The answer is every `TradeView` in progress, oldest first."""


@attrs.frozen
class AdoptPosition:
    """What somebody else did in our account is ours from now on, and closed. The answer is the trades that do."""

    fill: Fill
    """All that somebody did, as one fill."""


@attrs.frozen
class DeclareOver:
    """An operator says that our orders there are over, for which the venue cannot be asked. The answer is their ids.

    One whose request may still arrive is left as it is.
    """

    venue: str
    account: str
    symbol: str
    currency: str
    """What prices are in there."""


@attrs.frozen
class ReadResiduals:
    """The answer is every `Residual`, oldest first."""


@attrs.frozen
class ReadRecords:
    """The answer is the newest `TradeRecord`s, oldest first."""

    limit: int


@attrs.frozen
class ReadCounts:
    """The answer is an `OrderCounts`."""


@attrs.frozen
class OrderCounts:
    """Orders since this incarnation of the order book began, what is open now, and how many trades are over."""

    sent: int
    accepted: int
    refused: int
    unknown_open: int
    duplicates: int
    trades_over: int
    illegal: int = 0
    """News that contradicted what was known; what is not a fill of it was not obeyed."""


@attrs.frozen
class MoveTrade:
    """Journal that a trade is in another phase."""

    trade_id: str
    phase: str
    reason: str


@attrs.frozen
class SettleTrade:
    """Journal that a trade is over, with its record, and hand on what it still holds.

    `NotSubmittedError` when something has become of its orders since, or it has taken on what was left before it.
    """

    record: TradeRecord
    orders: tuple[OrderView, ...]
    """Its orders as they were when the record was made."""


class PrepareTrade(msgspec.Struct, frozen=True, gc=False):
    """A trade in `symbol` may be opened. The answer is a `Prepared`."""

    symbol: str


class Prepared(msgspec.Struct, frozen=True, gc=False):
    """What a new trade has to know of all others."""

    trade_id: str
    """An id no other trade has or had."""
    working: tuple[Order, ...]
    """Our orders in its symbol that may still fill."""
    to_come: Mapping[tuple[str, str], Decimal]
    """What other trades may still add to positions, by venue and symbol."""


class ReadToCome(msgspec.Struct, frozen=True, gc=False):
    """A trade may open more. The answer is what all others may still add to positions, by venue and symbol."""

    trade_id: str


@attrs.frozen
class TradeChanged:
    """To a trade: something happened to its orders."""

    trade_id: str
    order: OrderView
