"""The web server's actor: gevent's own, with bounds on how many may come and how long they may take."""

import errno
import traceback
from collections.abc import Callable, Iterable
from contextlib import closing
from typing import Any

import gevent
from gevent.pool import Pool
from gevent.pywsgi import WSGIHandler, WSGIServer

from actors.runtime import Actor, Backoff
from perpbot.config.web import Web
from perpbot.control.audit import Audit
from perpbot.program import Program
from perpbot.sections.feed import Feed
from perpbot.web import alarms, configuring, log_pages, looking, signing_in, steering, streams, trades
from perpbot.web.application import application
from perpbot.web.desk import Desk
from perpbot.web.log_tail import LogTail
from perpbot.web.operator import Operator
from perpbot.web.route import Route
from perpbot.web.site import Site
from perpbot.web.static import Console
from perpbot.web.tokens import Tokens
from supervisors.spec import ChildSpec

NAME = "web"
IDLE_S, HEADERS_S, SEND_S, HANDSHAKE_S = 75.0, 10.0, 10.0, 10.0
"""How long a connection may say nothing, a request's head may take, one piece of an answer, and TLS."""
GOODBYE_S = 0.1

ROUTES: tuple[Route, ...] = (
    *signing_in.ROUTES,
    *looking.ROUTES,
    *trades.ROUTES,
    *log_pages.ROUTES,
    *streams.ROUTES,
    *configuring.ROUTES,
    *steering.ROUTES,
    *alarms.ROUTES,
)
"""Everything there is below the console."""


def web_console(program: Program, site: Site, tail: LogTail, audit: Audit, feed: Feed) -> ChildSpec:
    """The child spec of the console of `program`, which shows what somebody else keeps in `feed`."""
    desk = make_desk(program, site.settings, site.operator, tail, audit, feed)
    app = application(desk, ROUTES, Console())
    return ChildSpec(name=NAME, start=lambda: WebServer(site, desk, app), backoff=Backoff(min_s=0.5, max_s=30.0))


def make_desk(program: Program, settings: Web, operator: Operator, tail: LogTail, audit: Audit, feed: Feed) -> Desk:
    """What the routes work with."""
    program.mask.learn([operator.key.decode()])
    return Desk(
        program=program,
        settings=settings,
        operator=operator,
        tokens=Tokens(operator.key),
        feed=feed,
        history=program.history,
        audit=audit,
        tail=tail,
    )


class _Handler(WSGIHandler):
    """One connection. Who says nothing, or reads nothing, is hung up on; nothing it says gets into the log."""

    ignored_socket_errors = (errno.EPIPE, errno.ECONNRESET, errno.ETIMEDOUT)
    patience_s = HEADERS_S
    """For the next request; who has sent one may take longer for another."""

    def read_requestline(self) -> str:
        late = gevent.Timeout(self.patience_s)
        self.patience_s = IDLE_S
        try:
            with late:
                return str(super().read_requestline())
        except gevent.Timeout as error:
            if error is not late:
                raise
            return ""  # as where the client has gone

    def read_request(self, raw_requestline: str) -> Any:
        with gevent.Timeout(HEADERS_S, ValueError("the head of the request did not arrive in time")):
            return super().read_request(raw_requestline)

    def _sendall(self, data: bytes) -> None:
        with gevent.Timeout(SEND_S, OSError(errno.ETIMEDOUT, "the client reads nothing")):
            super()._sendall(data)  # type: ignore[misc]

    def _log_error(self, kind: type[BaseException], error: BaseException, _traceback: object) -> None:
        if not issubclass(kind, gevent.GreenletExit):
            text = "".join(traceback.format_exception(error))
            path = (self.path or "").partition("?")[0]
            self.server.log_failure(path, text)  # type: ignore[attr-defined]


class Server(WSGIServer):
    """Gevent's server on a listener of ours. Each connection has a greenlet of its own, from the handshake on."""

    def __init__(
        self, site: Site, app: Callable[..., Iterable[bytes]], log_failure: Callable[[str, str], None]
    ) -> None:
        tls: Any = {} if site.tls is None else {"ssl_context": site.tls}
        self._tls: Any = site.tls
        super().__init__(
            site.listener.dup(),
            app,
            log=None,
            error_log=None,
            spawn=Pool(site.settings.connections),
            handler_class=_Handler,
            **tls,
        )
        self.log_failure = log_failure

    def wrap_socket_and_handle(self, client_socket: Any, address: Any) -> None:
        """Shake hands, within a limit; without TLS nobody comes this way."""
        client_socket.settimeout(HANDSHAKE_S)
        try:
            encrypted = self._tls.wrap_socket(client_socket, server_side=True)
        except OSError:  # an SSLError is one: no TLS, or none that we speak, or nothing at all; there is nobody to tell
            client_socket.close()
            return
        with closing(encrypted):
            encrypted.settimeout(None)  # the handler has limits of its own
            self.handle(encrypted, address)


class WebServer(Actor):
    """Serves the console and its API."""

    def __init__(self, site: Site, desk: Desk, app: Callable[..., Iterable[bytes]]) -> None:
        super().__init__()
        self._site = site
        self._desk = desk
        self._app = app
        self._requests = 0

    def on_start(self) -> None:
        """Serve."""
        self._server = Server(self._site, self._count, self._log_failure)
        self._server.start()

    def _count(self, environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        self._requests += 1
        return self._app(environ, start)

    def _log_failure(self, path: str, text: str) -> None:
        self.log.error("connection failed", path=path, traceback=text)

    def on_stop(self) -> None:
        """Answer nobody any more."""
        self._server.stop(timeout=GOODBYE_S)

    def on_failure(self, *_: Any) -> None:
        """Let the connections go, so that the next incarnation begins without them."""
        self.on_stop()

    def describe(self) -> dict[str, Any]:
        """Where it listens, and how much it is used."""
        pool = self._server.pool
        return {
            "url": self._site.url,
            "requests": self._requests,
            "connections": 0 if pool is None else len(pool),
            "streams": self._desk.streams,
        }
