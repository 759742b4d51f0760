"""How one actor does over time, as plain values: rates of the last seconds, and troubles with when they began.

Readings in, rates and troubles out; no clock and no effects. Times are monotonic nanoseconds.
"""

from collections import deque
from collections.abc import Iterator, Mapping
from enum import StrEnum

import attrs

from actors.runtime.telemetry import LONGEST, SUM

NS_PER_SECOND = 1_000_000_000
WINDOW_NS = 5 * NS_PER_SECOND
"""Rates are those of this long."""
BUSY, BUSY_NO_MORE = 0.9, 0.75
"""Of the time in handlers: an actor that is busy for longer than the first falls behind sooner or later."""
CALM_SHARE = 0.4
"""Who was busy for no more than this in the last second cannot have been busy for `BUSY` of the last five."""
SLOW_BITS = 30
"""A message that took 2**30 nanoseconds or more, about a second, is slow; the counters know powers of two."""
STUCK_NS = 10 * NS_PER_SECOND
MANY_WAIT, FEW_WAIT, NOT_SHRINKING = 50, 10, 0.9
GROWING_NS = 3 * NS_PER_SECOND
AWAY_NS = 5 * NS_PER_SECOND
CRASHES_IN_A_ROW = 3
QUIET_NS = 30 * NS_PER_SECOND
"""After this long without anything new, what came from single events is over."""
CRASH_LOOP_NS = 60 * NS_PER_SECOND
MOST_ARRIVALS = 512
SOON_S = 3_600


class Kind(StrEnum):
    """What may be wrong with an actor. The first are the gravest."""

    AWAY = "away"
    """It is down, and not because somebody stopped it."""
    CRASH_LOOP = "crash loop"
    STUCK = "stuck"
    """It is at one message for very long."""
    DROPPING = "dropping"
    """Its mailbox is full, messages are lost or refused."""
    GROWING = "growing mailbox"
    BUSY = "busy"
    """It has no time left."""
    SLOW = "slow handler"
    SUSPENDED = "suspended"


@attrs.define
class Reading:
    """One actor at one moment."""

    at_ns: int
    incarnation: int
    state: str
    counts: Mapping[str, list[int]]
    """By type of message, the counters of `HandlerTimes` as they were."""
    depth: int
    dropped: int
    crashes: int
    doing: str | None = None
    began_ns: int | None = None
    """When it began with the message it is at."""
    ticks: int = 0
    capacity: int = 0
    failure: str | None = None
    """The last one."""

    handled: int = -1
    """Messages so far, ticks of timers included; counted where it is not given."""
    handling_ns: int = attrs.field(init=False)
    """Time in handlers so far."""
    finished_ns: int = attrs.field(init=False)
    """The same, without the message it is at."""

    def __attrs_post_init__(self) -> None:
        if self.handled < 0:
            self.handled = sum(sum(each[:SUM]) for each in self.counts.values())
        self.finished_ns = sum(each[SUM] for each in self.counts.values())
        self.handling_ns = self.finished_ns + (0 if self.began_ns is None else self.at_ns - self.began_ns)


@attrs.frozen
class Heaviest:
    """The type of message an actor spent most of its time on."""

    message: str
    share: float
    count: int
    mean_ns: int
    max_ns: int
    """Within a factor of two, as the counters are."""


@attrs.frozen
class Rates:
    """What went on in the last seconds."""

    seconds: float
    messages: float
    """A second."""
    busy: float
    """Share of the time in handlers."""
    growth: float
    """Of the mailbox, a second."""
    heaviest: Heaviest | None


@attrs.frozen
class Trouble:
    """Something is wrong with an actor, and since when; `what` is a sentence about it."""

    kind: Kind
    since_ns: int
    what: str


