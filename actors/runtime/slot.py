"""A place for one answer: what an ask waits on."""

from typing import Any

import gevent
from greenlet import getcurrent

from actors.runtime.errors import AskTimeoutError
from perpbot.clock import NS_PER_SECOND, monotonic_ns


class Slot:
    """Holds one answer, value or error, and wakes the one greenlet that waits for it."""

    __slots__ = ("_answered", "_error", "_parked", "_value")

    def __init__(self) -> None:
        self._answered = False
        self._value: Any = None
        self._error: BaseException | None = None
        self._parked: Any = None

    @property
    def answered(self) -> bool:
        """Whether an answer is there."""
        return self._answered

    def set(self, value: Any = None) -> None:
        """Answer with `value`; the first answer counts."""
        if not self._answered:
            self._answered, self._value = True, value
            self._wake()

    def fail(self, error: BaseException) -> None:
        """Answer with an error, which `wait` raises."""
        if not self._answered:
            self._answered, self._error = True, error
            self._wake()

    def _wake(self) -> None:
        if self._parked is not None:
            gevent.get_hub().loop.run_callback(self._resume)

    def _resume(self) -> None:
        parked, self._parked = self._parked, None
        if parked is not None:
            parked.switch()

    def wait(self, timeout_s: float | None) -> Any:
        """The answer, waiting at most `timeout_s` seconds; raises the error it was answered with.

        Raises:
            AskTimeoutError: no answer came in time.
        """
        if not self._answered:
            self._park(timeout_s)
        if self._error is not None:
            raise self._error
        return self._value

    def _park(self, timeout_s: float | None) -> None:
        hub = gevent.get_hub()
        deadline = None if timeout_s is None else monotonic_ns() + int(timeout_s * NS_PER_SECOND)
        timer = None
        if timeout_s is not None:
            timer = hub.loop.timer(timeout_s)
            timer.start(self._resume)
        try:
            while not self._answered:
                if deadline is not None and monotonic_ns() >= deadline:
                    raise AskTimeoutError(f"no answer within {timeout_s} s")
                self._parked = getcurrent()
                hub.switch()
        finally:
            self._parked = None
            if timer is not None:
                timer.stop()
                timer.close()
