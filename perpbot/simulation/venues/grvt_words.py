"""GRVT's words: how it writes orders, fills, positions, summaries and errors."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from perpbot.model.instrument import Instrument, Side
from perpbot.model.money import plain
from perpbot.simulation.venues.account import Account
from perpbot.simulation.venues.errors import RequestError
from perpbot.simulation.venues.orders import Ending, Execution, Funded, Lifetime, Refusal, Status, VenueOrder

Words = dict[str, Any]

LIFETIMES = {"GOOD_TILL_TIME": Lifetime.GTC, "IMMEDIATE_OR_CANCEL": Lifetime.IOC, "FILL_OR_KILL": Lifetime.FOK}
_TIFS = {lifetime: name for name, lifetime in LIFETIMES.items()} | {Lifetime.POST_ONLY: "GOOD_TILL_TIME"}
_REASONS = {
    Ending.USER: "CLIENT_CANCEL",
    Ending.POST_ONLY: "FAIL_POST_ONLY",
    Ending.UNFILLED: "IOC_CANCEL",
    Ending.FILL_OR_KILL: "FOK_CANCEL",
    Ending.SELF_TRADE: "SELF_MATCHED_SUBACCOUNT",
    Ending.REDUCE_ONLY: "FAIL_REDUCE_ONLY",
    Ending.TIMER: "CLIENT_SESSION_END",
}
REFUSALS = {
    Refusal.SYMBOL: (2061, "Unsupported Instrument Requested"),
    Refusal.SIDE: (1003, "Request could not be processed due to malformed syntax"),
    Refusal.PRICE: (2064, "Invalid limit price tick"),
    Refusal.SIZE: (2065, "Order size too granular"),
    Refusal.SMALL: (2062, "Order size smaller than min size"),
    Refusal.NOTIONAL: (2066, "Order below minimum notional"),
    Refusal.BAND: (7201, "Attempted to create a limit order at a price outside of asset's price protection band."),
    Refusal.REDUCE_ONLY: (2400, "Reduce only order with no position"),
    Refusal.MARGIN: (2080, "Insufficient margin to create order"),
    Refusal.DUPLICATE: (2012, "Client Order ID overlaps with existing active order"),
    Refusal.NO_LIQUIDITY: (2082, "Pre-order check failed"),
    Refusal.UNKNOWN_ORDER: (1004, "Data Not Found"),
    Refusal.OVER: (1004, "Data Not Found"),
    Refusal.LEVERAGE: (2108, "Attempted to set leverage above maximum"),
}
_SIGNATURE = {"signer": "0x00", "r": "0x00", "s": "0x00", "v": 27, "expiration": "0", "nonce": 0, "chain_id": "0"}
"""GRVT repeats the order's signature; nobody reads it."""
_STATUSES = {1000: 401, 1001: 403, 1004: 404, 1006: 429}


class GrvtError(RequestError[int]):
    """A request GRVT refuses."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(code, message, _STATUSES.get(code))

    def words(self) -> Words:
        """As it is written."""
        return {"code": self.code, "message": self.message, "status": self.status}


def decimal(value: Decimal) -> str:
    """A number as GRVT writes it: always with a point."""
    text = plain(value)
    return text if "." in text else f"{text}.0"


def order_id(number: int) -> str:
    """An order's id: 128 bits in hex."""
    return f"0x{number:032x}"


def order_number(text: str) -> int:
    """The number behind an order's id; `ValueError` when it is none."""
    return int(text, 16)


def status(order: VenueOrder) -> str:
    """What has become of an order; one that could not be posted was never open."""
    if order.status is Status.OPEN:
        return "OPEN"
    if order.status is Status.FILLED:
        return "FILLED"
    return "REJECTED" if order.ending is Ending.POST_ONLY else "CANCELLED"


def order_words(order: VenueOrder, sub_account: str) -> Words:
    """An order as it stands."""
    leg = {
        "instrument": order.symbol,
        "size": decimal(order.size),
        "limit_price": decimal(order.price or Decimal(0)),
        "is_buying_asset": order.side is Side.BUY,
    }
    return {
        "order_id": order_id(order.id),
        "sub_account_id": sub_account,
        "is_market": order.price is None,
        "time_in_force": _TIFS[order.lifetime],
        "post_only": order.lifetime is Lifetime.POST_ONLY,
        "reduce_only": order.reduce_only,
        "legs": [leg],
        "signature": {
            "signer": "0x00",
            "r": "0x00",
            "s": "0x00",
            "v": 27,
            "expiration": "0",
            "nonce": 0,
            "chain_id": "0",
        },
        "metadata": {
            "client_order_id": order.client_id,
            "create_time": str(order.created_ns),
            "trigger": {
                "trigger_type": "UNSPECIFIED",
                "tpsl": {"trigger_by": "UNSPECIFIED", "trigger_price": "0.0", "close_position": False},
            },
            "broker": "UNSPECIFIED",
            "is_position_transfer": False,
            "allow_crossing": False,
        },
        "state": {
            "status": status(order),
            "reject_reason": _REASONS[order.ending] if order.ending else "UNSPECIFIED",
            "book_size": [decimal(order.remaining if order.status is Status.OPEN else Decimal(0))],
            "traded_size": [decimal(order.filled)],
            "update_time": str(order.updated_ns),
            "avg_fill_price": [decimal(round(order.average, 9))],
        },
        "builder": "0x00",
        "builder_fee": "0.0",
    }


