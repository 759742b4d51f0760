"""The yardstick: a pykka actor on gevent as pykka's documentation says one is made, from gevent's own parts."""

import sys
from typing import Any

import gevent
import pykka
from gevent.event import AsyncResult
from gevent.queue import Queue


class GeventFuture(pykka.Future[Any]):
    """A pykka future on gevent's `AsyncResult`."""

    def __init__(self) -> None:
        super().__init__()
        self._result: AsyncResult[Any] = AsyncResult()

    def get(self, *, timeout: float | None = None) -> Any:
        """Return the answer, or raise it."""
        try:
            return super().get(timeout=timeout)
        except NotImplementedError:
            pass
        try:
            return self._result.get(timeout=timeout)
        except gevent.Timeout as error:
            raise pykka.Timeout(f"{timeout} seconds") from error

    def set(self, value: Any = None) -> None:
        """Answer with a value."""
        self._result.set(value)

    def set_exception(self, exc_info: Any = None) -> None:
        """Answer with an error, by default the one that is being handled."""
        self._result.set_exception(None, exc_info=exc_info or sys.exc_info())


class GeventActor(pykka.Actor):
    """A pykka actor in a greenlet with gevent's queue for an inbox."""

    @staticmethod
    def _create_actor_inbox() -> Any:
        return Queue()

    @staticmethod
    def _create_future() -> Any:
        return GeventFuture()

    def _start_actor_loop(self) -> None:
        gevent.spawn(self._actor_loop)
