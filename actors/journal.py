"""The only writer to storage. What is appended is durable when the answer comes; appends that meet are one commit."""

import sqlite3
from collections.abc import Callable, Sequence
from typing import Any

import attrs
from gevent.threadpool import ThreadPool

from actors.runtime import LATER, Actor, DomainError, MailboxSpec, Overflow, Slot, handles
from perpbot.clock import wall_ns
from perpbot.execution.entries import Entry
from perpbot.storage.journal import Journal as JournalFile
from perpbot.storage.journal import Line
from perpbot.storage.outbox import Outbox


@attrs.frozen
class Append:
    """Write `entries` in one commit; the answer, once they are durable, is the number of the last."""

    entries: Sequence[Entry]


@attrs.frozen
class Replay:
    """The answer is every `Line` so far, oldest first; only of `kinds` when any are given."""

    kinds: tuple[type, ...] = ()


@attrs.frozen
class GetEpoch:
    """The answer is the journal's number, part of every client order id."""


@attrs.frozen
class UseOutbox:
    """Have `work` done with the outbox, on the journal's thread; the answer is what it returns. To be asked only.

    It fails with `OutboxError` when SQLite does; that is no failure of the journal.
    """

    work: Callable[[Outbox], Any]


class OutboxError(DomainError):
    """The outbox could not be read or written; the text says why."""


class Journal(Actor):
    """Hands batches to a thread of its own, one at a time; what arrives meanwhile is the next batch.

    A write that fails is this actor's failure: nobody is answered, and nothing that depends on it is done.
    """

    mailbox = MailboxSpec(capacity=100_000, overflow=Overflow.REJECT)

    def __init__(self, file: JournalFile) -> None:
        super().__init__()
        self._file = file
        self._waiting: list[tuple[Append, Slot, int]] = []
        self._writing = False
        self._commits = 0
        self._entries = 0

    def on_start(self) -> None:
        """Get a thread to write in, and make sure that it can."""
        self._thread = ThreadPool(1)
        self._thread.apply(self._file.prove)

    @handles(Append)
    def on_append(self, append: Append) -> object:
        """Queue a write; the answer comes when it is durable."""
        self._waiting.append((append, self.defer(), wall_ns()))
        if not self._writing:
            self._writing = True
            self._writer = self.spawn_task(self._write)
        return LATER

    def _write(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            entries = [entry for append, _, _ in batch for entry in append.entries]
            last = self._thread.apply(self._file.append, (entries, batch[0][2]))
            self._commits += 1
            self._entries += len(entries)
            for append, slot, _ in reversed(batch):
                slot.set(last)
                last -= len(append.entries)
        self._writing = False

    @handles(Replay)
    def on_replay(self, replay: Replay) -> list[Line]:
        """Read back what was written, what was appended just now included."""
        self._finish_writing()
        lines: list[Line] = self._thread.apply(lambda: list(self._file.lines(replay.kinds)))
        return lines

    @handles(UseOutbox)
    def on_outbox(self, use: UseOutbox) -> Any:
        """Between two commits of entries."""
        try:
            return self._thread.apply(use.work, (self._file.outbox,))
        except sqlite3.Error as error:
            raise OutboxError(f"{self._file.path}: {error}") from error

    @handles(GetEpoch)
    def on_epoch(self, _: GetEpoch) -> int:
        """The journal's own number."""
        epoch: int = self._thread.apply(lambda: self._file.epoch)
        return epoch

    def on_stop(self) -> None:
        """Finish what was begun."""
        self._finish_writing()

    def _finish_writing(self) -> None:
        if self._writing:
            self._writer.join()

    def describe(self) -> dict[str, Any]:
        """How much was written."""
        return {
            "path": str(self._file.path),
            "commits": self._commits,
            "entries": self._entries,
            "waiting": len(self._waiting),
        }
