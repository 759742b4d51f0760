"""Actors the tests of the runtime are made of, and what they say to each other."""

from collections.abc import Callable
from typing import Any

import attrs
import gevent
import structlog

from actors.runtime import Actor, MailboxSpec, Ref, System, handles
from perpbot.chance import Chance


def quiet_system() -> System:
    """A system whose log goes nowhere."""
    return System(Chance(1), structlog.wrap_logger(None, processors=[_drop]))


def _drop(_logger: Any, _method: str, _event: Any) -> Any:
    raise structlog.DropEvent


@attrs.frozen
class Note:
    """Something to remember; `key` is for mailboxes that care."""

    what: Any
    key: Any = None


@attrs.frozen
class Sleep:
    """Wait in the handler."""

    seconds: float


@attrs.frozen
class Fail:
    """Raise in the handler."""

    error: BaseException


@attrs.frozen
class Do:
    """Call `what` with the actor; what it returns is the answer."""

    what: Callable[[Any], Any]


class Notebook(Actor):
    """Writes down what it is told, in `notes`, which outlive it when they are handed in."""

    mailbox = MailboxSpec(capacity=100)

    def __init__(self, notes: list[Any] | None = None) -> None:
        super().__init__()
        self.notes = [] if notes is None else notes

    @handles(Note)
    def note(self, note: Note) -> int:
        self.notes.append(note.what)
        return len(self.notes)

    @handles(Sleep)
    def sleep(self, sleep: Sleep) -> str:
        gevent.sleep(sleep.seconds)
        self.notes.append("woke")
        return "slept"

    @handles(Fail)
    def fail(self, fail: Fail) -> None:
        raise fail.error

    @handles(Do)
    def do(self, do: Do) -> Any:
        return do.what(self)


class InlineNotebook(Notebook):
    """The same, run by the hub itself."""

    inline = True


def spawn(system: System, address: str, notes: list[Any] | None = None, **options: Any) -> Ref:
    """A notebook at `address`."""
    return system.spawn(lambda: Notebook(notes), address, **options)


def spawn_as(system: System, cls: type[Notebook], **options: Any) -> tuple[Ref, list[Any]]:
    """A notebook of a kind of its own at ``/notebook``, and its notes."""
    notes: list[Any] = []
    return system.spawn(lambda: cls(notes), "/notebook", **options), notes


def settle() -> None:
    """Let everything that is ready run."""
    for _ in range(10):
        gevent.sleep(0)
