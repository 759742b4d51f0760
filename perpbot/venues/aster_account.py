"""Aster's words for an account: orders, fills, positions, balances and funding, in the stream and by REST.

Source: https://github.com/asterdex/api-docs, futures API v3, and recorded answers. A commission is positive when it
costs.
"""

from collections.abc import Callable

import msgspec

from perpbot.model.events import Event, SessionEnding, VenueError
from perpbot.model.instrument import Side
from perpbot.model.money import Money
from perpbot.model.order import Balance, Fill, FundingPayment, Liquidity, OrderStatus, OrderUpdate, Position
from perpbot.venues.wire import JsonReader, Millis, Scale, ns, number, refuse

_STATUSES = {
    "NEW": OrderStatus.ACCEPTED,
    "NEW_ADL": OrderStatus.ACCEPTED,
    "NEW_INSURANCE": OrderStatus.ACCEPTED,
    "PARTIALLY_FILLED": OrderStatus.ACCEPTED,
    "FILLED": OrderStatus.FILLED,
    "CANCELED": OrderStatus.CANCELLED,
    "EXPIRED": OrderStatus.CANCELLED,
    "EXPIRED_IN_MATCH": OrderStatus.CANCELLED,
    "REJECTED": OrderStatus.REFUSED,
}
_EXECUTIONS = frozenset({"TRADE", "CALCULATED"})
"""Execution types that are fills; the second is a liquidation's."""
_SIDES = {"BUY": Side.BUY, "SELL": Side.SELL}


class _StreamedOrder(msgspec.Struct):
    symbol: str = msgspec.field(name="s")
    client_id: str = msgspec.field(name="c")
    side: str = msgspec.field(name="S")
    execution: str = msgspec.field(name="x")
    status: str = msgspec.field(name="X")
    order_id: int = msgspec.field(name="i")
    filled: str = msgspec.field(name="z")
    time: Millis = msgspec.field(name="T")
    last_size: str = msgspec.field(name="l")
    last_price: str = msgspec.field(name="L")
    trade_id: int = msgspec.field(name="t")
    maker: bool = msgspec.field(name="m")
    commission: str = msgspec.field(name="n", default="0")
    commission_asset: str = msgspec.field(name="N", default="")
    """Not sent where there is no commission."""


class _OrderFrame(msgspec.Struct):
    order: _StreamedOrder = msgspec.field(name="o")


class _StreamedBalance(msgspec.Struct):
    asset: str = msgspec.field(name="a")
    wallet: str = msgspec.field(name="wb")


class _StreamedPosition(msgspec.Struct):
    symbol: str = msgspec.field(name="s")
    amount: str = msgspec.field(name="pa")
    entry_price: str = msgspec.field(name="ep")


class _Account(msgspec.Struct):
    balances: list[_StreamedBalance] = msgspec.field(name="B", default_factory=list)
    positions: list[_StreamedPosition] = msgspec.field(name="P", default_factory=list)


class _AccountFrame(msgspec.Struct):
    account: _Account = msgspec.field(name="a")


class OrderRow(msgspec.Struct, rename="camel"):
    """An order by REST."""

    symbol: str
    order_id: int
    client_order_id: str
    status: str
    executed_qty: str
    update_time: Millis


class FillRow(msgspec.Struct, rename="camel"):
    """A fill by REST, which does not say under which client id."""

    symbol: str
    id: int
    order_id: int
    side: str
    price: str
    qty: str
    commission: str
    commission_asset: str
    time: Millis
    maker: bool


class PositionRow(msgspec.Struct, rename="camel"):
    """A position by REST."""

    symbol: str
    position_amt: str
    entry_price: str


class MarginRow(msgspec.Struct, rename="camel"):
    """What a symbol is margined with, by REST."""

    symbol: str
    leverage: str
    margin_type: str


class BalanceRow(msgspec.Struct, rename="camel"):
    """The balance of one asset by REST."""

    asset: str
    balance: str
    available_balance: str
    cross_un_pnl: str


class IncomeRow(msgspec.Struct, rename="camel"):
    """A change of cash by REST."""

    symbol: str
    income: str
    asset: str
    time: Millis
    tran_id: int | str


_Handler = Callable[[str | bytes | msgspec.Raw], list[Event]]


