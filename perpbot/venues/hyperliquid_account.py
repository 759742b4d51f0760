"""Hyperliquid's words for an account: orders, fills, positions, balances and funding.

Source: https://hyperliquid.gitbook.io/hyperliquid-docs/for-developers/api, info endpoint and subscriptions. Sizes
are coins (thousands of them for a k-coin); a fee is positive when it costs; collateral is USDC.
"""

from collections.abc import Callable
from decimal import Decimal

import msgspec

from perpbot.model.events import Event
from perpbot.model.instrument import Side
from perpbot.model.money import ZERO, Money, Price, Quantity
from perpbot.model.order import Balance, Fill, FundingPayment, Liquidity, OrderStatus, OrderUpdate, Position
from perpbot.venues.wire import JsonReader, Millis, Scale, ns, number, refuse

COLLATERAL = "USDC"
NO_MATCH = "iocCancelRejected"
"""What an IOC order becomes that found nothing to fill."""


class OrderFields(msgspec.Struct, rename="camel"):
    """An order; ``sz`` is what remains of it."""

    coin: str
    side: str
    sz: str
    orig_sz: str
    oid: int
    timestamp: Millis
    cloid: str | None = None


class OrderRow(msgspec.Struct, rename="camel"):
    """An order and what has become of it."""

    order: OrderFields
    status: str
    status_timestamp: Millis


class FillRow(msgspec.Struct, rename="camel"):
    """A fill."""

    coin: str
    px: str
    sz: str
    side: str
    time: Millis
    oid: int
    tid: int
    crossed: bool
    fee: str
    fee_token: str = COLLATERAL
    cloid: str | None = None


class _Fills(msgspec.Struct):
    fills: list[FillRow]


class _Position(msgspec.Struct, rename="camel"):
    coin: str
    szi: str
    unrealized_pnl: str
    entry_px: str | None = None


class _AssetPosition(msgspec.Struct):
    position: _Position


class _Margin(msgspec.Struct, rename="camel"):
    account_value: str


class ClearinghouseState(msgspec.Struct, rename="camel"):
    """Every position of the account and its margin; what is not listed is flat."""

    margin_summary: _Margin
    withdrawable: str
    asset_positions: list[_AssetPosition]


class _StateFrame(msgspec.Struct, rename="camel"):
    clearinghouse_state: ClearinghouseState
    dex: str = ""


class FundingRow(msgspec.Struct, rename="camel"):
    """A funding payment in the stream."""

    time: Millis
    coin: str
    usdc: str


class FundingDelta(msgspec.Struct):
    """A funding payment by REST."""

    time: Millis
    delta: "_Delta"


class _Delta(msgspec.Struct):
    coin: str
    usdc: str


class _Fundings(msgspec.Struct):
    fundings: list[FundingRow]


_Handler = Callable[[msgspec.Raw], list[Event]]


