"""The state for those who follow it: encoded once for all, a short memory for those who come back, a queue for each."""

from collections import deque
from collections.abc import Iterator, Mapping
from math import inf
from typing import Any

import msgspec
from gevent.event import Event

from perpbot.clock import NS_PER_SECOND, monotonic_ns, wall_ms
from perpbot.sections.differences import difference

REMEMBERED = 150
"""Differences that whoever was away for a moment gets afterwards: those of half a minute."""
CURRENT_S = 1.0
"""A state that is older is nothing to begin with."""
MOST_WAITING = 50
"""Frames that wait for one follower; beyond that it gets the whole state anew."""
MOST_STEPS = 16
"""In which all followers are woken, however many there are."""

encode = msgspec.json.Encoder().encode


def frame(event: str, data: bytes, seq: int | None = None) -> bytes:
    """One server-sent event, as https://html.spec.whatwg.org/multipage/server-sent-events.html has it."""
    number = b"" if seq is None else b"id: %d\n" % seq
    return b"event: %b\n%bdata: %b\n\n" % (event.encode(), number, data)


class Follower:
    """One stream that gets what changes."""

    def __init__(self) -> None:
        self.news = Event()
        """Set when it is time to send what waits."""
        self.lost = False
        """Whether it was too slow: what waited was thrown away, and the whole state is wanted."""
        self._waiting: deque[bytes] = deque()

    @property
    def behind(self) -> bool:
        """Whether there is something to be sent."""
        return self.lost or bool(self._waiting)

    def offer(self, data: bytes) -> None:
        """Leave a frame to be sent; never waits. Whose turn it is to send is `Feed.wake`'s to say."""
        if len(self._waiting) >= MOST_WAITING:
            self._waiting.clear()
            self.lost = True
        elif not self.lost:
            self._waiting.append(data)

    def take(self) -> bytes:
        """Everything that waits, together."""
        self.news.clear()
        frames = b"".join(self._waiting)
        self._waiting.clear()
        return frames


class Feed:
    """The newest state, how it came about, and who wants to know."""

    def __init__(self) -> None:
        self.seq = wall_ms()
        """Number of the newest state. It begins where no earlier process has counted to."""
        self.state: Mapping[str, Any] = {}
        self._taken_ns = 0
        self._followers: dict[Follower, None] = {}
        self._past: deque[tuple[int, bytes]] = deque(maxlen=REMEMBERED)
        self._body: tuple[int, bytes] = (0, b"")

    def __len__(self) -> int:
        """How many follow."""
        return len(self._followers)

    @property
    def age_s(self) -> float:
        """How long ago the newest state was taken; endless before the first."""
        return (monotonic_ns() - self._taken_ns) / NS_PER_SECOND if self.state else inf

    def advance(self, sections: Mapping[str, Any]) -> None:
        """Take in the newest of some sections, and tell the followers what changed."""
        changed = difference({name: self.state.get(name, {}) for name in sections}, sections)
        self.state = {**self.state, **sections}
        self._taken_ns = monotonic_ns()
        if not changed:
            return
        self.seq += 1
        data = frame("diff", encode({"seq": self.seq, "diff": changed}), self.seq)
        self._past.append((self.seq, data))
        self._tell(data)
        for name, row in changed.get("alerts", {}).items():
            self._tell(frame("alert", encode({"id": name, **(self.state["alerts"].get(name, {}) if row else {})})))

    def _tell(self, data: bytes) -> None:
        for each in self._followers:
            each.offer(data)

    def wake(self) -> Iterator[None]:
        """Let the followers send what waits for them, some of them with each step.

        To send takes a tenth of a millisecond: fifty that are woken at once would keep a price waiting for five. Each
        step takes a turn of the loop, which is long when there is much to do: so there are not too many.
        """
        everybody = [each for each in self._followers if each.behind]
        at_once = max(1, -(-len(everybody) // MOST_STEPS))
        for first in range(0, len(everybody), at_once):
            for each in everybody[first : first + at_once]:
                each.news.set()
            yield

    def follow(self, since: int | None = None) -> Follower:
        """Begin to follow: after number `since` where that is known and not too long ago, else with everything.

        Where nobody has looked for a while, everything comes with the next look.
        """
        follower = Follower()
        follower.lost = self.age_s > CURRENT_S and not self._knows(since)
        if not follower.lost:
            follower.offer(b"".join(self.since(since)))
        self._followers[follower] = None
        return follower

    def since(self, number: int | None) -> Iterator[bytes]:
        """The frames that lead from state `number` to the newest one."""
        if number is None or not self._knows(number):
            yield self.snapshot()
            return
        yield from (data for seq, data in self._past if seq > number)

    def _knows(self, number: int | None) -> bool:
        """Whether what came after state `number` is remembered."""
        first = self._past[0][0] if self._past else self.seq + 1
        return number is not None and first - 1 <= number <= self.seq

    def snapshot(self) -> bytes:
        """The whole state as one frame."""
        return frame("snapshot", self.body(), self.seq)

    def body(self) -> bytes:
        """The whole state as JSON, encoded once for everybody who asks."""
        if self._body[0] != self.seq:
            self._body = (self.seq, encode({"seq": self.seq, "state": self.state}))
        return self._body[1]

    def take(self, follower: Follower) -> bytes:
        """What a follower is to be sent now; nothing where it wants everything and nobody has looked for a while."""
        if not follower.lost:
            return follower.take()
        follower.news.clear()
        return self.catch_up(follower) if self.age_s <= CURRENT_S else b""

    def catch_up(self, follower: Follower) -> bytes:
        """The whole state, for a follower that was too slow or came before anybody had looked."""
        follower.take()
        follower.lost = False
        return self.snapshot()

    def leave(self, follower: Follower) -> None:
        """Follow no longer."""
        self._followers.pop(follower, None)
