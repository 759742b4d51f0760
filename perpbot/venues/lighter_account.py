"""Lighter's words for one account: orders, trades, positions, collateral and funding.

Source: https://apidocs.lighter.xyz/docs/websocket-reference and the models of the official Python SDK 1.1.8.
"""

from collections.abc import Callable
from decimal import Decimal

import msgspec

from perpbot.model.instrument import Side
from perpbot.model.money import Money, Quantity
from perpbot.model.order import (
    Balance,
    Fill,
    FundingPayment,
    Liquidity,
    OrderStatus,
    OrderUpdate,
    Position,
)
from perpbot.venues.lighter_instruments import FEE_TICK, MARGIN_TICKS, QUOTE, leverage
from perpbot.venues.venue import Margin
from perpbot.venues.wire import Millis, Scale, ns, number, positive, refuse, unsigned

_STATUSES = {
    "in-progress": OrderStatus.ACCEPTED,
    "pending": OrderStatus.ACCEPTED,
    "open": OrderStatus.ACCEPTED,
    "filled": OrderStatus.FILLED,
}
_CANCELED = "canceled"
_NEVER_TAKEN = frozenset({"margin-not-allowed", "position-not-allowed", "reduce-only", "invalid-balance"})
"""Why Lighter cancels an order at once that it has taken unseen."""
_NO_ID = "0"
_FIRST_MILLIS = 10**11
"""Smaller times are seconds."""
_CROSS = 0
_TICKS_A_PERCENT = MARGIN_TICKS / 100


class OrderRow(msgspec.Struct):
    """An order."""

    order_id: str
    client_order_id: str
    market_index: int
    initial_base_amount: str
    filled_base_amount: str
    status: str
    timestamp: Millis = 0
    updated_at: Millis = 0

    @property
    def time_ns(self) -> int:
        """When it changed last."""
        return time_ns(self.updated_at or self.timestamp)


class TradeRow(msgspec.Struct):
    """A trade between two accounts. Fees that are zero are left out."""

    trade_id: int
    market_id: int
    size: str
    price: str
    usd_amount: str
    ask_id: int
    bid_id: int
    ask_account_id: int
    bid_account_id: int
    is_maker_ask: bool
    timestamp: Millis
    type: str = "trade"
    ask_client_id: int = 0
    bid_client_id: int = 0
    taker_fee: int = 0
    maker_fee: int = 0

    @property
    def time_ns(self) -> int:
        """When it was made."""
        return time_ns(self.timestamp)


class PositionRow(msgspec.Struct):
    """A position; its margin fraction is in percent."""

    market_id: int
    sign: int
    position: str
    avg_entry_price: str
    initial_margin_fraction: str = ""
    margin_mode: int = _CROSS


class AccountRow(msgspec.Struct):
    """An account by REST."""

    collateral: str
    available_balance: str
    positions: list[PositionRow]
    cross_asset_value: str = ""
    total_asset_value: str = ""


class StatsRow(msgspec.Struct):
    """An account's collateral in the stream."""

    collateral: str
    portfolio_value: str
    available_balance: str


class FundingRow(msgspec.Struct):
    """Funding paid or received for one position."""

    timestamp: Millis
    market_id: int
    funding_id: int
    change: str

    @property
    def time_ns(self) -> int:
        """When it was settled."""
        return time_ns(self.timestamp)

    @property
    def ref(self) -> str:
        """What it is known by."""
        return f"{self.market_id}-{self.funding_id}"


