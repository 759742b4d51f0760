"""The journal on this disk: one durable write after the other, many that meet, and reading everything back."""

import tempfile
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from time import thread_time_ns

from gevent.pool import Pool

from actors.journal import Append, Journal, Replay
from actors.runtime import Ref
from perpbot.bench.disk import disk_of
from perpbot.bench.life import kill_all, quiet
from perpbot.bench.measured import Measured, quantile
from perpbot.bench.scenario import Scenario
from perpbot.clock import NS_PER_MS, NS_PER_SECOND, monotonic_ns
from perpbot.execution.entries import Entry, KillSwitchSet, OrdersIntended
from perpbot.model.instrument import Side
from perpbot.model.money import Price, Quantity
from perpbot.model.order import Order, TimeInForce
from perpbot.storage.journal import Journal as JournalFile

AT_ONCE = 100
ENTRIES_PER_S = 100.0
"""PRF-1: orders a second. Each of them is an entry."""
PER_APPEND = 100


def journal(scenario: Scenario) -> Iterator[list[Measured]]:
    """Measure a file of its own, which grows from round to round."""
    with (
        tempfile.TemporaryDirectory(prefix="perpbot-bench-", dir=scenario.disk) as folder,
        disk_of(Path(folder)) as sync_ms,
    ):
        system, file = quiet(), JournalFile(Path(folder), epoch=1)
        ref, entry = system.spawn(lambda: Journal(file), "/journal"), _entry()
        for _ in range(scenario.history // PER_APPEND):
            ref.ask(Append([entry] * PER_APPEND))
        try:
            while True:
                pairs = [(_commit_ms(ref, entry), sync_ms()) for _ in range(scenario.commits)]
                alone, disk = zip(*pairs, strict=True)
                disk_ms = quantile(disk, 0.5)
                yield [*_alone(alone, disk), _together(ref, entry, scenario.commits, disk_ms), _read_back(file)]
        finally:
            ref.ask(Replay((KillSwitchSet,)))  # nothing is on its way any more
            kill_all(system)
            file.close()


def _alone(times: Sequence[float], disk: Sequence[float]) -> list[Measured]:
    found = []
    for name, fraction in (("a durable write, p50", 0.5), ("a durable write, p99", 0.99)):
        value, disk_ms = quantile(times, fraction), quantile(disk, fraction)
        found.append(Measured(name, value, "ms", ratio=value / disk_ms, ratio_to="fdatasync"))
    return found


def _commit_ms(ref: Ref, entry: Entry) -> float:
    began = monotonic_ns()
    ref.ask(Append([entry]))
    return (monotonic_ns() - began) / NS_PER_MS


def _together(ref: Ref, entry: Entry, commits: int, disk_ms: float) -> Measured:
    """Many that write at once share commits."""
    pool, began = Pool(AT_ONCE), monotonic_ns()
    for _ in range(commits):
        pool.spawn(ref.ask, Append([entry]))
    pool.join(raise_error=True)
    per_s = commits / ((monotonic_ns() - began) / NS_PER_SECOND)
    return Measured(
        "durable writes at once", per_s, "/s", ENTRIES_PER_S, at_least=True, detail=f"{AT_ONCE} writers",
        ratio=per_s * disk_ms / 1e3, ratio_to="one fdatasync each",
    )  # fmt: skip


def _read_back(file: JournalFile) -> Measured:
    """What a start does first; of computing alone."""
    began = thread_time_ns()
    lines = sum(1 for _ in file.lines())
    took_us = (thread_time_ns() - began) / 1e3
    return Measured("an entry read back", took_us / lines, "µs", detail=f"{lines:,} of them")


def _entry() -> Entry:
    """The two orders of a trade."""
    sides = (("a", Side.BUY), ("b", Side.SELL))
    return OrdersIntended(orders=[_order(*each, str(number)) for number, each in enumerate(sides, 1)])


def _order(venue: str, side: Side, number: str) -> Order:
    return Order(
        client_id=f"1-{number}", wire_id=number, venue=venue, account="main", symbol="BTC-PERP", side=side,
        quantity=Quantity(Decimal(1)), price=Price(Decimal(100)), time_in_force=TimeInForce.IOC, reduce_only=False,
        trade_id="1-t1", leg=side.value, purpose="open",
    )  # fmt: skip
