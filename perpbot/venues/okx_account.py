"""OKX's words for an account: orders, fills, positions, balances and funding, in the stream and by REST alike.

Source: OKX API v5, https://www.okx.com/docs-v5/en/. All numbers come in quotes; sizes are contracts; a fee is
negative when it costs.
"""

from collections.abc import Callable
from typing import Literal

import msgspec

from perpbot.model.events import Event
from perpbot.model.instrument import Side
from perpbot.model.money import Money, Quantity
from perpbot.model.order import Balance, Fill, FundingPayment, Liquidity, OrderStatus, OrderUpdate, Position
from perpbot.venues.wire import JsonReader, Millis, Scale, ns, number, refuse

_STATUSES = {
    "live": OrderStatus.ACCEPTED,
    "partially_filled": OrderStatus.ACCEPTED,
    "filled": OrderStatus.FILLED,
    "canceled": OrderStatus.CANCELLED,
    "mmp_canceled": OrderStatus.CANCELLED,
}
_LIQUIDATIONS = frozenset({"adl", "full_liquidation", "partial_liquidation", "delivery"})
"""Categories of orders that OKX makes by itself."""


class OrderRow(msgspec.Struct, rename="camel"):
    """An order; in the stream with the fill that changed it."""

    inst_id: str
    ord_id: str
    cl_ord_id: str
    state: str
    acc_fill_sz: str
    side: Side
    u_time: Millis
    fill_px: str = ""
    fill_sz: str = ""
    fill_fee: str = ""
    fill_fee_ccy: str = ""
    fill_time: str = ""
    trade_id: str = ""
    exec_type: str = ""
    category: str = ""
    cancel_source_reason: str = ""

    @property
    def has_fill(self) -> bool:
        """Whether a fill has changed it. Without ``execType`` the one before the last change is told again.

        Liquidations never have it (https://www.okx.com/docs-v5/en/, order channel: not for system orders).
        """
        liquidated = self.category in _LIQUIDATIONS and self.state in {"partially_filled", "filled"}
        return bool(self.trade_id) and (bool(self.exec_type) or liquidated)


class FillRow(msgspec.Struct, rename="camel"):
    """A fill."""

    inst_id: str
    trade_id: str
    ord_id: str
    cl_ord_id: str
    fill_px: str
    fill_sz: str
    side: Side
    fee: str
    fee_ccy: str
    ts: Millis
    exec_type: str = ""
    """Empty for liquidations."""
    bill_id: str = ""


class PositionRow(msgspec.Struct, rename="camel"):
    """A position."""

    inst_id: str
    pos: str
    pos_side: Literal["net", "long", "short"]
    avg_px: str = ""


class BalanceRow(msgspec.Struct, rename="camel"):
    """The balance of one currency. ``availEq`` is empty in accounts without cross margin."""

    ccy: str
    cash_bal: str
    eq: str
    avail_bal: str = ""
    avail_eq: str = ""


class AccountRow(msgspec.Struct):
    """The account with its balances."""

    details: list[BalanceRow]


class BillRow(msgspec.Struct, rename="camel"):
    """A change of cash."""

    bill_id: str
    inst_id: str
    ccy: str
    bal_chg: str
    ts: Millis


_Handler = Callable[[msgspec.Raw], list[Event]]