class Pulse:
    """Follows one actor. The tests are the tables of what counts as trouble."""

    def __init__(self) -> None:
        self._window: deque[Reading] = deque()
        self._arrivals: deque[tuple[float, int]] = deque()
        self._crashes: deque[int] = deque(maxlen=100)
        self._since: dict[Kind, int] = {}
        self._last: dict[Kind, int] = {}
        self._calm_ns = 0
        self._slowest: Heaviest | None = None

    @property
    def last(self) -> Reading | None:
        """The newest reading."""
        return self._window[-1] if self._window else None

    def feed(self, reading: Reading) -> None:
        """Take in what was read next."""
        before = self._window[-1] if self._window else reading
        if reading.incarnation != before.incarnation:
            self._arrivals.clear()
        if not self._window or reading.depth <= FEW_WAIT:
            self._calm_ns = reading.at_ns
        self._window.append(reading)
        while len(self._window) > 2 and self._window[1].at_ns <= reading.at_ns - WINDOW_NS:  # noqa: PLR2004 - a pair
            self._window.popleft()
        self._note_arrivals(reading)
        for _ in range(min(reading.crashes - before.crashes, CRASHES_IN_A_ROW)):
            self._crashes.append(reading.at_ns)
        if self._since or self._crashes or self._last or not _calm(reading, before):
            self._judge(reading, before)

    # -- rates -------------------------------------------------------------------------------------------------------

    def rates(self) -> Rates | None:
        """What went on lately; None before the second reading."""
        if not self._window or self._window[0] is self._window[-1]:
            return None
        first, last = self._window[0], self._window[-1]
        span = last.at_ns - first.at_ns
        seconds = span / NS_PER_SECOND
        return Rates(
            seconds=seconds,
            messages=(last.handled - first.handled) / seconds,
            busy=self._busy(),
            growth=(last.depth - first.depth) / seconds,
            heaviest=max(_spent(first, last, span), key=lambda each: each.share, default=None),
        )

    def _busy(self) -> float:
        first, last = self._window[0], self._window[-1]
        return min(1.0, max(0, last.handling_ns - first.handling_ns) / max(1, last.at_ns - first.at_ns))

    def oldest_ns(self, now_ns: int) -> int | None:
        """For how long the oldest message that waits has been waiting, half a second more or less.

        None when none waited at the last reading.
        """
        return int(now_ns - self._arrivals[0][0]) if self._arrivals else None

    def _note_arrivals(self, reading: Reading) -> None:
        """How many messages had come by when, as long as any of them waits."""
        arrived = self._arrived(reading)
        earlier = self._window[-2].at_ns if len(self._window) > 1 else reading.at_ns
        if not self._arrivals or arrived > self._arrivals[-1][1]:
            self._arrivals.append(((earlier + reading.at_ns) / 2, arrived))
        handled = arrived - reading.depth
        while self._arrivals and self._arrivals[0][1] <= handled:
            self._arrivals.popleft()
        if len(self._arrivals) > MOST_ARRIVALS:
            kept = list(self._arrivals)
            self._arrivals = deque(each for number, each in enumerate(kept) if number % 2 == 0 or each is kept[-1])

    @staticmethod
    def _arrived(reading: Reading) -> int:
        return reading.handled - reading.ticks + reading.depth

    # -- troubles ----------------------------------------------------------------------------------------------------

    def troubles(self) -> list[Trouble]:
        """What is wrong now, the gravest first."""
        return [Trouble(kind, self._since[kind], self._words(kind)) for kind in Kind if kind in self._since]

    def _judge(self, reading: Reading, before: Reading) -> None:
        now = reading.at_ns
        self._lasting(Kind.SUSPENDED, now, holds=reading.state == "suspended")
        away = reading.state in {"backing-off", "restarting", "failed", "unkillable"}
        self._lasting(Kind.AWAY, now, holds=away, after_ns=AWAY_NS)
        began = reading.began_ns
        stuck = began is not None and now - began >= STUCK_NS
        self._lasting(Kind.STUCK, now if began is None else began, holds=stuck)
        self._single(Kind.DROPPING, now, happened=reading.dropped > before.dropped)
        self._judge_growth(reading)
        self._judge_load(now)
        self._judge_slowness(reading, before)
        self._judge_crashes(now)

    def _judge_growth(self, reading: Reading) -> None:
        highest = max(each.depth for each in self._window)
        shrinking = reading.depth < max(NOT_SHRINKING * highest, self._window[0].depth)
        if reading.depth >= MANY_WAIT and not shrinking and reading.at_ns - self._calm_ns >= GROWING_NS:
            self._since.setdefault(Kind.GROWING, self._calm_ns)
        elif reading.depth < MANY_WAIT // 2:
            self._since.pop(Kind.GROWING, None)

    def _judge_load(self, now: int) -> None:
        busy, first_ns = self._busy(), self._window[0].at_ns
        if busy >= BUSY and now - first_ns >= WINDOW_NS:
            self._since.setdefault(Kind.BUSY, first_ns)
        elif busy < BUSY_NO_MORE:
            self._since.pop(Kind.BUSY, None)

    def _judge_slowness(self, reading: Reading, before: Reading) -> None:
        slow = []
        if reading.finished_ns - before.finished_ns >= 1 << SLOW_BITS:  # else there is no need to look closer
            slow = [each for each in _spent(before, reading, 1) if each.max_ns > 1 << SLOW_BITS]
        self._slowest = max(slow, key=lambda each: each.max_ns, default=self._slowest)
        self._single(Kind.SLOW, reading.at_ns, happened=bool(slow))

    def _judge_crashes(self, now: int) -> None:
        while self._crashes and self._crashes[-1] < now - CRASH_LOOP_NS:
            self._crashes.clear()
        if len(self._crashes) >= CRASHES_IN_A_ROW:
            self._since.setdefault(Kind.CRASH_LOOP, self._crashes[0])
        elif not self._crashes:
            self._since.pop(Kind.CRASH_LOOP, None)

    def _lasting(self, kind: Kind, now: int, *, holds: bool, after_ns: int = 0) -> None:
        """What is wrong for as long as it holds."""
        if not holds:
            self._since.pop(kind, None)
            self._last.pop(kind, None)
            return
        began = self._last.setdefault(kind, now)
        if self._window[-1].at_ns - began >= after_ns:
            self._since[kind] = began

    def _single(self, kind: Kind, now: int, *, happened: bool) -> None:
        """What is wrong until it has not happened for a while."""
        if happened:
            self._last[kind] = now
            self._since.setdefault(kind, now)
        elif now - self._last.get(kind, now) >= QUIET_NS:
            self._since.pop(kind, None)

    def _words(self, kind: Kind) -> str:
        last, rates = self._window[-1], self.rates()
        heaviest = None if rates is None else rates.heaviest
        match kind:
            case Kind.AWAY:
                return f"{last.state}; {last.failure}" if last.failure else last.state
            case Kind.SUSPENDED:
                return f"{last.depth:,} messages wait"
            case Kind.CRASH_LOOP:
                return f"{last.crashes:,} crashes so far; {last.failure or 'killed'}"
            case Kind.STUCK:
                return f"not back from {last.doing}; {last.depth:,} messages wait"
            case Kind.DROPPING:
                return f"the mailbox is full, {last.dropped:,} messages did not get in so far"
            case Kind.GROWING:
                return f"{last.depth:,} messages wait{_growth(last, rates)}"
            case Kind.BUSY:
                on = "" if heaviest is None else f", {heaviest.share:.0%} with {heaviest.message}"
                mean = "" if heaviest is None or not heaviest.count else f", {_ms(heaviest.mean_ns)} each"
                return f"{0 if rates is None else rates.busy:.0%} of the time in handlers{on}{mean}"
            case Kind.SLOW:
                slowest = self._slowest
                return "slow" if slowest is None else f"{slowest.message} takes up to {_ms(slowest.max_ns)}"


