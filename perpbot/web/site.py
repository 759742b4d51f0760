"""Where the console is served, made before anything starts: what cannot be is said while nothing is open yet."""

import errno
import os
import socket
import ssl
import sys
from pathlib import Path

import attrs

from perpbot.config.web import Web
from perpbot.web.operator import NAME as OPERATOR_NAME
from perpbot.web.operator import (
    PASSWORD_NAME,
    Operator,
    OperatorFileError,
    find_operator,
    forget_password,
    keep_password,
)

BACKLOG = 128


class SiteError(Exception):
    """The console cannot be served as configured; the text says where, why and what to do."""


@attrs.frozen(kw_only=True)
class Site:
    """A listener, who may sign in, and how to get there."""

    settings: Web
    listener: socket.socket
    """Kept for as long as the process lives: a server that restarts misses nobody."""
    tls: ssl.SSLContext | None
    operator: Operator
    url: str
    notes: tuple[str, ...]
    """What the user should be told at the start, a line each; a new password among it, this once."""
    invitation: str
    """The line with a new password, where a terminal may show it; empty otherwise."""


def open_site(settings: Web, port: int | None, state: Path) -> Site:
    """Listen at `port`, else at the configured one; the operator's file is in the directory `state`.

    A port that was asked for must be free. Where the configured one is taken, any free one is taken instead: another
    PerpBot may be running.

    Raises:
        SiteError: it is not possible.
    """
    tls = _tls(settings)
    notes, invitation = list[str](), ""
    try:
        listener = _listen(settings.host, settings.port if port is None else port)
    except OSError as error:
        where = f"{settings.host}:{settings.port if port is None else port}"
        if error.errno != errno.EADDRINUSE or port is not None:
            why = "another program listens there" if error.errno == errno.EADDRINUSE else os.strerror(error.errno or 0)
            raise SiteError(
                f"the console cannot be served at {where}: {why}; give another --port, or --no-web"
            ) from error
        listener = _listen(settings.host, 0)
        notes.append(f"{where} is taken by another program, so the console is elsewhere; --port chooses where.")
    url = _url(settings, listener.getsockname()[1], tls)
    try:
        operator, password = find_operator(state)
        notes.append(_how_to_sign_in(password, state))
        if password is not None:
            invitation = f"Sign in at {url} with the password {password}" if sys.stderr.isatty() else ""
    except OperatorFileError as error:
        listener.close()
        raise SiteError(str(error)) from error
    return Site(
        settings=settings,
        listener=listener,
        tls=tls,
        operator=operator,
        url=url,
        notes=tuple(notes),
        invitation=invitation,
    )


def _how_to_sign_in(password: str | None, state: Path) -> str:
    """Where a new password is: here on a terminal, else in a file: others keep what is printed elsewhere."""
    another = f"rm {state / OPERATOR_NAME} for another"
    path = state / PASSWORD_NAME
    if password is not None and sys.stderr.isatty():
        forget_password(state)
        return f"Sign in with the password {password} (shown this once; {another})."
    if password is not None:
        keep_password(state, password)
    elif not path.exists():
        return f"Sign in with the password of the first start ({another})."
    return f"Sign in with the password in {path}; remove that file when you have it ({another})."


def _listen(host: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # without it every answer waits for the client's delayed acknowledgement; accepted sockets inherit it
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


def _tls(settings: Web) -> ssl.SSLContext | None:
    if settings.tls_cert is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(settings.tls_cert, settings.tls_key)
    except OSError as error:  # an SSLError is one
        files = f"web.tls_cert {settings.tls_cert} and web.tls_key {settings.tls_key}"
        raise SiteError(f"{files} cannot be used: {error.strerror or error}") from error
    return context


def _url(settings: Web, port: int, tls: ssl.SSLContext | None) -> str:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"http{'' if tls is None else 's'}://{host}:{port}"
