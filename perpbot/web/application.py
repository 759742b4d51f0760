"""From a request to a route and back: origins, bodies, tokens, scopes, problems. A WSGI application."""

import ipaddress
import json
import traceback
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

import attrs
import falcon
import gevent
import msgspec

from actors.runtime import ActorDeadError, AskTimeoutError, DomainError, MailboxFullError
from perpbot.control.arguments import BadRequestError
from perpbot.web.desk import Desk
from perpbot.web.openapi import describe
from perpbot.web.route import EVENTS, JSON, Access, Call, Encoded, Problem, Route
from perpbot.web.static import Console
from perpbot.web.tokens import Caller, NoTokenError

MAX_BODY = 64 * 1024
BODY_S = 10.0
"""How long a body may take to arrive."""
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'",
}
UNAUTHORIZED = 401
SAFE = {"GET", "HEAD", "OPTIONS"}
FORM = "application/x-www-form-urlencoded"

encode = msgspec.json.Encoder().encode


def application(desk: Desk, routes: Iterable[Route], console: Console) -> falcon.App[Any, Any]:
    """The WSGI application that serves `routes` and the console's files."""
    every = list(routes)
    app: falcon.App[Any, Any] = falcon.App(middleware=[_Headers(desk)])
    app.req_options.keep_blank_qs_values = True
    app.req_options.strip_url_path_trailing_slash = False
    app.set_error_serializer(_serialize)
    app.add_error_handler(Exception, _broken(desk))
    for error, translate in TRANSLATIONS.items():
        app.add_error_handler(error, translate)
    for path in dict.fromkeys(route.path for route in every):
        methods = {f"on_{route.method.lower()}": _responder(desk, route) for route in every if route.path == path}
        app.add_route(path, type("Resource", (), methods)())
    description = encode(describe(every))
    app.add_route("/openapi.json", type("Description", (), {"on_get": _fixed(description)})())
    app.add_sink(console, "/")
    return app


def _fixed(data: bytes) -> Callable[..., None]:
    def respond(_resource: object, _req: falcon.Request, resp: falcon.Response) -> None:
        resp.content_type, resp.data = JSON, data

    return respond


# -- one request -------------------------------------------------------------------------------------------------------


def _responder(desk: Desk, route: Route) -> Callable[..., None]:
    def respond(_resource: object, req: falcon.Request, resp: falcon.Response) -> None:
        caller = None if route.access is Access.OPEN else _caller(desk, route, req)
        call = Call(
            desk=desk,
            caller=caller,
            source=source(desk, req),
            given=None if route.given is None else _given(route, route.given, req),
            last_event=req.get_header("Last-Event-ID"),
        )
        answer = route.handle(call)
        resp.content_type = route.media
        if route.media == EVENTS:
            resp.set_header("X-Accel-Buffering", "no")
            resp.stream = answer
        else:
            encoded = answer if isinstance(answer, Encoded) else Encoded(encode(answer), route.media)
            resp.content_type, resp.data = encoded.media, encoded.data

    return respond


def source(desk: Desk, req: falcon.Request) -> str:
    """Where a request comes from; a proxy of ours says so itself, anybody else is not believed."""
    peer = str(req.env.get("REMOTE_ADDR", ""))
    told = req.get_header("X-Forwarded-For")
    if desk.settings.public_url is None or told is None or not desk.settings.local:
        return peer
    return told.rsplit(",", 1)[-1].strip()[:45]


def _caller(desk: Desk, route: Route, req: falcon.Request) -> Caller:
    scheme, _, token = (req.get_header("Authorization") or "").partition(" ")
    if scheme and scheme.lower() != "bearer":
        raise Problem(401, "unauthorized", "the header Authorization must be: Bearer and the token")
    if not token and route.access is Access.QUERY:
        token = req.get_param("token") or ""
        redeemed = desk.tokens.redeem(token)
        if redeemed is not None:
            return _allowed(route, redeemed)
    try:
        return _allowed(route, desk.tokens.check(token.strip()))
    except NoTokenError as error:
        detail = str(error) if token else "sign in at /api/auth/token, and send the token as Authorization: Bearer"
        raise Problem(401, "unauthorized", detail) from error


def _allowed(route: Route, caller: Caller) -> Caller:
    if route.scope not in caller.scopes:
        raise Problem(403, "forbidden", f"this needs a token of scope {route.scope}")
    return caller


def _given(route: Route, kind: type, req: falcon.Request) -> Any:
    values, strict = (_query(route, req), False) if route.method == "GET" else _body(route, req)
    names = {each.name for each in attrs.fields(kind)}
    unknown = sorted(str(each) for each in values if each not in names) if isinstance(values, dict) else []
    if unknown:
        raise Problem(422, "invalid", f"there is no {unknown[0]!r} here; there are {', '.join(sorted(names))}")
    try:
        return msgspec.convert(values, kind, strict=strict)
    except (msgspec.ValidationError, ValueError, RecursionError) as error:
        raise Problem(422, "invalid", str(error)) from error


def _query(route: Route, req: falcon.Request) -> dict[str, Any]:
    values = dict(req.params)
    if route.access is Access.QUERY:
        values.pop("token", None)
    return values


