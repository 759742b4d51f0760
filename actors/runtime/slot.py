"""A place for one answer: what an ask waits on."""

from collections import deque
from time import monotonic_ns  # noqa: TID251 - on the hot path; the simulated world replaces it here too
from typing import Any

from gevent import get_hub
from gevent._hub_local import get_hub_if_exists
from greenlet import getcurrent, greenlet

from actors.runtime.errors import AskTimeoutError
from perpbot.clock import NS_PER_SECOND

switch = greenlet.switch
"""Not gevent's own way to the hub, see `Trampoline.leave`."""


class Slot:
    """Holds one answer, value or error, and wakes the one greenlet that waits for it."""

    __slots__ = ("_error", "_hub", "_parked", "_value", "_waking", "answered", "deadline_ns")

    def __init__(self) -> None:
        self.answered = False
        """Whether an answer is there."""
        self.deadline_ns = 0
        """Monotonic, when whoever waits gives up; 0 while nobody does."""
        self._error: BaseException | None = None
        self._parked: Any = None
        """Goes on with whoever waits."""

    @property
    def failed(self) -> bool:
        """Whether the answer is an error."""
        return self.answered and self._error is not None

    def set(self, value: Any = None) -> None:
        """Answer with `value`; the first answer counts. `fail` wakes as this does: a call more for each ask shows."""
        if not self.answered:
            self.answered, self._value = True, value
            parked = self._parked
            if parked is not None:
                hub = self._hub
                if get_hub_if_exists() is hub:
                    self._waking = hub.loop.run_callback(parked)
                else:  # another thread's
                    hub.loop.run_callback_threadsafe(self._resume)

    def fail(self, error: BaseException) -> None:
        """Answer with an error, which `wait` raises."""
        if not self.answered:
            self.answered, self._error = True, error
            parked = self._parked
            if parked is not None:
                hub = self._hub
                if get_hub_if_exists() is hub:
                    self._waking = hub.loop.run_callback(parked)
                else:  # another thread's
                    hub.loop.run_callback_threadsafe(self._resume)

    def expire(self, timeout_s: float) -> None:
        """Answer with `AskTimeoutError` in `timeout_s` seconds, unless an answer comes before."""
        if not self.answered:
            if not self.deadline_ns:
                self.deadline_ns = monotonic_ns() + int(timeout_s * NS_PER_SECOND)
            _deadlines(get_hub()).watch(self, timeout_s)

    def unanswered(self) -> str:
        """What to say when no answer has come."""
        return "no answer"

    def _resume(self) -> None:
        parked, self._parked = self._parked, None
        if parked is not None:
            parked()

    def wait(self, timeout_s: float | None) -> Any:
        """The answer, waiting at most `timeout_s` seconds; raises the error it was answered with.

        Raises:
            AskTimeoutError: no answer came in time.
        """
        if not self.answered:
            self._hub = hub = get_hub()
            if timeout_s is not None:
                if not self.deadline_ns:
                    self.deadline_ns = monotonic_ns() + int(timeout_s * NS_PER_SECOND)
                (getattr(hub, "perpbot_deadlines", None) or _deadlines(hub)).watch(self, timeout_s)
            waiter = getcurrent()
            if waiter is hub:
                hub.switch_out()  # says that nobody may wait there
            self._parked = waiter.switch
            try:
                if not self.answered:  # it may have come from another thread in this very moment
                    switch(hub)
            except BaseException:  # whoever is ended here leaves no wake-up behind for a later wait
                waking = getattr(self, "_waking", None)
                if waking is not None:
                    waking.stop()
                raise
            finally:
                self._parked = None
        if self._error is not None:
            raise self._error
        return self._value


class Deadlines:
    """The deadlines of the asks of one hub.

    Asks with the same timeout expire in the order they were asked, so that one queue and one timer serve them all.
    """

    def __init__(self, loop: Any) -> None:
        self._loop = loop
        self._queues: dict[float, deque[Slot]] = {}

    def watch(self, slot: Slot, timeout_s: float) -> None:
        """Expire `slot` at its deadline, which is `timeout_s` seconds away, unless it is answered before."""
        queue = self._queues.get(timeout_s)
        if queue is None:
            queue = self._queues[timeout_s] = deque()
            self._arm(timeout_s, timeout_s)
        while queue and queue[0].answered:
            queue.popleft()
        queue.append(slot)

    def _arm(self, timeout_s: float, after_s: float) -> None:
        timer = self._loop.timer(max(0.0, after_s))
        timer.start(self._look, timeout_s, timer)

    def _look(self, timeout_s: float, timer: Any) -> None:
        timer.close()
        queue = self._queues[timeout_s]
        now = monotonic_ns()
        while queue and (queue[0].answered or queue[0].deadline_ns <= now):
            slot = queue.popleft()
            slot.fail(AskTimeoutError(f"{slot.unanswered()} within {timeout_s:g} s"))
        if queue:
            self._arm(timeout_s, (queue[0].deadline_ns - now) / NS_PER_SECOND)
        else:
            del self._queues[timeout_s]


def _deadlines(hub: Any) -> Deadlines:
    deadlines: Deadlines | None = getattr(hub, "perpbot_deadlines", None)
    if deadlines is None:
        deadlines = hub.perpbot_deadlines = Deadlines(hub.loop)
    return deadlines
