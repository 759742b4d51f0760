"""The trades that are over, all of them, from the journal: read once, then only what is new."""

from pathlib import Path

import gevent

from perpbot.execution.entries import TradeRecord
from perpbot.execution.records import KINDS, Records
from perpbot.storage.reading import Line, read


class TradeHistory:
    """Keeps what was read. Reading happens in a thread of gevent's pool: nobody else waits for the disk."""

    def __init__(self, journal: Path) -> None:
        self._journal = journal
        self._last = 0
        self._records = Records()

    def records(self) -> list[TradeRecord]:
        """Every trade's record, in the order in which they were over. Raises `JournalError`."""
        last, found = gevent.get_hub().threadpool.apply(self._new, (self._last,))
        if last > self._last:
            for line in found:
                if line.seq > self._last:  # others may have read the same meanwhile
                    self._records.apply(line.entry)
            self._last = last
        return self._records.all

    def _new(self, after: int) -> tuple[int, list[Line]]:
        found = list(read(self._journal, KINDS, after))
        return found[-1].seq if found else after, found
