"""Backpack's words: how it writes orders, fills, positions, balances, times and errors."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from perpbot.clock import NS_PER_MS
from perpbot.model.instrument import Instrument, Side
from perpbot.model.money import ZERO, plain
from perpbot.simulation.venues.account import Account, Position
from perpbot.simulation.venues.errors import RequestError
from perpbot.simulation.venues.orders import Ending, Execution, Funded, Lifetime, Refusal, Status, VenueOrder

Words = dict[str, Any]

SIDES = {"Bid": Side.BUY, "Ask": Side.SELL}
_SIDE_WORDS = {side: word for word, side in SIDES.items()}
LIFETIMES = {"GTC": Lifetime.GTC, "IOC": Lifetime.IOC, "FOK": Lifetime.FOK}
_TIFS = {lifetime: name for name, lifetime in LIFETIMES.items()} | {Lifetime.POST_ONLY: "GTC"}
_EXPIRY_REASONS = {
    Ending.UNFILLED: "ImmediateOrCancel",
    Ending.FILL_OR_KILL: "FillOrKill",
    Ending.SELF_TRADE: "SelfTradePrevention",
    Ending.REDUCE_ONLY: "ReduceOnlyNotReduced",
    Ending.POST_ONLY: "PostOnlyMatched",
}
REFUSALS = {
    Refusal.SYMBOL: ("INVALID_MARKET", "Market not found"),
    Refusal.SIDE: ("INVALID_ORDER", "Invalid side"),
    Refusal.PRICE: ("INVALID_PRICE", "Price is not a multiple of the tick size"),
    Refusal.SIZE: ("INVALID_QUANTITY", "Quantity is not a multiple of the step size"),
    Refusal.SMALL: ("INVALID_QUANTITY", "Quantity is below the minimum allowed value"),
    Refusal.NOTIONAL: ("INVALID_ORDER", "Order value is too small"),
    Refusal.BAND: ("INVALID_PRICE", "Price is too far from the last active price"),
    Refusal.REDUCE_ONLY: ("INVALID_ORDER", "Reduce only order not reduced"),
    Refusal.MARGIN: ("INSUFFICIENT_MARGIN", "Insufficient margin"),
    Refusal.DUPLICATE: ("INVALID_CLIENT_REQUEST", "Duplicate client order ID"),
    Refusal.NO_LIQUIDITY: ("INVALID_ORDER", "Insufficient liquidity"),
    Refusal.UNKNOWN_ORDER: ("INVALID_ORDER", "Order not found"),
    Refusal.OVER: ("INVALID_ORDER", "Order not found"),
    Refusal.LEVERAGE: ("INVALID_CLIENT_REQUEST", "Invalid leverage limit"),
}
POST_ONLY_REFUSAL = ("INVALID_ORDER", "Order would immediately match and take")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class BackpackError(RequestError[str]):
    """A request Backpack refuses."""

    def words(self) -> Words:
        """As it is written."""
        return {"code": self.code, "message": self.message}


def ms(time_ns: int) -> int:
    """A time as REST takes it."""
    return time_ns // NS_PER_MS


def micros(time_ns: int) -> int:
    """A time as streams write it, there in quotes."""
    return time_ns // 1_000


def naive(time_ns: int, timespec: str = "milliseconds") -> str:
    """A time as histories write it: UTC without a zone."""
    return (_EPOCH + timedelta(microseconds=micros(time_ns))).replace(tzinfo=None).isoformat(timespec=timespec)


def amount(value: Decimal) -> str:
    """An amount of money: six decimals."""
    return plain(round(value, 6))


def status(order: VenueOrder) -> str:
    """What has become of an order; one that ended without its owner's doing has expired."""
    if order.status is Status.OPEN:
        return "PartiallyFilled" if order.filled else "New"
    if order.status is Status.FILLED:
        return "Filled"
    return "Cancelled" if order.ending in {Ending.USER, Ending.TIMER} else "Expired"


