"""Backpack's words for an account: orders, fills, positions, balances and funding, in the stream and by REST.

Source: https://docs.backpack.exchange, sections Streams, Order, History, Capital and Futures, and recorded frames. A
fee is positive when it costs; a funding payment is positive when it was received.
"""

from collections.abc import Callable
from decimal import Decimal

import msgspec

from perpbot.model.events import Event
from perpbot.model.instrument import Side
from perpbot.model.money import ZERO, Money
from perpbot.model.order import Balance, Fill, FundingPayment, Liquidity, OrderStatus, OrderUpdate, Position
from perpbot.venues.backpack_wire import Micros, reader, time_ns, utc_ns
from perpbot.venues.wire import JsonReader, Scale, number, refuse

COLLATERAL = "USDC"
"""What perpetuals are settled in."""

_STATUSES = {
    "New": OrderStatus.ACCEPTED,
    "PartiallyFilled": OrderStatus.ACCEPTED,
    "TriggerPending": OrderStatus.ACCEPTED,
    "Triggered": OrderStatus.ACCEPTED,
    "Filled": OrderStatus.FILLED,
    "Cancelled": OrderStatus.CANCELLED,
    "Expired": OrderStatus.CANCELLED,
    "TriggerFailed": OrderStatus.CANCELLED,
}
_SIDES = {"Bid": Side.BUY, "Ask": Side.SELL}
_ORDER_EVENTS = frozenset({
    "orderAccepted", "orderCancelled", "orderExpired", "orderFill", "orderModified", "orderUpdate", "triggerPlaced",
    "triggerFailed",
})  # fmt: skip


class _StreamedOrder(msgspec.Struct):
    event: str = msgspec.field(name="e")
    symbol: str = msgspec.field(name="s")
    side: str = msgspec.field(name="S")
    status: str = msgspec.field(name="X")
    order_id: str = msgspec.field(name="i")
    filled: str = msgspec.field(name="z")
    time: Micros = msgspec.field(name="T")
    client_id: int | None = msgspec.field(name="c", default=None)
    trade_id: int | None = msgspec.field(name="t", default=None)
    last_size: str = msgspec.field(name="l", default="0")
    last_price: str = msgspec.field(name="L", default="0")
    maker: bool = msgspec.field(name="m", default=False)
    fee: str = msgspec.field(name="n", default="0")
    fee_symbol: str = msgspec.field(name="N", default=COLLATERAL)
    reason: str | None = msgspec.field(name="R", default=None)


class _StreamedPosition(msgspec.Struct):
    symbol: str = msgspec.field(name="s")
    quantity: str = msgspec.field(name="q")
    entry_price: str = msgspec.field(name="B")


class _StreamedBalance(msgspec.Struct):
    asset: str = msgspec.field(name="a")
    available: str = msgspec.field(name="A")
    locked: str = msgspec.field(name="L")
    staked: str = msgspec.field(name="S", default="0")


class OrderRow(msgspec.Struct, rename="camel"):
    """An order by REST, open or in the history."""

    id: str
    symbol: str
    side: str
    status: str
    client_id: int | None = None
    executed_quantity: str | None = None
    """Not told where nothing was filled."""


class FillRow(msgspec.Struct, rename="camel"):
    """A fill by REST."""

    symbol: str
    order_id: str
    side: str
    price: str
    quantity: str
    fee: str
    fee_symbol: str
    timestamp: str
    is_maker: bool
    trade_id: int | None = None
    client_id: str | None = None


class PositionRow(msgspec.Struct, rename="camel"):
    """A position by REST."""

    symbol: str
    net_quantity: str
    entry_price: str


class _CollateralRow(msgspec.Struct, rename="camel"):
    symbol: str
    total_quantity: str


class CollateralAnswer(msgspec.Struct, rename="camel"):
    """What the account is worth, in US dollars, and what it is made of."""

    net_equity_available: str
    pnl_unrealized: str
    unsettled_equity: str
    collateral: list[_CollateralRow]


class FundingRow(msgspec.Struct, rename="camel"):
    """A funding payment by REST."""

    symbol: str
    quantity: str
    interval_end_timestamp: str


_Handler = Callable[[str | bytes | msgspec.Raw], list[Event]]


