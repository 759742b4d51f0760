"""What the order book and the trading connections tell each other."""

import attrs
import msgspec

from perpbot.execution.inquiry import OrderFound
from perpbot.model.order import Fill, Order, OrderUpdate, Outcome
from perpbot.risk.approval import Approval
from perpbot.venues.cancelling import Waiting


class PlaceOrder(msgspec.Struct, frozen=True, gc=False):
    """To a trading connection: send this order. It is durable, and `approval` covers it.

    `seen_ns` is when the frame behind an opening arrived (monotonic), 0 for other orders: for measuring.
    """

    order: Order
    approval: Approval
    seen_ns: int = 0


@attrs.frozen
class TurnCame:
    """To a trading connection, from its own timer: the rate limit lets the next order leave."""


@attrs.frozen
class OrderSent:
    """From a trading connection: the request is being handed to the network."""

    client_id: str


@attrs.frozen
class OutcomeArrived:
    """From a trading connection: what became of the request."""

    client_id: str
    outcome: Outcome


@attrs.frozen
class VenueNews:
    """From a trading connection: updates and fills, in the order they came."""

    venue: str
    account: str
    events: tuple[OrderUpdate | Fill, ...]


@attrs.frozen
class AskForOrder:
    """To a trading connection: what does the venue know of this order?"""

    order: Order


@attrs.frozen
class CancelOrder:
    """To a trading connection: have this order cancelled, once; what became of it is asked for afterwards."""

    waiting: Waiting


@attrs.frozen
class FindOurs:
    """Which of these open orders are ours? The answer is a list of `Waiting`."""

    updates: tuple[OrderUpdate, ...]


@attrs.frozen
class CatchUp:
    """To a trading connection: report everything since `since_ms`, and the fate of `orders`."""

    since_ms: int
    orders: tuple[Order, ...]


@attrs.frozen
class CatchUpDone:
    """To a trading connection: everything it reported is durable; trading may go on."""


@attrs.frozen
class TradingReady:
    """From a trading connection: its stream is up; it wants to catch up before anything is sent."""

    venue: str
    account: str


@attrs.frozen
class CatchUpAnswer:
    """From a trading connection: everything since the mark."""

    venue: str
    account: str
    fills: tuple[Fill, ...]
    found: tuple[OrderFound, ...]
    until_ms: int
