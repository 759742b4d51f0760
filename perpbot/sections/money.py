"""Sections about money: orders, trades, positions, exposure, capital, profit, and the limits of risk."""

from collections.abc import Container, Mapping
from decimal import Decimal

import msgspec

from actors.positions import PositionsView
from actors.state import State
from perpbot.clock import iso
from perpbot.control.pages import amounts, bps, currencies, leg, residual
from perpbot.execution.entries import LegRecord, TradeRecord
from perpbot.execution.views import OrderView, TradeView
from perpbot.model.money import ZERO, plain
from perpbot.model.order import OrderStatus
from perpbot.portfolio.holding import Holding
from perpbot.portfolio.pnl import Account, Facet, by
from perpbot.portfolio.profit import NO_PROFIT, Profit
from perpbot.sections import money_shapes as shapes
from perpbot.sections.moments import wall_second
from perpbot.sections.rows import Rows

LITTLE = Decimal("0.01")
TRADES_SHOWN = 50
"""Trades that are over."""


class Orders:
    """The orders of trades in progress."""

    def __init__(self) -> None:
        self._rows: Rows[str, tuple[TradeView, OrderView], shapes.Order] = Rows(_order)

    def __call__(self, state: State) -> dict[str, shapes.Order]:
        """By our id, those of unknown fate first."""
        found = [(trade, each) for trade in state.trades for each in trade.orders]
        found.sort(key=lambda row: row[1].status is not OrderStatus.UNKNOWN)
        return self._rows((row[1].order.client_id, row[1], row) for row in found)


def _order(row: tuple[TradeView, OrderView]) -> shapes.Order:
    trade, each = row
    order = each.order
    return shapes.Order(
        trade=trade.plan.trade_id,
        venue=order.venue,
        symbol=order.symbol,
        purpose=order.purpose,
        side=order.side.value,
        quantity=plain(order.quantity),
        price=plain(order.price),
        filled=plain(abs(each.held)),
        status=each.status.value,
        unknown=each.status is OrderStatus.UNKNOWN,
        settled=each.settled,
        reason=each.reason,
        changed_at=wall_second(each.changed_ns),
    )


class Trades:
    """Trades in progress, and the newest of those that are over."""

    def __init__(self) -> None:
        self._open: Rows[str, tuple[State, TradeView], shapes.Trade] = Rows(_open)
        self._over: Rows[str, TradeRecord, shapes.Trade] = Rows(trade_over)

    def __call__(self, state: State) -> dict[str, shapes.Trade]:
        """By id: those in progress, oldest first, then those that are over, newest first."""
        newest = state.records[-TRADES_SHOWN:][::-1]
        return {
            **self._open((each.plan.trade_id, each, (state, each)) for each in state.trades),
            **self._over((each.trade_id, each, each) for each in newest),
        }


def _open(row: tuple[State, TradeView]) -> shapes.Trade:
    state, trade = row
    plan = trade.plan
    return shapes.Trade(
        open=True,
        symbol=plan.symbol,
        buy=plan.buy.venue,
        sell=plan.sell.venue,
        quantity=plain(plan.quantity),
        phase=trade.phase,
        reason=trade.reason,
        opened_at=iso(plan.opened_at_ns),
        expected_net=plain(round(plan.expected_net, 4)),
        currencies=currencies(state, trade),
        pool=trade.pool,
    )


def trade_over(record: TradeRecord) -> shapes.Trade:
    """One that is over."""
    row = shapes.Trade(
        open=False,
        symbol=record.symbol,
        buy=record.buy_venue,
        sell=record.sell_venue,
        quantity=plain(record.quantity),
        phase=record.phase,
        reason=record.reason,
        opened_at=iso(record.opened_at_ns),
        settled_at=iso(record.settled_at_ns),
        expected_net=plain(round(record.expected_net, 6)),
        currencies=list(record.currencies),
        trading=plain(record.trading),
        fees=plain(record.fees),
        funding=plain(record.funding),
        net=plain(record.net),
        slippage=plain(record.slippage),
        closing_slippage=plain(record.closing_slippage),
        volume=plain(record.volume),
        sent_ms=round(record.sent_ms, 3),
        hedged_ms=round(record.hedged_ms, 3),
        max_unhedged=plain(record.max_unhedged),
        unhedged_ms=round(record.unhedged_ms, 3),
        unhedged_total_ms=round(record.unhedged_total_ms, 3),
        unhedged_value_s=plain(round(record.unhedged_value_s, 6)),
        phases_ms={phase: round(took, 3) for phase, took in record.phases_ms.items()},
        legs={name: _leg(each) for name, each in record.legs.items()},
    )
    if (slipped := bps(record.slippage_bps)) is not None:
        row["slippage_bps"] = slipped
    if (slipped := bps(record.closing_slippage_bps)) is not None:
        row["closing_slippage_bps"] = slipped
    if record.other_fees:
        row["other_fees"] = amounts(record.other_fees)
    return row


def _leg(each: LegRecord) -> shapes.TradeLeg:
    return msgspec.convert({key: value for key, value in leg(each).items() if value is not None}, shapes.TradeLeg)


