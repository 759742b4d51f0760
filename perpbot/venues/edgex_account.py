"""EdgeX's words for an account: orders, fills, positions, collateral and funding, in the stream and by REST.

Source: https://edgex-1.gitbook.io/edgeX-documentation/api-v2/private-api and its page about the private WebSocket. The
fee of a fill is positive when it costs; a change by funding is negative when it was paid.
"""

from collections.abc import Callable, Sequence

import msgspec

from perpbot.model.events import Event
from perpbot.model.instrument import Side
from perpbot.model.money import ZERO, Money, Price
from perpbot.model.order import Balance, Fill, FundingPayment, Liquidity, OrderStatus, OrderUpdate, Position
from perpbot.venues.wire import Millis, Scale, ns, number, refuse

FUNDING = "SETTLE_FUNDING_FEE"
"""The type of a position's change by funding."""

_STATUSES = {
    "PENDING": OrderStatus.ACCEPTED,
    "OPEN": OrderStatus.ACCEPTED,
    "UNTRIGGERED": OrderStatus.ACCEPTED,
    "CANCELING": OrderStatus.ACCEPTED,
    "FILLED": OrderStatus.FILLED,
    "CANCELED": OrderStatus.CANCELLED,
}
"""An order that is filled in part is still open."""
_SIDES = {"BUY": Side.BUY, "SELL": Side.SELL}
_ROLES = {"MAKER": Liquidity.MAKER, "TAKER": Liquidity.TAKER}
_NO_REASON = "UNKNOWN_ORDER_CANCEL_REASON"
_NEVER_TAKEN = frozenset({"MARGIN_NOT_ENOUGH", "REDUCE_ONLY_CANCELED"})
"""Why EdgeX cancels an order at once that it has taken unseen."""


class OrderRow(msgspec.Struct, rename="camel"):
    """An order."""

    id: str
    contract_id: str
    client_order_id: str
    size: str
    status: str
    cum_fill_size: str = "0"
    cancel_reason: str = ""
    updated_time: Millis = 0


class FillRow(msgspec.Struct, rename="camel"):
    """A fill, which does not say under which client id. Its price may be rounded, its value is exact."""

    id: str
    coin_id: str
    contract_id: str
    order_id: str
    order_side: str
    fill_size: str
    fill_value: str
    fill_fee: str
    fill_price: str
    direction: str
    created_time: Millis
    match_time: Millis = 0


class PositionRow(msgspec.Struct, rename="camel"):
    """A position and what was paid for it, both negative when it is short."""

    contract_id: str
    open_size: str
    open_value: str


class PositionChange(msgspec.Struct, rename="camel"):
    """A change of a position, of which only those by funding matter here."""

    id: str
    coin_id: str
    contract_id: str
    type: str
    created_time: Millis
    delta_funding_fee: str = "0"
    funding_time: Millis = 0


class CollateralRow(msgspec.Struct, rename="camel"):
    """Collateral in the stream; the legacy amount is cash, the other one has paid for positions."""

    coin_id: str
    legacy_amount: str


class _PositionAsset(msgspec.Struct, rename="camel"):
    coin_id: str
    unrealize_pnl: str


class _CollateralAsset(msgspec.Struct, rename="camel"):
    coin_id: str
    total_equity: str
    available_amount: str


class Assets(msgspec.Struct, rename="camel"):
    """Everything an account holds, by REST."""

    position_list: list[PositionRow] = []
    position_asset_list: list[_PositionAsset] = []
    collateral_asset_model_list: list[_CollateralAsset] = []


class Changes(msgspec.Struct, rename="camel"):
    """What a message of the private stream says has changed."""

    order: list[OrderRow] | None = None
    order_fill_transaction: list[FillRow] | None = None
    position: list[PositionRow] | None = None
    position_transaction: list[PositionChange] | None = None
    collateral: list[CollateralRow] | None = None


