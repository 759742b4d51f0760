"""How many calls a venue takes, and how long the next one has to wait (CON-4). Pure: it neither waits nor sends.

Two things are kept. What the configuration allows, as token buckets. And what the venue counts itself, as sliding
windows, weighted where it weighs calls; a venue's module declares those.

Calls that matter less leave more room: a read is held back while an order may still leave, and an opening while an
order that takes risk away may. So what is more urgent goes first whenever both wait.

Orders that belong together leave together or not at all: who decides on them asks at every venue, and has room kept
there until they leave. What opens is dropped where there is none; what closes stands in line for it.
"""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from enum import IntEnum
from typing import Any, Protocol

import attrs

from perpbot.clock import NS_PER_SECOND

ORDER = "order"
"""The kind of call that places an order; every other kind is a venue's own word."""
GUESS_S, LONGEST_GUESS_S = 1.0, 60.0
"""The pause after a 429 that does not say how long; it doubles with every further one."""
BANNED_S = 120.0
"""The pause after a 418 that does not say how long."""
PLACE_NS = 2 * NS_PER_SECOND
"""Who stands in line loses the place after so long without asking again."""


class Urgency(IntEnum):
    """How much a call matters."""

    REDUCE = 0
    """An order that takes risk away."""
    OPEN = 1
    READ = 2


ROOM: Mapping[Urgency, float] = {Urgency.REDUCE: 1.0, Urgency.OPEN: 0.95, Urgency.READ: 0.8}
"""The share of a limit that calls of this urgency may use up."""


@attrs.frozen
class Rate:
    """What the configuration allows: `per_s` calls a second on average, `burst` at once after a pause."""

    per_s: float
    burst: int


@attrs.frozen
class Window:
    """What a venue allows: `units` in any `seconds`."""

    units: int
    seconds: float
    only: str = ""
    """What kinds of call begin with that count; empty for all of them."""


@attrs.frozen(kw_only=True)
class RateLimits:
    """What a venue counts."""

    windows: tuple[Window, ...] = ()
    weights: Mapping[str, int] = attrs.field(factory=dict)
    """Units a call costs, by what its kind begins with, the first that fits; all others cost one."""

    def weight(self, kind: str) -> int:
        """Units a call of this kind costs."""
        return next((units for begin, units in self.weights.items() if kind.startswith(begin)), 1)


class Meter(Protocol):
    """One limit."""

    def wait_ns(self, cost: int, room: float, now_ns: int, ahead: int = 0) -> int:
        """How long until `cost` fits into this share of the limit beside what is kept; 0 for now.

        And beside as many other calls as are `ahead`, of the same cost.
        """

    def spend(self, cost: int, now_ns: int) -> None:
        """A call left."""

    def keep(self, cost: int, calls: int) -> None:
        """Keep room for `calls` more calls; fewer, where that is negative."""


class TokenBucket:
    """`rate.per_s` calls a second on average, `rate.burst` at once after a pause. Every call is one."""

    def __init__(self, rate: Rate, now_ns: int) -> None:
        self._ns_per_token = NS_PER_SECOND / rate.per_s
        self._burst = rate.burst
        self._empty_ns = now_ns - rate.burst * self._ns_per_token
        """When the bucket would have been empty: tokens are the time since then."""
        self._kept = 0

    def wait_ns(self, _cost: int, room: float, now_ns: int, ahead: int = 0) -> int:
        """How long until there is a token, and as many left as calls of less room must leave."""
        needed = min(self._burst + 1 - int(self._burst * room), self._burst)
        missing = needed + self._kept + ahead - self.tokens(now_ns)
        return 0 if missing <= 0 else int(missing * self._ns_per_token) + 1

    def spend(self, _cost: int, now_ns: int) -> None:
        """Take a token."""
        full_ns = now_ns - self._burst * self._ns_per_token
        self._empty_ns = max(self._empty_ns, full_ns) + self._ns_per_token

    def keep(self, _cost: int, calls: int) -> None:
        """Tokens that are somebody's already."""
        self._kept += calls

    def tokens(self, now_ns: int) -> float:
        """How many calls could leave at once now."""
        return min(self._burst, (now_ns - self._empty_ns) / self._ns_per_token)


