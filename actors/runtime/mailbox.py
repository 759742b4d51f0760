"""Bounded mailboxes. The sender never blocks: what does not fit becomes a dead letter, replaces, or is refused.

A mailbox belongs to an address and outlives the incarnations behind it. Control signals and timers' ticks wait in
lanes of their own that are read first. Whoever reads it parks a wake-up there; the first arrival takes and runs it.
"""

import sys
from collections import deque
from collections.abc import Callable, Collection, Hashable, Sequence
from enum import StrEnum
from typing import Any

import attrs
import gevent
from gevent._hub_local import get_hub_if_exists

from actors.runtime.letters import Undelivered
from actors.runtime.trampoline import Trampoline, trampoline_of
from actors.runtime.watch import Watch


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


class StashFullError(Exception):
    """The actor has put aside as many messages as its mailbox declares."""


@attrs.frozen(kw_only=True)
class MailboxSpec:
    """How an address keeps what is sent to it.

    With `latest_by`, a message replaces the one of the same key that still waits; a message whose key is None is
    never replaced. The place in the queue stays that of the first. With `priority`, lower numbers are read first, and
    messages of one number in the order they came. An ask is never replaced.
    """

    capacity: int = attrs.field(default=1_000, validator=attrs.validators.ge(1))
    overflow: Overflow = Overflow.DEAD_LETTER
    latest_by: Callable[[Any], Hashable | None] | None = None
    priority: Callable[[Any], int] | None = None
    stash: int = attrs.field(default=0, validator=attrs.validators.ge(0))
    """How many messages the actor may put aside."""

    def __attrs_post_init__(self) -> None:
        if self.priority is not None and (self.latest_by is not None or self.overflow is Overflow.DROP_OLDEST):
            raise ValueError("priority goes neither with latest_by nor with drop-oldest: the oldest is not the first")


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
        "stashed",
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
        self.control: list[Any] = []
        self.ticks: list[Any] = []
        """These two are short, and a list weighs a tenth of a deque."""
        self.dropped = 0
        self.high_water = 0
        self.parked: Any = None
        """Wakes the reader; taken away by whoever runs it. Only the hub's thread touches it."""
        self._limit = spec.capacity
        self._bury = bury
        self._hub = gevent.get_hub()
        self._loop = self._hub.loop
        self.run_callback = trampoline_of(self._hub).run_callback
        self.trampoline: Trampoline | None = None
        """Runs the parked reader of a compute-only actor; None for an actor with a greenlet to switch to."""
        self.stashed: Sequence[Any] = ()
        """Put aside by the actor, to be read later."""
        self.waiting: Any = None
        self._make_room_to_wait()

    def _make_room_to_wait(self) -> None:
        self.waiting = deque()
        self.take = self.waiting.popleft

    @property
    def depth(self) -> int:
        """How many messages wait, those put aside included."""
        return len(self.waiting) + len(self.stashed)

    def unread(self) -> list[Any]:
        """The messages that wait, without those put aside; for looking at."""
        return list(self.waiting)

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
        if depth >= self._limit:
            if not self._room_for(message):
                return
            depth = len(waiting)
        waiting.append(message)
        parked = self.parked
        if parked is None:
            if depth >= self.high_water:
                self.high_water = depth + 1
            return
        trampoline = self.trampoline
        if trampoline is None:
            if get_hub_if_exists() is self._hub:
                self.parked = None
                self.run_callback(parked)
            else:
                self.wake()
        elif trampoline.running:  # from any thread: it looks once more before it ends
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
        oldest = self.take()
        if type(oldest) is Watch:  # word of an end is never lost
            self.ticks.append(oldest)
        else:
            self._bury(oldest, Undelivered.OVERFLOW)
        return True

    def insist(self, message: Any) -> None:
        """Leave a message of the runtime, after those that wait and even if the mailbox is full."""
        limit, self._limit = self._limit, sys.maxsize if self._limit >= 0 else self._limit
        try:
            self.put(message)
        finally:
            self._limit = limit

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

    def stash(self, message: Any) -> None:
        """Put aside a message that was taken.

        Raises:
            StashFullError: there are as many already as the mailbox declares.
        """
        if len(self.stashed) >= self.spec.stash:
            raise StashFullError(f"{len(self.stashed)} messages are put aside, and the mailbox declares no more")
        self.stashed = [*self.stashed, message]

    def unstash(self) -> None:
        """Have what was put aside read next, in the order it came."""
        if self.stashed:
            messages, self.stashed = self.stashed, ()
            self._put_back(messages)

    def _put_back(self, messages: Sequence[Any]) -> None:
        self.waiting.extendleft(reversed(messages))

    def take_along(self, types: Collection[type], most: int) -> list[Any]:
        """Take what waits next for as long as it is of one of `types`, `most` messages at the most.

        Raises:
            TypeError: what waits here is not read in the order it came.
        """
        waiting = self.waiting
        if not isinstance(waiting, deque):
            raise TypeError("messages are taken along only where they are read in the order they came")
        taken: list[Any] = []
        while waiting and type(waiting[0]) in types and len(taken) < most:
            taken.append(self.take())
        return taken

    def drain(self) -> list[Any]:
        """Take everything that waits."""
        waiting = []
        while self.waiting:
            waiting.append(self.take())
        return waiting
