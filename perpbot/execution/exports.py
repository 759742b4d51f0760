"""Rows for other programs, from the journal's entries: trades, fills, funding payments, profit and loss (USR-6)."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal

import attrs

from perpbot.clock import iso
from perpbot.execution.accounting import Accounting
from perpbot.execution.entries import (
    Entry,
    ForeignAdopted,
    FundingBooked,
    OrderFilled,
    OrdersIntended,
    TradeOpened,
    TradeRecord,
)
from perpbot.execution.records import Records
from perpbot.model.money import plain, written
from perpbot.model.order import Order

PHASES = ("prepare", "check", "place", "opening", "open", "closing")
Row = Mapping[str, str]
"""Column to text; every row of a table has the same columns."""


def trade_rows(entries: Iterable[Entry]) -> Iterator[Row]:
    """Every trade that is over, oldest first, with the funding that is known of it by now."""
    records = Records()
    for entry in entries:
        records.apply(entry)
    for each in records.all:
        yield {
            "trade": each.trade_id,
            "pool": each.pool,
            "symbol": each.symbol,
            "buy": each.buy_venue,
            "sell": each.sell_venue,
            "quantity": plain(each.quantity),
            "phase": each.phase,
            "reason": each.reason,
            "opened_at": iso(each.opened_at_ns),
            "settled_at": iso(each.settled_at_ns),
            "currencies": "+".join(each.currencies),
            "volume": plain(each.volume),
            "trading": plain(each.trading),
            "fees": plain(each.fees),
            "other_fees": written(each.other_fees),
            "funding": plain(each.funding),
            "net": plain(each.net),
            "expected_net": plain(each.expected_net),
            "slippage": plain(each.slippage),
            "slippage_bps": _bps(each.slippage_bps),
            "closing_slippage": plain(each.closing_slippage),
            "closing_slippage_bps": _bps(each.closing_slippage_bps),
            **_leg_columns(each, "buy"),
            **_leg_columns(each, "sell"),
            "sent_ms": str(each.sent_ms),
            "hedged_ms": str(each.hedged_ms),
            "max_unhedged": plain(each.max_unhedged),
            "unhedged_ms": str(each.unhedged_ms),
            "unhedged_total_ms": str(each.unhedged_total_ms),
            "unhedged_value_s": plain(each.unhedged_value_s),
            **{f"{phase}_ms": str(each.phases_ms.get(phase, "")) for phase in PHASES},
        }


def _leg_columns(record: TradeRecord, name: str) -> Row:
    leg = record.legs.get(name)
    found = {
        "expected": "" if leg is None else plain(leg.expected),
        "achieved": "" if leg is None or leg.achieved is None else plain(round(leg.achieved, 8)),
        "slippage": "" if leg is None else plain(leg.slippage),
        "slippage_bps": _bps(None if leg is None else leg.slippage_bps),
        "trading": "" if leg is None else plain(leg.trading),
        "closing_slippage": "" if leg is None else plain(leg.closing_slippage),
        "closing_slippage_bps": _bps(None if leg is None else leg.closing_slippage_bps),
        "fees": "" if leg is None else plain(leg.fees),
        "other_fees": "" if leg is None else written(leg.other_fees),
        "funding": "" if leg is None else plain(leg.funding),
    }
    return {f"{name}_{column}": text for column, text in found.items()}


def _bps(each: Decimal | None) -> str:
    return "" if each is None else plain(round(each, 3))


def fill_rows(entries: Iterable[Entry]) -> Iterator[Row]:
    """Every fill, in the order in which they became known, with the trade it belongs to."""
    orders: dict[str, Order] = {}
    for entry in entries:
        match entry:
            case TradeOpened() | OrdersIntended():
                orders.update({order.client_id: order for order in entry.orders})
            case ForeignAdopted():
                orders[entry.order.client_id] = entry.order
            case OrderFilled():
                yield _fill_row(entry, orders.get(entry.client_id))
            case _:
                pass


def _fill_row(entry: OrderFilled, order: Order | None) -> Row:
    fill = entry.fill
    return {
        "at": iso(fill.time_ns),
        "venue": fill.venue,
        "account": fill.account,
        "symbol": fill.symbol,
        "side": fill.side.value,
        "quantity": plain(fill.quantity),
        "price": plain(fill.price),
        "fee": plain(fill.fee.amount),
        "fee_currency": fill.fee.currency,
        "currency": fill.currency,
        "liquidity": fill.liquidity.value,
        "venue_trade": fill.trade_ref,
        "order": entry.client_id,
        "trade": "" if order is None else order.trade_id,
        "leg": "" if order is None else order.leg,
        "purpose": "" if order is None else order.purpose,
    }


def funding_rows(entries: Iterable[Entry]) -> Iterator[Row]:
    """Every funding payment; positive was received."""
    for entry in entries:
        if isinstance(entry, FundingBooked):
            payment = entry.payment
            yield {
                "settled_at": iso(payment.settled_ns),
                "venue": payment.venue,
                "account": payment.account,
                "symbol": payment.symbol,
                "amount": plain(payment.amount.amount),
                "currency": payment.amount.currency,
                "venue_payment": payment.ref,
            }


def pnl_rows(entries: Iterable[Entry]) -> Iterator[Row]:
    """Realised profit and loss by day, pool, venue, symbol and currency."""
    accounting = Accounting()
    for entry in entries:
        accounting.apply(entry)
    booked = accounting.pnl.booked
    for account in sorted(booked, key=attrs.astuple):
        each = booked[account]
        yield {
            "day": account.day,
            "pool": account.pool,
            "venue": account.venue,
            "symbol": account.symbol,
            "currency": account.currency,
            **each.texts(),
        }


TABLES: Mapping[str, Callable[[Iterable[Entry]], Iterator[Row]]] = {
    "trades": trade_rows,
    "fills": fill_rows,
    "funding": funding_rows,
    "pnl": pnl_rows,
}
