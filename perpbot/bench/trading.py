"""From an opportunity to both orders leaving, and from a fill to its hedge leaving, with the durable writes.

The actors are the program's own, see `house`. Only the connections are replaced, by actors that note when an order is
handed to them: what is measured ends there, before signing. It is real time: a durable write waits for the disk.

Some trades are open all the time, hedged, each with an actor that looks after it. Each symbol is quoted at both venues
all the time, one by one as frames come: scanners compare them, open trades go by them. What is measured begins with
the opportunity in the executor's mailbox. It begins only when the trade before is over: what became of that is on disk,
and nobody is still busy with it. The collector of garbage and the interpreter's lock are set as the program sets them.
The processors are kept awake, as `perpbot awake` does, where that is allowed; the remark says which.
"""

import gc
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import cycle
from pathlib import Path

import gevent
from gevent.greenlet import Greenlet

from actors.executor import CloseTrade
from actors.order_news import OutcomeArrived
from actors.order_requests import ReadTrade
from actors.runtime import Ref
from actors.runtime.actor import Ping
from perpbot.awake import AwakeError, kept_awake
from perpbot.bench.disk import disk_of
from perpbot.bench.house import House, Left, ended, filled, news, opportunity
from perpbot.bench.measured import Measured, quantile
from perpbot.bench.scenario import Scenario
from perpbot.execution.trade import CloseReason, Phase
from perpbot.model.order import Accepted, OrderStatus

LOOK_S = 0.0005
ADMISSION_MS, SLOW_ADMISSION_MS, HEDGE_MS = 0.6, 2.0, 5.0
"""What is aimed at: the median and the 99th percentile of an admission, the 99th percentile of a hedge."""
Timed = list[tuple[float, float]]
"""Milliseconds that something took, and that the disk itself took just after it."""


def trading(scenario: Scenario) -> Iterator[list[Measured]]:
    """Measure both ways beside the trades that are open."""
    with (
        kept_awake_if_allowed() as processors,
        tempfile.TemporaryDirectory(prefix="perpbot-bench-", dir=scenario.disk) as folder,
        disk_of(Path(folder)) as sync_ms,
    ):
        house = House(Path(folder), scenario.symbols)
        for number in range(scenario.symbols):
            house.quote(number)
        for number in range(scenario.open_trades):
            opened(house, number)
        gc.collect()
        gc.freeze()
        quoting = Greenlet.spawn(house.quote_all, scenario.quotes_per_s)
        free = cycle(range(scenario.open_trades, scenario.symbols))
        try:
            while True:
                admitted = [_admission_ms(house, next(free), sync_ms) for _ in range(scenario.trades)]
                hedged = [_hedge_ms(house, next(free), sync_ms) for _ in range(scenario.trades)]
                yield _figures(scenario, processors, admitted, hedged)
        finally:
            quoting.kill()
            house.end()


@contextmanager
def kept_awake_if_allowed() -> Iterator[str]:
    """As `kept_awake` where the system lets us; what to say of it."""
    with ExitStack() as held:
        try:
            held.enter_context(kept_awake())
        except AwakeError:
            yield "processors may sleep: see `perpbot awake`"
        else:
            yield "processors kept awake"


def _figures(scenario: Scenario, processors: str, admitted: Timed, hedged: Timed) -> list[Measured]:
    load = f"{scenario.open_trades} open trades, {scenario.symbols} symbols, {scenario.quotes_per_s:,} quotes/s"
    found = []
    for name, timed, fraction, limit, detail in (
        ("opportunity to orders, p50", admitted, 0.5, ADMISSION_MS, f"beside {load}; {processors}"),
        ("opportunity to orders, p99", admitted, 0.99, SLOW_ADMISSION_MS, "one durable write included"),
        ("fill to its hedge, p50", hedged, 0.5, None, "two durable writes included"),
        ("fill to its hedge, p99", hedged, 0.99, HEDGE_MS, ""),
    ):
        value, disk_ms = (quantile(each, fraction) for each in zip(*timed, strict=True))
        found.append(Measured(name, value, "ms", limit, detail=detail, ratio=value / disk_ms, ratio_to="fdatasync"))
    return found


def opened(house: House, number: int) -> tuple[float, Ref]:
    """Open a trade: how long its orders took to leave, and its actor, once it is hedged and at rest."""
    found = opportunity(number)
    left = house.wait_for(2, lambda: house.executor.tell(found))
    took_ms = (left[-1][1] - house.began_ns) / 1e6
    fill(house, left)
    return took_ms, at_rest(house, left[0][0].order.trade_id)


def fill(house: House, left: Left) -> None:
    """The venues take the orders, and fill them."""
    for place, _ in left:
        house.orders.tell(OutcomeArrived(place.order.client_id, Accepted(f"v{place.order.client_id}")))
        house.orders.tell(news(place.order, filled(place.order)))


def at_rest(house: House, trade_id: str) -> Ref:
    """The actor of a trade, once it is hedged, on disk, and has nothing more to do."""
    trade = house.system.ref(f"/trades/{trade_id}")
    while house.orders.ask(ReadTrade(trade_id)).phase != Phase.OPEN.value:
        gevent.sleep(LOOK_S)
    trade.ask(Ping())
    return trade


def _close(house: House, trade: Ref) -> None:
    """Have a trade close, and wait until all of it is over."""
    fill(house, house.wait_for(2, lambda: trade.tell(CloseTrade(CloseReason.STOP))))
    while trade.alive:
        gevent.sleep(LOOK_S)
    house.system.forget(trade.cell)  # as its supervisor would
    for each in ("/books/orders", "/books/arb", "/books/risk", "/trades/executor"):
        house.system.ref(each).ask(Ping())


def _admission_ms(house: House, number: int, sync_ms: Callable[[], float]) -> tuple[float, float]:
    took_ms, trade = opened(house, number)
    disk_ms = sync_ms()
    _close(house, trade)
    return took_ms, disk_ms


def _hedge_ms(house: House, number: int, sync_ms: Callable[[], float]) -> tuple[float, float]:
    """A trade of which one leg gets nothing: from the other's fill to the hedge."""
    found = opportunity(number)
    (buy, _), (sell, _) = house.wait_for(2, lambda: house.executor.tell(found))
    trade = house.system.ref(f"/trades/{buy.order.trade_id}")
    house.orders.tell(news(sell.order, ended(sell.order, OrderStatus.CANCELLED)))
    for each in (house.executor, house.orders, trade, house.orders):
        each.ask(Ping())
    bought = news(buy.order, filled(buy.order))
    left = house.wait_for(1, lambda: house.orders.tell(bought))
    took_ms = (left[0][1] - house.began_ns) / 1e6
    disk_ms = sync_ms()
    fill(house, left)
    _close(house, at_rest(house, buy.order.trade_id))
    return took_ms, disk_ms
