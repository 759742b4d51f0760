"""Aster's words, the Binance-futures dialect: how it writes orders, fills, positions, balances and errors."""

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

LIFETIMES = {"GTC": Lifetime.GTC, "GTX": Lifetime.POST_ONLY, "IOC": Lifetime.IOC, "FOK": Lifetime.FOK}
_TIFS = {lifetime: name for name, lifetime in LIFETIMES.items()}
REFUSALS = {
    Refusal.SYMBOL: (-1121, "Invalid symbol."),
    Refusal.SIDE: (-1117, "Invalid side."),
    Refusal.PRICE: (-4014, "Price not increased by tick size."),
    Refusal.SIZE: (-4023, "Qty not increased by step size."),
    Refusal.SMALL: (-4004, "Quantity less than min quantity."),
    Refusal.NOTIONAL: (-4164, "Order's notional must be no smaller than 5.0 (unless you choose reduce only)"),
    Refusal.BAND: (-4016, "Limit price is beyond the price the multiplier allows."),
    Refusal.REDUCE_ONLY: (-2022, "ReduceOnly Order is rejected."),
    Refusal.MARGIN: (-2019, "Margin is insufficient."),
    Refusal.DUPLICATE: (-4115, "ClientOrderId is duplicated."),
    Refusal.NO_LIQUIDITY: (-2020, "Unable to fill."),
    Refusal.UNKNOWN_ORDER: (-2011, "Unknown order sent."),
    Refusal.OVER: (-2011, "Unknown order sent."),
    Refusal.LEVERAGE: (-4028, "Leverage is not valid."),
}


class AsterError(RequestError[int]):
    """A request Aster refuses."""

    def words(self) -> Words:
        """As it is written."""
        return {"code": self.code, "msg": self.message}


def ms(time_ns: int) -> int:
    """A time as Aster writes it."""
    return time_ns // NS_PER_MS


def amount(value: Decimal) -> str:
    """An amount of money: eight decimals."""
    return format(round(value, 8), ".8f")


def status(order: VenueOrder) -> str:
    """What has become of an order; one that ended without its owner's doing has expired."""
    if order.status is Status.OPEN:
        return "PARTIALLY_FILLED" if order.filled else "NEW"
    if order.status is Status.FILLED:
        return "FILLED"
    return "CANCELED" if order.ending in {Ending.USER, Ending.TIMER} else "EXPIRED"


def order_words(order: VenueOrder) -> Words:
    """An order."""
    kind = "MARKET" if order.price is None else "LIMIT"
    return {
        "orderId": order.id,
        "symbol": order.symbol,
        "status": status(order),
        "clientOrderId": order.client_id,
        "price": plain(order.price or ZERO),
        "avgPrice": plain(round(order.average, 8)) if order.filled else "0.00000",
        "origQty": plain(order.size),
        "executedQty": plain(order.filled),
        "cumQty": plain(order.filled),
        "cumQuote": plain(order.notional),
        "timeInForce": "GTC" if order.price is None else _TIFS[order.lifetime],
        "type": kind,
        "origType": kind,
        "reduceOnly": order.reduce_only,
        "closePosition": False,
        "side": order.side.name,
        "positionSide": "BOTH",
        "stopPrice": "0",
        "workingType": "CONTRACT_PRICE",
        "priceProtect": False,
        "time": ms(order.created_ns),
        "updateTime": ms(order.updated_ns),
    }


def acknowledgement(order: VenueOrder) -> Words:
    """An order as it is confirmed by default: taken, whatever has become of it since."""
    nothing = {"status": "NEW", "avgPrice": "0.00000", "executedQty": "0", "cumQty": "0", "cumQuote": "0"}
    return order_words(order) | nothing


def order_event(order: VenueOrder, fill: Execution | None, now_ns: int) -> Words:
    """One change of an order in the user stream."""
    words = order_words(order)
    done = "TRADE" if fill else words["status"] if words["status"] in {"CANCELED", "EXPIRED"} else "NEW"
    details = {
        "s": order.symbol,
        "c": order.client_id,
        "S": order.side.name,
        "o": words["type"],
        "f": words["timeInForce"],
        "q": words["origQty"],
        "p": words["price"],
        "ap": words["avgPrice"],
        "sp": "0",
        "x": done,
        "X": words["status"],
        "i": order.id,
        "l": plain(fill.size) if fill else "0",
        "z": words["executedQty"],
        "L": plain(fill.price) if fill else "0",
        **({"N": fill.currency, "n": plain(fill.fee)} if fill else {}),
        "T": ms(order.updated_ns),
        "t": fill.id if fill else 0,
        "b": "0",
        "a": "0",
        "m": bool(fill and fill.maker),
        "R": order.reduce_only,
        "wt": "CONTRACT_PRICE",
        "ot": words["type"],
        "ps": "BOTH",
        "cp": False,
        "rp": plain(fill.realised) if fill else "0",
    }
    return {"e": "ORDER_TRADE_UPDATE", "E": ms(now_ns), "T": ms(order.updated_ns), "o": details}