class BackpackAccount:
    """Turns Backpack's rows about one account into values."""

    def __init__(self, account: str, scale: Callable[[str], Scale]) -> None:
        """`scale` says what a native name means."""
        self._account = account
        self._scale = scale
        self._read_order: JsonReader[_StreamedOrder] = reader(_StreamedOrder)
        self._read_position: JsonReader[_StreamedPosition] = reader(_StreamedPosition)
        self._read_balance: JsonReader[_StreamedBalance] = reader(_StreamedBalance)

    def handler(self, stream: str, kind: str) -> _Handler | None:
        """What a frame means: by its event type, or by its stream where that is all it has, as a first picture."""
        if kind in _ORDER_EVENTS:
            return lambda data: self._order_events(self._read_order(data))
        if kind.startswith("position") or (not kind and stream.startswith("account.positionUpdate")):
            return lambda data: [self._streamed_position(self._read_position(data))]
        if kind == "balanceUpdate":
            return lambda data: [self._streamed_balance(self._read_balance(data))]
        return None

    # -- the stream ----------------------------------------------------------------------------------------------

    def _order_events(self, row: _StreamedOrder) -> list[Event]:
        scale = self._scale(row.symbol)
        client_id = "" if row.client_id is None else str(row.client_id)
        update = OrderUpdate(
            venue="backpack",
            account=self._account,
            symbol=scale.symbol,
            client_id=client_id,
            venue_order_id=row.order_id,
            status=_status(row.status),
            filled=scale.sizes[row.filled],
            reason=row.reason or _reason(row.status),
            time_ns=time_ns(row.time),
        )
        if row.event != "orderFill":
            return [update]
        fill = Fill(
            venue="backpack",
            account=self._account,
            symbol=scale.symbol,
            trade_ref=_trade_ref(row.symbol, row.trade_id, row.order_id),
            client_id=client_id,
            venue_order_id=row.order_id,
            side=_side(row.side),
            price=scale.prices[row.last_price],
            quantity=scale.positive(row.last_size),
            fee=Money(number(row.fee, "backpack", "fee"), row.fee_symbol),
            liquidity=Liquidity.MAKER if row.maker else Liquidity.TAKER,
            time_ns=time_ns(row.time),
            quote=scale.quote,
        )
        return [fill, update]

    def _streamed_position(self, row: _StreamedPosition) -> Position:
        return self._position(row.symbol, row.quantity, row.entry_price)

    def _streamed_balance(self, row: _StreamedBalance) -> Balance:
        """Cash only; equity and free margin must be asked for."""
        parts = {"A": row.available, "L": row.locked, "S": row.staked}
        wallet = sum((number(text, "backpack", name) for name, text in parts.items()), ZERO)
        return self._balance(row.asset, wallet, None, None)

    # -- REST ----------------------------------------------------------------------------------------------------

    def order(self, row: OrderRow) -> OrderUpdate:
        """What a row says of an order."""
        scale = self._scale(row.symbol)
        return OrderUpdate(
            venue="backpack",
            account=self._account,
            symbol=scale.symbol,
            client_id="" if row.client_id is None else str(row.client_id),
            venue_order_id=row.id,
            status=_status(row.status),
            filled=scale.sizes[row.executed_quantity or "0"],
            reason=_reason(row.status),
        )

    def fill(self, row: FillRow) -> Fill:
        """The fill in a row."""
        scale = self._scale(row.symbol)
        return Fill(
            venue="backpack",
            account=self._account,
            symbol=scale.symbol,
            trade_ref=_trade_ref(row.symbol, row.trade_id, row.order_id),
            client_id=row.client_id or "",
            venue_order_id=row.order_id,
            side=_side(row.side),
            price=scale.prices[row.price],
            quantity=scale.positive(row.quantity),
            fee=Money(number(row.fee, "backpack", "fee"), row.fee_symbol),
            liquidity=Liquidity.MAKER if row.is_maker else Liquidity.TAKER,
            time_ns=utc_ns(row.timestamp),
            quote=scale.quote,
        )

    def position(self, row: PositionRow) -> Position:
        """The position in a row."""
        return self._position(row.symbol, row.net_quantity, row.entry_price)

    def _position(self, symbol: str, quantity: str, entry_price: str) -> Position:
        scale = self._scale(symbol)
        return Position(
            venue="backpack",
            account=self._account,
            symbol=scale.symbol,
            quantity=scale.signed(quantity),
            entry_price=scale.price_or_none(entry_price),
        )

    def balances(self, answer: CollateralAnswer) -> list[Balance]:
        """What the account owns. Profits and what is free for margin are of the account, and told with its USDC."""
        rows = {row.symbol: number(row.total_quantity, "backpack", "totalQuantity") for row in answer.collateral}
        cash = rows.pop(COLLATERAL, ZERO) + number(answer.unsettled_equity, "backpack", "unsettledEquity")
        equity = cash + number(answer.pnl_unrealized, "backpack", "pnlUnrealized")
        free = number(answer.net_equity_available, "backpack", "netEquityAvailable")
        others = [self._balance(symbol, wallet, None, None) for symbol, wallet in rows.items() if wallet]
        return [self._balance(COLLATERAL, cash, equity, free), *others] if cash or equity else others

    def _balance(self, currency: str, wallet: Decimal, equity: Decimal | None, available: Decimal | None) -> Balance:
        return Balance(
            venue="backpack",
            account=self._account,
            currency=currency,
            wallet=wallet,
            equity=equity,
            available=available,
        )

    def funding_payment(self, row: FundingRow) -> FundingPayment:
        """The funding payment in a row; Backpack gives it no id of its own."""
        scale = self._scale(row.symbol)
        return FundingPayment(
            venue="backpack",
            account=self._account,
            symbol=scale.symbol,
            amount=Money(number(row.quantity, "backpack", "quantity"), scale.quote or COLLATERAL),
            settled_ns=utc_ns(row.interval_end_timestamp),
            ref=f"{row.symbol}:{row.interval_end_timestamp}",
        )


def _trade_ref(symbol: str, trade_id: int | None, order_id: str) -> str:
    """Backpack numbers trades per symbol, so the reference begins with its name.

    Raises:
        DecodeError: a fill without a number, which could not be told from another one.
    """
    if not trade_id:
        refuse("backpack", f"the trade id of a fill of order {order_id}", trade_id)
    return f"{symbol}:{trade_id}"


def _status(text: str) -> OrderStatus:
    if text not in _STATUSES:
        refuse("backpack", "status", text)
    return _STATUSES[text]


def _reason(text: str) -> str:
    """Why an order is over, where its status says anything about it."""
    return "" if _STATUSES[text] in {OrderStatus.ACCEPTED, OrderStatus.FILLED} else text


def _side(text: str) -> Side:
    if text not in _SIDES:
        refuse("backpack", "side", text)
    return _SIDES[text]
