"""OKX's words: how it writes orders, fills, positions and balances, and its error codes.

Sizes on the wire are contracts. A fee is negative when it costs. Every number is a string.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from perpbot.clock import NS_PER_MS
from perpbot.model.instrument import Instrument
from perpbot.model.money import plain
from perpbot.simulation.venues.account import Account, Position
from perpbot.simulation.venues.errors import RequestError
from perpbot.simulation.venues.orders import Ending, Execution, Funded, Lifetime, Refusal, Status, VenueOrder

Words = dict[str, Any]

LIFETIMES = {
    "limit": Lifetime.GTC,
    "market": Lifetime.IOC,
    "optimal_limit_ioc": Lifetime.IOC,
    "post_only": Lifetime.POST_ONLY,
    "ioc": Lifetime.IOC,
    "fok": Lifetime.FOK,
}
_ORDER_TYPES = {
    Lifetime.GTC: "limit",
    Lifetime.POST_ONLY: "post_only",
    Lifetime.IOC: "ioc",
    Lifetime.FOK: "fok",
}
_CANCEL_SOURCES = {
    Ending.USER: "1",
    Ending.FILL_OR_KILL: "13",
    Ending.UNFILLED: "14",
    Ending.TIMER: "20",
    Ending.POST_ONLY: "31",
    Ending.SELF_TRADE: "32",
    Ending.REDUCE_ONLY: "36",
}
REFUSALS = {
    Refusal.SYMBOL: ("51001", "Instrument ID, Instrument ID code, or Spread ID doesn't exist."),
    Refusal.SIDE: ("51000", "Parameter side error"),
    Refusal.PRICE: ("51000", "Parameter px error"),
    Refusal.SIZE: ("51121", "Order quantity must be a multiple of the lot size."),
    Refusal.SMALL: ("51020", "Your order should meet or exceed the minimum order amount."),
    Refusal.NOTIONAL: ("51020", "Your order should meet or exceed the minimum order amount."),
    Refusal.BAND: ("51006", "Order price is not within the price limit (Maximum buy price and minimum sell price)"),
    Refusal.REDUCE_ONLY: (
        "51169",
        "Order failed because you don't have any positions in this direction to reduce or close.",
    ),
    Refusal.MARGIN: ("51008", "Order failed. Insufficient USDT margin in account"),
    Refusal.DUPLICATE: ("51016", "Client order ID already exists."),
    Refusal.NO_LIQUIDITY: ("51109", "No available offer"),
    Refusal.UNKNOWN_ORDER: ("51400", "Cancellation failed as the order has been filled, canceled or does not exist."),
    Refusal.OVER: ("51400", "Cancellation failed as the order has been filled, canceled or does not exist."),
    Refusal.LEVERAGE: ("59102", "Leverage exceeds the maximum limit. Please lower the leverage."),
}
EXPIRED = ("51149", "Order timed out. Please try again later.")


class OkxError(RequestError[str]):
    """A request OKX refuses as a whole."""

    usual_status = 200


def ms(time_ns: int) -> str:
    """A time as OKX writes it: milliseconds."""
    return str(time_ns // NS_PER_MS)


def contracts(instrument: Instrument, quantity: Decimal) -> str:
    """A quantity as OKX writes it."""
    return plain(instrument.wire_size(quantity))


def order_words(instrument: Instrument, order: VenueOrder, leverage: Decimal, last: Execution | None) -> Words:
    """An order; `last` is its latest fill."""
    market = order.price is None
    return {
        "instType": "SWAP",
        "instId": order.symbol,
        "ccy": "",
        "ordId": str(order.id),
        "clOrdId": order.client_id,
        "tag": "",
        "px": "" if order.price is None else plain(order.price),
        "sz": contracts(instrument, order.size),
        "ordType": "market" if market else _ORDER_TYPES[order.lifetime],
        "side": order.side.value,
        "posSide": "net",
        "tdMode": "cross",
        "tgtCcy": "",
        "accFillSz": contracts(instrument, order.filled),
        "avgPx": plain(round(order.average, 8)) if order.filled else "",
        "fillPx": plain(last.price) if last else "",
        "fillSz": contracts(instrument, last.size) if last else "0",
        "fillTime": ms(last.time_ns) if last else "",
        "tradeId": str(last.id) if last else "",
        "state": _state(order),
        "lever": plain(leverage),
        "fee": plain(-order.fees),
        "feeCcy": "USDT",
        "rebate": "0",
        "rebateCcy": "USDT",
        "pnl": plain(order.realised),
        "source": "",
        "category": "normal",
        "reduceOnly": "true" if order.reduce_only else "false",
        "cancelSource": _CANCEL_SOURCES[order.ending] if order.ending else "",
        "cancelSourceReason": order.ending.value if order.ending else "",
        "stpMode": "cancel_maker",
        "cTime": ms(order.created_ns),
        "uTime": ms(order.updated_ns),
    }


def order_push(instrument: Instrument, words: Words, fill: Execution | None) -> Words:
    """What the orders channel adds to an order."""
    notional = instrument.quantity(Decimal(words["sz"])) * Decimal(words["px"] or words["avgPx"] or "0")
    return {
        **words,
        "execType": ("M" if fill.maker else "T") if fill else "",
        "fillFee": plain(-fill.fee) if fill else "0",
        "fillFeeCcy": "USDT" if fill else "",
        "fillPnl": plain(fill.realised) if fill else "0",
        "fillNotionalUsd": plain(fill.size * fill.price) if fill else "",
        "notionalUsd": plain(notional),
        "code": "0",
        "msg": "",
        "reqId": "",
        "amendResult": "",
    }


def fill_words(instrument: Instrument, fill: Execution) -> Words:
    """A fill."""
    return {
        "instType": "SWAP",
        "instId": fill.symbol,
        "tradeId": str(fill.id),
        "ordId": str(fill.order_id),
        "clOrdId": fill.client_id,
        "billId": str(fill.id),
        "subType": "1" if fill.side.sign > 0 else "2",
        "tag": "",
        "fillPx": plain(fill.price),
        "fillSz": contracts(instrument, fill.size),
        "fillPnl": plain(fill.realised),
        "side": fill.side.value,
        "posSide": "net",
        "execType": "M" if fill.maker else "T",
        "feeCcy": fill.currency,
        "fee": plain(-fill.fee),
        "ts": ms(fill.time_ns),
        "fillTime": ms(fill.time_ns),
    }


def funding_words(instrument: Instrument, paid: Funded) -> Words:
    """A funding payment as a bill of type 8; subtype 173 was paid, 174 received."""
    return {
        "instType": "SWAP",
        "billId": str(paid.id),
        "type": "8",
        "subType": "173" if paid.amount < 0 else "174",
        "ccy": paid.currency,
        "instId": paid.symbol,
        "mgnMode": "cross",
        "balChg": plain(paid.amount),
        "bal": "",
        "pnl": plain(paid.amount),
        "fee": "0",
        "px": plain(paid.mark),
        "sz": contracts(instrument, abs(paid.size)),
        "ordId": "",
        "execType": "",
        "from": "",
        "to": "",
        "notes": "",
        "ts": ms(paid.time_ns),
    }


def position_words(instrument: Instrument, held: Position, account: Account, mark: Decimal, now_ns: int) -> Words:
    """A position, net and cross margined."""
    leverage, notional = account.leverage[instrument.native], abs(held.size) * mark
    profit, margin = held.unrealised(mark), notional / leverage
    last = next((each for each in reversed(account.executions) if each.symbol == instrument.native), None)
    return {
        "instType": "SWAP",
        "instId": instrument.native,
        "mgnMode": "cross",
        "posId": str(sum(instrument.native.encode())),
        "posSide": "net",
        "pos": contracts(instrument, held.size),
        "availPos": "",
        "posCcy": "",
        "avgPx": plain(round(held.entry, 8)) if held.size else "",
        "markPx": plain(mark),
        "last": plain(mark),
        "upl": plain(profit),
        "uplRatio": plain(round(profit / margin, 8)) if margin else "",
        "lever": plain(leverage),
        "liqPx": "",
        "imr": plain(round(margin, 8)),
        "margin": "",
        "mgnRatio": "",
        "mmr": plain(round(notional / 200, 8)),
        "notionalUsd": plain(notional),
        "adl": "1",
        "ccy": "USDT",
        "tradeId": str(last.id) if last else "",
        "cTime": ms(last.time_ns) if last else "",
        "uTime": ms(last.time_ns) if last else ms(now_ns),
        "pTime": ms(now_ns),
    }


def balance_words(account: Account, marks: Mapping[str, Decimal], now_ns: int) -> Words:
    """The trading account: totals, and its one currency."""
    equity, free = account.equity(marks), account.available(marks)
    profit, margin = account.unrealised(marks), account.used_margin(marks)
    detail = {
        "ccy": account.currency,
        "eq": plain(equity),
        "eqUsd": plain(equity),
        "cashBal": plain(account.balance),
        "availEq": plain(round(free, 8)),
        "availBal": plain(round(free, 8)),
        "frozenBal": plain(round(margin, 8)),
        "ordFrozen": "0",
        "upl": plain(profit),
        "isoEq": "0",
        "liab": "0",
        "interest": "0",
        "uTime": ms(now_ns),
    }
    return {
        "uTime": ms(now_ns),
        "totalEq": plain(equity),
        "adjEq": plain(equity),
        "availEq": plain(round(free, 8)),
        "isoEq": "0",
        "ordFroz": "0",
        "imr": plain(round(margin, 8)),
        "mmr": "0",
        "mgnRatio": "",
        "notionalUsd": "",
        "upl": plain(profit),
        "details": [detail],
    }


def _state(order: VenueOrder) -> str:
    if order.status is Status.OPEN:
        return "partially_filled" if order.filled else "live"
    return "filled" if order.status is Status.FILLED else "canceled"
