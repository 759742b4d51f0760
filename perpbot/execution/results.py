"""Trades that are over, as results that statistics are made of."""

from collections.abc import Iterable, Mapping
from decimal import Decimal

import attrs

from perpbot.clock import day
from perpbot.execution.entries import TradeRecord
from perpbot.execution.trade import Phase
from perpbot.portfolio.statistics import Result


def with_funding(records: Iterable[TradeRecord], funding: Mapping[str, Decimal]) -> list[TradeRecord]:
    """The records with the funding, by trade, that is known of them by now: payments come after a trade is over."""
    return [attrs.evolve(each, funding=funding.get(each.trade_id, each.funding)) for each in records]


def results(records: Iterable[TradeRecord], symbol: str | None = None) -> list[Result]:
    """What each trade came to, oldest first; only those in `symbol` when one is given."""
    return [
        Result(day=day(each.settled_at_ns), net=each.net, volume=each.volume, traded=each.phase != Phase.FAILED.value)
        for each in records
        if symbol in {None, each.symbol}
    ]
