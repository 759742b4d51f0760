"""Paradex's words: how it writes orders, fills, positions, collateral and errors.

Numbers are text, times whole milliseconds, sides in capitals. A position's size carries its sign.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from perpbot.clock import NS_PER_MS
from perpbot.model.instrument import Instrument
from perpbot.model.money import ZERO, plain
from perpbot.simulation.venues.account import Account, Position
from perpbot.simulation.venues.errors import RequestError
from perpbot.simulation.venues.orders import Ending, Execution, Funded, Lifetime, Refusal, Status, VenueOrder

Words = dict[str, Any]

LIFETIMES = {"GTC": Lifetime.GTC, "IOC": Lifetime.IOC, "POST_ONLY": Lifetime.POST_ONLY}
_INSTRUCTIONS = {lifetime: name for name, lifetime in LIFETIMES.items()}
_REASONS = {
    Ending.USER: "USER_CANCELED",
    Ending.POST_ONLY: "POST_ONLY_WOULD_CROSS",
    Ending.UNFILLED: "IMMEDIATE_OR_CANCEL",
    Ending.FILL_OR_KILL: "IMMEDIATE_OR_CANCEL",
    Ending.SELF_TRADE: "SELF_TRADE",
    Ending.REDUCE_ONLY: "REDUCE_ONLY_WILL_INCREASE",
    Ending.TIMER: "CANCEL_ON_DISCONNECT",
    Ending.MARGIN: "NOT_ENOUGH_MARGIN",
    Ending.BAND: "REJECTED_BY_PRICE_BAND",
}
LATER = {
    Refusal.MARGIN: Ending.MARGIN,
    Refusal.BAND: Ending.BAND,
    Refusal.REDUCE_ONLY: Ending.REDUCE_ONLY,
    Refusal.NO_LIQUIDITY: Ending.UNFILLED,
}
"""What is found only after an order was answered: it is taken, and ends at once."""
REFUSALS = {
    Refusal.SYMBOL: ("INVALID_SYMBOL", "market not found"),
    Refusal.PRICE: ("VALIDATION_ERROR", "price must be a multiple of the tick size"),
    Refusal.SIZE: ("INVALID_ORDER_SIZE", "order size must be a multiple of the size increment"),
    Refusal.SMALL: ("INVALID_ORDER_SIZE", "order size is too small"),
    Refusal.NOTIONAL: ("INVALID_ORDER_SIZE", "order notional is below the minimum"),
    Refusal.DUPLICATE: ("DUPLICATED_CLIENT_ID", "client order id is already used"),
    Refusal.UNKNOWN_ORDER: ("ORDER_ID_NOT_FOUND", "order not found"),
    Refusal.OVER: ("ORDER_IS_CLOSED", "order is closed"),
    Refusal.LEVERAGE: ("VALIDATION_ERROR", "leverage is out of range"),
}


class ParadexError(RequestError[str]):
    """A request Paradex refuses."""

    def words(self) -> Words:
        """As it is written."""
        return {"data": None, "error": self.code, "message": self.message}


def ms(time_ns: int) -> int:
    """A time as Paradex writes it."""
    return time_ns // NS_PER_MS


def order_words(order: VenueOrder, address: str) -> Words:
    """An order."""
    return {
        "id": str(order.id),
        "account": address,
        "market": order.symbol,
        "side": order.side.value.upper(),
        "type": "MARKET" if order.price is None else "LIMIT",
        "size": plain(order.size),
        "remaining_size": plain(order.remaining),
        "price": plain(order.price or ZERO),
        "status": "OPEN" if order.status is Status.OPEN else "CLOSED",
        "cancel_reason": _REASONS[order.ending] if order.ending else "",
        "client_id": order.client_id,
        "instruction": _INSTRUCTIONS.get(order.lifetime, "IOC"),
        "flags": ["REDUCE_ONLY"] if order.reduce_only else [],
        "avg_fill_price": plain(round(order.average, 8)) if order.filled else "",
        "stp": "EXPIRE_MAKER",
        "trigger_price": "0",
        "created_at": ms(order.created_ns),
        "last_updated_at": ms(order.updated_ns),
        "received_at": ms(order.created_ns),
        "published_at": ms(order.updated_ns),
        "timestamp": ms(order.created_ns),
        "seq_no": order.updated_ns,
    }


def taken_words(order: VenueOrder, address: str) -> Words:
    """An order as it is answered: queued, whatever will come of it."""
    nothing_yet = {"status": "NEW", "remaining_size": plain(order.size), "avg_fill_price": "", "cancel_reason": ""}
    return {**order_words(order, address), **nothing_yet}


def fill_words(fill: Execution, remaining: Decimal) -> Words:
    """A fill; `remaining` is what it left of its order."""
    return {
        "id": str(fill.id),
        "market": fill.symbol,
        "side": fill.side.value.upper(),
        "liquidity": "MAKER" if fill.maker else "TAKER",
        "order_id": str(fill.order_id),
        "client_id": fill.client_id,
        "price": plain(fill.price),
        "size": plain(fill.size),
        "fee": plain(fill.fee),
        "fee_currency": fill.currency,
        "realized_pnl": plain(fill.realised),
        "realized_funding": "0",
        "remaining_size": plain(remaining),
        "fill_type": "FILL",
        "flags": [],
        "created_at": ms(fill.time_ns),
    }


def funding_words(paid: Funded, address: str) -> Words:
    """A funding payment."""
    return {
        "id": str(paid.id),
        "account": address,
        "market": paid.symbol,
        "payment": plain(paid.amount),
        "index": plain(paid.rate * paid.mark),
        "fill_id": "",
        "created_at": ms(paid.time_ns),
    }


def position_words(
    instrument: Instrument, held: Position, account: Account, mark: Decimal, address: str, now_ns: int
) -> Words:
    """A position, open or closed."""
    last = next((each for each in reversed(account.executions) if each.symbol == instrument.native), None)
    return {
        "id": f"{address}-{instrument.native}",
        "account": address,
        "market": instrument.native,
        "status": "OPEN" if held.size else "CLOSED",
        "side": "SHORT" if held.size < 0 else "LONG",
        "size": plain(held.size),
        "average_entry_price": plain(round(held.entry, 8)),
        "average_entry_price_usd": plain(round(held.entry, 8)),
        "unrealized_pnl": plain(round(held.unrealised(mark), 8)),
        "unrealized_funding_pnl": "0",
        "cost": plain(round(held.cost, 8)),
        "cost_usd": plain(round(held.cost, 8)),
        "leverage": plain(account.leverage[instrument.native]),
        "liquidation_price": "",
        "last_fill_id": str(last.id) if last else "",
        "created_at": ms(now_ns),
        "last_updated_at": ms(last.time_ns if last else now_ns),
        "seq_no": now_ns,
    }


def account_words(account: Account, marks: Mapping[str, Decimal], address: str, now_ns: int) -> Words:
    """The account's collateral and margins."""
    equity, margin = account.equity(marks), account.used_margin(marks)
    return {
        "account": address,
        "status": "ACTIVE",
        "settlement_asset": account.currency,
        "account_value": plain(round(equity, 8)),
        "total_collateral": plain(account.balance),
        "free_collateral": plain(round(account.available(marks), 8)),
        "initial_margin_requirement": plain(round(margin, 8)),
        "maintenance_margin_requirement": plain(round(margin / 2, 8)),
        "margin_cushion": plain(round(equity - margin / 2, 8)),
        "seq_no": now_ns,
        "updated_at": ms(now_ns),
    }
