"""Bounded mailboxes. The sender never blocks: what does not fit becomes a dead letter, replaces, or is refused.

A mailbox belongs to an address and outlives the incarnations behind it. Control signals and timers' ticks wait in
lanes of their own that are read first. Whoever reads it parks a wake-up there; the first arrival takes and runs it.
"""

from collections import deque
from collections.abc import Callable, Hashable
from enum import StrEnum
from typing import Any

import attrs
import gevent
from gevent._hub_local import get_hub_if_exists

from actors.runtime.letters import Undelivered
from actors.runtime.trampoline import Trampoline


class Overflow(StrEnum):
    """What a full mailbox does with one more message."""

    DEAD_LETTER = "dead-letter"
    """The newcomer becomes a dead letter."""
    DROP_OLDEST = "drop-oldest"
    """The oldest makes room for the newcomer, and becomes a dead letter."""
    REJECT = "reject"
    """The sender gets `MailboxFullError`."""


class MailboxFullError(Exception):
    """The mailbox takes no more, and its messages may not be lost silently."""


@attrs.frozen(kw_only=True)
class MailboxSpec:
    """How an address keeps what is sent to it.

    With `latest_by`, a message replaces the one of the same key that still waits; a message whose key is None is
    never replaced. The place in the queue stays that of the first.
    """

    capacity: int = attrs.field(default=1_000, validator=attrs.validators.ge(1))
    overflow: Overflow = Overflow.DEAD_LETTER
    latest_by: Callable[[Any], Hashable | None] | None = None


Bury = Callable[[Any, Undelivered], None]


class Mailbox:
    """Messages first in, first out.

    `put` is the hottest path of the runtime: one length check, one append, and a wake-up only for a parked reader.
    """

    __slots__ = (
        "_bury",
        "_hub",
        "_limit",
        "_loop",
        "capacity",
        "control",
        "dropped",
        "high_water",
        "overflow",
        "parked",
        "run_callback",
        "spec",
        "take",
        "ticks",
        "trampoline",
        "waiting",
    )

    take: Callable[[], Any]
    """The next message; `IndexError` when none waits."""

    def __init__(self, spec: MailboxSpec, bury: Bury) -> None:
        self.spec = spec
        self.capacity = spec.capacity
        self.overflow = spec.overflow
        self.control: deque[Any] = deque()
        self.ticks: deque[Any] = deque()
        self.dropped = 0
        self.high_water = 0
        self.parked: Any = None
        """Wakes the reader; taken away by whoever runs it. Only the hub's thread touches it."""
        self._limit = spec.capacity
        self._bury = bury
        self._hub = gevent.get_hub()
        self._loop = self._hub.loop
        self.run_callback = self._loop.run_callback
        self.trampoline: Trampoline | None = None
        """Runs the parked reader of a compute-only actor; None for an actor with a greenlet to switch to."""
        self.waiting: Any = None
        self._make_room_to_wait()

    def _make_room_to_wait(self) -> None:
        self.waiting = deque()
        self.take = self.waiting.popleft

    @property
    def depth(self) -> int:
        """How many messages wait."""
        return len(self.waiting)

    @property
    def closed(self) -> bool:
        """Whether nothing is taken any more."""
        return self._limit < 0

    def open(self) -> None:
        """Take messages."""
        self._limit = self.capacity

    def close(self) -> None:
        """Take no more messages; what comes becomes a dead letter."""
        self._limit = -1

    def put(self, message: Any) -> None:
        """Leave a message; `MailboxFullError` only where overflow is `REJECT`."""
        waiting = self.waiting
        depth = len(waiting)
        if depth >= self._limit and not self._room_for(message):
            return
        waiting.append(message)
        parked = self.parked
        if parked is None:
            if depth >= self.high_water:
                self.high_water = depth + 1
            return
        trampoline = self.trampoline
        if trampoline is None and get_hub_if_exists() is self._hub:
            self.parked = None
            self.run_callback(parked)
        elif trampoline is not None and trampoline.running:  # from any thread: it looks once more before it ends
            self.parked = None
            trampoline.ready.append(parked)
        else:
            self.wake()

    def _room_for(self, message: Any) -> bool:
        if self._limit < 0:
            self._bury(message, Undelivered.NOBODY)
            return False
        self.dropped += 1
        if self.overflow is Overflow.REJECT:
            raise MailboxFullError(f"the mailbox is full with {self.capacity} messages")
        if self.overflow is Overflow.DEAD_LETTER:
            self._bury(message, Undelivered.OVERFLOW)
            return False
        self._bury(self.take(), Undelivered.OVERFLOW)
        return True

    def signal(self, signal: Any) -> None:
        """Leave a control signal; it is read before any message, and also by a suspended or closing actor."""
        self.control.append(signal)
        if self.parked is not None:
            self.wake()

    def tick(self, tick: Any) -> None:
        """Leave a timer's tick; it is read before any message of others."""
        self.ticks.append(tick)
        if self.parked is not None:
            self.wake()

    def wake(self) -> None:
        """Have the parked reader run at the hub's next turn."""
        if get_hub_if_exists() is not self._hub:  # a native thread
            self._loop.run_callback_threadsafe(self.wake)
            return
        parked = self.parked
        if parked is not None:
            self.parked = None
            if self.trampoline is None:
                self.run_callback(parked)
            else:
                self.trampoline.schedule(parked)

    def drain(self) -> list[Any]:
        """Take everything that waits."""
        waiting = []
        while self.waiting:
            waiting.append(self.take())
        return waiting


class LatestMailbox(Mailbox):
    """Messages in order of their keys' first arrival, only the latest of each key."""

    __slots__ = ("_key_of", "_serial", "replaced")

    def __init__(self, spec: MailboxSpec, bury: Bury) -> None:
        if spec.latest_by is None:
            raise ValueError("a LatestMailbox needs latest_by")
        super().__init__(spec, bury)
        self._key_of = spec.latest_by
        self._serial = 0
        self.replaced = 0

    def _make_room_to_wait(self) -> None:
        self.waiting = {}
        self.take = self._take

    def put(self, message: Any) -> None:
        """Leave a message, in place of a waiting one of its key."""
        waiting = self.waiting
        key = self._key_of(message)
        if key is not None and key in waiting and self._limit >= 0:
            waiting[key] = message
            self.replaced += 1
            return
        depth = len(waiting)
        if depth >= self._limit and not self._room_for(message):
            return
        if depth >= self.high_water:
            self.high_water = depth + 1
        if key is None:
            self._serial += 1
            key = (LatestMailbox, self._serial)
        waiting[key] = message
        if self.parked is not None:
            self.wake()

    def _take(self) -> Any:
        waiting = self.waiting
        for key in waiting:
            return waiting.pop(key)
        raise IndexError("no message waits")


def make_mailbox(spec: MailboxSpec, bury: Bury) -> Mailbox:
    """The mailbox that `spec` describes."""
    return Mailbox(spec, bury) if spec.latest_by is None else LatestMailbox(spec, bury)
