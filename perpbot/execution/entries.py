"""What the journal remembers: one class a kind of entry. The journal is the only truth; all state is folded from it."""

from collections.abc import Mapping
from decimal import Decimal

import attrs
import msgspec

from perpbot.execution.plan import Plan
from perpbot.model.instrument import Side
from perpbot.model.money import ZERO
from perpbot.model.order import Fill, FundingPayment, Order, OrderUpdate


@attrs.frozen(kw_only=True)
class WorldBound:
    """The journal belongs to one world: the real venues, or one simulation. It trades in no other."""

    world: str
    mode: str


class TradeOpened(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A trade was admitted: its plan, its reservation and its first orders, in one commit before any leaves."""

    plan: Plan
    pool: str
    reserved: Mapping[str, Decimal]
    """By venue, in its currency."""
    orders: list[Order]


class OrdersIntended(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Further orders of a trade, before they leave."""

    orders: list[Order]


@attrs.frozen(kw_only=True)
class ForeignAdopted:
    """Somebody else traded in the position of a trade; the order stands for it and was never sent by us."""

    order: Order


@attrs.frozen(kw_only=True)
class ResidualLeft:
    """A trade ends with a rest that its venue takes no order for; it is the trade's no more, and kept apart.

    `order` stands for that in the trade and was never sent; `fill` says how much, at what it cost.
    """

    order: Order
    fill: Fill


@attrs.frozen(kw_only=True)
class ResidualTaken:
    """A trade that closes at the place of a residual takes it on: `order` and `fill` stand for that in it."""

    residual: str
    """Id of the order by which it was left."""
    of_trade: str
    """The trade that left it."""
    order: Order
    fill: Fill


@attrs.frozen(kw_only=True)
class OrderAnswered:
    """What became of a request to place an order: ``accepted``, ``refused``, ``unknown`` or ``expired``."""

    client_id: str
    outcome: str
    venue_order_id: str = ""
    reason: str = ""
    retryable: bool = False
    """Refused for what passes, as a rate limit: the order itself may be taken later, as another one."""


@attrs.frozen(kw_only=True)
class OrderTold:
    """What a venue told of an order, in a stream or when asked."""

    client_id: str
    update: OrderUpdate


@attrs.frozen(kw_only=True)
class OrderFilled:
    """One execution of an order."""

    client_id: str
    fill: Fill


@attrs.frozen(kw_only=True)
class TradeMoved:
    """A trade went on to another phase."""

    trade_id: str
    phase: str
    reason: str = ""


@attrs.frozen(kw_only=True)
class LegRecord:
    """What the orders of one leg came to, in its venue's quote currency but for `other_fees`.

    Of a trade that was opened again: over all of it.
    """

    side: Side
    """Which way it opened."""
    venue: str
    expected: Decimal
    """Mean price at which the book promised that it opens."""
    opened: Decimal
    """Coins in the fills that opened it."""
    opened_value: Decimal
    """Value of those fills."""
    trading: Decimal
    fees: Decimal
    funding: Decimal
    volume: Decimal
    other_fees: Mapping[str, Decimal] = attrs.field(factory=dict)
    """Fees that were taken in other currencies, by currency; none in records of before."""
    closing_slippage: Decimal = ZERO
    """What the fills that closed it cost beyond the best price when each order was decided; 0 in records of before.

    Those that topped it up first, so that it could be closed, are among them.
    """
    closing_expected: Decimal = ZERO
    """Value of those fills at that price."""

    @property
    def achieved(self) -> Decimal | None:
        """Mean price at which it opened; None where nothing was filled."""
        return self.opened_value / self.opened if self.opened else None

    @property
    def slippage(self) -> Decimal:
        """What opening it cost beyond what was expected; below zero where it was better."""
        return self.side.sign * (self.opened_value - self.expected * self.opened)

    @property
    def slippage_bps(self) -> Decimal | None:
        """The same, in ten-thousandths of the value that was expected."""
        return basis_points(self.slippage, self.expected * self.opened)

    @property
    def closing_slippage_bps(self) -> Decimal | None:
        """`closing_slippage` in ten-thousandths of the value that was expected; None where nothing says so."""
        return basis_points(self.closing_slippage, self.closing_expected)


def basis_points(amount: Decimal, value: Decimal) -> Decimal | None:
    """`amount` in ten-thousandths of `value`; None of nothing."""
    return amount / value * 10_000 if value else None


@attrs.frozen(kw_only=True)
class TradeRecord:
    """A trade that is over: what it did and what it brought (EXE-7).

    Amounts are quote currency. Where the legs are quoted in different dollars, their amounts are added one to one here:
    each `LegRecord` has its own, and the account's profit is kept by currency.
    `trading` is prices alone, `fees` positive when they cost, `funding` positive when received. Fees that were taken
    in other currencies are in `other_fees` alone.
    """

    trade_id: str
    symbol: str
    buy_venue: str
    sell_venue: str
    quantity: Decimal
    """Coins that were hedged at the most."""
    phase: str
    reason: str
    trading: Decimal
    fees: Decimal
    funding: Decimal
    """As far as it was known when the record was written; `Records` adds what became known later."""
    currencies: list[str]
    """What the legs are quoted in, the buying one first; once where that is the same."""
    expected_net: Decimal
    """In what the buying leg is quoted in; the other leg at what its currency was worth in it by then."""
    slippage: Decimal
    """What the opening fills cost beyond the prices that were expected."""
    opened_at_ns: int
    settled_at_ns: int
    sent_ms: float
    """From the frame behind it to both first orders on disk and with their connections, which sign and send them."""
    hedged_ms: float
    """From the first fill to equal legs."""
    max_unhedged: Decimal
    """Largest value that stood alone."""
    unhedged_ms: float
    """For how long something did, at the longest, from a fill's arrival until its hedge was filled."""
    volume: Decimal = ZERO
    """Value of all its fills."""
    pool: str = ""
    """Whose capital it used; empty in records of before."""
    phases_ms: Mapping[str, float] = attrs.field(factory=dict)
    """How long each phase took: prepare, check, place, opening, open, closing. After a restart, of those seen since."""
    unhedged_total_ms: float = 0.0
    """For how long something stood alone, all times together."""
    unhedged_value_s: Decimal = ZERO
    """Value that stood alone times the seconds it did: the integral over time."""
    legs: Mapping[str, LegRecord] = attrs.field(factory=dict)
    """By name, ``buy`` and ``sell``; none in records of before."""
    last_fill_ns: int = 0
    """Clock of the venue of its last fill; 0 where nothing was filled, and in records of before."""
    other_fees: Mapping[str, Decimal] = attrs.field(factory=dict)
    """Fees in other currencies than the quote ones, by currency; positive when they cost."""
    other_fees_worth: Decimal = ZERO
    """What they would have been in quote currency as a taker's, by the venues' schedules: for limits, never booked."""

    @property
    def net(self) -> Decimal:
        """Profit after fees and funding, `other_fees` apart."""
        return self.trading - self.fees + self.funding

    @property
    def ended_ns(self) -> int:
        """Wall clock when it was over: by the venue of its last fill, else by ours."""
        return self.last_fill_ns or self.settled_at_ns

    @property
    def slippage_bps(self) -> Decimal | None:
        """`slippage` in ten-thousandths of what opening both legs was expected to be worth; None where unknown."""
        return basis_points(self.slippage, sum((each.expected * each.opened for each in self.legs.values()), ZERO))

    @property
    def closing_slippage(self) -> Decimal:
        """What the fills that closed it cost beyond the best prices when their orders were decided."""
        return sum((each.closing_slippage for each in self.legs.values()), ZERO)

    @property
    def closing_slippage_bps(self) -> Decimal | None:
        """The same, in ten-thousandths of what closing was expected to be worth; None where unknown."""
        return basis_points(self.closing_slippage, sum((each.closing_expected for each in self.legs.values()), ZERO))


@attrs.frozen(kw_only=True)
class TradeSettled:
    """A trade is over; its reservation is free again."""

    record: TradeRecord


@attrs.frozen(kw_only=True)
class KillSwitchSet:
    """A kill switch was turned: ``global``, a venue's name, or a connection's address."""

    scope: str
    on: bool
    by: str


@attrs.frozen(kw_only=True)
class OperatorActed:
    """An operator did something, or tried to."""

    who: str
    source: str
    """Where it came from: an address, or the control socket."""
    action: str
    what: str
    outcome: str


@attrs.frozen(kw_only=True)
class FundingShare:
    """The part of a funding payment that belongs to one leg of a trade; positive was received."""

    trade_id: str
    leg: str
    amount: Decimal


@attrs.frozen(kw_only=True)
class FundingBooked:
    """A funding payment the venue reported."""

    payment: FundingPayment
    shares: list[FundingShare] | None = None
    """Whose it is; what is left belongs to no trade. None in entries of before."""


@attrs.frozen(kw_only=True)
class CaughtUp:
    """Everything a venue knew up to then was asked for and is here: the durable mark of its fills."""

    venue: str
    account: str
    until_ms: int


@attrs.frozen(kw_only=True)
class FundingCaughtUp:
    """All funding that a venue had paid or taken up to then is booked: the durable mark of its funding."""

    venue: str
    account: str
    until_ms: int


@attrs.frozen(kw_only=True)
class PeakEquity:
    """The equity from which drawdowns are measured: the highest so far, or the one an operator began anew from.

    Several venues with ``+`` between: over all of them.
    """

    venue: str
    equity: Decimal


@attrs.frozen(kw_only=True)
class SafeModeSet:
    """A venue came into safe mode, or left it."""

    venue: str
    on: bool


@attrs.frozen(kw_only=True)
class CooldownBegun:
    """An alert asked for a pause until then, by the wall clock."""

    until_ns: int
    by: str


@attrs.frozen(kw_only=True)
class CooldownLifted:
    """An operator ended the pause."""

    by: str


@attrs.frozen(kw_only=True)
class CountsCarried:
    """How often things happened in a part of the journal that is condensed."""

    orders_intended: int
    trades_opened: int
    last_trade_number: int
    """Highest number of a trade so far; not a difference."""
    duplicate_ids: int
    outcomes: Mapping[str, int]
    """How many trades ended in each phase."""


@attrs.frozen(kw_only=True)
class HoldingCarried:
    """What fills and funding in a condensed part came to, in one instrument.

    Amounts are its quote currency, but for `other_fees`.
    """

    venue: str
    account: str
    symbol: str
    quantity: Decimal
    """Signed."""
    cash: Decimal
    fees: Decimal
    funding: Decimal
    volume: Decimal
    other_fees: Mapping[str, Decimal] = attrs.field(factory=dict)
    """Fees in other currencies, by currency; none in entries of before."""


@attrs.frozen(kw_only=True)
class ProfitCarried:
    """What was earned in a condensed part, under one account of profit and loss."""

    day: str
    pool: str
    venue: str
    symbol: str
    currency: str
    trading: Decimal
    fees: Decimal
    funding: Decimal


Entry = (
    WorldBound
    | CountsCarried
    | HoldingCarried
    | ProfitCarried
    | TradeOpened
    | OrdersIntended
    | ForeignAdopted
    | ResidualLeft
    | ResidualTaken
    | OrderAnswered
    | OrderTold
    | OrderFilled
    | TradeMoved
    | TradeSettled
    | KillSwitchSet
    | OperatorActed
    | FundingBooked
    | CaughtUp
    | FundingCaughtUp
    | PeakEquity
    | SafeModeSet
    | CooldownBegun
    | CooldownLifted
)