class EdgexAccount:
    """Turns EdgeX's rows about one account into values."""

    def __init__(self, account: str, scale: Callable[[str], Scale], coin: Callable[[str], str]) -> None:
        """`scale` says what the number of a contract means, `coin` what a coin's number does."""
        self._account = account
        self._scale = scale
        self._coin = coin

    def changes(self, rows: Changes) -> list[Event]:
        """The events in a message of the private stream. A fill's order, and with it our id, is told beside it."""
        orders = rows.order or ()
        ours = {row.id: row.client_order_id for row in orders}
        events: list[Event] = [self.fill(row, ours.get(row.order_id, "")) for row in rows.order_fill_transaction or ()]
        events += [self.order(row) for row in orders]
        events += [self.position(row) for row in rows.position or ()]
        events += [self.collateral(row) for row in rows.collateral or ()]
        paid = [row for row in rows.position_transaction or () if row.type == FUNDING]
        return events + [self.funding_payment(row) for row in paid]

    def order(self, row: OrderRow) -> OrderUpdate:
        """What a row says of an order. A filled one may be told before all its fills are counted."""
        scale = self._scale(row.contract_id)
        if row.status not in _STATUSES:
            refuse("edgex", "status", row.status)
        status, filled = _STATUSES[row.status], scale.sizes[row.cum_fill_size]
        if row.cancel_reason in _NEVER_TAKEN and status is OrderStatus.CANCELLED and not filled:
            status = OrderStatus.REFUSED
        return OrderUpdate(
            venue="edgex",
            account=self._account,
            symbol=scale.symbol,
            client_id=row.client_order_id,
            venue_order_id=row.id,
            status=status,
            filled=scale.sizes[row.size] if status is OrderStatus.FILLED else filled,
            reason="" if row.cancel_reason == _NO_REASON else row.cancel_reason,
            time_ns=ns(row.updated_time),
        )

    def fill(self, row: FillRow, client_id: str = "") -> Fill:
        """The fill in a row."""
        scale = self._scale(row.contract_id)
        if row.order_side not in _SIDES:
            refuse("edgex", "orderSide", row.order_side)
        if row.direction not in _ROLES:
            refuse("edgex", "direction", row.direction)
        return Fill(
            venue="edgex",
            account=self._account,
            symbol=scale.symbol,
            trade_ref=row.id,
            client_id=client_id,
            venue_order_id=row.order_id,
            side=_SIDES[row.order_side],
            price=_price(scale, row),
            quantity=scale.positive(row.fill_size),
            fee=Money(number(row.fill_fee, "edgex", "fillFee"), self._coin(row.coin_id)),
            liquidity=_ROLES[row.direction],
            time_ns=ns(row.match_time or row.created_time),
            quote=scale.quote,
        )

    def position(self, row: PositionRow) -> Position:
        """The position in a row."""
        scale = self._scale(row.contract_id)
        quantity = scale.signed(row.open_size)
        value = number(row.open_value, "edgex", "openValue")
        return Position(
            venue="edgex",
            account=self._account,
            symbol=scale.symbol,
            quantity=quantity,
            entry_price=Price(value / quantity) if quantity and value / quantity > 0 else None,
        )

    def collateral(self, row: CollateralRow) -> Balance:
        """The cash of one coin, which is all the stream tells."""
        return Balance(
            venue="edgex",
            account=self._account,
            currency=self._coin(row.coin_id),
            wallet=number(row.legacy_amount, "edgex", "legacyAmount"),
            equity=None,
            available=None,
        )

    def balances(self, assets: Assets) -> list[Balance]:
        """Every coin that is not zero."""
        found = [self._balance(row, assets.position_asset_list) for row in assets.collateral_asset_model_list]
        return [each for each in found if each.wallet or each.equity]

    def _balance(self, row: _CollateralAsset, positions: Sequence[_PositionAsset]) -> Balance:
        """EdgeX tells what a coin is worth with the profits of open positions; without them it is cash."""
        equity = number(row.total_equity, "edgex", "totalEquity")
        profits = [
            number(each.unrealize_pnl, "edgex", "unrealizePnl") for each in positions if each.coin_id == row.coin_id
        ]
        return Balance(
            venue="edgex",
            account=self._account,
            currency=self._coin(row.coin_id),
            wallet=equity - sum(profits, ZERO),
            equity=equity,
            available=number(row.available_amount, "edgex", "availableAmount"),
        )

    def funding_payment(self, row: PositionChange) -> FundingPayment:
        """The payment in a position's change."""
        return FundingPayment(
            venue="edgex",
            account=self._account,
            symbol=self._scale(row.contract_id).symbol,
            amount=Money(number(row.delta_funding_fee, "edgex", "deltaFundingFee"), self._coin(row.coin_id)),
            settled_ns=ns(row.funding_time or row.created_time),
            ref=row.id,
        )


def _price(scale: Scale, row: FillRow) -> Price:
    """The price on the wire where it gives the value exactly; else what was paid for each coin."""
    price, size = scale.prices[row.fill_price], scale.positive(row.fill_size)
    value = number(row.fill_value, "edgex", "fillValue")
    return price if price * size == value or value <= 0 else Price(value / size)