class AsterAccount:
    """Turns Aster's rows about one account into values."""

    def __init__(self, account: str, scale: Callable[[str], Scale]) -> None:
        """`scale` says what a native name means."""
        self._account = account
        self._scale = scale
        self._read_order = JsonReader("aster", _OrderFrame)
        self._read_account = JsonReader("aster", _AccountFrame)
        self.kinds: dict[str, _Handler] = {
            "ORDER_TRADE_UPDATE": lambda frame: self._order_events(self._read_order(frame).order),
            "ACCOUNT_UPDATE": lambda frame: self._account_events(self._read_account(frame).account),
            "MARGIN_CALL": lambda _frame: [VenueError("MARGIN_CALL", "positions are close to liquidation")],
            "listenKeyExpired": lambda _frame: [SessionEnding("the listen key has expired")],
        }
        """What a frame of each private event type means."""

    def _order_events(self, row: _StreamedOrder) -> list[Event]:
        scale = self._scale(row.symbol)
        update = self._order(scale, row.status, row.client_id, row.order_id, row.filled, row.time)
        if row.execution not in _EXECUTIONS:
            return [update]
        fill = Fill(
            venue="aster",
            account=self._account,
            symbol=scale.symbol,
            trade_ref=_trade_ref(row.symbol, row.trade_id),
            client_id=row.client_id,
            venue_order_id=str(row.order_id),
            side=_side(row.side),
            price=scale.prices[row.last_price],
            quantity=scale.positive(row.last_size),
            fee=Money(number(row.commission, "aster", "commission"), row.commission_asset or scale.quote),
            liquidity=Liquidity.MAKER if row.maker else Liquidity.TAKER,
            time_ns=ns(row.time),
            quote=scale.quote,
        )
        return [fill, update]

    def _account_events(self, account: _Account) -> list[Event]:
        """What has changed. The stream tells cash only; equity and free margin must be asked for."""
        balances: list[Event] = [
            Balance(
                venue="aster",
                account=self._account,
                currency=each.asset,
                wallet=number(each.wallet, "aster", "wb"),
                equity=None,
                available=None,
            )
            for each in account.balances
        ]
        return [*balances, *(self._position(each.symbol, each.amount, each.entry_price) for each in account.positions)]

    def order(self, row: OrderRow) -> OrderUpdate:
        """What a row says of an order."""
        scale = self._scale(row.symbol)
        return self._order(scale, row.status, row.client_order_id, row.order_id, row.executed_qty, row.update_time)

    def _order(self, scale: Scale, status: str, client_id: str, order_id: int, filled: str, time: int) -> OrderUpdate:
        if status not in _STATUSES:
            refuse("aster", "status", status)
        known = _STATUSES[status]
        return OrderUpdate(
            venue="aster",
            account=self._account,
            symbol=scale.symbol,
            client_id=client_id,
            venue_order_id=str(order_id),
            status=known,
            filled=scale.sizes[filled],
            reason="" if known in {OrderStatus.ACCEPTED, OrderStatus.FILLED} else status,
            time_ns=ns(time),
        )

    def fill(self, row: FillRow) -> Fill:
        """The fill in a row."""
        scale = self._scale(row.symbol)
        return Fill(
            venue="aster",
            account=self._account,
            symbol=scale.symbol,
            trade_ref=_trade_ref(row.symbol, row.id),
            client_id="",
            venue_order_id=str(row.order_id),
            side=_side(row.side),
            price=scale.prices[row.price],
            quantity=scale.positive(row.qty),
            fee=Money(number(row.commission, "aster", "commission"), row.commission_asset),
            liquidity=Liquidity.MAKER if row.maker else Liquidity.TAKER,
            time_ns=ns(row.time),
            quote=scale.quote,
        )

    def position(self, row: PositionRow) -> Position:
        """The position in a row."""
        return self._position(row.symbol, row.position_amt, row.entry_price)

    def _position(self, symbol: str, amount: str, entry_price: str) -> Position:
        scale = self._scale(symbol)
        return Position(
            venue="aster",
            account=self._account,
            symbol=scale.symbol,
            quantity=scale.signed(amount),
            entry_price=scale.price_or_none(entry_price),
        )

    def balance(self, row: BalanceRow) -> Balance:
        """The balance in a row."""
        wallet = number(row.balance, "aster", "balance")
        return Balance(
            venue="aster",
            account=self._account,
            currency=row.asset,
            wallet=wallet,
            equity=wallet + number(row.cross_un_pnl, "aster", "crossUnPnl"),
            available=number(row.available_balance, "aster", "availableBalance"),
        )

    def funding_payment(self, row: IncomeRow) -> FundingPayment:
        """The funding payment in a row."""
        return FundingPayment(
            venue="aster",
            account=self._account,
            symbol=self._scale(row.symbol).symbol,
            amount=Money(number(row.income, "aster", "income"), row.asset),
            settled_ns=ns(row.time),
            ref=str(row.tran_id),
        )


def _trade_ref(symbol: str, trade_id: int) -> str:
    """Aster numbers trades per symbol, so the reference begins with its name."""
    return f"{symbol}:{trade_id}"


def _side(text: str) -> Side:
    if text not in _SIDES:
        refuse("aster", "side", text)
    return _SIDES[text]
