"""Mailboxes that are not read in the order of arrival: the latest of each key, or the most urgent first."""

import sys
from collections.abc import Sequence
from heapq import heappop, heappush
from operator import itemgetter
from typing import Any

from actors.runtime.asks import Ask
from actors.runtime.mailbox import Bury, Mailbox, MailboxSpec
from actors.runtime.signals import FinishReading
from actors.runtime.watch import Watch

_OWN = frozenset((Watch, FinishReading))
"""The runtime's own messages: keys and priorities are not asked for them."""


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

    def unread(self) -> list[Any]:
        """The messages that wait, in the order they are read."""
        return list(self.waiting.values())

    def put(self, message: Any) -> None:
        """Leave a message, in place of a waiting one of its key."""
        waiting = self.waiting
        key = self._key(message)
        if key in waiting and self._limit >= 0:
            waiting[key] = message
            self.replaced += 1
            return
        depth = len(waiting)
        if depth >= self._limit:
            if not self._room_for(message):
                return
            depth = len(waiting)
        if depth >= self.high_water:
            self.high_water = depth + 1
        waiting[key] = message
        if self.parked is not None:
            self.wake()

    def _key(self, message: Any) -> Any:
        key = None if type(message) in _OWN or type(message) is Ask else self._key_of(message)
        if key is None:
            self._serial += 1
            key = (LatestMailbox, self._serial)
        return key

    def _take(self) -> Any:
        waiting = self.waiting
        for key in waiting:
            return waiting.pop(key)
        raise IndexError("no message waits")

    def _put_back(self, messages: Sequence[Any]) -> None:
        merged = {self._key(each): each for each in messages}
        merged.update(self.waiting)  # the place of the older, the message of the newer
        self.replaced += len(messages) + len(self.waiting) - len(merged)
        self.waiting.clear()
        self.waiting.update(merged)


class PriorityMailbox(Mailbox):
    """Messages by their number, lowest first; those of one number in the order they came."""

    __slots__ = ("_first", "_last", "_priority_of")

    def __init__(self, spec: MailboxSpec, bury: Bury) -> None:
        if spec.priority is None:
            raise ValueError("a PriorityMailbox needs priority")
        super().__init__(spec, bury)
        self._priority_of = spec.priority
        self._first = self._last = 0

    def _make_room_to_wait(self) -> None:
        self.waiting = []
        self.take = self._take

    def unread(self) -> list[Any]:
        """The messages that wait, in the order they are read."""
        return [message for *_, message in sorted(self.waiting, key=itemgetter(0, 1))]

    def put(self, message: Any) -> None:
        """Leave a message behind those that are as urgent."""
        waiting = self.waiting
        depth = len(waiting)
        if depth >= self._limit:
            if not self._room_for(message):
                return
            depth = len(waiting)
        if depth >= self.high_water:
            self.high_water = depth + 1
        self._last += 1
        heappush(waiting, (self._priority(message), self._last, message))
        if self.parked is not None:
            self.wake()

    def _priority(self, message: Any) -> int:
        if type(message) in _OWN:
            return sys.maxsize  # after everything that was sent before
        return self._priority_of(message.message if type(message) is Ask else message)

    def _take(self) -> Any:
        return heappop(self.waiting)[2]

    def _put_back(self, messages: Sequence[Any]) -> None:
        for each in reversed(messages):
            self._first -= 1
            heappush(self.waiting, (self._priority(each), self._first, each))


def make_mailbox(spec: MailboxSpec, bury: Bury) -> Mailbox:
    """The mailbox that `spec` describes."""
    if spec.latest_by is not None:
        return LatestMailbox(spec, bury)
    if spec.priority is not None:
        return PriorityMailbox(spec, bury)
    return Mailbox(spec, bury)
