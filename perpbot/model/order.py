"""Orders, what becomes of them, fills, positions and balances: the values everyone speaks in."""

from decimal import Decimal
from enum import StrEnum

import attrs
import msgspec

from perpbot.model.instrument import Side
from perpbot.model.money import ZERO, Money, Price, Quantity, only

DOLLAR = "USD"
"""Is part of the name of every kind of dollar that a perpetual is settled in."""


class TimeInForce(StrEnum):
    """How long an order waits."""

    IOC = "ioc"
    """Fill what is there at once, cancel the rest."""
    GTC = "gtc"
    """Rest until filled or cancelled."""
    POST_ONLY = "post-only"
    """Rest as a maker, or be refused."""


class Order(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An order as it was decided: its intent. What becomes of it is told by `OrderState`.

    `client_id` is ours, handed out by the journal and unique for ever; `wire_id` is the form of it that the
    venue takes. An order is at a venue's account for good: it is never sent elsewhere or under another id.
    """

    client_id: str
    wire_id: str
    venue: str
    account: str
    symbol: str
    side: Side
    quantity: Quantity
    price: Price
    """Limit price. Orders meant to fill at once carry the worst price they accept."""
    time_in_force: TimeInForce
    reduce_only: bool
    trade_id: str
    """The trade it belongs to."""
    leg: str
    """Which leg of that trade: ``buy`` or ``sell``, named after the opening side."""
    purpose: str
    """Why it is sent: ``open``, ``hedge``, ``unwind``, ``close`` or ``flatten``."""
    expected: Price | None = None
    """Of an order that closes: the best price it could have had when it was decided. Older entries have none."""

    @property
    def notional(self) -> Decimal:
        """Quote currency at the limit price."""
        return self.quantity * self.price

    def meets(self, side: Side, limit: Decimal) -> bool:
        """Whether an order of `side` at `limit` would trade with this one, were both in one book."""
        return side is not self.side and side.sign * (limit - self.price) >= 0


class OrderStatus(StrEnum):
    """What is known of an order at its venue."""

    JOURNALLED = "journalled"
    """Durable here; not known to have left."""
    SUBMITTED = "submitted"
    """Handed to the network."""
    ACCEPTED = "accepted"
    """The venue has it and it is open."""
    PARTIALLY_FILLED = "partially-filled"
    """Open, and a part of it is filled."""
    PENDING_CANCEL = "pending-cancel"
    """Open, and its venue was asked to end it."""
    FILLED = "filled"
    CANCELLED = "cancelled"
    """Ended with less than its quantity filled, perhaps nothing."""
    EXPIRED = "expired"
    """Ended because its time was over: it can no longer arrive, or its venue ended it for its age."""
    REFUSED = "refused"
    """The venue, or the gate before it, did not take it; nothing can fill."""
    UNKNOWN = "unknown"
    """It may or may not have reached the venue; nothing else is sent until that is resolved."""

    @property
    def final(self) -> bool:
        """Whether nothing more can happen to the order, late fills apart."""
        return self in _FINAL

    @property
    def open(self) -> bool:
        """Whether the venue has it, and it may fill."""
        return self in _OPEN


_FINAL = frozenset({OrderStatus.FILLED, OrderStatus.CANCELLED, OrderStatus.EXPIRED, OrderStatus.REFUSED})
_OPEN = frozenset({OrderStatus.ACCEPTED, OrderStatus.PARTIALLY_FILLED, OrderStatus.PENDING_CANCEL})


class Liquidity(StrEnum):
    """Which role a fill had."""

    MAKER = "maker"
    TAKER = "taker"


@attrs.frozen(kw_only=True)
class Fill:
    """One execution of an order. `trade_ref` is the venue's id of it, unique in its symbol at venue and account."""

    venue: str
    account: str
    symbol: str
    trade_ref: str
    client_id: str
    """Ours where the venue echoes it; empty where it only knows its own order id."""
    venue_order_id: str
    side: Side
    price: Price
    quantity: Quantity
    fee: Money
    """Positive when it costs. Some venues take it in a coin of their own, not in what the price is in."""
    liquidity: Liquidity
    time_ns: int
    """The venue's wall clock."""
    quote: str = ""
    """What the price is in: the quote currency of its instrument. Older entries of the journal have none."""

    @property
    def currency(self) -> str:
        """What the price is in; the fee's currency where the fill does not say."""
        return self.quote or self.fee.currency

    @property
    def quoted_fee(self) -> Decimal:
        """The fee, as far as it is in the currency of the price: all of it, or nothing."""
        return self.fee.amount if self.fee.currency == self.currency else ZERO

    @property
    def other_fee(self) -> dict[str, Decimal]:
        """The fee by its currency, where that is another one than the price's; else empty."""
        return {} if self.fee.currency == self.currency else only({self.fee.currency: self.fee.amount})


@attrs.frozen(kw_only=True)
class OrderUpdate:
    """What a venue says of an order, in a stream or in answer to a question. `filled` is cumulative."""

    venue: str
    account: str
    symbol: str
    client_id: str
    venue_order_id: str
    status: OrderStatus
    filled: Quantity
    reason: str = ""
    time_ns: int = 0


@attrs.frozen
class Accepted:
    """The venue took the order. IOC orders may already be over; updates and fills say so."""

    venue_order_id: str


@attrs.frozen
class Refused:
    """The order did not and will not exist at the venue. `reason` is for the operator."""

    reason: str
    retryable: bool = False
    """The same order may be accepted later (rate limit), as a new intent."""


@attrs.frozen
class Unknown:
    """Nobody can say whether the venue has the order: a timeout, a broken connection, a 5xx answer."""

    reason: str


Outcome = Accepted | Refused | Unknown


@attrs.frozen(kw_only=True)
class Position:
    """What a venue says we hold in one instrument."""

    venue: str
    account: str
    symbol: str
    quantity: Quantity
    """Signed: positive long, negative short."""
    entry_price: Price | None = None


@attrs.frozen(kw_only=True)
class Balance:
    """What a venue says we own in one currency."""

    venue: str
    account: str
    currency: str
    wallet: Decimal
    """Cash: deposits plus realised profit, fees and funding."""
    equity: Decimal | None
    """Cash plus unrealised profit; None where the venue's message does not say."""
    available: Decimal | None
    """Free for new margin; None where the venue's message does not say."""

    @property
    def is_dollars(self) -> bool:
        """Whether it is some kind of dollar, all of which count one to one: USDT, USDC, FDUSD. A coin is not."""
        return DOLLAR in self.currency

    @property
    def dollars(self) -> Decimal:
        """What it adds to the equity: nothing where it is a coin, as one that fees are taken in."""
        if not self.is_dollars:
            return ZERO
        return self.wallet if self.equity is None else self.equity


@attrs.frozen(kw_only=True)
class FundingPayment:
    """Funding paid or received for one position at one settlement, keyed by `settled_ns`."""

    venue: str
    account: str
    symbol: str
    amount: Money
    """Signed cash: positive was received."""
    settled_ns: int
    ref: str