def acknowledgement(order: VenueOrder, sub_account: str) -> Words:
    """An order as it is confirmed: on its way to be matched, without an id, whatever has become of it since."""
    words = order_words(order, sub_account)
    nothing = {"status": "PENDING", "reject_reason": "UNSPECIFIED", "traded_size": ["0.0"], "avg_fill_price": ["0.0"]}
    return {**words, "order_id": "0x00", "state": {**words["state"], **nothing, "book_size": [decimal(order.size)]}}


def fill_words(fill: Execution, sub_account: str) -> Words:
    """A fill; its fee is positive when it costs."""
    return {
        "event_time": str(fill.time_ns),
        "sub_account_id": sub_account,
        "instrument": fill.symbol,
        "is_buyer": fill.side is Side.BUY,
        "is_taker": not fill.maker,
        "size": decimal(fill.size),
        "price": decimal(fill.price),
        "mark_price": decimal(fill.price),
        "index_price": decimal(fill.price),
        "interest_rate": "0.0",
        "forward_price": "0.0",
        "realized_pnl": decimal(fill.realised),
        "fee": decimal(fill.fee),
        "fee_rate": decimal(round(fill.fee / (fill.price * fill.size) * 100, 6)),
        "trade_id": f"{fill.id}-1",
        "order_id": order_id(fill.order_id),
        "venue": "ORDERBOOK",
        "is_liquidation": False,
        "client_order_id": fill.client_id,
        "signer": "0x00",
        "broker": "UNSPECIFIED",
        "is_rpi": False,
        "builder": "0x00",
        "builder_fee_rate": "0.0",
        "builder_fee": "0",
    }


def position_words(symbol: str, account: Account, mark: Decimal, now_ns: int, sub_account: str) -> Words:
    """A position, flat or not; shorts are negative."""
    held = account.position(symbol)
    profit = held.unrealised(mark)
    return {
        "event_time": str(now_ns),
        "sub_account_id": sub_account,
        "instrument": symbol,
        "size": decimal(held.size),
        "notional": decimal(held.size * mark),
        "entry_price": decimal(round(held.entry, 9)),
        "exit_price": "0.0",
        "mark_price": decimal(mark),
        "unrealized_pnl": decimal(round(profit, 6)),
        "realized_pnl": "0.0",
        "total_pnl": decimal(round(profit, 6)),
        "roi": "0.0",
        "quote_index_price": "1.0",
        "est_liquidation_price": "0.0",
        "leverage": decimal(account.leverage[symbol]),
        "cumulative_fee": "0.0",
        "cumulative_realized_funding_payment": "0.0",
        "margin_type": "CROSS",
    }


def summary_words(account: Account, marks: Mapping[str, Decimal], now_ns: int, sub_account: str) -> Words:
    """What the trading account is worth."""
    equity, margin = account.equity(marks), account.used_margin(marks)
    return {
        "event_time": str(now_ns),
        "sub_account_id": sub_account,
        "margin_type": "SIMPLE_CROSS_MARGIN",
        "settle_currency": account.currency,
        "settle_index_price": "1.0",
        "unrealized_pnl": decimal(round(account.unrealised(marks), 6)),
        "total_equity": decimal(round(equity, 6)),
        "initial_margin": decimal(round(margin, 6)),
        "maintenance_margin": decimal(round(margin / 10, 6)),
        "derisk_margin": decimal(round(margin / 10, 6)),
        "derisk_to_maintenance_margin_ratio": "1.0",
        "available_balance": decimal(round(account.available(marks), 6)),
        "spot_balances": [{"currency": account.currency, "balance": decimal(account.balance), "index_price": "1.0"}],
        "positions": [
            position_words(symbol, account, marks[symbol], now_ns, sub_account)
            for symbol, held in account.positions.items()
            if held.size
        ],
    }


def funding_words(payment: Funded, sub_account: str) -> Words:
    """A funding payment; positive when it was paid."""
    return {
        "event_time": str(payment.time_ns),
        "sub_account_id": sub_account,
        "instrument": payment.symbol,
        "currency": payment.currency,
        "amount": decimal(-payment.amount),
        "tx_id": str(payment.id),
    }


def instrument_words(instrument: Instrument, code: str) -> Words:
    """A market."""
    return {
        "instrument": instrument.native,
        "instrument_hash": code,
        "base": instrument.base,
        "quote": instrument.quote,
        "kind": "PERPETUAL",
        "venues": ["ORDERBOOK", "RFQ"],
        "settlement_period": "PERPETUAL",
        "base_decimals": 9,
        "quote_decimals": 6,
        "tick_size": plain(instrument.tick),
        "min_size": plain(instrument.min_quantity),
        "create_time": "1768040726362828205",
        "max_position_size": "1000000.0",
        "funding_interval_hours": int(instrument.funding_hours),
        "adjusted_funding_rate_cap": "0.3",
        "adjusted_funding_rate_floor": "-0.3",
        "min_notional": decimal(instrument.min_notional),
    }