class OkxAccount:
    """Turns OKX's rows about one account into values."""

    def __init__(self, account: str, scale: Callable[[str], Scale]) -> None:
        """`scale` says what a native name means."""
        self._account = account
        self._scale = scale
        self.read_orders = JsonReader("okx", list[OrderRow], numbers_in_quotes=True)
        self.read_fills = JsonReader("okx", list[FillRow], numbers_in_quotes=True)
        self.read_positions = JsonReader("okx", list[PositionRow], numbers_in_quotes=True)
        self.read_accounts = JsonReader("okx", list[AccountRow], numbers_in_quotes=True)
        self.read_bills = JsonReader("okx", list[BillRow], numbers_in_quotes=True)
        self.channels: dict[str, _Handler] = {
            "orders": self._order_events,
            "positions": lambda data: [self.position(row) for row in self.read_positions(data)],
            "account": lambda data: [each for row in self.read_accounts(data) for each in self.balances(row)],
        }
        """What the data of each private channel means."""

    def _order_events(self, data: msgspec.Raw) -> list[Event]:
        events: list[Event] = []
        for row in self.read_orders(data):
            if row.has_fill:
                events.append(self._streamed_fill(row))
            events.append(self.order(row))
        return events

    def order(self, row: OrderRow) -> OrderUpdate:
        """What a row says of an order."""
        if row.state not in _STATUSES:
            refuse("okx", "state", row.state)
        scale = self._scale(row.inst_id)
        return OrderUpdate(
            venue="okx",
            account=self._account,
            symbol=scale.symbol,
            client_id=row.cl_ord_id,
            venue_order_id=row.ord_id,
            status=_STATUSES[row.state],
            filled=scale.sizes[row.acc_fill_sz],
            reason=row.cancel_source_reason,
            time_ns=ns(row.u_time),
        )

    def _streamed_fill(self, row: OrderRow) -> Fill:
        return self.fill(
            FillRow(
                inst_id=row.inst_id,
                trade_id=row.trade_id,
                ord_id=row.ord_id,
                cl_ord_id=row.cl_ord_id,
                fill_px=row.fill_px,
                fill_sz=row.fill_sz,
                side=row.side,
                exec_type=row.exec_type,
                fee=row.fill_fee,
                fee_ccy=row.fill_fee_ccy,
                ts=int(number(row.fill_time, "okx", "fillTime")),
            )
        )

    def fill(self, row: FillRow) -> Fill:
        """The fill in a row. OKX numbers trades per instrument, so the reference begins with its name."""
        scale = self._scale(row.inst_id)
        if row.exec_type not in {"T", "M", ""}:
            refuse("okx", "execType", row.exec_type)
        return Fill(
            venue="okx",
            account=self._account,
            symbol=scale.symbol,
            trade_ref=f"{row.inst_id}:{row.trade_id}",
            client_id=row.cl_ord_id,
            venue_order_id=row.ord_id,
            side=row.side,
            price=scale.prices[row.fill_px],
            quantity=scale.positive(row.fill_sz),
            fee=Money(-number(row.fee, "okx", "fee"), row.fee_ccy),
            liquidity=Liquidity.MAKER if row.exec_type == "M" else Liquidity.TAKER,
            time_ns=ns(row.ts),
            quote=scale.quote,
        )

    def position(self, row: PositionRow) -> Position:
        """The position in a row; in hedge mode OKX writes a short one without a sign."""
        scale = self._scale(row.inst_id)
        quantity = scale.signed(row.pos)
        return Position(
            venue="okx",
            account=self._account,
            symbol=scale.symbol,
            quantity=Quantity(-quantity) if row.pos_side == "short" else quantity,
            entry_price=scale.price_or_none(row.avg_px),
        )

    def balances(self, row: AccountRow) -> list[Balance]:
        """The balances in a row."""
        return [
            Balance(
                venue="okx",
                account=self._account,
                currency=each.ccy,
                wallet=number(each.cash_bal, "okx", "cashBal"),
                equity=number(each.eq, "okx", "eq"),
                available=number(each.avail_eq or each.avail_bal, "okx", "availEq"),
            )
            for each in row.details
        ]

    def funding_payment(self, row: BillRow) -> FundingPayment:
        """The funding payment in a bill."""
        return FundingPayment(
            venue="okx",
            account=self._account,
            symbol=self._scale(row.inst_id).symbol,
            amount=Money(number(row.bal_chg, "okx", "balChg"), row.ccy),
            settled_ns=ns(row.ts),
            ref=row.bill_id,
        )
