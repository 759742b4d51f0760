"""Tell, hop, ask: what a message costs here, and what it costs the yardstick."""

from collections.abc import Callable
from time import thread_time_ns
from typing import Any

import attrs
from gevent.event import Event

from actors.runtime import Actor, DomainError, MailboxSpec, System, handles
from perpbot.bench.by_the_book import GeventActor
from perpbot.bench.measured import Measured, interleaved

MESSAGES = 20_000
ASKS = 4_000
ROUNDS = 15


@attrs.frozen
class Tick:
    """A message that is told."""


@attrs.frozen
class Question:
    """A message that is asked."""


@attrs.frozen
class HardQuestion:
    """A question that is answered with an error."""


class Answering(Actor):
    """Ours: takes ticks, answers questions."""

    mailbox = MailboxSpec(capacity=MESSAGES + 1)

    @handles(Tick)
    def tick(self, _: Tick) -> None:
        """Do nothing."""

    @handles(Question)
    def question(self, _: Question) -> int:
        """Answer."""
        return 1

    @handles(HardQuestion)
    def hard(self, _: HardQuestion) -> None:
        """Say no."""
        raise DomainError("no")


class AnsweringByTheBook(GeventActor):
    """Theirs: the same."""

    def on_receive(self, message: Any) -> Any:
        """Answer, or say no."""
        if type(message) is HardQuestion:
            raise DomainError("no")
        return 1


class Hopping(Actor):
    """Ours: sends the tick back to the other, so many times."""

    other: Any = None
    left = 0
    done: Event

    @handles(Tick)
    def tick(self, message: Tick) -> None:
        """Send it on."""
        self.left -= 1
        if self.left > 0:
            self.other.tell(message)
        else:
            self.done.set()


class InlineHopping(Hopping):
    """Ours, computing only."""

    inline = True


class HoppingByTheBook(GeventActor):
    """Theirs: the same."""

    other: Any = None
    left = 0
    done: Event

    def on_receive(self, message: Any) -> None:
        """Send it on."""
        self.left -= 1
        if self.left > 0:
            self.other.tell(message)
        else:
            self.done.set()


def _each(began_ns: int, count: int) -> float:
    return (thread_time_ns() - began_ns) / count


def _tell(ref: Any) -> float:
    message, tell = Tick(), ref.tell
    began = thread_time_ns()
    for _ in range(MESSAGES):
        tell(message)
    ref.ask(Question())
    return _each(began, MESSAGES)


def _ask(ref: Any) -> float:
    message, ask = Question(), ref.ask
    began = thread_time_ns()
    for _ in range(ASKS):
        ask(message)
    return _each(began, ASKS)


def _failed_ask(ref: Any) -> float:
    message, ask = HardQuestion(), ref.ask
    began = thread_time_ns()
    for _ in range(ASKS):
        try:
            ask(message)
        except DomainError:
            continue
    return _each(began, ASKS)


def _hop(actors: tuple[Any, Any], refs: tuple[Any, Any]) -> float:
    done = Event()
    for actor, other in zip(actors, reversed(refs), strict=True):
        actor.other, actor.left, actor.done = other, MESSAGES // 2, done
    began = thread_time_ns()
    refs[0].tell(Tick())
    done.wait()
    return _each(began, MESSAGES)


def _hopping(cls: type[Hopping]) -> Callable[[], float]:
    system = System()
    refs = system.spawn(cls, "/one"), system.spawn(cls, "/other")
    actors = system.cell("/one").actor, system.cell("/other").actor
    return lambda: _hop(actors, refs)


def _hopping_by_the_book() -> Callable[[], float]:
    refs = HoppingByTheBook.start(), HoppingByTheBook.start()
    actors = tuple(ref._actor_weakref() for ref in refs)  # noqa: SLF001 - to prepare it without messages
    return lambda: _hop(actors, refs)  # type: ignore[arg-type]


def messaging() -> list[Measured]:
    """Ratios to the yardstick, of the medians of interleaved rounds."""
    ours, theirs = System().spawn(Answering, "/answering"), AnsweringByTheBook.start()
    by_the_book = _hopping_by_the_book()
    contests: list[tuple[str, float, Callable[[], float], Callable[[], float]]] = [
        ("tell", 1.5, lambda: _tell(ours), lambda: _tell(theirs)),
        ("hop", 2.0, _hopping(Hopping), by_the_book),
        ("ask", 2.0, lambda: _ask(ours), lambda: _ask(theirs)),
        ("failed ask", 10.0, lambda: _failed_ask(ours), lambda: _failed_ask(theirs)),
        ("inline hop", 6.0, _hopping(InlineHopping), by_the_book),
    ]
    found = []
    for name, least, own, yardstick in contests:
        ratio, own_ns, yardstick_ns = interleaved(own, yardstick, ROUNDS)
        detail = f"{own_ns / 1e3:.2f} µs, by the book {yardstick_ns / 1e3:.2f} µs"
        found.append(Measured(name, ratio, "x", least, at_least=True, detail=detail))
    return found
