"""What can go wrong at a simulated venue, by declaration."""

from collections.abc import Mapping
from typing import Any

import attrs


@attrs.define(kw_only=True)
class Faults:
    """Each number says how many of the next occasions go wrong; it counts down as they do.

    The first group is about HTTP requests. With `trading_only` it spares those that neither place nor cancel.
    """

    drop_requests: int = 0
    """The connection breaks before the venue reads the request."""
    drop_answers: int = 0
    """The request is carried out, then the connection breaks: the acknowledgement is lost."""
    status_500: int = 0
    """500, nothing carried out."""
    masked_500: int = 0
    """500, though it was carried out."""
    status_429: int = 0
    """Too many requests, in the venue's own form."""
    html: int = 0
    """A gateway's HTML page in place of JSON, nothing carried out."""
    truncated: int = 0
    """Half of the JSON body, though it was carried out."""
    latency_ms: int = 0
    """Every request waits this long before the venue reads it."""
    clock_ahead_ms: int = 0
    """How far the venue's clock is ahead, wherever it tells a time; negative for behind. It does not count down."""
    trading_only: bool = False

    refuse_streams: int = 0
    """A WebSocket that is not opened."""
    retry_after_s: int = 0
    """What a 429 says in ``Retry-After``; 0 for nothing. It does not count down."""
    silent_books: int = 0
    """So many markets, the first ones, send nothing of their books though they move. It does not count down."""
    not_a_number: int = 0
    """A book frame with NaN for a price."""
    gap: int = 0
    """A book frame that is not sent, though its number is used."""
    wrong_checksum: int = 0
    """A book frame with a checksum that is not zero and not right; only where the venue has checksums."""
    duplicates: int = 0
    """A private message that is sent twice."""
    partial_fills: int = 0
    """An order that takes liquidity gets half of its size, the rest is cancelled."""

    def take(self, name: str) -> bool:
        """Whether this occasion goes wrong; counts it."""
        left: int = getattr(self, name)
        if left <= 0:
            return False
        setattr(self, name, left - 1)
        return True

    def change(self, values: Mapping[str, Any]) -> None:
        """Set what `values` names.

        Raises:
            ValueError: a name or a value that is not one of these faults'.
        """
        kinds = {each.name: bool if each.name == "trading_only" else int for each in attrs.fields(type(self))}
        for name, value in values.items():
            if name not in kinds or type(value) is not kinds[name] or (value < 0 and name != "clock_ahead_ms"):
                raise ValueError(f"no such fault: {name}={value!r}; there are {', '.join(kinds)}")
        for name, value in values.items():
            setattr(self, name, value)