def _body(route: Route, req: falcon.Request) -> tuple[Any, bool]:
    """The body, and whether its values have types already."""
    media = (req.content_type or JSON).partition(";")[0].strip().lower()
    if media != JSON and not (route.form and media == FORM):
        raise Problem(415, "unsupported media type", f"send {JSON}")
    if (req.content_length or 0) > MAX_BODY:
        raise Problem(413, "too large", f"at most {MAX_BODY} bytes")
    data = _received(req)
    if media == FORM and data.lstrip()[:1] == b"{":
        raise Problem(415, "unsupported media type", f"the body is JSON: send the header Content-Type: {JSON}")
    try:
        if media == FORM:
            return falcon.uri.parse_query_string(data.decode("ascii"), keep_blank=True), False
        return _of_characters(json.loads(data or b"{}", parse_constant=_no_number)), True
    except (ValueError, RecursionError) as error:
        raise Problem(400, "unreadable", f"the body cannot be read: {error}") from error


def _of_characters(values: Any) -> Any:
    """The same; `ValueError` when there is half a character in it, which nobody could write down or send on."""
    json.dumps(values, ensure_ascii=False).encode()
    return values


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _received(req: falcon.Request) -> bytes:
    late = gevent.Timeout(BODY_S)
    try:
        with late:
            data: bytes = req.env["wsgi.input"].read(MAX_BODY + 1)
    except gevent.Timeout as error:
        if error is not late:
            raise
        raise Problem(400, "unreadable", f"the body did not arrive within {BODY_S:g} s") from error
    except OSError as error:
        raise Problem(400, "unreadable", "the body was cut off") from error
    if len(data) > MAX_BODY:
        raise Problem(413, "too large", f"at most {MAX_BODY} bytes")
    return data


# -- what holds for all ------------------------------------------------------------------------------------------------


class _Headers:
    """Refuses requests of other sites, and sets what browsers should keep to."""

    def __init__(self, desk: Desk) -> None:
        settings = desk.settings
        public = None if settings.public_url is None else urlsplit(settings.public_url)
        self._names = {"localhost", *([public.hostname] if public is not None else [])}
        self._origin = None if public is None else f"{public.scheme}://{public.netloc}"
        self._encrypted = settings.tls_cert is not None

    def process_request(self, req: falcon.Request, _resp: falcon.Response) -> None:
        """Look at the headers before anything else."""
        host = req.get_header("Host") or ""
        if not self._ours(host):
            raise Problem(403, "forbidden", "the header Host names another site; set web.public_url where one is meant")
        origin = req.get_header("Origin")
        own = {f"http{'s' if self._encrypted else ''}://{host}", self._origin}
        if req.method not in SAFE and origin is not None and origin not in own:
            raise Problem(403, "forbidden", "the request comes from another site")
        if req.method not in SAFE and req.get_header("Sec-Fetch-Site") in {"cross-site", "same-site"}:
            raise Problem(403, "forbidden", "the request comes from another site")

    def _ours(self, host: str) -> bool:
        """A page of another site can point its own name at us, but never an address."""
        try:
            name = urlsplit(f"//{host}").hostname
        except ValueError:
            return False
        if name in self._names:
            return True
        try:
            ipaddress.ip_address(name or "")
        except ValueError:
            return False
        return True

    def process_response(self, _req: falcon.Request, resp: falcon.Response, _resource: object, _ok: object) -> None:
        """Set the headers of every answer."""
        for name, value in HEADERS.items():
            resp.set_header(name, value)
        if resp.get_header("Cache-Control") is None:
            resp.set_header("Cache-Control", "no-store")


# -- problems ----------------------------------------------------------------------------------------------------------


def _problem(resp: falcon.Response, status: int, title: str, detail: str) -> None:
    resp.status = falcon.code_to_http_status(status)
    resp.content_type = "application/problem+json"
    resp.data = encode({"type": "about:blank", "title": title, "status": status, "detail": detail})


def _told(_req: falcon.Request, resp: falcon.Response, problem: Problem, _params: Mapping[str, Any]) -> None:
    _problem(resp, problem.status, problem.title, problem.detail)
    if problem.status == UNAUTHORIZED:
        resp.set_header("WWW-Authenticate", 'Bearer realm="perpbot"')
    if problem.retry_after_s is not None:
        resp.set_header("Retry-After", str(problem.retry_after_s))


def _bad(_req: falcon.Request, resp: falcon.Response, error: Exception, _params: Mapping[str, Any]) -> None:
    _problem(resp, 409, "cannot be done", str(error))


def _away(_req: falcon.Request, resp: falcon.Response, error: Exception, _params: Mapping[str, Any]) -> None:
    _problem(resp, 503, "unavailable", str(error))


TRANSLATIONS: Mapping[type[Exception], Callable[..., None]] = {
    Problem: _told,
    BadRequestError: _bad,
    DomainError: _bad,
    ActorDeadError: _away,
    AskTimeoutError: _away,
    MailboxFullError: _away,
}


def _broken(desk: Desk) -> Callable[..., None]:
    def handle(req: falcon.Request, resp: falcon.Response, error: Exception, _params: Mapping[str, Any]) -> None:
        if isinstance(error, falcon.HTTPError):
            _serialize(req, resp, error)
            resp.status = error.status
            for name, value in (error.headers or {}).items():  # type: ignore[union-attr]
                resp.set_header(name, value)
            return
        text = "".join(traceback.format_exception(error))
        desk.program.log.error("request failed", actor="web", method=req.method, path=req.path, traceback=text)
        _problem(resp, 500, "failed", f"{type(error).__name__}; the log has the details")

    return handle


def _serialize(_req: falcon.Request, resp: falcon.Response, error: falcon.HTTPError) -> None:
    allowed = dict(error.headers or {}).get("Allow")
    detail = error.description or (f"allowed are {allowed}" if allowed else error.title or "")
    _problem(resp, error.status_code, (error.title or "").lstrip("0123456789 "), detail)
