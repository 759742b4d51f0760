"""The logger of one system: every event is stamped, masked and handed to the writers."""

import logging
import sys
from collections.abc import Callable
from typing import Any, TextIO

import structlog
from structlog.contextvars import bind_contextvars, merge_contextvars

from perpbot.clock import iso, wall_ns
from perpbot.logs.background import Event
from perpbot.masking import Mask

_ON_TERMINAL = ("event", "level", "time", "actor", "traceback")


def terminal_writer(stream: TextIO) -> Callable[[Event], None]:
    """Writes events as short lines for people."""

    def write(event: Event) -> None:
        details = " ".join(f"{key}={value}" for key, value in event.items() if key not in _ON_TERMINAL)
        line = f"{event['time'][11:23]} {event['level'].upper():7} {event.get('actor', '-'):28} {event['event']}"
        stream.write(f"{line}  {details}\n" if details else f"{line}\n")
        stream.flush()

    return write


def make_log(level: str, *writers: Callable[[Event], None], mask: Mask | None = None) -> Any:
    """A structlog logger that hands every event of `level` or above to each of `writers`, without what `mask` hides.

    What a greenlet has bound with `bind` stands in all its lines.
    """
    known = mask or Mask()

    def deliver(_logger: Any, _method: str, event: Event) -> Event:
        shown = known.event(event)
        for write in writers:
            write(shown)
        raise structlog.DropEvent

    def stamp(_logger: Any, method: str, event: Event) -> Event:
        event["level"] = method
        event["time"] = iso(wall_ns())
        return event

    return structlog.wrap_logger(
        structlog.PrintLogger(sys.stderr),
        processors=[merge_contextvars, stamp, deliver],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        cache_logger_on_first_use=True,
    )


def bind(**ids: str) -> None:
    """Have `ids`, as in ``trade=…``, stand in every line that this greenlet and those it begins will log."""
    bind_contextvars(**ids)
