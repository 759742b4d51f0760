"""The page of the API, docs/api.md: what has to be said in words, and tables from the declarations."""

import inspect
from collections.abc import Iterable, Iterator
from typing import Any, get_args, get_origin

import attrs

from perpbot import sections
from perpbot.sections import shapes
from perpbot.web.openapi import explanations, summary
from perpbot.web.route import Access, Route
from perpbot.web.server import ROUTES

_PAGE = """\
# HTTP API

PerpBot serves its console and an API at `http://127.0.0.1:8000` (`--port`, `web.port`; `--no-web` for none). The
address is printed at the start. `/openapi.json` describes every route; this page tells what it cannot.

## Getting in

The first start makes an operator's password and shows it once on the terminal; a service leaves it in the file that its
log names ([security.md](security.md)). `rm run/operator.json` and a restart make another.
Every route below `/api` wants `Authorization: Bearer <access_token>`.

    POST /api/auth/token    {{"password": "…"}}  ->  {{"access_token", "expires_in": 900, "refresh_token", "scope", …}}
    POST /api/auth/refresh  {{"refresh_token": "…"}}  ->  the same
    POST /api/auth/ticket   ->  {{"ticket", "expires_in": 60}}
    POST /api/auth/logout   ->  {{"done": true}}

Bodies are JSON, with `Content-Type: application/json` (curl's `--json`). A refresh token works once, for twelve hours;
shown a second time it ends the session. A ticket stands for the token in the URL of a stream, once. Scopes are `read`,
`trade` and `admin`; a token may be asked for with fewer: `{{"password": "…", "scope": "read"}}`. After five wrong
passwords in a minute an address waits.

Errors are `application/problem+json` (RFC 9457): `type`, `title`, `status` and `detail`, which says what to do.
Requests that change something must not come from pages of other sites: an `Origin` that is not ours is refused, and so
is a `Host` that is a name, unless it is localhost or that of `web.public_url`. What an operator does is written into
the journal, with who did it and what came of it (`/api/audit`).

## The state, once and live

`GET /api/state` answers `{{"seq": n, "state": {{section: …}}}}`. `GET /api/sse/events?token=<ticket>` is a stream of
server-sent events (an access token does, too, but ends up in histories):

| event | data | when |
|---|---|---|
| `snapshot` | `{{"seq", "state"}}`, `id: seq` | on connect |
| `diff` | `{{"seq", "diff"}}`, `id: seq` | at most five times a second, when something changed |
| `heartbeat` | `{{"at"}}` | every 15 s |
| `alert` | `id` and the row of section `alerts`; `id` alone when it is over | when an alert changes |
| `log` | one log line | with `&logs=1` |

`diff` is a JSON merge patch (RFC 7396) for `state`: an object is merged, `null` takes a key away, everything else
replaces. A `seq` that is not the one before plus one means that something was missed: reconnect. A reconnect with
`Last-Event-ID: n` (or `&last_event_id=n`: a ticket works once, so a browser begins a new `EventSource`) goes on from
`n` where that is not too long ago, and begins with a `snapshot` otherwise. Who reads too slowly gets a `snapshot` in
place of what was thrown away. Beyond `web.stream_clients` streams the answer is 503 with `Retry-After`.

## Changing settings

`PATCH /api/config` with `{{"changes": {{"risk.daily_loss_limit": "300"}}}}` changes at once what `GET /api/config`
marks `at_once` (the limits of risk, the scanner's terms, how trades are executed), all of it or nothing. It holds
until the next start: then the file counts. `SIGHUP` (`systemctl reload`) reads the file again, applies the same keys,
and says in the log which changes need a restart.

## Serving it to other machines

It listens on this machine alone. To reach it from others give a certificate (`web.tls_cert`, `web.tls_key`), or
have a proxy add TLS and give its address as `web.public_url`; anything else is refused. Passwords never travel
unencrypted.

## Routes

| route | scope | does | takes |
|---|---|---|---|
{routes}

## Sections of the state

Amounts, prices and quantities are decimal text; times are ISO 8601 in UTC; a key without a value is left out (marked
`?`).

{sections}
This page is written by `python -m perpbot.web`.
"""


def markdown() -> str:
    """The whole page."""
    sections = "\n".join(_sections()).replace("``", "`")
    return _PAGE.format(routes="\n".join(map(_route, ROUTES)), sections=sections)


def _route(route: Route) -> str:
    scope = "-" if route.access is Access.OPEN else route.scope.value
    taken = [] if route.given is None else [f"`{each.name}`" for each in attrs.fields(route.given)]
    ticket = ["`token`"] if route.access is Access.QUERY else []
    return f"| `{route.method} {route.path}` | {scope} | {summary(route)} | {', '.join([*ticket, *taken]) or '-'} |"


def _sections() -> Iterator[str]:
    told = explanations(shapes.Sections)
    for name, kind in inspect.get_annotations(shapes.Sections).items():
        row = _row_of(kind)
        yield f"### {name}\n"
        yield f"{_sentence(row, told.get(name, ''))}\n"
        if row is not None:
            yield "\n".join(_fields(row)) + "\n"


def _row_of(kind: Any) -> type | None:
    """The class of a section's rows, or of the section itself."""
    while inner := get_args(kind):
        kind = inner[-1]
    return kind if _is_shape(kind) else None


def _is_shape(kind: Any) -> bool:
    return str(kind.__module__).startswith(f"{sections.__name__}.")


def _sentence(row: type | None, told: str) -> str:
    own = "" if row is None else " ".join((inspect.getdoc(row) or "").split())
    return " ".join(each for each in (own, told) if each)


def _fields(row: type) -> Iterable[str]:
    told = explanations(row)
    optional: frozenset[str] = getattr(row, "__optional_keys__", frozenset())
    yield "| key | type | |\n|---|---|---|"
    for name, kind in inspect.get_annotations(row).items():
        yield f"| `{name}`{'?' if name in optional else ''} | {_type(kind)} | {told.get(name, '')} |"


def _type(kind: Any) -> str:
    arguments, origin = get_args(kind), get_origin(kind)
    if origin in {dict, list}:
        return f"{'object of' if origin is dict else 'list of'} {_type(arguments[-1])}"
    if arguments:
        return _type(arguments[0])
    names = {str: "text", int: "whole number", float: "number", bool: "true or false"}
    return names[kind] if kind in names else f"[{kind.__name__}](../{kind.__module__.replace('.', '/')}.py)"
