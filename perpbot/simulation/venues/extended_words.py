"""Extended's words: how it writes orders, fills, positions, balances and errors.

Numbers are text, ids and times are not; positions have a side and a size without sign.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from perpbot.clock import NS_PER_MS
from perpbot.model.money import ZERO, plain
from perpbot.simulation.venues.account import Account, Position
from perpbot.simulation.venues.errors import RequestError
from perpbot.simulation.venues.orders import Ending, Execution, Funded, Lifetime, Refusal, Status, VenueOrder
from perpbot.simulation.venues.tape import Bar

Words = dict[str, Any]
ACCOUNT_ID = 3017

_REASONS = {
    Ending.POST_ONLY: "POST_ONLY_FAILED",
    Ending.UNFILLED: "NO_LIQUIDITY",
    Ending.FILL_OR_KILL: "NO_LIQUIDITY",
    Ending.SELF_TRADE: "SELF_TRADE_PROTECTION",
    Ending.REDUCE_ONLY: "REDUCE_ONLY_FAILED",
}
REFUSALS: dict[Refusal, tuple[int | str, str]] = {
    Refusal.SYMBOL: (1001, "Market not found."),
    Refusal.PRICE: (1124, "Invalid price due to wrong price movement"),
    Refusal.SIZE: (1121, "Invalid quantity due to the wrong size increment"),
    Refusal.SMALL: (1120, "Order quantity less than min trade size"),
    Refusal.NOTIONAL: (1120, "Order quantity less than min trade size"),
    Refusal.BAND: (1141, "Invalid price value"),
    Refusal.REDUCE_ONLY: (1137, "Position is missing for a reduce-only order"),
    Refusal.MARGIN: (1140, "New order cost exceeds available balance"),
    Refusal.DUPLICATE: (1134, "Duplicate Order"),
    Refusal.NO_LIQUIDITY: (1133, "Invalid order parameters"),
    Refusal.UNKNOWN_ORDER: ("NOT_FOUND", "Order not found"),
    Refusal.OVER: ("NOT_FOUND", "Order not found"),
    Refusal.LEVERAGE: (1050, "Leverage exceeds max leverage"),
}


class ExtendedError(RequestError[int | str]):
    """A request Extended refuses."""

    def __init__(self, code: int | str, message: str, status: int | None = None) -> None:
        super().__init__(code, message, 404 if status is None and code == "NOT_FOUND" else status)

    def words(self) -> Words:
        """As it is written."""
        return {"status": "ERROR", "error": {"code": self.code, "message": self.message}}


def ms(time_ns: int) -> int:
    """A time as Extended writes it."""
    return time_ns // NS_PER_MS


def order_words(order: VenueOrder) -> Words:
    """An order."""
    waits = order.lifetime in {Lifetime.GTC, Lifetime.POST_ONLY}
    return {
        "id": order.id,
        "accountId": ACCOUNT_ID,
        "externalId": order.client_id,
        "market": order.symbol,
        "type": "LIMIT",
        "side": order.side.value.upper(),
        "status": _status(order),
        **({"statusReason": _REASONS[order.ending]} if order.ending in _REASONS else {}),
        "price": plain(order.price or ZERO),
        "averagePrice": plain(round(order.average, 8)),
        "qty": plain(order.size),
        "filledQty": plain(order.filled),
        "payedFee": plain(order.fees),
        "reduceOnly": order.reduce_only,
        "postOnly": order.lifetime is Lifetime.POST_ONLY,
        "createdTime": ms(order.created_ns),
        "updatedTime": ms(order.updated_ns),
        "timeInForce": "GTT" if waits else "IOC",
    }


def trade_words(fill: Execution) -> Words:
    """A fill as it is answered."""
    return {
        "id": fill.id,
        "accountId": ACCOUNT_ID,
        "market": fill.symbol,
        "orderId": fill.order_id,
        "side": fill.side.value.upper(),
        "price": plain(fill.price),
        "qty": plain(fill.size),
        "value": plain(fill.price * fill.size),
        "fee": plain(fill.fee),
        "isTaker": not fill.maker,
        "tradeType": "TRADE",
        "createdTime": ms(fill.time_ns),
    }


def funding_words(paid: Funded) -> Words:
    """A funding payment."""
    return {
        "id": paid.id,
        "accountId": ACCOUNT_ID,
        "market": paid.symbol,
        "positionId": 1,
        "side": "LONG" if paid.size > 0 else "SHORT",
        "size": plain(abs(paid.size)),
        "value": plain(abs(paid.size) * paid.mark),
        "markPrice": plain(paid.mark),
        "fundingFee": plain(paid.amount),
        "fundingRate": plain(paid.rate),
        "paidTime": ms(paid.time_ns),
    }


def position_words(symbol: str, held: Position, account: Account, mark: Decimal, now_ns: int) -> Words:
    """A position, open or closed."""
    leverage, value = account.leverage[symbol], abs(held.size) * mark
    return {
        "id": sum(symbol.encode()),
        "accountId": ACCOUNT_ID,
        "market": symbol,
        "status": "OPENED" if held.size else "CLOSED",
        "side": "SHORT" if held.size < 0 else "LONG",
        "leverage": plain(leverage),
        "size": plain(abs(held.size)),
        "value": plain(value),
        "openPrice": plain(round(held.entry, 8)),
        "markPrice": plain(mark),
        "margin": plain(round(value / leverage, 6)),
        "unrealisedPnl": plain(round(held.unrealised(mark), 6)),
        "realisedPnl": "0",
        "createdAt": ms(now_ns),
        "updatedAt": ms(now_ns),
    }


def balance_words(account: Account, marks: Mapping[str, Decimal], now_ns: int) -> Words:
    """The collateral and its margins."""
    equity, margin = account.equity(marks), account.used_margin(marks)
    free = plain(round(account.available(marks), 6))
    return {
        "collateralName": "USD",
        "balance": plain(account.balance),
        "equity": plain(round(equity, 6)),
        "availableForTrade": free,
        "availableForWithdrawal": free,
        "unrealisedPnl": plain(round(account.unrealised(marks), 6)),
        "initialMargin": plain(round(margin, 6)),
        "marginRatio": plain(round(margin / equity, 6)) if equity else "0",
        "updatedTime": ms(now_ns),
    }


def bar_words(bar: Bar) -> Words:
    """A bar of trades, whose volume is in coins."""
    prices = {"o": bar.open, "l": bar.low, "h": bar.high, "c": bar.close, "v": bar.volume}
    return {**{name: plain(value) for name, value in prices.items()}, "T": bar.open_ms}


def _status(order: VenueOrder) -> str:
    if order.status is Status.OPEN:
        return "PARTIALLY_FILLED" if order.filled else "NEW"
    if order.status is Status.FILLED:
        return "FILLED"
    return "REJECTED" if order.ending is Ending.POST_ONLY else "CANCELLED"
