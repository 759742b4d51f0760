"""A thread beside the hub that does one thing after the other: what waits for the disk must not hold up the rest.

Where gevent's pool makes a watcher, a result and a greenlet for every call, one queue and one watcher serve them all
here: half of the way to the disk and back was that. Where the disk is quick, most of the rest is waking the thread; so
what is `brief` passes it by.
"""

from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any
from weakref import finalize

import attrs
import gevent
from gevent.event import AsyncResult
from gevent.monkey import get_original

from perpbot.clock import monotonic_ns
from perpbot.storage.pace import Pace

Done = Callable[[Any, BaseException | None], None]
"""Called in the hub with the result, or with what was raised; it must not wait."""


@attrs.define(eq=False)
class _Desk:
    """Between the hub and the thread."""

    queue: Any
    """Works for the thread."""
    bell: Any
    """Rung by the thread, heard by the hub."""
    over: deque[tuple[Done, Any, BaseException | None]] = attrs.field(factory=deque)
    """What the thread has done."""
    under_way: int = 0
    """Works that were given to the thread and whose results the hub has not heard of. Only the hub counts."""


class Worker:
    """One native thread. What is given to it is done in that order."""

    def __init__(self) -> None:
        self._pace = Pace()
        self._desk = desk = _Desk(get_original("queue", "SimpleQueue")(), gevent.get_hub().loop.async_())
        desk.bell.start(_tell, desk)
        self._end = finalize(self, _end, desk)  # so does an owner that is forgotten
        get_original("_thread", "start_new_thread")(_serve, (desk,))

    def end(self) -> None:
        """End the thread after what was given to it."""
        self._end()

    def do(self, work: Callable[[], Any], done: Done) -> None:
        """Have the thread do `work`, and go on."""
        self._desk.under_way += 1
        self._desk.queue.put((work, done))

    def do_brief(self, work: Callable[[], Any], done: Done) -> None:
        """As `do`; but at once, in the hub, while the thread rests and such works do not take long."""
        timed = partial(_timed, work, self._pace)
        if self._pace.quick and not self._desk.under_way:
            done(*outcome(timed))
        else:
            self.do(timed, done)

    def wait_for(self, work: Callable[[], Any]) -> Any:
        """Have the thread do `work`, and wait until it has; raises what it raised."""
        result: AsyncResult[Any] = AsyncResult()

        def done(value: Any, error: BaseException | None) -> None:
            if error is None:
                result.set(value)
            else:
                result.set_exception(error)

        self.do(work, done)
        return result.get()

    def rest(self) -> None:
        """Wait until everything that was given to the thread is done."""
        self.wait_for(_nothing)


def _nothing() -> None:
    pass


def _timed(work: Callable[[], Any], pace: Pace) -> Any:
    began_ns = monotonic_ns()
    try:
        return work()
    finally:
        pace.took(monotonic_ns() - began_ns)


def outcome(work: Callable[[], Any]) -> tuple[Any, BaseException | None]:
    """What it returns, or what it raises: that belongs to whoever waits for the result."""
    try:
        return work(), None
    except BaseException as error:  # noqa: BLE001
        return None, error


def _serve(desk: _Desk) -> None:
    """Runs in the thread."""
    while (item := desk.queue.get()) is not None:
        work, done = item
        desk.over.append((done, *outcome(work)))
        del item, work, done
        desk.bell.send()


def _tell(desk: _Desk) -> None:
    """Runs in the hub. Two rings may be heard as one."""
    while desk.over:
        done, value, error = desk.over.popleft()
        desk.under_way -= 1
        done(value, error)


def _end(desk: _Desk) -> None:
    desk.queue.put(None)
    desk.bell.stop()