def positions(view: PositionsView | None) -> dict[str, shapes.Position]:
    """Those that are not zero, and those that a venue contradicts."""
    if view is None:
        return {}
    contradicted = {each.key: each for each in view.mismatches}
    rows = {}
    for key in sorted({key for key, held in view.holdings.items() if held.quantity} | contradicted.keys()):
        venue, account, symbol = key
        quantity = view.holdings.get(key, Holding()).quantity
        row = shapes.Position(venue=venue, account=account, symbol=symbol, quantity=plain(quantity))
        mark = view.marks.get(symbol)
        if mark is not None:
            row["mark"], row["value"] = plain(round(mark, 8)), plain(round(quantity * mark, 4))
        if currency := view.currencies.get((venue, symbol)):
            row["currency"] = currency
        if key in contradicted:
            row["venue_says"] = plain(contradicted[key].theirs)
        rows["/".join(key)] = row
    return rows


def residuals(state: State) -> dict[str, shapes.Residual]:
    """What trades have left, too small for their venues, by id."""
    return {each.id: msgspec.convert(residual(each), shapes.Residual) for each in state.residuals}


def exposure(state: State) -> shapes.Exposure:
    """What is at stake, and what stands alone."""
    found = None if state.positions is None else state.positions.exposure
    return shapes.Exposure(
        net=_usd(ZERO if found is None else found.net_total),
        gross=_usd(ZERO if found is None else found.gross_total),
        symbols={}
        if found is None
        else {
            symbol: shapes.SymbolExposure(net=_usd(net), gross=_usd(found.gross[symbol]))
            for symbol, net in found.net.items()
        },
        venues={} if found is None else {venue: _usd(each) for venue, each in found.by_venue.items()},
        unhedged={
            each.trade_id: shapes.Unhedged(
                symbol=each.symbol,
                venues=list(each.venues),
                value=_usd(each.value),
                unknown_at=list(each.unknown_at),
                since=wall_second(each.since_ns),
            )
            for each in state.naked
        },
    )


def capital(state: State) -> shapes.CapitalPools:
    """What there is at every venue, and which pool and which trade has it."""
    return shapes.CapitalPools(
        equity=equity(state),
        pools={
            pool.name: {
                venue: shapes.Capital(
                    total=_usd(total),
                    borrowed=_usd(pool.borrowed.get(venue, ZERO)),
                    allocated=_usd(pool.allocated[venue]),
                    available=_usd(pool.available[venue]),
                )
                for venue, total in pool.total.items()
            }
            for pool in state.pools
        },
        owners={pool.name: list(pool.owners) for pool in state.pools},
        symbols={
            symbol: shapes.SymbolCapital(allocated=_usd(each.allocated), used=_usd(each.used))
            for pool in state.pools
            for symbol, each in pool.symbols.items()
        },
        safe_mode={venue: each.safe_mode for venue, each in state.capital.items()},
        low={each.venue: str(each) for each in state.low},
        balances={
            f"{each.venue}/{each.account}/{each.currency}": _balance(
                each.venue, each.account, each.currency, each.wallet, each.equity, each.available
            )
            for each in state.balances
        },
    )


def _balance(
    venue: str, account: str, currency: str, wallet: Decimal, whole: Decimal | None, available: Decimal | None
) -> shapes.Balance:
    row = shapes.Balance(venue=venue, account=account, currency=currency, wallet=plain(wallet))
    if whole is not None:
        row["equity"] = plain(whole)
    if available is not None:
        row["available"] = plain(available)
    return row


def equity(state: State) -> str:
    """What is owned over all venues, dollars of all kinds added one to one."""
    return _usd(sum((each.dollars for each in state.balances), ZERO))


def risk(state: State) -> shapes.Risk:
    """How near the limits are."""
    limits = {}
    for each in state.standings:
        row = shapes.Limit(
            level=each.level.value,
            used=plain(round(each.used, 4)),
            limit=plain(each.limit),
            unit=each.unit,
            share=round(float(each.share), 4),
        )
        if each.about:
            row["about"] = each.about
        limits[each.rule] = row
    return shapes.Risk(limits=limits, blocks=list(state.blocks))


def profit_and_loss(state: State, booked: Mapping[Account, Profit]) -> shapes.ProfitAndLoss:
    """What was earned, cut in several ways; `booked` is what was realised."""
    coins = state.fee_coins
    return shapes.ProfitAndLoss(
        currencies=_profits(state.profit),
        fee_coins=sorted(coins),
        open=_profits(state.open_profit),
        venues=_profits(cut(booked, "venue", coins)),
        symbols=_profits(cut(booked, "symbol", coins)),
        pools=_profits({name or "none": each for name, each in cut(booked, "pool", coins).items()}),
        days=_profits(cut(booked, "day", coins)),
    )


def cut(booked: Mapping[Account, Profit], facet: Facet, coins: Container[str]) -> dict[str, Profit]:
    """The sums by one facet, dollars of all kinds added one to one; fees in `coins` are in none of them."""
    sums: dict[str, Profit] = {}
    for (name, currency), each in by(booked, facet).items():
        if currency not in coins:
            sums[name] = sums.get(name, NO_PROFIT) + each
    return sums


def _profits(each: Mapping[str, Profit]) -> dict[str, shapes.Profit]:
    return {name: profit(one) for name, one in sorted(each.items())}


def profit(each: Profit) -> shapes.Profit:
    """One result, to four places, or to eight where it is so little that four say nothing."""
    return shapes.Profit(
        trading=_fine(each.trading), fees=_fine(each.fees), funding=_fine(each.funding), net=_fine(each.net)
    )


def _fine(value: Decimal) -> str:
    return plain(round(value, 8)) if abs(value) < LITTLE else _usd(value)


def _usd(value: Decimal) -> str:
    return plain(round(value, 4))
