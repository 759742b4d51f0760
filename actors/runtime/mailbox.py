"""Bounded mailboxes. The sender never blocks: what does not fit becomes a dead letter, replaces, or is refused.

A mailbox belongs to an address and outlives the incarnations behind it. Its reader parks in `park` and is woken by
one callback of the hub; control signals wait in a lane of their own that is read first.
"""

from collections import deque
from collections.abc import Callable, Hashable
from enum import StrEnum
from threading import get_ident
from typing import Any

import attrs
import gevent
from greenlet import getcurrent

from actors.runtime.letters import Undelivered


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
    """Messages first in, first out."""

    __slots__ = (
        "_bury",
        "_loop",
        "_parked",
        "_queue",
        "_resuming",
        "_thread",
        "capacity",
        "closed",
        "control",
        "dropped",
        "high_water",
        "overflow",
        "spec",
        "ticks",
    )

    def __init__(self, spec: MailboxSpec, bury: Bury) -> None:
        self.spec = spec
        self.capacity = spec.capacity
        self.overflow = spec.overflow
        self.control: deque[Any] = deque()
        self.ticks: deque[Any] = deque()
        self.closed = False
        self.dropped = 0
        self.high_water = 0
        self._bury = bury
        self._queue: deque[Any] = deque()
        self._parked: Any = None
        self._resuming: Any = None
        self._thread = get_ident()
        self._loop = gevent.get_hub().loop

    @property
    def depth(self) -> int:
        """How many messages wait."""
        return len(self._queue)

    def put(self, message: Any) -> None:
        """Leave a message; `MailboxFullError` only where overflow is `REJECT`."""
        queue = self._queue
        depth = len(queue)
        if self.closed or depth >= self.capacity:
            if not self._make_room(message):
                return
        elif depth >= self.high_water:
            self.high_water = depth + 1
        queue.append(message)
        if self._parked is not None:
            self._wake()

    def _make_room(self, message: Any) -> bool:
        if self.closed:
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
        if self._parked is not None:
            self._wake()

    def tick(self, tick: Any) -> None:
        """Leave a timer's tick; it is read before any message of others."""
        self.ticks.append(tick)
        if self._parked is not None:
            self._wake()

    def take(self) -> Any:
        """The next message; `IndexError` when none waits."""
        return self._queue.popleft()

    def drain(self) -> list[Any]:
        """Take everything that waits."""
        waiting = []
        while self.depth:
            waiting.append(self.take())
        return waiting

    def park(self, hub_switch: Callable[[], Any]) -> None:
        """Wait for the next message or signal. Only the actor's own greenlet calls this."""
        self._parked = getcurrent()
        try:
            hub_switch()
        finally:
            self._parked = self._resuming = None

    def _wake(self) -> None:
        parked = self._parked
        if parked is None:
            return
        self._resuming, self._parked = parked, None
        if get_ident() == self._thread:
            self._loop.run_callback(self._resume)
        else:
            self._loop.run_callback_threadsafe(self._resume)

    def _resume(self) -> None:
        resuming, self._resuming = self._resuming, None
        if resuming is not None:
            resuming.switch()


class LatestMailbox(Mailbox):
    """Messages in order of their keys' first arrival, only the latest of each key."""

    __slots__ = ("_key_of", "_serial", "_waiting", "replaced")

    def __init__(self, spec: MailboxSpec, bury: Bury) -> None:
        if spec.latest_by is None:
            raise ValueError("a LatestMailbox needs latest_by")
        super().__init__(spec, bury)
        self._key_of = spec.latest_by
        self._waiting: dict[Hashable, Any] = {}
        self._serial = 0
        self.replaced = 0

    @property
    def depth(self) -> int:
        """How many messages wait."""
        return len(self._waiting)

    def put(self, message: Any) -> None:
        """Leave a message, in place of a waiting one of its key."""
        waiting = self._waiting
        key = self._key_of(message)
        if key is not None and key in waiting and not self.closed:
            waiting[key] = message
            self.replaced += 1
            return
        depth = len(waiting)
        if self.closed or depth >= self.capacity:
            if not self._make_room(message):
                return
        elif depth >= self.high_water:
            self.high_water = depth + 1
        if key is None:
            self._serial += 1
            key = (LatestMailbox, self._serial)
        waiting[key] = message
        if self._parked is not None:
            self._wake()

    def take(self) -> Any:
        """The message whose key has waited longest; `IndexError` when none waits."""
        for key in self._waiting:
            return self._waiting.pop(key)
        raise IndexError("no message waits")


def make_mailbox(spec: MailboxSpec, bury: Bury) -> Mailbox:
    """The mailbox that `spec` describes."""
    return Mailbox(spec, bury) if spec.latest_by is None else LatestMailbox(spec, bury)
