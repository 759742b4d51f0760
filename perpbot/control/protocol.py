"""The words of the control socket: one JSON object a line, answered in order.

A request is ``{"v": 1, "id": 7, "verb": "tree", "args": {…}}``. Its answer is ``{"id": 7, "ok": true, "data": …}`` or
``{"id": 7, "ok": false, "error": "…", "code": "…"}``; a streaming verb sends any number of ``{"id": 7, "item": …}``
before it.
"""

import json
from typing import Any

VERSION = 1
MAX_LINE = 1_000_000


class ProtocolError(Exception):
    """A line that is not a request or an answer."""


def encode(message: dict[str, Any]) -> bytes:
    """One message as a line."""
    return json.dumps(message, separators=(",", ":"), default=str).encode() + b"\n"


def decode(line: bytes) -> dict[str, Any]:
    """The message in a line; `ProtocolError` when there is none."""
    try:
        message = json.loads(line)
    except ValueError as error:
        raise ProtocolError(f"not JSON: {error}") from error
    if not isinstance(message, dict):
        raise ProtocolError("not an object")
    return message
