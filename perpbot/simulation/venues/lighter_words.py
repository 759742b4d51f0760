"""Lighter's words: how it writes markets, orders, trades, positions, collateral, funding and refusals."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from perpbot.clock import NS_PER_MS
from perpbot.model.instrument import Instrument, Side
from perpbot.model.money import ZERO, plain
from perpbot.simulation.venues.account import Account, Position
from perpbot.simulation.venues.errors import RequestError
from perpbot.simulation.venues.orders import Ending, Execution, Funded, Lifetime, Print, Refusal, Status, VenueOrder

Words = dict[str, Any]

FIRST_ORDER_INDEX = 2**48
"""Below it are the numbers that clients give their orders."""
FEE_TICKS = Decimal(10**6)
MARGIN_TICKS = 10_000
OUTSIDER = 1_001
"""The account on the other side of every trade."""
USDC = 3

LIFETIMES = {0: Lifetime.IOC, 1: Lifetime.GTC, 2: Lifetime.POST_ONLY}
_TIFS = {
    Lifetime.IOC: "immediate-or-cancel",
    Lifetime.FOK: "immediate-or-cancel",
    Lifetime.GTC: "good-till-time",
    Lifetime.POST_ONLY: "post-only",
}
REFUSALS = {
    Refusal.SYMBOL: (21602, "invalid market index"),
    Refusal.PRICE: (21702, "invalid price"),
    Refusal.SIZE: (21701, "invalid base amount"),
    Refusal.SMALL: (21706, "invalid order base or quote amount"),
    Refusal.NOTIONAL: (21706, "invalid order base or quote amount"),
    Refusal.BAND: (21734, "limit order price is too far from the mark price"),
    Refusal.DUPLICATE: (21728, "client order index already exists"),
    Refusal.LEVERAGE: (21604, "invalid margin fractions for market"),
}
LATER = {
    Refusal.MARGIN: Ending.MARGIN,
    Refusal.REDUCE_ONLY: Ending.REDUCE_ONLY,
    Refusal.NO_LIQUIDITY: Ending.UNFILLED,
}
"""What is seen only after the transaction was taken: the order is cancelled then, and says why."""
_ENDINGS = {
    Ending.USER: "canceled",
    Ending.TIMER: "canceled",
    Ending.MARGIN: "canceled-margin-not-allowed",
    Ending.REDUCE_ONLY: "canceled-reduce-only",
    Ending.POST_ONLY: "canceled-post-only",
    Ending.UNFILLED: "canceled-not-enough-liquidity",
    Ending.SELF_TRADE: "canceled-self-trade",
}


class LighterError(RequestError[int]):
    """A request Lighter refuses."""


def ms(time_ns: int) -> int:
    """A time as Lighter writes most of them."""
    return time_ns // NS_PER_MS


def fixed(value: Decimal, step: Decimal) -> str:
    """A number with as many decimals as `step` has."""
    return str(value.quantize(step))


def order_words(order: VenueOrder, instrument: Instrument, account: int) -> Words:
    """An order."""
    index, client = FIRST_ORDER_INDEX + order.id, int(order.client_id or 0)
    price = order.price or ZERO
    waits = order.lifetime in {Lifetime.GTC, Lifetime.POST_ONLY}
    return {
        "order_index": index,
        "client_order_index": client,
        "order_id": str(index),
        "client_order_id": str(client),
        "market_index": int(order.symbol),
        "owner_account_index": account,
        "initial_base_amount": fixed(order.size, instrument.lot),
        "price": fixed(price, instrument.tick),
        "nonce": order.id,
        "remaining_base_amount": fixed(order.remaining if order.status is Status.OPEN else ZERO, instrument.lot),
        "is_ask": order.side is Side.SELL,
        "base_size": int(order.remaining / instrument.lot),
        "base_price": int(price / instrument.tick),
        "filled_base_amount": fixed(order.filled, instrument.lot),
        "filled_quote_amount": str(order.notional.quantize(Decimal("1e-6"))),
        "side": "",
        "type": "limit" if order.price is not None else "market",
        "time_in_force": _TIFS[order.lifetime],
        "reduce_only": order.reduce_only,
        "trigger_price": fixed(ZERO, instrument.tick),
        "order_expiry": ms(order.created_ns) + 28 * 24 * 3_600_000 if waits else 0,
        "status": _status(order),
        "trigger_status": "na",
        "trigger_time": 0,
        "parent_order_index": 0,
        "parent_order_id": "0",
        "to_trigger_order_id_0": "0",
        "to_trigger_order_id_1": "0",
        "to_cancel_order_id_0": "0",
        "block_height": order.id,
        "timestamp": ms(order.updated_ns),
        "created_at": ms(order.created_ns),
        "updated_at": ms(order.updated_ns),
        "transaction_time": order.updated_ns // 1_000,
    }


def _status(order: VenueOrder) -> str:
    if order.status is Status.OPEN:
        return "open"
    if order.status is Status.FILLED:
        return "filled"
    return "canceled" if order.ending is None else _ENDINGS.get(order.ending, "canceled")


def fill_words(fill: Execution, instrument: Instrument, account: int) -> Words:
    """A trade of the account with somebody else. Fees stand there in ticks, unless they are zero."""
    sells, own = fill.side is Side.SELL, FIRST_ORDER_INDEX + fill.order_id
    mine, other = ("ask", "bid") if sells else ("bid", "ask")
    words = _trade_words(fill.id, fill.symbol, fill.price, fill.size, fill.time_ns, instrument)
    words |= {
        f"{mine}_id": own,
        f"{other}_id": 2 * FIRST_ORDER_INDEX + fill.id,
        f"{mine}_client_id": int(fill.client_id or 0),
        f"{other}_client_id": 0,
        f"{mine}_account_id": account,
        f"{other}_account_id": OUTSIDER,
        "is_maker_ask": fill.maker is sells,
    }
    ticks = int(fill.fee / (fill.price * fill.size) * FEE_TICKS)
    return {**words, "maker_fee" if fill.maker else "taker_fee": ticks} if ticks else words


def print_words(trade: Print, instrument: Instrument) -> Words:
    """A trade of others."""
    words = _trade_words(trade.id, trade.symbol, trade.price, trade.size, trade.time_ns, instrument)
    return {
        **words,
        "ask_id": FIRST_ORDER_INDEX + trade.id,
        "bid_id": 2 * FIRST_ORDER_INDEX + trade.id,
        "ask_client_id": 0,
        "bid_client_id": 0,
        "ask_account_id": OUTSIDER,
        "bid_account_id": OUTSIDER + 1,
        "is_maker_ask": trade.side is Side.BUY,
    }


def _trade_words(
    number: int, symbol: str, price: Decimal, size: Decimal, time_ns: int, instrument: Instrument
) -> Words:
    return {
        "trade_id": number,
        "tx_hash": f"{number:080x}",
        "type": "trade",
        "market_id": int(symbol),
        "size": fixed(size, instrument.lot),
        "price": fixed(price, instrument.tick),
        "usd_amount": plain(price * size),
        "block_height": number,
        "timestamp": ms(time_ns),
        "transaction_time": time_ns // 1_000,
    }


def position_words(instrument: Instrument, account: Account, mark: Decimal) -> Words:
    """A position, or what is set for a market in which there is none. The margin fraction is in percent."""
    held: Position = account.position(instrument.native)
    waiting = [each for each in account.open_orders if each.symbol == instrument.native]
    return {
        "market_id": int(instrument.native),
        "symbol": instrument.base,
        "initial_margin_fraction": str((100 / account.leverage[instrument.native]).quantize(Decimal("0.01"))),
        "open_order_count": len(waiting),
        "pending_order_count": 0,
        "position_tied_order_count": 0,
        "sign": -1 if held.size < 0 else 1,
        "position": fixed(abs(held.size), instrument.lot),
        "avg_entry_price": plain(round(held.entry, 8)),
        "position_value": plain(abs(held.size) * mark),
        "unrealized_pnl": plain(held.unrealised(mark)),
        "realized_pnl": "0.000000",
        "liquidation_price": "0",
        "margin_mode": 0,
        "allocated_margin": "0.000000",
    }


def account_words(account: Account, index: int, marks: Mapping[str, Decimal], positions: list[Words]) -> Words:
    """An account with its collateral and positions."""
    equity = plain(account.equity(marks))
    usdc = {"symbol": "USDC", "asset_id": USDC, "balance": "0.000000", "locked_balance": "0.000000"}
    return {
        "code": 0,
        "account_type": 0,
        "index": index,
        "l1_address": "0x" + "11" * 20,
        "cancel_all_time": 0,
        "total_order_count": len(account.open_orders),
        "total_isolated_order_count": 0,
        "pending_order_count": 0,
        "available_balance": _usdc(account.available(marks)),
        "status": 1,
        "collateral": plain(account.balance),
        "account_index": index,
        "name": "",
        "description": "",
        "can_invite": True,
        "referral_points_percentage": "",
        "positions": positions,
        "assets": [usdc],
        "total_asset_value": equity,
        "cross_asset_value": equity,
        "shares": [],
    }


def stats_words(account: Account, marks: Mapping[str, Decimal]) -> Words:
    """The collateral as the stream tells it."""
    words = {
        "collateral": plain(account.balance),
        "portfolio_value": plain(account.equity(marks)),
        "leverage": "0.00",
        "available_balance": _usdc(account.available(marks)),
        "margin_usage": "0.00",
        "buying_power": "0",
    }
    return {**words, "account_trading_mode": 0, "cross_stats": words, "total_stats": words}


def funding_words(paid: Funded, instrument: Instrument) -> Words:
    """Funding for one position; the change is negative when it was paid."""
    return {
        "timestamp": ms(paid.time_ns) // 1_000,
        "market_id": int(paid.symbol),
        "funding_id": paid.id,
        "change": plain(paid.amount),
        "discount": "0.000000",
        "rate": plain(paid.rate),
        "position_size": fixed(abs(paid.size), instrument.lot),
        "position_side": "short" if paid.size < 0 else "long",
    }


def _usdc(value: Decimal) -> str:
    return str(value.quantize(Decimal("1e-6")))
