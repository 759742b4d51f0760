"""A thread beside the hub that does one thing after the other: what waits for the disk must not hold up the rest.

Where gevent's pool makes a watcher, a result and a greenlet for every call, one queue and one watcher serve them all
here: half of the way to the disk and back was that.
"""

from collections import deque
from collections.abc import Callable
from typing import Any
from weakref import finalize

import gevent
from gevent.event import AsyncResult
from gevent.monkey import get_original

Done = Callable[[Any, BaseException | None], None]
"""Called in the hub with the result, or with what was raised; it must not wait."""


class Worker:
    """One native thread. What is given to it is done in that order."""

    def __init__(self) -> None:
        self._queue: Any = get_original("queue", "SimpleQueue")()
        self._over: deque[tuple[Done, Any, BaseException | None]] = deque()
        self._bell = gevent.get_hub().loop.async_()
        self._bell.start(_tell, self._over)
        self._end = finalize(self, _end, self._queue, self._bell)  # so does an owner that is forgotten
        get_original("_thread", "start_new_thread")(_serve, (self._queue, self._over, self._bell))

    def end(self) -> None:
        """End the thread after what was given to it."""
        self._end()

    def do(self, work: Callable[[], Any], done: Done) -> None:
        """Have the thread do `work`, and go on."""
        self._queue.put((work, done))

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


def _serve(queue: Any, over: deque[tuple[Done, Any, BaseException | None]], bell: Any) -> None:
    """Runs in the thread."""
    while (item := queue.get()) is not None:
        work, done = item
        try:
            over.append((done, work(), None))
        except BaseException as error:  # noqa: BLE001 - it belongs to whoever waits for the result
            over.append((done, None, error))
        del item, work, done
        bell.send()


def _tell(over: deque[tuple[Done, Any, BaseException | None]]) -> None:
    """Runs in the hub. Two rings may be heard as one."""
    while over:
        done, value, error = over.popleft()
        done(value, error)


def _end(queue: Any, bell: Any) -> None:
    queue.put(None)
    bell.stop()
