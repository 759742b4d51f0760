"""The routes by which an operator gets tokens."""

from typing import Annotated, TypedDict

import attrs
import gevent
import msgspec

from perpbot.execution.entries import OperatorActed
from perpbot.web.operator import LONGEST
from perpbot.web.route import Access, Call, Problem, Route
from perpbot.web.tokens import ACCESS_S, TICKET_S, NoTokenError, Pair, Scope

OPERATOR = "operator"
SIGN_IN = "sign in"
"""What the audit calls it."""
AT_ONCE = 2
"""Passwords that are checked at the same time; each takes 32 MB."""


@attrs.frozen(kw_only=True)
class Password:
    """What an operator signs in with."""

    password: Annotated[str, msgspec.Meta(max_length=LONGEST)]
    """Printed once, at the first start."""
    username: str = OPERATOR
    """There is one, ``operator``."""
    scope: Annotated[str, msgspec.Meta(max_length=100)] | None = None
    """Scopes with spaces between; all of them where not given."""
    grant_type: str = "password"
    """As OAuth's forms have it; ``password``."""


@attrs.frozen(kw_only=True)
class RefreshToken:
    """What gets the next token."""

    refresh_token: Annotated[str, msgspec.Meta(max_length=2_000)]


class TokenPair(TypedDict):
    """What an operator shows from now on."""

    access_token: str
    token_type: str
    expires_in: int
    """Seconds."""
    refresh_token: str
    """Good once, for twelve hours."""
    scope: str


class Ticket(TypedDict):
    """What stands for a token in a URL."""

    ticket: str
    expires_in: int
    """Seconds."""


class Done(TypedDict):
    """It is done."""

    done: bool


def token(call: Call) -> TokenPair:
    """Sign in with the operator's password."""
    desk, given = call.desk, call.given
    wait_s = desk.attempts.wait_s(call.source)
    if wait_s or desk.checking >= AT_ONCE:
        raise Problem(429, "too many attempts", f"wait {wait_s or 1} s", retry_after_s=wait_s or 1)
    scopes = _scopes(given.scope)
    desk.checking += 1
    try:
        right = gevent.get_hub().threadpool.apply(desk.operator.knows, (given.password,))
    finally:
        desk.checking -= 1
    if not right or given.username != OPERATOR:
        desk.attempts.failed(call.source)
        _note(call, SIGN_IN, "refused: wrong password")
        raise Problem(
            401,
            "unauthorized",
            "wrong password; the first start printed it; for another one remove operator.json from the state "
            "directory, and start anew",
        )
    desk.attempts.succeeded(call.source)
    _note(call, SIGN_IN, "done")
    return _pair(desk.tokens.issue(OPERATOR, scopes))


def _scopes(given: str | None) -> frozenset[Scope]:
    try:
        return frozenset(Scope(each) for each in (given or " ".join(Scope)).split())
    except ValueError as error:
        raise Problem(422, "invalid", f"{error}; there are {', '.join(Scope)}") from error


def refresh(call: Call) -> TokenPair:
    """Get the next access token; the refresh token that is shown is not good any more."""
    try:
        return _pair(call.desk.tokens.refresh(call.given.refresh_token))
    except NoTokenError as error:
        raise Problem(401, "unauthorized", str(error)) from error


def ticket(call: Call) -> Ticket:
    """Get what stands for the token in the URL of a stream, once and for a minute."""
    if call.caller is None:
        raise Problem(401, "unauthorized", "sign in first")
    return Ticket(ticket=call.desk.tokens.ticket(call.caller), expires_in=TICKET_S)


def sign_out(call: Call) -> Done:
    """End the session: none of its tokens is good any more."""
    if call.caller is not None:
        call.desk.tokens.end(call.caller.session)
        _note(call, "sign out", "done")
    return Done(done=True)


def _pair(pair: Pair) -> TokenPair:
    return TokenPair(
        access_token=pair.access,
        token_type="Bearer",  # noqa: S106 - what it is called
        expires_in=ACCESS_S,
        refresh_token=pair.refresh,
        scope=" ".join(sorted(pair.scopes)),
    )


def _note(call: Call, action: str, outcome: str) -> None:
    call.desk.audit.note(
        OperatorActed(who=OPERATOR, source=call.source, action=action, what="web console", outcome=outcome)
    )


ROUTES = [
    Route(
        method="POST", path="/api/auth/token", handle=token, given=Password, answer=TokenPair,
        access=Access.OPEN, form=True, problems=(401, 429, 503),
    ),
    Route(
        method="POST", path="/api/auth/refresh", handle=refresh, given=RefreshToken, answer=TokenPair,
        access=Access.OPEN, problems=(401,),
    ),
    Route(method="POST", path="/api/auth/ticket", handle=ticket, answer=Ticket),
    Route(method="POST", path="/api/auth/logout", handle=sign_out, answer=Done),
]  # fmt: skip
