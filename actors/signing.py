"""The thread that signs where signing computes for milliseconds in Python."""

import sys
from collections.abc import Callable
from typing import Any, ClassVar, TypeVar

from gevent.threadpool import ThreadPool

IDLE_S = 600
"""The thread ends when there was nothing to sign for this long; the next order starts one."""
SLICE_S = 0.00005
"""How long a thread that signs keeps the interpreter when the hub wants it back. The program's usual time is ten times
as long, and the hub may have to win it back several times while one order is signed."""

T = TypeVar("T")


class Signing:
    """Computes in a thread of its own, one call after the other, while other greenlets run."""

    _under_way: ClassVar[int] = 0
    _usual_s: ClassVar[float] = 0.0

    def __init__(self) -> None:
        self._thread = ThreadPool(1, idle_task_timeout=IDLE_S)

    def __call__(self, work: Callable[..., T], *arguments: Any) -> T:
        """What `work` gives for `arguments`."""
        self._begin()
        try:
            return self._thread.apply(work, arguments)
        finally:
            self._end()

    @classmethod
    def under_way(cls) -> bool:
        """Whether anything is being signed in a thread."""
        return cls._under_way > 0

    @classmethod
    def _begin(cls) -> None:
        if not cls._under_way:
            cls._usual_s = sys.getswitchinterval()
            sys.setswitchinterval(SLICE_S)
        cls._under_way += 1

    @classmethod
    def _end(cls) -> None:
        cls._under_way -= 1
        if not cls._under_way:
            sys.setswitchinterval(cls._usual_s)
