"""Tokens: what an operator shows in place of the password.

An access token is a JWT and good for a quarter of an hour; a refresh token gets another one, once. Whoever uses a
refresh token twice has stolen it or was stolen from: the whole session ends. A ticket stands for an access token in the
URL of a stream, once and for a minute, because URLs end up in histories and logs.
"""

from collections.abc import Collection
from enum import StrEnum
from typing import Any

import attrs
import jwt

from perpbot.chance import secret
from perpbot.clock import NS_PER_SECOND, wall_ns

AUDIENCE, ALGORITHM = "perpbot", "HS256"
ACCESS_S, REFRESH_S, TICKET_S = 15 * 60, 12 * 3600, 60
MOST_TICKETS = 1_000


class Scope(StrEnum):
    """What a token allows; none includes another."""

    READ = "read"
    TRADE = "trade"
    """Start, stop, kill switches, flatten, cancel, adopt."""
    ADMIN = "admin"
    """The configuration, and restarting actors."""


class NoTokenError(Exception):
    """A token is not good; the text says why."""


@attrs.frozen(kw_only=True)
class Caller:
    """Who calls."""

    name: str
    scopes: frozenset[Scope]
    session: str


@attrs.frozen(kw_only=True)
class Pair:
    """An access token and what gets the next one."""

    access: str = attrs.field(repr=False)
    refresh: str = attrs.field(repr=False)
    scopes: frozenset[Scope]


class Tokens:
    """Issues and checks them. What was revoked is known until it would have expired anyway, or until a restart."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._revoked: dict[str, float] = {}
        """Sessions that are over, and refresh tokens that were used, with the second they expire."""
        self._tickets: dict[str, tuple[float, Caller]] = {}

    def issue(self, name: str, scopes: Collection[Scope], session: str = "") -> Pair:
        """A pair for `name`, of a new session where none is given."""
        caller = Caller(name=name, scopes=frozenset(scopes), session=session or secret(12))
        return Pair(
            access=self._sign(caller, "access", ACCESS_S),
            refresh=self._sign(caller, "refresh", REFRESH_S),
            scopes=caller.scopes,
        )

    def _sign(self, caller: Caller, use: str, lives_s: int) -> str:
        now = int(_now_s())
        claims = {
            "sub": caller.name,
            "aud": AUDIENCE,
            "iat": now,
            "exp": now + lives_s,
            "jti": secret(12),
            "sid": caller.session,
            "use": use,
            "scope": " ".join(sorted(caller.scopes)),
        }
        return jwt.encode(claims, self._key, algorithm=ALGORITHM)

    def check(self, token: str) -> Caller:
        """Who shows this access token.

        Raises:
            NoTokenError: it is not ours, has expired, or its session is over.
        """
        return self._caller(self._claims(token, "access"))

    def refresh(self, token: str) -> Pair:
        """The next pair for a refresh token.

        Raises:
            NoTokenError: it is not good; where it was used before, its session is over now.
        """
        claims = self._claims(token, "refresh")
        if claims["jti"] in self._revoked:
            self._revoke(claims["sid"])
            raise NoTokenError("this refresh token was used before; sign in again")
        caller = self._caller(claims)
        self._revoke(claims["jti"])
        return self.issue(caller.name, caller.scopes, caller.session)

    def end(self, session: str) -> None:
        """The session is over: none of its tokens is good any more."""
        self._revoke(session)

    def over(self, session: str) -> bool:
        """Whether the session was ended."""
        return session in self._revoked

    def ticket(self, caller: Caller) -> str:
        """What stands for `caller` in a URL, once."""
        now = _now_s()
        self._tickets = {name: each for name, each in self._tickets.items() if each[0] > now}
        if len(self._tickets) >= MOST_TICKETS:
            self._tickets.pop(next(iter(self._tickets)))
        ticket = secret()
        self._tickets[ticket] = (now + TICKET_S, caller)
        return ticket

    def redeem(self, ticket: str) -> Caller | None:
        """Whom a ticket stands for; None where it is none, or not good any more."""
        until, caller = self._tickets.pop(ticket, (0.0, None))
        return caller if caller is not None and until > _now_s() and not self.over(caller.session) else None

    def _claims(self, token: str, use: str) -> dict[str, Any]:
        # times are checked below: PyJWT asks a clock of its own
        options: Any = {"require": ["exp", "aud", "sub"], "verify_exp": False, "verify_iat": False}
        try:
            claims = jwt.decode(token, self._key, algorithms=[ALGORITHM], audience=AUDIENCE, options=options)
        except jwt.PyJWTError as error:
            raise NoTokenError("this is not a token of ours") from error
        if not isinstance(claims["exp"], int) or claims["exp"] <= _now_s():
            raise NoTokenError("the token has expired")
        if claims.get("use") != use:
            raise NoTokenError(f"this is not an {use} token" if use == "access" else f"this is not a {use} token")
        return claims

    def _caller(self, claims: dict[str, Any]) -> Caller:
        if self.over(claims["sid"]):
            raise NoTokenError("the session is over; sign in again")
        scopes = frozenset(Scope(each) for each in claims["scope"].split())
        return Caller(name=claims["sub"], scopes=scopes, session=claims["sid"])

    def _revoke(self, what: str) -> None:
        now = _now_s()
        self._revoked = {name: until for name, until in self._revoked.items() if until > now}
        self._revoked[what] = now + REFRESH_S


def _now_s() -> float:
    return wall_ns() / NS_PER_SECOND
