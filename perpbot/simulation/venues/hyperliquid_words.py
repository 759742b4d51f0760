"""Hyperliquid's words: how it writes orders, fills, positions and balances, and its errors.

Numbers are strings with at least one decimal; times are whole milliseconds; sides are ``B`` and ``A``.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from perpbot.clock import NS_PER_MS
from perpbot.model.instrument import Instrument, Side
from perpbot.model.money import ZERO, plain
from perpbot.simulation.venues.account import Account, Position
from perpbot.simulation.venues.orders import Ending, Execution, Funded, Lifetime, Refusal, Status, VenueOrder

Words = dict[str, Any]

LIFETIMES = {"Gtc": Lifetime.GTC, "Alo": Lifetime.POST_ONLY, "Ioc": Lifetime.IOC}
_TIFS = {lifetime: name for name, lifetime in LIFETIMES.items()} | {Lifetime.FOK: "FrontendMarket"}
_STATUSES = {
    Ending.USER: "canceled",
    Ending.POST_ONLY: "badAloPxRejected",
    Ending.UNFILLED: "iocCancelRejected",
    Ending.FILL_OR_KILL: "iocCancelRejected",
    Ending.SELF_TRADE: "selfTradeCanceled",
    Ending.REDUCE_ONLY: "reduceOnlyCanceled",
    Ending.TIMER: "scheduledCancel",
}
_NEVER_PLACED = "Order was never placed, already canceled, or filled."
REFUSALS = {
    Refusal.PRICE: "Price must be divisible by tick size.",
    Refusal.SIZE: "Order has invalid size.",
    Refusal.SMALL: "Order has zero size.",
    Refusal.NOTIONAL: "Order must have minimum value of $10.",
    Refusal.BAND: "Order price cannot be more than 80% away from the reference price",
    Refusal.REDUCE_ONLY: "Reduce only order would increase position.",
    Refusal.MARGIN: "Insufficient margin to place order.",
    Refusal.DUPLICATE: "Duplicate cloid.",
    Refusal.NO_LIQUIDITY: "No liquidity available for market order.",
    Refusal.UNKNOWN_ORDER: _NEVER_PLACED,
    Refusal.OVER: _NEVER_PLACED,
    Refusal.LEVERAGE: "Invalid leverage value",
}


def decimal(value: Decimal) -> str:
    """A number as Hyperliquid writes it."""
    text = plain(value)
    return text if "." in text else text + ".0"


def ms(time_ns: int) -> int:
    """A time as Hyperliquid writes it."""
    return time_ns // NS_PER_MS


def side(value: Side) -> str:
    """``B`` for a buy, ``A`` for a sell."""
    return "B" if value is Side.BUY else "A"


def order_words(order: VenueOrder) -> Words:
    """An order in the short form; ``sz`` is what remains."""
    return {
        "coin": order.symbol,
        "side": side(order.side),
        "limitPx": decimal(order.price or ZERO),
        "sz": decimal(order.remaining),
        "oid": order.id,
        "timestamp": ms(order.created_ns),
        "origSz": decimal(order.size),
        "reduceOnly": order.reduce_only,
        **({"cloid": order.client_id} if order.client_id else {}),
    }


def full_order_words(order: VenueOrder) -> Words:
    """An order in the long form."""
    return {
        **order_words(order),
        "triggerCondition": "N/A",
        "isTrigger": False,
        "triggerPx": "0.0",
        "children": [],
        "isPositionTpsl": False,
        "orderType": "Limit",
        "tif": _TIFS[order.lifetime],
        "cloid": order.client_id or None,
    }


def status(order: VenueOrder) -> str:
    """What has become of an order."""
    if order.status is Status.OPEN:
        return "open"
    if order.status is Status.FILLED or order.ending is None:
        return "filled"
    if order.ending is Ending.UNFILLED and order.filled:
        return "canceled"
    return _STATUSES[order.ending]


def update_words(order: VenueOrder) -> Words:
    """An order with its status, as streams tell it."""
    return {"order": order_words(order), "status": status(order), "statusTimestamp": ms(order.updated_ns)}


def history_words(order: VenueOrder) -> Words:
    """An order with its status, as questions are answered."""
    return {"order": full_order_words(order), "status": status(order), "statusTimestamp": ms(order.updated_ns)}


def fill_words(fill: Execution) -> Words:
    """A fill. ``crossed`` says that it took liquidity."""
    return {
        "coin": fill.symbol,
        "px": decimal(fill.price),
        "sz": decimal(fill.size),
        "side": side(fill.side),
        "time": ms(fill.time_ns),
        "startPosition": decimal(fill.position_before),
        "dir": _direction(fill),
        "closedPnl": decimal(fill.realised),
        "hash": f"0x{fill.id:064x}",
        "oid": fill.order_id,
        "crossed": not fill.maker,
        "fee": decimal(fill.fee),
        "tid": fill.id,
        "feeToken": fill.currency,
        "twapId": None,
        **({"cloid": fill.client_id} if fill.client_id else {}),
    }


def funding_words(paid: Funded) -> Words:
    """A funding payment as streams tell it."""
    return {
        "time": ms(paid.time_ns),
        "coin": paid.symbol,
        "usdc": decimal(paid.amount),
        "szi": decimal(paid.size),
        "fundingRate": decimal(paid.rate),
    }


def ledger_words(paid: Funded) -> Words:
    """A funding payment as questions are answered."""
    words = {name: value for name, value in funding_words(paid).items() if name != "time"}
    return {
        "time": ms(paid.time_ns),
        "hash": "0x" + "0" * 64,
        "delta": {"type": "funding", **words, "nSamples": None},
    }


def position_words(instrument: Instrument, held: Position, account: Account, mark: Decimal) -> Words:
    """A position."""
    leverage, value = account.leverage[instrument.native], abs(held.size) * mark
    margin, profit = value / leverage, held.unrealised(mark)
    funding = sum((each.amount for each in account.funding if each.symbol == instrument.native), ZERO)
    return {
        "type": "oneWay",
        "position": {
            "coin": instrument.native,
            "szi": decimal(held.size),
            "entryPx": decimal(round(held.entry, 6)),
            "positionValue": decimal(value),
            "unrealizedPnl": decimal(round(profit, 6)),
            "returnOnEquity": decimal(round(profit / margin, 10)),
            "leverage": {"type": "cross", "value": int(leverage)},
            "liquidationPx": None,
            "marginUsed": decimal(round(margin, 6)),
            "maxLeverage": int(instrument.max_leverage),
            # here, unlike everywhere else, funding that was paid is positive
            "cumFunding": dict.fromkeys(("allTime", "sinceOpen", "sinceChange"), decimal(-funding)),
        },
    }


def clearing_words(
    instruments: Mapping[str, Instrument], account: Account, marks: Mapping[str, Decimal], now_ns: int
) -> Words:
    """The perpetual account: margins and positions. ``totalRawUsd`` is what it would be without the positions."""
    held = {symbol: position for symbol, position in account.positions.items() if position.size}
    value = sum((abs(position.size) * marks[symbol] for symbol, position in held.items()), ZERO)
    signed = sum((position.size * marks[symbol] for symbol, position in held.items()), ZERO)
    equity = account.equity(marks)
    summary = {
        "accountValue": decimal(round(equity, 6)),
        "totalNtlPos": decimal(round(value, 6)),
        "totalRawUsd": decimal(round(equity - signed, 6)),
        "totalMarginUsed": decimal(round(account.used_margin(marks), 6)),
    }
    return {
        "marginSummary": summary,
        "crossMarginSummary": summary,
        "crossMaintenanceMarginUsed": decimal(round(value / 80, 6)),
        "withdrawable": decimal(round(account.available(marks), 6)),
        "assetPositions": [
            position_words(instruments[symbol], position, account, marks[symbol]) for symbol, position in held.items()
        ],
        "time": ms(now_ns),
    }


def _direction(fill: Execution) -> str:
    before, after = fill.position_before, fill.position_before + fill.side.sign * fill.size
    if before * after < 0:
        return "Long > Short" if before > 0 else "Short > Long"
    if fill.side.sign * before < 0:
        return "Close Long" if before > 0 else "Close Short"
    return "Open Long" if fill.side is Side.BUY else "Open Short"