class SlidingWindow:
    """What was spent in the last seconds, call by call."""

    def __init__(self, window: Window) -> None:
        self.window = window
        self._ns = int(window.seconds * NS_PER_SECOND)
        self._calls: deque[tuple[int, int]] = deque()
        self._spent = self._kept = 0

    def wait_ns(self, cost: int, room: float, now_ns: int, ahead: int = 0) -> int:
        """How long until so much has left the window that `cost` fits. One call always fits into an empty one."""
        taken = self.spent(now_ns) + self._kept + cost * ahead
        missing = taken + cost - max(cost, int(self.window.units * room))
        if missing <= 0:
            return 0
        for at_ns, units in self._calls:
            missing -= units
            if missing <= 0:
                return at_ns + self._ns - now_ns
        return self._ns  # what is kept or ahead has to leave first

    def spend(self, cost: int, now_ns: int) -> None:
        """Count a call."""
        self._calls.append((now_ns, cost))
        self._spent += cost

    def keep(self, cost: int, calls: int) -> None:
        """Units that are somebody's already."""
        self._kept += cost * calls

    def spent(self, now_ns: int) -> int:
        """Units that still count."""
        while self._calls and self._calls[0][0] + self._ns <= now_ns:
            self._spent -= self._calls.popleft()[1]
        return self._spent


