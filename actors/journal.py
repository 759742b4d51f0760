"""The only writer to storage. What is appended is durable when the answer comes; appends that meet are one commit."""

import sqlite3
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import attrs
import msgspec
from gevent.event import Event

from actors.runtime import LATER, Actor, DomainError, MailboxSpec, Overflow, Slot, handles
from perpbot.clock import wall_ns
from perpbot.execution.entries import Entry
from perpbot.storage.journal import Journal as JournalFile
from perpbot.storage.outbox import Outbox
from perpbot.storage.reading import Line
from perpbot.storage.worker import Worker


class Append(msgspec.Struct, frozen=True, gc=False):
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
    """Have `work` done with the outbox, on the database's thread; the answer is what it returns. To be asked only.

    It fails with `OutboxError` when SQLite does, or cannot store a text; that is no failure of the journal.
    """

    work: Callable[[Outbox], Any]


class OutboxError(DomainError):
    """The outbox could not be read or written; the text says why."""


Batch = list[tuple[Append, Slot, int]]
MOVE_S = 0.2
MOVE_FROM = 0.25
"""What is written is moved on into the database after so long, or once the log ahead of it is so full."""
FULL = 0.8
"""From here on nothing is written in the hub: it may have to wait for room. Nor is it while the other thread writes."""


@attrs.frozen
class Move:
    """To itself: bring what was written into the database."""


class Journal(Actor):
    """Hands batches to a thread of its own, one at a time; what arrives meanwhile is the next batch.

    The way to the disk and back passes no greenlet: a batch is handed over as soon as the thread is free, and whoever
    waits is answered by the hub in the moment the thread rings. What nobody else waits behind is written at once, in
    the hub, while commits take less than a millisecond: see `Pace`. A second thread has the database: there what was
    written is moved on, and nobody who writes waits for it.

    A write that fails is this actor's failure: nobody is answered, and nothing that depends on it is done.
    """

    mailbox = MailboxSpec(capacity=100_000, overflow=Overflow.REJECT)

    def __init__(self, file: JournalFile) -> None:
        super().__init__()
        self._file = file
        self._waiting: Batch = []
        self._writing = self._moving = False
        self._rest = Event()
        """Set while nothing is being written, and when writing has failed."""
        self._rest.set()
        self._commits = 0
        self._entries = 0

    def on_start(self) -> None:
        """Get threads to write in, and make sure that they can."""
        self._thread, self._database = Worker(), Worker()
        self._database.wait_for(self._file.prove)
        self.timers.every(MOVE_S, Move())

    @handles(Append)
    def on_append(self, append: Append) -> object:
        """Write, or queue for the next commit; the answer comes when it is durable."""
        self._waiting.append((append, self.defer(), wall_ns()))
        if not self._writing:
            self._write()
        return LATER

    def _write(self) -> None:
        self._writing = True
        self._rest.clear()
        batch, self._waiting = self._waiting, []
        entries = [entry for append, _, _ in batch for entry in append.entries]
        alone = not (self.cell.mailbox.waiting or self._moving or self._file.filled >= FULL)
        do = self._thread.do_brief if alone else self._thread.do
        do(partial(self._file.append, entries, batch[0][2]), partial(self._written, batch, len(entries)))

    def _written(self, batch: Batch, entries: int, last: Any, error: BaseException | None) -> None:
        """Runs in the hub, perhaps when this incarnation is over."""
        if self.cell.actor is not self:
            return
        if error is not None:
            self._rest.set()
            self.spawn_task(_fail, error)
            return
        self._commits += 1
        self._entries += entries
        for append, slot, _ in reversed(batch):
            slot.set(last)
            last -= len(append.entries)
        if self._file.filled > MOVE_FROM:
            self.on_move(Move())
        if self._waiting:
            self._write()
        else:
            self._writing = False
            self._rest.set()

    @handles(Move)
    def on_move(self, _: Move) -> None:
        """Have the other thread move what was written; it costs those who write nothing."""
        if self._file.unmoved and not self._moving:
            self._moving = True
            self._database.do(self._file.move, self._moved)

    def _moved(self, _: Any, error: BaseException | None) -> None:
        """Runs in the hub. What could not be moved is durable where it is."""
        if self.cell.actor is self:
            self._moving = False
            if error is not None:
                self.spawn_task(_fail, error)

    @handles(Replay)
    def on_replay(self, replay: Replay) -> list[Line]:
        """Read back what was written, what was appended just now included."""
        self._rest.wait()
        lines: list[Line] = self._database.wait_for(lambda: list(self._file.lines(replay.kinds)))
        return lines

    @handles(UseOutbox)
    def on_outbox(self, use: UseOutbox) -> object:
        """Beside what is written meanwhile."""
        self._database.do(partial(use.work, self._file.outbox), partial(self._used, self.defer()))
        return LATER

    def _used(self, slot: Slot, value: Any, error: BaseException | None) -> None:
        """Runs in the hub."""
        if isinstance(error, sqlite3.Error | UnicodeEncodeError):
            slot.fail(OutboxError(f"{self._file.path}: {error}"))
        elif error is not None:
            slot.fail(error)
            self.spawn_task(_fail, error)
        else:
            slot.set(value)

    @handles(GetEpoch)
    def on_epoch(self, _: GetEpoch) -> int:
        """The journal's own number."""
        return self._file.epoch

    def on_stop(self) -> None:
        """Finish what was begun."""
        self._rest.wait()
        for thread in (self._thread, self._database):
            thread.rest()
            thread.end()

    def describe(self) -> dict[str, Any]:
        """How much was written."""
        return {
            "path": str(self._file.path),
            "commits": self._commits,
            "entries": self._entries,
            "waiting": len(self._waiting),
        }


def _fail(error: BaseException) -> None:
    """As a task, ends the incarnation with what the thread raised."""
    raise error