def order_words(order: VenueOrder) -> Words:
    """An order as it is answered."""
    limit = {} if order.price is None else {"price": plain(order.price)}
    return {
        "id": str(order.id),
        "clientId": int(order.client_id) if order.client_id else None,
        "symbol": order.symbol,
        "side": _SIDE_WORDS[order.side],
        "orderType": "Limit" if order.price is not None else "Market",
        "timeInForce": _TIFS[order.lifetime],
        **limit,
        "quantity": plain(order.size),
        "executedQuantity": plain(order.filled),
        "executedQuoteQuantity": plain(order.notional),
        "postOnly": order.lifetime is Lifetime.POST_ONLY,
        "reduceOnly": order.reduce_only,
        "relatedOrderId": None,
        "selfTradePrevention": "RejectMaker",
        "status": status(order),
        "triggerPrice": None,
        "triggerQuantity": None,
        "createdAt": ms(order.created_ns),
    }


def history_words(order: VenueOrder) -> Words:
    """An order in the history."""
    reason = _EXPIRY_REASONS.get(order.ending) if order.ending else None
    return {**order_words(order), "createdAt": naive(order.created_ns), "expiryReason": reason, "systemOrderType": None}


def order_event(order: VenueOrder, fill: Execution | None, now_ns: int) -> Words:
    """One change of an order in the stream."""
    words: Words = {
        "e": _event(order, fill),
        "E": str(micros(now_ns)),
        "s": order.symbol,
        "S": _SIDE_WORDS[order.side],
        "o": "LIMIT" if order.price is not None else "MARKET",
        "f": _TIFS[order.lifetime],
        "q": plain(order.size),
        "X": status(order),
        "i": str(order.id),
        "z": plain(order.filled),
        "Z": plain(order.notional),
        "V": "RejectMaker",
        "T": str(micros(order.updated_ns)),
        "O": "USER",
        "r": order.reduce_only,
        "t": fill.id if fill else None,
    }
    if order.client_id:
        words["c"] = int(order.client_id)
    if order.price is not None:
        words["p"] = plain(order.price)
    if fill is not None:
        words |= {
            "l": plain(fill.size),
            "L": plain(fill.price),
            "m": fill.maker,
            "n": plain(fill.fee),
            "N": fill.currency,
        }
    elif words["e"] == "orderExpired" and order.ending is not None:
        words["R"] = _EXPIRY_REASONS[order.ending]
    return words


def _event(order: VenueOrder, fill: Execution | None) -> str:
    if fill is not None:
        return "orderFill"
    if order.status is Status.OPEN:
        return "orderAccepted"
    return "orderCancelled" if status(order) == "Cancelled" else "orderExpired"


def position_event(symbol: str, account: Account, mark: Decimal, before: Decimal | None, now_ns: int) -> Words:
    """A position in the stream; `before` is what was held, None in the first picture, which names no event."""
    held = account.position(symbol)
    kind = "positionClosed" if not held.size else "positionOpened" if not before else "positionAdjusted"
    return {
        **({} if before is None else {"e": kind}),
        "E": str(micros(now_ns)),
        "s": symbol,
        "b": plain(round(held.entry, 8)),
        "B": plain(round(held.entry, 8)),
        "f": "0.02",
        "M": plain(mark),
        "m": "0.0125",
        "q": plain(held.size),
        "Q": plain(exposed(symbol, account)),
        "n": plain(exposed(symbol, account) * mark),
        "i": _position_id(symbol),
        "p": "0",
        "P": amount(held.unrealised(mark)),
        "l": "0",
        "T": str(micros(now_ns)),
    }


def balance_event(account: Account, marks: Mapping[str, Decimal], now_ns: int) -> Words:
    """The cash in the stream."""
    words = balance_words(account, marks)
    parts = {"A": words["available"], "L": words["locked"], "S": words["staked"]}
    return {"e": "balanceUpdate", "E": str(micros(now_ns)), "a": account.currency, **parts, "T": str(micros(now_ns))}