def _calm(reading: Reading, before: Reading) -> bool:
    """Whether nothing can be wrong, so that most actors need no closer look: that is for a second, not for five."""
    return (
        reading.state == "running"
        and reading.began_ns is None
        and reading.depth < MANY_WAIT
        and (reading.crashes, reading.dropped) == (before.crashes, before.dropped)
        and reading.finished_ns - before.finished_ns <= CALM_SHARE * (reading.at_ns - before.at_ns)
    )


def _growth(last: Reading, rates: Rates | None) -> str:
    """How fast a mailbox grows, and when it will be full."""
    if rates is None or rates.growth < 1:
        return ""
    full_s = (last.capacity - last.depth) / rates.growth
    full = f"; full in {full_s:,.0f} s" if 0 < full_s < SOON_S else ""
    return f", {rates.growth:,.0f} more each second{full}"


def _ms(ns: int) -> str:
    return f"{ns / 1e9:.1f} s" if ns >= NS_PER_SECOND else f"{ns / 1e6:.3g} ms"


def _spent(first: Reading, last: Reading, span_ns: int) -> Iterator[Heaviest]:
    """What the time between two readings went to, by type of message."""
    for message, counters in last.counts.items():
        earlier = first.counts.get(message)
        passed = counters if earlier is None else [now - then for now, then in zip(counters, earlier, strict=True)]
        count, total = sum(passed[:SUM]), passed[SUM]
        if last.doing == message and last.began_ns is not None:
            total += last.at_ns - max(last.began_ns, first.at_ns)
        if total > 0:
            bits = max((number for number, each in enumerate(passed[:SUM]) if each), default=0)
            longest = min(1 << bits, counters[LONGEST])
            yield Heaviest(message, min(1.0, total / span_ns), count, total // max(1, count), longest)
