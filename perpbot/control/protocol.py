"""The words of the control socket: one JSON object a line, answered in order.

A request is ``{"v": 1, "id": 7, "verb": "tree", "args": {…}}``. Its answer is ``{"id": 7, "ok": true, "data": …}`` or
``{"id": 7, "ok": false, "error": "…", "code": "…"}``; a streaming verb sends any number of ``{"id": 7, "item": …}``
before it. ``code`` is ``bad-request`` when the request cannot be carried out as it is, ``unavailable`` when whom it
needs is away or says no, and ``failed`` when carrying it out went wrong.
"""

import json
from typing import Any

VERSION = 1
MAX_LINE = 1_000_000
"""A request longer than this is refused, and its connection closed."""


MAX_PATH = 103
"""Bytes that every system allows for the path of a Unix socket."""


class ProtocolError(Exception):
    """A line that is not a request or an answer."""


def encode(message: dict[str, Any]) -> bytes:
    """One message as a line."""
    return json.dumps(message, separators=(",", ":"), default=str).encode() + b"\n"


def readable(message: dict[str, Any]) -> dict[str, Any]:
    """The same; what is half a character in it is a question mark: nobody could write it down or send it on."""
    whole: dict[str, Any] = json.loads(json.dumps(message, ensure_ascii=False).encode(errors="replace"))
    return whole


def decode(line: bytes) -> dict[str, Any]:
    """The message in a line; `ProtocolError` when there is none."""
    try:
        message = json.loads(line)
    except ValueError as error:
        raise ProtocolError(f"not JSON: {error}") from error
    except RecursionError as error:
        raise ProtocolError("nested too deep") from error
    if not isinstance(message, dict):
        raise ProtocolError("not an object")
    return message
