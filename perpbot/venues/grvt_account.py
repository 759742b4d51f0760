"""GRVT's words for an account: orders, fills, positions, balances and funding, in the stream and by REST.

Source: https://api-docs.grvt.io/trading_api and recorded frames; both ways have the same rows. A fee is positive when
it costs; a funding payment is positive when it was paid.
"""

from collections.abc import Callable
from typing import Annotated, Any

import msgspec

from perpbot.model.events import Event
from perpbot.model.instrument import Side
from perpbot.model.money import Money
from perpbot.model.order import Balance, Fill, FundingPayment, Liquidity, OrderStatus, OrderUpdate, Position
from perpbot.venues.wire import JsonReader, Scale, number, refuse

Nanos = Annotated[int, msgspec.Meta(ge=0, lt=9 * 10**18)]
"""Nanoseconds since 1970."""

NO_ID = "0x00"
"""The id of an order that has none yet."""

_STATUSES = {
    "PENDING": OrderStatus.ACCEPTED,
    "OPEN": OrderStatus.ACCEPTED,
    "FILLED": OrderStatus.FILLED,
    "REJECTED": OrderStatus.REFUSED,
    "CANCELLED": OrderStatus.CANCELLED,
}


class _Leg(msgspec.Struct):
    instrument: str


class _Metadata(msgspec.Struct):
    client_order_id: str


class _State(msgspec.Struct):
    status: str
    reject_reason: str
    traded_size: list[str]
    update_time: Nanos = 0


class OrderRow(msgspec.Struct):
    """An order."""

    order_id: str
    legs: list[_Leg]
    metadata: _Metadata
    state: _State


class FillRow(msgspec.Struct):
    """A fill."""

    event_time: Nanos
    instrument: str
    is_buyer: bool
    is_taker: bool
    size: str
    price: str
    fee: str
    trade_id: str
    order_id: str
    client_order_id: str = ""


class PositionRow(msgspec.Struct):
    """A position."""

    instrument: str
    size: str
    entry_price: str


class _Cash(msgspec.Struct):
    currency: str
    balance: str


class SummaryRow(msgspec.Struct):
    """What the trading account is worth."""

    settle_currency: str
    total_equity: str
    available_balance: str
    spot_balances: list[_Cash]


class FundingRow(msgspec.Struct):
    """A funding payment."""

    event_time: Nanos
    instrument: str
    currency: str
    amount: str
    tx_id: str


_Handler = Callable[[str | bytes | msgspec.Raw], list[Event]]


def reader(type_: Any) -> JsonReader[Any]:
    """Reads GRVT's JSON, where whole numbers may stand in quotes."""
    return JsonReader("grvt", type_, numbers_in_quotes=True)


class GrvtAccount:
    """Turns GRVT's rows about one account into values."""

    def __init__(self, account: str, scale: Callable[[str], Scale]) -> None:
        """`scale` says what a native name means."""
        self._account = account
        self._scale = scale
        read_order: JsonReader[OrderRow] = reader(OrderRow)
        read_fill: JsonReader[FillRow] = reader(FillRow)
        read_position: JsonReader[PositionRow] = reader(PositionRow)
        self.streams: dict[str, _Handler] = {
            "v1.order": lambda feed: [self.order(read_order(feed))],
            "v1.fill": lambda feed: [self.fill(read_fill(feed))],
            "v1.position": lambda feed: [self.position(read_position(feed))],
        }
        """What the feed of each private stream means."""

    def order(self, row: OrderRow) -> OrderUpdate:
        """What a row says of an order; one that is not matched yet counts as open."""
        if len(row.legs) != 1 or len(row.state.traded_size) != 1:
            refuse("grvt", f"the legs of order {row.order_id}", len(row.legs))
        if row.state.status not in _STATUSES:
            refuse("grvt", "status", row.state.status)
        scale = self._scale(row.legs[0].instrument)
        reason = "" if row.state.reject_reason == "UNSPECIFIED" else row.state.reject_reason
        return OrderUpdate(
            venue="grvt",
            account=self._account,
            symbol=scale.symbol,
            client_id=row.metadata.client_order_id,
            venue_order_id="" if row.order_id == NO_ID else row.order_id,
            status=_STATUSES[row.state.status],
            filled=scale.sizes[row.state.traded_size[0]],
            reason=reason,
            time_ns=row.state.update_time,
        )

    def fill(self, row: FillRow) -> Fill:
        """The fill in a row."""
        scale = self._scale(row.instrument)
        quote = scale.quote or _quote(row.instrument)
        return Fill(
            venue="grvt",
            account=self._account,
            symbol=scale.symbol,
            trade_ref=f"{row.instrument}:{row.trade_id or refuse('grvt', 'trade_id', row.trade_id)}",
            client_id=row.client_order_id,
            venue_order_id=row.order_id,
            side=Side.BUY if row.is_buyer else Side.SELL,
            price=scale.prices[row.price],
            quantity=scale.positive(row.size),
            fee=Money(number(row.fee, "grvt", "fee"), quote),
            liquidity=Liquidity.TAKER if row.is_taker else Liquidity.MAKER,
            time_ns=row.event_time,
            quote=quote,
        )

    def position(self, row: PositionRow) -> Position:
        """The position in a row; shorts are negative."""
        scale = self._scale(row.instrument)
        return Position(
            venue="grvt",
            account=self._account,
            symbol=scale.symbol,
            quantity=scale.signed(row.size),
            entry_price=scale.price_or_none(row.entry_price),
        )

    def balances(self, row: SummaryRow) -> list[Balance]:
        """Every currency that is not zero; worth and free margin are the account's, told with what it settles in."""
        found = []
        for cash in row.spot_balances:
            settles = cash.currency == row.settle_currency
            wallet = number(cash.balance, "grvt", "balance")
            equity = number(row.total_equity, "grvt", "total_equity") if settles else None
            if wallet or equity:
                found.append(
                    Balance(
                        venue="grvt",
                        account=self._account,
                        currency=cash.currency,
                        wallet=wallet,
                        equity=equity,
                        available=number(row.available_balance, "grvt", "available_balance") if settles else None,
                    )
                )
        return found

    def funding_payment(self, row: FundingRow) -> FundingPayment:
        """The funding payment in a row, whose sign is the other way around."""
        return FundingPayment(
            venue="grvt",
            account=self._account,
            symbol=self._scale(row.instrument).symbol,
            amount=Money(-number(row.amount, "grvt", "amount"), row.currency),
            settled_ns=row.event_time,
            ref=f"{row.instrument}:{row.tx_id}",
        )


def _quote(native: str) -> str:
    """The quote currency in a native name such as ``BTC_USDT_Perp``."""
    return native.split("_")[1] if native.count("_") > 1 else ""
