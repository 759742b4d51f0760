"""The routes about trades that are over: pages of them, their symbols, how well they went."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import reduce
from typing import Annotated, Literal, NotRequired, TypedDict

import attrs
import msgspec

from perpbot.clock import NS_PER_SECOND
from perpbot.control.pages import amounts
from perpbot.execution.entries import TradeRecord
from perpbot.execution.results import results
from perpbot.model.money import ZERO, plain, together
from perpbot.portfolio.statistics import Period, statistics
from perpbot.sections import money, money_shapes, texts
from perpbot.web.route import Call, Problem, Route

Symbol = Annotated[str, msgspec.Meta(max_length=40)]
DAY = "[12][0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
TIME = "([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]{1,6})?)?(Z|[+ -]([01][0-9]|2[0-3]):[0-5][0-9])?"
Moment = Annotated[str, msgspec.Meta(pattern=f"^{DAY}(T{TIME})?$")]
MOST_PAGES = 1_000_000


@attrs.frozen(kw_only=True)
class TradesQuery:
    """Which trades."""

    page: Annotated[int, msgspec.Meta(ge=1, le=MOST_PAGES)] = 1
    page_size: Annotated[int, msgspec.Meta(ge=1, le=500)] = 50
    symbol: Symbol | None = None
    venue: Symbol | None = None
    """Those with a leg there."""
    side: Literal["BUY", "SELL"] | None = None
    """With `venue`: those that opened that way there. Every trade has both sides, so alone it changes nothing."""
    date_from: Moment | None = None
    """A day or a moment, ISO 8601; by when a trade was over."""
    date_to: Moment | None = None
    """The same; a day is meant with all its hours."""


@attrs.frozen(kw_only=True)
class StatisticsQuery:
    """Which statistics."""

    period: Literal["daily", "weekly", "monthly"] = "daily"
    """What one point of the chart covers."""
    symbol: Symbol | None = None


class TradeRow(money_shapes.Trade):
    """One trade, with its id."""

    id: str


class Summary(TypedDict):
    """The sums over all pages."""

    total_trades: int
    total_volume: texts.Money
    pnl: texts.Money
    """Net; dollars of all kinds are added one to one."""
    other_fees: dict[str, texts.Money]
    """Fees that were taken in other currencies, by currency; not in `pnl`."""


class TradesPage(TypedDict):
    """Some trades, newest first."""

    total: int
    page: int
    page_size: int
    items: list[TradeRow]
    summary: Summary


class Symbols(TypedDict):
    """Symbols that were traded."""

    symbols: list[str]


class Performance(TypedDict):
    """How well trades went; dollars of all kinds are added one to one. What there are too few of is left out."""

    total_trades: int
    won: int
    lost: int
    failed: int
    """Those in which nothing was filled; they are no trades."""
    win_rate: NotRequired[texts.Money]
    """Share of trades that were won, between 0 and 1."""
    profit_factor: NotRequired[texts.Money]
    average_win: NotRequired[texts.Money]
    average_loss: NotRequired[texts.Money]
    best: NotRequired[texts.Money]
    worst: NotRequired[texts.Money]
    total_pnl: texts.Money
    total_volume: texts.Money
    max_drawdown: texts.Money
    """Dollars, from the highest sum of results."""
    sharpe_ratio: NotRequired[texts.Money]
    """Of daily results, a year's worth."""


class Point(TypedDict):
    """One period."""

    date: str
    """Its first day."""
    pnl: texts.Money


class TradeStatistics(TypedDict):
    """How well trades went, and when."""

    period: str
    statistics: Performance
    daily_chart: list[Point]


def page(call: Call) -> TradesPage:
    """List trades that are over, newest first."""
    given: TradesQuery = call.given
    begin, end = _moment(given.date_from), _moment(given.date_to, whole_day=True)
    found = [
        each
        for each in call.desk.history.records()
        if _fits(each, given)
        and (begin is None or each.settled_at_ns >= begin)
        and (end is None or each.settled_at_ns < end)
    ][::-1]
    first = (given.page - 1) * given.page_size
    return TradesPage(
        total=len(found),
        page=given.page,
        page_size=given.page_size,
        items=[TradeRow(id=each.trade_id, **money.trade_over(each)) for each in found[first : first + given.page_size]],
        summary=Summary(
            total_trades=len(found),
            total_volume=_sum(each.volume for each in found),
            pnl=_sum(each.net for each in found),
            other_fees=amounts(reduce(together, (each.other_fees for each in found), {})),
        ),
    )


def _fits(record: TradeRecord, given: TradesQuery) -> bool:
    if given.symbol is not None and record.symbol != given.symbol:
        return False
    if given.venue is None:
        return True
    sides = {"BUY": (record.buy_venue,), "SELL": (record.sell_venue,)}
    return given.venue in (sides[given.side] if given.side else (record.buy_venue, record.sell_venue))


def _moment(text: str | None, *, whole_day: bool = False) -> int | None:
    """Nanoseconds since the epoch; of a day its begin, or its end."""
    if text is None:
        return None
    try:
        if len(text) == len("2026-11-20"):
            found = datetime.combine(date.fromisoformat(text), datetime.min.time(), UTC) + timedelta(days=whole_day)
        else:
            found = datetime.fromisoformat(text.replace(" ", "+"))
            found = found if found.tzinfo is not None else found.replace(tzinfo=UTC)
        return int(found.timestamp()) * NS_PER_SECOND
    except (ValueError, OverflowError) as error:
        raise Problem(422, "invalid", f"{text!r} is not a day (2026-11-20) or a moment of ISO 8601") from error


def symbols(call: Call) -> Symbols:
    """List the symbols that were traded."""
    return Symbols(symbols=sorted({each.symbol for each in call.desk.history.records()}))


def performance(call: Call) -> TradeStatistics:
    """Read how well trades went, over all and by period."""
    given: StatisticsQuery = call.given
    period = Period(given.period)
    records = [each for each in call.desk.history.records() if given.symbol in {None, each.symbol}]
    found = statistics(results(records), period)
    row = Performance(
        total_trades=found.trades,
        won=found.won,
        lost=found.lost,
        failed=found.failed,
        total_pnl=_usd(found.net),
        total_volume=_usd(found.volume),
        max_drawdown=_usd(found.max_drawdown),
    )
    known = {
        "win_rate": found.win_rate,
        "profit_factor": found.profit_factor,
        "average_win": found.average_win,
        "average_loss": found.average_loss,
        "best": found.best,
        "worst": found.worst,
        "sharpe_ratio": found.sharpe,
    }
    row |= {name: _usd(value) for name, value in known.items() if value is not None}  # type: ignore[typeddict-item]
    chart = [Point(date=begun, pnl=_usd(net)) for begun, net in found.chart.items()]
    return TradeStatistics(period=period.value, statistics=row, daily_chart=chart)


def _sum(values: Iterable[Decimal]) -> str:
    return _usd(sum(values, ZERO))


def _usd(value: Decimal) -> str:
    return plain(round(value, 6))


ROUTES = [
    Route(method="GET", path="/api/trades/list", handle=page, given=TradesQuery, answer=TradesPage),
    Route(method="GET", path="/api/trades/symbols", handle=symbols, answer=Symbols),
    Route(
        method="GET", path="/api/trades/statistics", handle=performance, given=StatisticsQuery, answer=TradeStatistics
    ),
]