class LighterAccount:
    """Turns Lighter's rows about one account into values."""

    def __init__(self, account: str, index: Callable[[], int], scale: Callable[[str], Scale]) -> None:
        """`index` gives the account's number at Lighter, `scale` says what the number of a market means."""
        self._account = account
        self._index = index
        self._scale = scale

    def order(self, row: OrderRow) -> OrderUpdate:
        """What a row says of an order. A filled one may be told before all its fills are."""
        scale = self._scale(str(row.market_index))
        filled, size = scale.sizes[row.filled_base_amount], scale.sizes[row.initial_base_amount]
        status, reason = _status(row.status, filled)
        return OrderUpdate(
            venue="lighter",
            account=self._account,
            symbol=scale.symbol,
            client_id="" if row.client_order_id == _NO_ID else row.client_order_id,
            venue_order_id=row.order_id,
            status=status,
            filled=size if status is OrderStatus.FILLED else filled,
            reason=reason,
            time_ns=row.time_ns,
        )

    def fill(self, row: TradeRow) -> Fill:
        """The account's side of a trade."""
        scale, index = self._scale(str(row.market_id)), self._index()
        if index not in {row.ask_account_id, row.bid_account_id}:
            refuse("lighter", "the account of a trade", f"{row.ask_account_id} and {row.bid_account_id}")
        sells = row.ask_account_id == index
        maker = row.is_maker_ask is sells
        client = row.ask_client_id if sells else row.bid_client_id
        value = unsigned(row.usd_amount, "lighter", "usd_amount")
        return Fill(
            venue="lighter",
            account=self._account,
            symbol=scale.symbol,
            trade_ref=str(row.trade_id),
            client_id=str(client) if client else "",
            venue_order_id=str(row.ask_id if sells else row.bid_id),
            side=Side.SELL if sells else Side.BUY,
            price=scale.prices[row.price],
            quantity=scale.positive(row.size),
            fee=Money(value * (row.maker_fee if maker else row.taker_fee) * FEE_TICK, QUOTE),
            liquidity=Liquidity.MAKER if maker else Liquidity.TAKER,
            time_ns=row.time_ns,
            quote=scale.quote,
        )

    def position(self, row: PositionRow) -> Position:
        """The position in a row, whose sign stands apart."""
        scale = self._scale(str(row.market_id))
        if row.sign not in {-1, 0, 1}:
            refuse("lighter", "the sign of a position", row.sign)
        size = scale.sizes[row.position]
        return Position(
            venue="lighter",
            account=self._account,
            symbol=scale.symbol,
            quantity=Quantity(size * row.sign),
            entry_price=scale.price_or_none(row.avg_entry_price) if size and row.sign else None,
        )

    def margin(self, row: PositionRow) -> Margin:
        """What a market is margined with."""
        percent = positive(row.initial_margin_fraction, "lighter", "initial_margin_fraction")
        return Margin(leverage(percent * _TICKS_A_PERCENT), cross=row.margin_mode == _CROSS)

    def balances(self, row: AccountRow) -> list[Balance]:
        """The collateral by REST, unless there is none."""
        equity = row.cross_asset_value or row.total_asset_value
        found = self._balance(row.collateral, equity, row.available_balance)
        return [found] if found.wallet or found.equity else []

    def stats(self, row: StatsRow) -> Balance:
        """The collateral in the stream."""
        return self._balance(row.collateral, row.portfolio_value, row.available_balance)

    def _balance(self, collateral: str, equity: str, available: str) -> Balance:
        return Balance(
            venue="lighter",
            account=self._account,
            currency=QUOTE,
            wallet=number(collateral, "lighter", "collateral"),
            equity=number(equity, "lighter", "the value of an account"),
            available=number(available, "lighter", "available_balance"),
        )

    def funding_payment(self, row: FundingRow) -> FundingPayment:
        """The payment in a row."""
        return FundingPayment(
            venue="lighter",
            account=self._account,
            symbol=self._scale(str(row.market_id)).symbol,
            amount=Money(number(row.change, "lighter", "change"), QUOTE),
            settled_ns=row.time_ns,
            ref=row.ref,
        )


def time_ns(time: int) -> int:
    """Nanoseconds of a time that Lighter gives in milliseconds here and in seconds there."""
    return ns(time if time >= _FIRST_MILLIS else time * 1_000)


def _status(text: str, filled: Decimal) -> tuple[OrderStatus, str]:
    """What a status means, and why; words for cancels all begin alike, and new ones may come."""
    if text in _STATUSES:
        return _STATUSES[text], ""
    word, _, reason = text.partition("-")
    if word != _CANCELED:
        refuse("lighter", "status", text)
    never_taken = reason in _NEVER_TAKEN and not filled
    return OrderStatus.REFUSED if never_taken else OrderStatus.CANCELLED, reason
