"""Extended's words for an account: orders, fills, positions, balances and funding, in the stream and by REST alike.

Source: https://api.docs.extended.exchange. Numbers come in quotes, ids without; sizes are coins; a fee is positive when
it costs; what Extended calls USD is USDC.
"""

from collections.abc import Callable

import msgspec

from perpbot.model.events import Event
from perpbot.model.instrument import Side
from perpbot.model.money import ZERO, Money, Quantity
from perpbot.model.order import Balance, Fill, FundingPayment, Liquidity, OrderStatus, OrderUpdate, Position
from perpbot.venues.wire import JsonReader, Millis, Scale, ns, number, refuse

COLLATERAL = "USDC"

_STATUSES = {
    "NEW": OrderStatus.ACCEPTED,
    "PARTIALLY_FILLED": OrderStatus.ACCEPTED,
    "UNTRIGGERED": OrderStatus.ACCEPTED,
    "TRIGGERED": OrderStatus.ACCEPTED,
    "FILLED": OrderStatus.FILLED,
    "CANCELLED": OrderStatus.CANCELLED,
    "EXPIRED": OrderStatus.CANCELLED,
    "REJECTED": OrderStatus.REFUSED,
}
_SIDES = {"BUY": Side.BUY, "SELL": Side.SELL}
_SIGNS = {"LONG": 1, "SHORT": -1}


class OrderRow(msgspec.Struct, rename="camel"):
    """An order."""

    id: int
    external_id: str
    market: str
    status: str
    updated_time: Millis
    filled_qty: str = "0"
    status_reason: str = ""


class TradeRow(msgspec.Struct, rename="camel"):
    """A fill; our own id is told in the stream only."""

    id: int
    market: str
    order_id: int
    side: str
    price: str
    qty: str
    fee: str
    is_taker: bool
    created_time: Millis
    external_order_id: str = ""


class PositionRow(msgspec.Struct, rename="camel"):
    """A position; its size has no sign."""

    market: str
    side: str
    size: str
    open_price: str = ""
    status: str = "OPENED"


class BalanceRow(msgspec.Struct, rename="camel"):
    """The collateral, without and with the profit of open positions."""

    balance: str
    equity: str
    available_for_trade: str


class FundingRow(msgspec.Struct, rename="camel"):
    """A funding payment."""

    id: int
    market: str
    funding_fee: str
    paid_time: Millis


class _Update(msgspec.Struct):
    orders: list[OrderRow] = []
    trades: list[TradeRow] = []
    positions: list[PositionRow] = []
    balance: BalanceRow | None = None


class ExtendedAccount:
    """Turns Extended's rows about one account into values."""

    def __init__(self, account: str, scale: Callable[[str], Scale]) -> None:
        """`scale` says what a native name means."""
        self._account = account
        self._scale = scale
        self._read_update = JsonReader("extended", _Update, numbers_in_quotes=True)

    def events(self, data: msgspec.Raw) -> list[Event]:
        """What a message about the account says; it may say several things at once, or nothing we need."""
        update = self._read_update(data)
        events: list[Event] = [self.fill(row) for row in update.trades]
        events += [self.order(row) for row in update.orders]
        events += [self.position(row) for row in update.positions]
        return events if update.balance is None else [*events, self.balance(update.balance)]

    def order(self, row: OrderRow) -> OrderUpdate:
        """What a row says of an order."""
        if row.status not in _STATUSES:
            refuse("extended", "status", row.status)
        scale, status = self._scale(row.market), _STATUSES[row.status]
        filled = scale.sizes[row.filled_qty]
        if status is OrderStatus.REFUSED and filled:
            status = OrderStatus.CANCELLED
        return OrderUpdate(
            venue="extended",
            account=self._account,
            symbol=scale.symbol,
            client_id=row.external_id,
            venue_order_id=str(row.id),
            status=status,
            filled=filled,
            reason=row.status_reason,
            time_ns=ns(row.updated_time),
        )

    def fill(self, row: TradeRow) -> Fill:
        """The fill in a row."""
        scale = self._scale(row.market)
        if row.side not in _SIDES:
            refuse("extended", "side", row.side)
        return Fill(
            venue="extended",
            account=self._account,
            symbol=scale.symbol,
            trade_ref=str(row.id),
            client_id=row.external_order_id,
            venue_order_id=str(row.order_id),
            side=_SIDES[row.side],
            price=scale.prices[row.price],
            quantity=scale.positive(row.qty),
            fee=Money(number(row.fee, "extended", "fee"), COLLATERAL),
            liquidity=Liquidity.TAKER if row.is_taker else Liquidity.MAKER,
            time_ns=ns(row.created_time),
            quote=scale.quote,
        )

    def position(self, row: PositionRow) -> Position:
        """The position in a row, which is zero when it has been closed."""
        scale = self._scale(row.market)
        if row.side not in _SIGNS:
            refuse("extended", "side", row.side)
        size = ZERO if row.status == "CLOSED" else scale.sizes[row.size]
        return Position(
            venue="extended",
            account=self._account,
            symbol=scale.symbol,
            quantity=Quantity(size * _SIGNS[row.side]),
            entry_price=scale.price_or_none(row.open_price) if size else None,
        )

    def balance(self, row: BalanceRow) -> Balance:
        """The collateral."""
        return Balance(
            venue="extended",
            account=self._account,
            currency=COLLATERAL,
            wallet=number(row.balance, "extended", "balance"),
            equity=number(row.equity, "extended", "equity"),
            available=number(row.available_for_trade, "extended", "availableForTrade"),
        )

    def funding_payment(self, row: FundingRow) -> FundingPayment:
        """The funding payment in a row; what was received is positive."""
        return FundingPayment(
            venue="extended",
            account=self._account,
            symbol=self._scale(row.market).symbol,
            amount=Money(number(row.funding_fee, "extended", "fundingFee"), COLLATERAL),
            settled_ns=ns(row.paid_time),
            ref=str(row.id),
        )