def account_event(account: Account, symbols: list[str], marks: Mapping[str, Decimal], now_ns: int) -> Words:
    """Balance and positions after a fill; after funding, with no symbols, the balance alone."""
    balance = {"a": account.currency, "wb": amount(account.balance), "cw": amount(account.balance), "bc": "0"}
    positions = [
        {
            "s": symbol,
            "pa": plain(held.size),
            "ep": plain(round(held.entry, 8)),
            "cr": amount(sum((each.realised for each in account.executions if each.symbol == symbol), ZERO)),
            "up": amount(held.unrealised(marks[symbol])),
            "mt": "cross",
            "iw": "0",
            "ps": "BOTH",
        }
        for symbol, held in ((symbol, account.position(symbol)) for symbol in symbols)
    ]
    reason = "ORDER" if symbols else "FUNDING_FEE"
    return {
        "e": "ACCOUNT_UPDATE",
        "E": ms(now_ns),
        "T": ms(now_ns),
        "a": {"m": reason, "B": [balance], "P": positions},
    }


def fill_words(fill: Execution) -> Words:
    """A fill; its commission is positive when it costs."""
    return {
        "symbol": fill.symbol,
        "id": fill.id,
        "orderId": fill.order_id,
        "side": fill.side.name,
        "price": plain(fill.price),
        "qty": plain(fill.size),
        "quoteQty": plain(fill.price * fill.size),
        "realizedPnl": plain(fill.realised),
        "commission": plain(fill.fee),
        "commissionAsset": fill.currency,
        "time": ms(fill.time_ns),
        "positionSide": "BOTH",
        "maker": fill.maker,
        "buyer": fill.side.sign > 0,
    }


def income_words(account: Account) -> list[Words]:
    """What changed the balance, oldest first: funding, realised profits, commissions."""
    rows = [_income(each.symbol, "FUNDING_FEE", each.amount, each, "") for each in account.funding]
    for each in account.executions:
        if each.realised:
            rows.append(_income(each.symbol, "REALIZED_PNL", each.realised, each, str(each.id)))
        rows.append(_income(each.symbol, "COMMISSION", -each.fee, each, str(each.id)))
    return sorted(rows, key=lambda row: row["time"])


def position_words(instrument: Instrument, held: Position, account: Account, mark: Decimal) -> Words:
    """A position, flat or not."""
    last = next((each for each in reversed(account.executions) if each.symbol == instrument.native), None)
    return {
        "symbol": instrument.native,
        "positionAmt": plain(held.size),
        "entryPrice": plain(round(held.entry, 8)),
        "markPrice": amount(mark),
        "unRealizedProfit": amount(held.unrealised(mark)),
        "liquidationPrice": "0",
        "leverage": plain(account.leverage[instrument.native]),
        "maxNotionalValue": "20000000",
        "marginType": "cross",
        "isolatedMargin": "0.00000000",
        "isAutoAddMargin": "false",
        "positionSide": "BOTH",
        "notional": amount(held.size * mark),
        "isolatedWallet": "0",
        "updateTime": ms(last.time_ns) if last else 0,
    }


def balance_words(account: Account, marks: Mapping[str, Decimal], now_ns: int) -> Words:
    """The balance of the currency of settlement."""
    free = amount(account.available(marks))
    return {
        "accountAlias": "Sim",
        "asset": account.currency,
        "balance": amount(account.balance),
        "crossWalletBalance": amount(account.balance),
        "crossUnPnl": amount(account.unrealised(marks)),
        "availableBalance": free,
        "maxWithdrawAmount": free,
        "marginAvailable": True,
        "updateTime": ms(now_ns),
    }


def coin_words(account: Account, coin: str, now_ns: int) -> Words:
    """The balance of a coin beside the currency of settlement, as one that fees are taken in."""
    held = amount(account.cash[coin])
    return {
        "accountAlias": "Sim",
        "asset": coin,
        "balance": held,
        "crossWalletBalance": held,
        "crossUnPnl": "0",
        "availableBalance": held,
        "maxWithdrawAmount": held,
        "marginAvailable": False,
        "updateTime": ms(now_ns),
    }


def account_words(positions: list[Words], account: Account, marks: Mapping[str, Decimal], now_ns: int) -> Words:
    """The account with its totals, its currency and its positions."""
    profit, margin = account.unrealised(marks), account.used_margin(marks)
    totals = {
        "InitialMargin": amount(margin),
        "MaintMargin": amount(margin / 10),
        "WalletBalance": amount(account.balance),
        "UnrealizedProfit": amount(profit),
        "MarginBalance": amount(account.balance + profit),
        "CrossWalletBalance": amount(account.balance),
        "CrossUnPnl": amount(profit),
    }
    free = amount(account.available(marks))
    asset = {name[0].lower() + name[1:]: value for name, value in totals.items()}
    return {
        "feeTier": 0,
        "canTrade": True,
        "canDeposit": True,
        "canWithdraw": True,
        "updateTime": 0,
        **{f"total{name}": value for name, value in totals.items()},
        "availableBalance": free,
        "maxWithdrawAmount": free,
        "assets": [{"asset": account.currency, **asset, "availableBalance": free, "updateTime": ms(now_ns)}],
        "positions": positions,
    }


def _income(symbol: str, kind: str, value: Decimal, cause: Execution | Funded, trade: str) -> Words:
    return {
        "symbol": symbol,
        "incomeType": kind,
        "income": plain(value),
        "asset": cause.currency,
        "info": kind,
        "time": ms(cause.time_ns),
        "tranId": cause.id,
        "tradeId": trade,
    }
