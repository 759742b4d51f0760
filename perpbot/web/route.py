"""What a route is: one declaration gives the routing, the validation, the scope and the description."""

from collections.abc import Callable, Generator
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import attrs

from perpbot.web.tokens import Caller, Scope

if TYPE_CHECKING:
    from perpbot.web.desk import Desk

JSON = "application/json"
EVENTS = "text/event-stream"
TEXT = "text/plain; version=1.0.0; charset=utf-8"


class Problem(Exception):  # noqa: N818 - RFC 9457 calls it so
    """An answer that is not what was asked for, as RFC 9457 has it."""

    def __init__(self, status: int, title: str, detail: str, retry_after_s: int | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.title = title
        self.detail = detail
        self.retry_after_s = retry_after_s


class Access(StrEnum):
    """How a caller shows who it is."""

    OPEN = "open"
    """Not at all."""
    HEADER = "header"
    """By a token in the header `Authorization`."""
    QUERY = "query"
    """The same, or by a ticket or token in the query: browsers set no headers for event streams."""


@attrs.frozen(kw_only=True)
class Call:
    """One request that passed all checks."""

    desk: "Desk"
    caller: Caller | None
    """None where nobody has to say who it is."""
    source: str
    """Address of the client."""
    given: Any = None
    """The query or the body, of the type that the route declares."""
    last_event: str | None = None
    """What a stream that comes back has seen last."""

    @property
    def who(self) -> str:
        """Name of the caller, for the record."""
        return "nobody" if self.caller is None else self.caller.name


@attrs.frozen
class Encoded:
    """An answer that is bytes already."""

    data: bytes
    media: str = JSON


@attrs.frozen(kw_only=True)
class Route:
    """One method of one path."""

    method: str
    path: str
    handle: Callable[[Call], Any]
    """Its first line of documentation is the summary. It returns what `answer` says, `Encoded`, or, for a stream, a
    generator of bytes. Raises `Problem`."""
    answer: Any
    """The type of the answer, for JSON."""
    access: Access = Access.HEADER
    scope: Scope = Scope.READ
    given: type | None = None
    """An attrs class: the query's parameters for GET, else the body."""
    form: bool = False
    """Whether the body may also come as a form."""
    media: str = JSON
    problems: tuple[int, ...] = ()
    """Statuses of problems that are the route's own."""

    @property
    def name(self) -> str:
        """What the description calls it."""
        return f"{self.method.lower()}{self.path.replace('/', '_').replace('-', '_')}"


Stream = Generator[bytes, None, None]