class Limiter:
    """All the limits of one venue and account, and what the venue said when they were not enough."""

    def __init__(self, reads: Rate | None = None, orders: Rate | None = None, now_ns: int = 0) -> None:
        self._reads = None if reads is None else TokenBucket(reads, now_ns)
        self._orders = None if orders is None else TokenBucket(orders, now_ns)
        self._limits = RateLimits()
        self._windows: tuple[SlidingWindow, ...] = ()
        self._kept: dict[str, int] = {}
        """Until when room for an order is kept, by what it belongs to."""
        self._line: dict[str, int] = {}
        """Who stands in line, and until when the place is theirs."""
        self._in_row = 0
        self._told_ns = 0
        """Until when the venue wants nothing at all."""
        self._guessed_ns = 0
        """Until when we think it better to send nothing but what takes risk away."""
        self.complaints = 0
        """How often the venue said that it was too much."""
        self.held_back = 0
        """Calls that had to wait."""
        self.longest_wait_s = 0.0
        self.notice: Callable[[str, float], None] = lambda _what, _seconds: None
        """Told of every complaint: the status and how long nothing is sent."""

    def declare(self, limits: RateLimits) -> None:
        """What the venue counts."""
        self._limits = limits
        self._windows = tuple(SlidingWindow(each) for each in limits.windows)

    def wait_s(self, kind: str, urgency: Urgency, now_ns: int) -> float:
        """Seconds until a call could leave, if nothing else did; 0 for now. Only a question.

        What adds risk comes after those who stand in line to take some away.
        """
        self._lapse(now_ns)
        return self._wait_s(kind, urgency, now_ns, len(self._line) if urgency is Urgency.OPEN else 0)

    def _wait_s(self, kind: str, urgency: Urgency, now_ns: int, ahead: int) -> float:
        meters, cost = self._meters(kind, urgency), self._limits.weight(kind)
        waits_ns = [each.wait_ns(cost, ROOM[urgency], now_ns, ahead) for each in meters]
        return max(0, self._paused_ns(urgency, now_ns), *waits_ns) / NS_PER_SECOND

    def take(self, kind: str, urgency: Urgency, now_ns: int) -> float:
        """Let a call through and return 0, or return the seconds until it is worth asking again."""
        wait_s = self.wait_s(kind, urgency, now_ns)
        if wait_s:
            self.held_back += 1
            self.longest_wait_s = max(self.longest_wait_s, wait_s)
        else:
            self._spend(kind, urgency, now_ns)
        return wait_s

    def keep(self, owner: str, until_ns: int) -> None:
        """Keep room for one order of `owner`, whoever else asks meanwhile; ask `wait_s` whether there is any.

        It lapses when all that was kept before it has.
        """
        self._let_go(owner)
        self._line.pop(owner, None)
        self._kept[owner] = until_ns
        for each in self._meters(ORDER, Urgency.OPEN):
            each.keep(self._limits.weight(ORDER), 1)

    def stand_in_line(self, owner: str, now_ns: int) -> float:
        """Seconds until there is room to keep for an order of `owner` that takes risk away; 0 for now.

        First come, first served; to be asked again within `PLACE_NS`.
        """
        self._lapse(now_ns)
        if owner in self._kept:
            return 0.0
        self._line[owner] = now_ns + PLACE_NS
        return self._wait_s(ORDER, Urgency.REDUCE, now_ns, list(self._line).index(owner))

    def redeem(self, owner: str, urgency: Urgency, now_ns: int) -> bool:
        """Let an order through that room was kept for; False where none is, or the venue wants nothing now."""
        self._lapse(now_ns)
        if owner not in self._kept or self._paused_ns(urgency, now_ns) > 0:
            return False
        self._let_go(owner)
        self._spend(ORDER, urgency, now_ns)
        return True

    def _spend(self, kind: str, urgency: Urgency, now_ns: int) -> None:
        for each in self._meters(kind, urgency):
            each.spend(self._limits.weight(kind), now_ns)

    def _lapse(self, now_ns: int) -> None:
        while self._kept and self._kept[oldest := next(iter(self._kept))] < now_ns:
            self._let_go(oldest)
        if self._line:
            self._line = {owner: until_ns for owner, until_ns in self._line.items() if until_ns >= now_ns}

    def _let_go(self, owner: str) -> None:
        if self._kept.pop(owner, None) is not None:
            for each in self._meters(ORDER, Urgency.OPEN):
                each.keep(self._limits.weight(ORDER), -1)

    def _meters(self, kind: str, urgency: Urgency) -> list[Meter]:
        bucket = self._reads if urgency is Urgency.READ else self._orders
        windows: list[Meter] = [each for each in self._windows if kind.startswith(each.window.only)]
        return windows if bucket is None else [bucket, *windows]

    def _paused_ns(self, urgency: Urgency, now_ns: int) -> int:
        guessed = 0 if urgency is Urgency.REDUCE else self._guessed_ns
        return max(self._told_ns, guessed) - now_ns

    def answered(self, status: int, retry_after: str | None, now_ns: int) -> None:
        """An answer came. After a 429 or 418 nothing leaves for as long as the venue says.

        Where it does not say after a 429, the pause is a guess, and orders that take risk away do not keep to it: a
        leg that stands alone costs more than another complaint.
        """
        if status not in {429, 418}:
            self._in_row = 0
            return
        self.complaints += 1
        told_s = float(retry_after) if retry_after is not None and retry_after.isdecimal() else None
        if told_s is None and status == 429:  # noqa: PLR2004 - the status
            pause_s = min(LONGEST_GUESS_S, GUESS_S * 2.0 ** min(self._in_row, 10))
            self._guessed_ns = max(self._guessed_ns, now_ns + int(pause_s * NS_PER_SECOND))
        else:
            pause_s = BANNED_S if told_s is None else told_s
            self._told_ns = max(self._told_ns, now_ns + int(pause_s * NS_PER_SECOND))
        self._in_row += 1
        self.notice(str(status), pause_s)

    def reads_spent(self, now_ns: int) -> float:
        """The share that is spent of what the venue counts all reads in, at its largest; 0 where it does not."""
        counted = (each for each in self._windows if "GET ".startswith(each.window.only))
        return max((each.spent(now_ns) / each.window.units for each in counted), default=0.0)

    def describe(self, now_ns: int) -> dict[str, Any]:
        """What is left, and what had to wait."""
        buckets = {"reads": self._reads, "orders": self._orders}
        return {
            "tokens": {name: round(each.tokens(now_ns), 1) for name, each in buckets.items() if each is not None},
            "windows": [
                {"only": each.window.only, "seconds": each.window.seconds, "spent": each.spent(now_ns),
                 "units": each.window.units}
                for each in self._windows
            ],
            "kept": len(self._kept),
            "in_line": len(self._line),
            "held_back": self.held_back,
            "longest_wait_s": round(self.longest_wait_s, 3),
            "complaints": self.complaints,
            "paused_s": round(max(0, self._paused_ns(Urgency.READ, now_ns)) / NS_PER_SECOND, 3),
        }  # fmt: skip


def keep_together(limiters: Sequence[Limiter], owner: str, now_ns: int, until_ns: int) -> float:
    """Keep room for one order of `owner` that takes risk away at each of them and return 0, or keep none.

    Then it stands in line at all of them, everywhere behind the same ones, and the answer is in how many seconds it is
    worth asking again.
    """
    wait_s = max(each.stand_in_line(owner, now_ns) for each in limiters)
    if not wait_s:
        for each in limiters:
            each.keep(owner, until_ns)
    return wait_s
