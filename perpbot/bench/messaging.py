"""Tell, hop, ask: what a message costs here, and what it costs the yardstick."""

from collections.abc import Callable
from time import thread_time_ns
from typing import Any

import attrs
from gevent.event import Event
from pykka import ActorRegistry

from actors.runtime import Actor, DomainError, MailboxSpec, System, handles
from perpbot.bench.by_the_book import GeventActor
from perpbot.bench.life import kill_all
from perpbot.bench.measured import Measured, interleaved

MOST_MESSAGES = 100_000
MESSAGES_PER_ASK = 5
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

    mailbox = MailboxSpec(capacity=MOST_MESSAGES + 1)

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


def _tell(ref: Any, count: int) -> float:
    message, tell = Tick(), ref.tell
    began = thread_time_ns()
    for _ in range(count):
        tell(message)
    ref.ask(Question())
    return _each(began, count)


def _ask(ref: Any, count: int) -> float:
    message, ask = Question(), ref.ask
    began = thread_time_ns()
    for _ in range(count):
        ask(message)
    return _each(began, count)


def _failed_ask(ref: Any, count: int) -> float:
    message, ask = HardQuestion(), ref.ask
    began = thread_time_ns()
    for _ in range(count):
        try:
            ask(message)
        except DomainError:
            continue
    return _each(began, count)


def _hop(actors: tuple[Any, Any], refs: tuple[Any, Any], count: int) -> float:
    done = Event()
    for actor, other in zip(actors, reversed(refs), strict=True):
        actor.other, actor.left, actor.done = other, count // 2, done
    began = thread_time_ns()
    refs[0].tell(Tick())
    done.wait()
    return _each(began, count)


def _hopping(system: System, cls: type[Hopping], count: int) -> Callable[[], float]:
    name = cls.__name__
    refs = system.spawn(cls, f"/{name}/one"), system.spawn(cls, f"/{name}/other")
    actors = system.cell(f"/{name}/one").actor, system.cell(f"/{name}/other").actor
    return lambda: _hop(actors, refs, count)


def _hopping_by_the_book(count: int) -> Callable[[], float]:
    refs = HoppingByTheBook.start(), HoppingByTheBook.start()
    actors = tuple(ref._actor_weakref() for ref in refs)  # noqa: SLF001 - to prepare it without messages
    return lambda: _hop(actors, refs, count)  # type: ignore[arg-type]


def messaging(count: int) -> list[Measured]:
    """Ratios to the yardstick, the medians of interleaved rounds of so many messages."""
    system, asks = System(), count // MESSAGES_PER_ASK
    ours, theirs = system.spawn(Answering, "/answering"), AnsweringByTheBook.start()
    by_the_book = _hopping_by_the_book(count)
    contests: list[tuple[str, float, Callable[[], float], Callable[[], float]]] = [
        ("tell", 1.5, lambda: _tell(ours, count), lambda: _tell(theirs, count)),
        ("hop", 2.0, _hopping(system, Hopping, count), by_the_book),
        ("ask", 2.0, lambda: _ask(ours, asks), lambda: _ask(theirs, asks)),
        ("failed ask", 10.0, lambda: _failed_ask(ours, asks), lambda: _failed_ask(theirs, asks)),
        ("inline hop", 6.0, _hopping(system, InlineHopping, count), by_the_book),
    ]
    found = []
    for name, least, own, yardstick in contests:
        ratio, own_ns, yardstick_ns = interleaved(own, yardstick, ROUNDS)
        detail = f"{own_ns / 1e3:.2f} µs, by the book {yardstick_ns / 1e3:.2f} µs"
        found.append(Measured(name, ratio, "x faster", least, at_least=True, detail=detail))
    kill_all(system)
    ActorRegistry.stop_all()
    return found
