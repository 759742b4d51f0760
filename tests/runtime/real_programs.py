"""Programs for real processes: real time, real threads, real signals. Usage: python real_programs.py NAME"""

import os
import signal
import sys
import time
from collections.abc import Callable
from typing import Any

import attrs
import gevent
from gevent.event import Event
from gevent.monkey import get_original
from runtime_actors import Do, Notebook, quiet_system

from actors.runtime import Actor, handles
from actors.runtime.watchdog import Blocked, Watchdog
from perpbot.clock import monotonic_ns
from supervisors.spec import ChildSpec
from supervisors.supervisor import Supervisor

_sleep = get_original("time", "sleep")
_thread: Any = get_original("threading", "Thread")


def say(*words: object) -> None:
    """Write a line for the test."""
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


@attrs.frozen
class Sent:
    """When it was sent, on the monotonic clock."""

    at_ns: int


@attrs.frozen
class Burn:
    """Compute for so long."""

    seconds: float


class Timed(Actor):
    """Notes how late messages are; burns."""

    def __init__(self) -> None:
        super().__init__()
        self.late_ms: list[float] = []

    @handles(Sent)
    def sent(self, message: Sent) -> None:
        self.late_ms.append((monotonic_ns() - message.at_ns) / 1e6)

    @handles(Burn)
    def burn(self, message: Burn) -> None:
        end_ns = monotonic_ns() + int(message.seconds * 1e9)
        while monotonic_ns() < end_ns:
            for _ in range(1_000):  # seldom elsewhere than here
                sum(range(10))


class InlineTimed(Timed):
    inline = True


def native_tells() -> None:
    """Messages from a native thread to idle actors; says the median lateness in ms."""
    system = quiet_system()
    for cls in (Timed, InlineTimed):
        address = f"/{cls.__name__}"
        ref = system.spawn(cls, address)

        def send(ref: Any = ref) -> None:
            for _ in range(50):
                _sleep(0.01)
                ref.tell(Sent(monotonic_ns()))

        thread = _thread(target=send)
        thread.start()
        actor: Any = system.cell(address).actor
        while len(actor.late_ms) < 50:
            gevent.sleep(0.45)  # nothing else wakes the hub
        say(cls.__name__, sorted(actor.late_ms)[25])


def native_asks() -> None:
    """Questions from native threads to an actor; says the answers."""
    ref = quiet_system().spawn(Notebook, "/notebook")
    answers: list[Any] = []

    def ask(number: int) -> None:
        answers.append(ref.ask(Do(lambda _: number), timeout_s=10))

    threads = [_thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    while len(answers) < len(threads):
        gevent.sleep(0.01)
    say(*sorted(answers))


def blocked() -> None:
    """Actors of both kinds keep the hub; says what the watchdog said."""
    system = quiet_system()
    watchdog = Watchdog(limit_s=0.1)
    seen: list[Blocked] = []
    watchdog.on_blocked = seen.append
    watchdog.start()
    for cls in (Timed, InlineTimed):
        ref = system.spawn(cls, f"/{cls.__name__}")
        gevent.sleep(0.1)
        seen.clear()
        ref.tell(Burn(0.3))
        while not seen:
            gevent.sleep(0.01)
        say(seen[0].address, seen[0].during, seen[0].stack[-1].function, seen[0].lasted_ns > 200_000_000)


def stuck() -> None:
    """A handler that never ends; says what the thread says meanwhile, and ends the process."""
    watchdog = Watchdog(limit_s=0.1, stuck_s=0.3)

    def tell(block: Blocked) -> None:
        say(block.address, block.during)
        os._exit(3)

    watchdog.on_stuck = tell
    watchdog.start()
    quiet_system().spawn(Timed, "/timed").tell(Burn(60))
    gevent.sleep(60)


def signals() -> None:
    """Busy actors, and one orderly shutdown at a signal; says the order in which they stopped."""
    system = quiet_system()
    stopped: list[str] = []
    ended = Event()
    asked: list[int] = []

    class Busy(Notebook):
        def on_start(self) -> None:
            self.timers.every(0.001, Do(lambda _: time.sleep(0.0005)))

        def on_stop(self) -> None:
            stopped.append(self.address)

    def heed() -> None:
        asked.append(1)
        ended.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        gevent.signal_handler(number, heed)
    specs = [ChildSpec(name=f"busy-{number}", start=Busy) for number in range(3)]
    system.spawn(lambda: Supervisor(specs), "/root")
    say("up")
    ended.wait()
    system.stop("/root", 10)
    say(len(asked), *stopped, str(system.cell("/root").last_exit))


PROGRAMS: dict[str, Callable[[], None]] = {
    each.__name__: each for each in (native_tells, native_asks, blocked, stuck, signals)
}

if __name__ == "__main__":
    PROGRAMS[sys.argv[1]]()
