"""Paradex's words for an account: orders, fills, positions, balances and funding, in the stream and by REST alike.

Source: https://docs.paradex.trade/api-reference. All numbers come in quotes; sizes are coins, for a k-coin thousands of
them; a fee is positive when it costs; collateral is USDC.
"""

from collections.abc import Callable

import msgspec

from perpbot.model.events import Event
from perpbot.model.instrument import Side
from perpbot.model.money import Money, Quantity
from perpbot.model.order import Balance, Fill, FundingPayment, Liquidity, OrderStatus, OrderUpdate, Position
from perpbot.venues.wire import JsonReader, Millis, Scale, ns, number, refuse

COLLATERAL = "USDC"

_OPEN = frozenset({"NEW", "UNTRIGGERED", "OPEN"})
_REFUSALS = frozenset({
    "NOT_ENOUGH_MARGIN", "ORDER_EXCEEDS_POSITION_LIMIT", "POST_ONLY_WOULD_CROSS", "REDUCE_ONLY_WILL_INCREASE",
    "REJECTED_BY_PRICE_BAND",
})  # fmt: skip
"""Why an order is closed that never was in the book."""
_SIDES = {"BUY": Side.BUY, "SELL": Side.SELL}
_LIQUIDITIES = {"MAKER": Liquidity.MAKER, "TAKER": Liquidity.TAKER}
_SIGNS = {"LONG": 1, "SHORT": -1}


class OrderRow(msgspec.Struct):
    """An order."""

    id: str
    market: str
    size: str
    remaining_size: str
    status: str
    last_updated_at: Millis
    client_id: str = ""
    cancel_reason: str = ""


class FillRow(msgspec.Struct):
    """A fill."""

    id: str
    market: str
    order_id: str
    side: str
    price: str
    size: str
    fee: str
    liquidity: str
    created_at: Millis
    fee_currency: str = COLLATERAL
    client_id: str = ""


class PositionRow(msgspec.Struct):
    """A position. Documents give its size a sign, recordings do not: the side says it."""

    market: str
    side: str
    size: str
    average_entry_price: str = ""


class AccountRow(msgspec.Struct):
    """The account's collateral, without and with the profit of open positions."""

    account_value: str
    free_collateral: str
    total_collateral: str
    settlement_asset: str = COLLATERAL


class FundingRow(msgspec.Struct):
    """Funding of one position, paid whenever the position changes."""

    id: str
    market: str
    payment: str
    created_at: Millis


class ParadexAccount:
    """Turns Paradex's rows about one account into values."""

    def __init__(self, account: str, scale: Callable[[str], Scale]) -> None:
        """`scale` says what a native name means."""
        self._account = account
        self._scale = scale
        read_order, read_fill = JsonReader("paradex", OrderRow), JsonReader("paradex", FillRow)
        read_position, read_account = JsonReader("paradex", PositionRow), JsonReader("paradex", AccountRow)
        read_funding = JsonReader("paradex", FundingRow)
        self.channels: dict[str, Callable[[msgspec.Raw], Event]] = {
            "orders": lambda data: self.order(read_order(data)),
            "fills": lambda data: self.fill(read_fill(data)),
            "positions": lambda data: self.position(read_position(data)),
            "account": lambda data: self.balance(read_account(data)),
            "funding_payments": lambda data: self.funding_payment(read_funding(data)),
        }
        """What the data of each private channel means."""

    def order(self, row: OrderRow) -> OrderUpdate:
        """What a row says of an order."""
        scale = self._scale(row.market)
        remaining = scale.sizes[row.remaining_size]
        filled = scale.sizes[row.size] - remaining
        if filled < 0:
            refuse("paradex", "remaining_size", row.remaining_size)
        return OrderUpdate(
            venue="paradex",
            account=self._account,
            symbol=scale.symbol,
            client_id=row.client_id,
            venue_order_id=row.id,
            status=_status(row, filled=bool(filled), whole=not remaining),
            filled=Quantity(filled),
            reason=row.cancel_reason,
            time_ns=ns(row.last_updated_at),
        )

    def fill(self, row: FillRow) -> Fill:
        """The fill in a row."""
        scale = self._scale(row.market)
        if row.side not in _SIDES:
            refuse("paradex", "side", row.side)
        if row.liquidity not in _LIQUIDITIES:
            refuse("paradex", "liquidity", row.liquidity)
        return Fill(
            venue="paradex",
            account=self._account,
            symbol=scale.symbol,
            trade_ref=row.id,
            client_id=row.client_id,
            venue_order_id=row.order_id,
            side=_SIDES[row.side],
            price=scale.prices[row.price],
            quantity=scale.positive(row.size),
            fee=Money(number(row.fee, "paradex", "fee"), row.fee_currency),
            liquidity=_LIQUIDITIES[row.liquidity],
            time_ns=ns(row.created_at),
            quote=scale.quote,
        )

    def position(self, row: PositionRow) -> Position:
        """The position in a row, which is zero when it has been closed."""
        scale = self._scale(row.market)
        if row.side not in _SIGNS:
            refuse("paradex", "side", row.side)
        return Position(
            venue="paradex",
            account=self._account,
            symbol=scale.symbol,
            quantity=Quantity(abs(scale.signed(row.size)) * _SIGNS[row.side]),
            entry_price=scale.price_or_none(row.average_entry_price),
        )

    def balance(self, row: AccountRow) -> Balance:
        """The collateral."""
        return Balance(
            venue="paradex",
            account=self._account,
            currency=row.settlement_asset,
            wallet=number(row.total_collateral, "paradex", "total_collateral"),
            equity=number(row.account_value, "paradex", "account_value"),
            available=number(row.free_collateral, "paradex", "free_collateral"),
        )

    def funding_payment(self, row: FundingRow) -> FundingPayment:
        """The funding payment in a row."""
        return FundingPayment(
            venue="paradex",
            account=self._account,
            symbol=self._scale(row.market).symbol,
            amount=Money(number(row.payment, "paradex", "payment"), COLLATERAL),
            settled_ns=ns(row.created_at),
            ref=row.id,
        )


def _status(row: OrderRow, *, filled: bool, whole: bool) -> OrderStatus:
    if row.status in _OPEN:
        return OrderStatus.ACCEPTED
    if row.status != "CLOSED":
        refuse("paradex", "status", row.status)
    if whole:
        return OrderStatus.FILLED
    refused = not filled and row.cancel_reason in _REFUSALS
    return OrderStatus.REFUSED if refused else OrderStatus.CANCELLED
