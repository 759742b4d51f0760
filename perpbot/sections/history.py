"""The trades that are over, all of them, from the journal: read once, then only what is new."""

from pathlib import Path

import gevent

from perpbot.execution.entries import TradeRecord, TradeSettled
from perpbot.storage.journal import read


class TradeHistory:
    """Keeps what was read. Reading happens in a thread of gevent's pool: nobody else waits for the disk."""

    def __init__(self, journal: Path) -> None:
        self._journal = journal
        self._last = 0
        self._records: dict[str, TradeRecord] = {}

    def records(self) -> list[TradeRecord]:
        """Every trade's last record, in the order they were settled. Raises `JournalError`."""
        last, found = gevent.get_hub().threadpool.apply(self._new, (self._last,))
        if last > self._last:
            self._last = last
            for each in found:
                self._records.pop(each.trade_id, None)  # a trade that was over and went on has its place at its end
                self._records[each.trade_id] = each
        return list(self._records.values())

    def _new(self, after: int) -> tuple[int, list[TradeRecord]]:
        found = []
        for line in read(self._journal, (TradeSettled,), after):
            after = line.seq
            if isinstance(line.entry, TradeSettled):
                found.append(line.entry.record)
        return after, found