def fill_words(fill: Execution) -> Words:
    """A fill; its fee is positive when it costs."""
    return {
        "tradeId": fill.id,
        "orderId": str(fill.order_id),
        "clientId": fill.client_id or None,
        "symbol": fill.symbol,
        "side": _SIDE_WORDS[fill.side],
        "price": plain(fill.price),
        "quantity": plain(fill.size),
        "fee": plain(fill.fee),
        "feeSymbol": fill.currency,
        "isMaker": fill.maker,
        "systemOrderType": None,
        "timestamp": naive(fill.time_ns),
    }


def funding_words(payment: Funded) -> Words:
    """A funding payment."""
    return {
        "userId": 1,
        "subaccountId": 0,
        "symbol": payment.symbol,
        "quantity": plain(payment.amount),
        "intervalEndTimestamp": naive(payment.time_ns, "seconds"),
        "fundingRate": plain(payment.rate),
    }


def position_words(instrument: Instrument, held: Position, account: Account, mark: Decimal) -> Words:
    """A position that is not flat."""
    symbol = instrument.native
    return {
        "symbol": symbol,
        "netQuantity": plain(held.size),
        "netCost": plain(held.cost),
        "netExposureQuantity": plain(exposed(symbol, account)),
        "netExposureNotional": plain(exposed(symbol, account) * mark),
        "entryPrice": plain(round(held.entry, 8)),
        "breakEvenPrice": plain(round(held.entry, 8)),
        "markPrice": plain(mark),
        "pnlUnrealized": amount(held.unrealised(mark)),
        "pnlRealized": "0",
        "cumulativeFundingPayment": "0",
        "cumulativeInterest": "0",
        "estLiquidationPrice": "0",
        "imf": plain(1 / account.leverage[symbol]),
        "imfFunction": margin_function(instrument),
        "mmf": "0.0125",
        "mmfFunction": {"type": "sqrt", "base": "0.0125", "factor": "0.00006"},
        "positionId": str(_position_id(symbol)),
        "subaccountId": None,
        "userId": 1,
    }


def exposed(symbol: str, account: Account) -> Decimal:
    """The largest position that what is held and what waits could make."""
    held = account.position(symbol).size
    waiting = [each for each in account.open_orders if each.symbol == symbol and not each.reduce_only]
    buys = sum((each.remaining for each in waiting if each.side is Side.BUY), ZERO)
    sells = sum((each.remaining for each in waiting if each.side is Side.SELL), ZERO)
    return max(abs(held + buys), abs(held - sells))


def margin_function(instrument: Instrument) -> Words:
    """How much margin a position of a market needs at least."""
    return {"type": "sqrt", "base": plain(round(1 / instrument.max_leverage, 6)), "factor": "0.0001"}


def balance_words(account: Account, marks: Mapping[str, Decimal]) -> Words:
    """The cash, and how much of it is margin."""
    free = min(account.balance, account.available(marks))
    return {"available": plain(free), "locked": plain(account.balance - free), "staked": "0"}


def collateral_words(account: Account, marks: Mapping[str, Decimal]) -> Words:
    """What the account is worth."""
    equity, used, profit = account.equity(marks), account.used_margin(marks), account.unrealised(marks)
    cash = plain(account.balance)
    return {
        "assetsValue": cash,
        "borrowLiability": "0",
        "collateral": [
            {
                "symbol": account.currency,
                "assetMarkPrice": "1",
                "totalQuantity": cash,
                "balanceNotional": cash,
                "collateralWeight": "1",
                "collateralValue": cash,
                "openOrderQuantity": "0",
                "lendQuantity": "0",
                "availableQuantity": plain(account.available(marks)),
            }
        ],
        "imf": "0.02",
        "unsettledEquity": "0",
        "liabilitiesValue": "0",
        "marginFraction": None,
        "mmf": "0.0125",
        "netEquity": amount(equity),
        "netEquityAvailable": amount(account.available(marks)),
        "netEquityLocked": amount(used),
        "netExposureFutures": amount(sum((exposed(symbol, account) * mark for symbol, mark in marks.items()), ZERO)),
        "pnlUnrealized": amount(profit),
    }


def _position_id(symbol: str) -> int:
    """A number of its own for each market's position."""
    return int.from_bytes(symbol.encode()[:6], "big")
