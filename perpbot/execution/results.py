"""Trades that are over, as results that statistics are made of."""

from collections.abc import Iterable

from perpbot.clock import day
from perpbot.execution.entries import TradeRecord
from perpbot.execution.trade import Phase
from perpbot.portfolio.statistics import Result


def results(records: Iterable[TradeRecord], symbol: str | None = None) -> list[Result]:
    """What each trade came to, oldest first; only those in `symbol` when one is given."""
    return [
        Result(day=day(each.ended_ns), net=each.net, volume=each.volume, traded=each.phase != Phase.FAILED.value)
        for each in records
        if symbol in {None, each.symbol}
    ]
