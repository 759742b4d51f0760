"""A listener for Prometheus alone (`metrics.listen`): it answers ``GET /metrics`` and nothing else."""

import errno
import os
from collections.abc import Iterable
from typing import Any

from gevent.pool import Pool
from gevent.pywsgi import WSGIHandler, WSGIServer

from actors.runtime import Actor, Backoff
from perpbot.metrics.rendering import CONTENT_TYPE, render
from perpbot.program import Program
from supervisors.spec import ChildSpec

MOST_CLIENTS = 8
CLIENT_S = 10.0
"""Who sends or reads nothing for so long is hung up on."""


def metrics_listener(program: Program, listen: str) -> ChildSpec:
    """The child spec of the listener at `listen`, as ``127.0.0.1:9464``."""
    return ChildSpec(
        name="metrics",
        start=lambda: MetricsListener(program, listen),
        backoff=Backoff(min_s=0.5, max_s=10.0),
    )


class ListenError(Exception):
    """Nobody can listen there; the text says where, why and what to do."""


class _Handler(WSGIHandler):
    def __init__(self, sock: Any, *arguments: Any, **options: Any) -> None:
        sock.settimeout(CLIENT_S)
        super().__init__(sock, *arguments, **options)


class MetricsListener(Actor):
    """Serves the metrics."""

    def __init__(self, program: Program, listen: str) -> None:
        super().__init__()
        self._program = program
        self._listen = listen
        self._scrapes = 0

    def on_start(self) -> None:
        """Listen; `ListenError` where somebody else does."""
        host, _, port = self._listen.rpartition(":")
        self._server = WSGIServer(
            (host.strip("[]"), int(port)),
            self._answer,
            log=None,
            error_log=None,
            spawn=Pool(MOST_CLIENTS),
            handler_class=_Handler,
        )
        try:
            self._server.start()
        except OSError as error:
            why = "another program listens there" if error.errno == errno.EADDRINUSE else os.strerror(error.errno or 0)
            text = f"metrics cannot be served at {self._listen}: {why}; change metrics.listen"
            raise ListenError(text) from error

    def _answer(self, environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        if environ["PATH_INFO"] != "/metrics" or environ["REQUEST_METHOD"] not in {"GET", "HEAD"}:
            start("404 Not Found", [("Content-Type", "text/plain")])
            return [b"GET /metrics is all there is\n"]
        self._scrapes += 1
        start("200 OK", [("Content-Type", CONTENT_TYPE)])
        return [render(self._program)]

    def on_stop(self) -> None:
        """Answer nobody any more."""
        self._server.stop(timeout=1)

    def on_failure(self, *_: Any) -> None:
        """Let go of the port too, so that the next incarnation finds it free."""
        self.on_stop()

    def describe(self) -> dict[str, Any]:
        """Where it listens, and how often it was asked."""
        return {"listen": self._listen, "scrapes": self._scrapes}