class HyperliquidAccount:
    """Turns Hyperliquid's rows about one account into values."""

    def __init__(self, account: str, scale: Callable[[str], Scale]) -> None:
        """`scale` says what a native name means."""
        self._account = account
        self._scale = scale
        self._held: set[str] = set()
        self._read_orders = JsonReader("hyperliquid", list[OrderRow], numbers_in_quotes=True)
        self._read_fills = JsonReader("hyperliquid", _Fills, numbers_in_quotes=True)
        self._read_state = JsonReader("hyperliquid", _StateFrame)
        self._read_fundings = JsonReader("hyperliquid", _Fundings, numbers_in_quotes=True)
        self.channels: dict[str, _Handler] = {
            "orderUpdates": lambda data: [self.order(row) for row in self._read_orders(data)],
            "userFills": lambda data: [self.fill(row) for row in self._read_fills(data).fills],
            "userFundings": lambda data: [
                self.funding_payment(row.coin, row.usdc, row.time) for row in self._read_fundings(data).fundings
            ],
            "clearinghouseState": self._state,
            "webData2": self._state,
        }
        """What the data of each private channel means."""

    def _state(self, data: msgspec.Raw) -> list[Event]:
        """Positions and balance. A position that is no longer listed has been closed and is told as zero."""
        frame = self._read_state(data)
        if frame.dex:
            return []
        positions = self.positions(frame.clearinghouse_state)
        listed = {position.symbol for position in positions}
        closed = [self._position(symbol, Quantity(ZERO)) for symbol in sorted(self._held - listed)]
        self._held = listed
        return [*positions, *closed, self.balance(frame.clearinghouse_state)]

    def order(self, row: OrderRow) -> OrderUpdate:
        """What a row says of an order."""
        order = row.order
        scale = self._scale(order.coin)
        filled = scale.sizes[order.orig_sz] - scale.sizes[order.sz]
        if filled < 0:
            refuse("hyperliquid", "origSz", order.orig_sz)
        status = _status(row.status, filled)
        if status is OrderStatus.FILLED:
            filled = scale.sizes[order.orig_sz]
        return OrderUpdate(
            venue="hyperliquid",
            account=self._account,
            symbol=scale.symbol,
            client_id=order.cloid or "",
            venue_order_id=str(order.oid),
            status=status,
            filled=Quantity(filled),
            reason="" if status in {OrderStatus.ACCEPTED, OrderStatus.FILLED} else row.status,
            time_ns=ns(row.status_timestamp),
        )

    def fill(self, row: FillRow) -> Fill:
        """The fill in a row."""
        scale = self._scale(row.coin)
        return Fill(
            venue="hyperliquid",
            account=self._account,
            symbol=scale.symbol,
            trade_ref=str(row.tid),
            client_id=row.cloid or "",
            venue_order_id=str(row.oid),
            side=side_of(row.side),
            price=scale.prices[row.px],
            quantity=scale.positive(row.sz),
            fee=Money(number(row.fee, "hyperliquid", "fee"), row.fee_token),
            liquidity=Liquidity.TAKER if row.crossed else Liquidity.MAKER,
            time_ns=ns(row.time),
            quote=scale.quote,
        )

    def positions(self, state: ClearinghouseState) -> list[Position]:
        """The positions that are not zero."""
        rows = [(self._scale(each.position.coin), each.position) for each in state.asset_positions]
        found = [
            self._position(scale.symbol, scale.signed(row.szi), scale.price_or_none(row.entry_px or ""))
            for scale, row in rows
        ]
        return [position for position in found if position.quantity]

    def _position(self, symbol: str, quantity: Quantity, entry_price: Price | None = None) -> Position:
        return Position(
            venue="hyperliquid", account=self._account, symbol=symbol, quantity=quantity, entry_price=entry_price
        )

    def balance(self, state: ClearinghouseState) -> Balance:
        """The collateral. Hyperliquid tells its value with open profits; without them it is cash."""
        equity = number(state.margin_summary.account_value, "hyperliquid", "accountValue")
        unrealized = [
            number(each.position.unrealized_pnl, "hyperliquid", "unrealizedPnl") for each in state.asset_positions
        ]
        return Balance(
            venue="hyperliquid",
            account=self._account,
            currency=COLLATERAL,
            wallet=equity - sum(unrealized, ZERO),
            equity=equity,
            available=number(state.withdrawable, "hyperliquid", "withdrawable"),
        )

    def funding_payment(self, coin: str, usdc: str, time: int) -> FundingPayment:
        """A funding payment; Hyperliquid gives it no number, and there is one for each coin and hour."""
        return FundingPayment(
            venue="hyperliquid",
            account=self._account,
            symbol=self._scale(coin).symbol,
            amount=Money(number(usdc, "hyperliquid", "usdc"), COLLATERAL),
            settled_ns=ns(time),
            ref=f"{coin}:{time}",
        )


def side_of(text: str) -> Side:
    """``B`` is a bid, ``A`` an ask."""
    if text not in {"A", "B"}:
        refuse("hyperliquid", "side", text)
    return Side.BUY if text == "B" else Side.SELL


def _status(text: str, filled: Decimal) -> OrderStatus:
    if text in {"open", "triggered"}:
        return OrderStatus.ACCEPTED
    if text == "filled":
        return OrderStatus.FILLED
    if text == NO_MATCH or text.lower().endswith("canceled") or text == "scheduledCancel":
        return OrderStatus.CANCELLED
    if not text.lower().endswith("rejected"):
        refuse("hyperliquid", "status", text)
    return OrderStatus.CANCELLED if filled else OrderStatus.REFUSED
