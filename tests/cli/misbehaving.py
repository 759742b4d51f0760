"""PerpBot with three actors that misbehave: one is slow, one's mailbox grows, one crashes again and again.

Usage: .venv/bin/python tests/cli/misbehaving.py --state DIR, and what else `python -m perpbot.main` takes.
"""

if __name__ == "__main__":
    from gevent import monkey

    monkey.patch_all()

import sys
from collections.abc import Callable

import attrs
import gevent

from actors.runtime import Actor, Backoff, MailboxSpec, handles
from perpbot import main
from supervisors.spec import ChildSpec, Kind
from supervisors.supervisor import Supervisor

HIDDEN = "nobody may see this"


@attrs.frozen
class Price:
    """Something to do."""

    number: int
    api_secret: str = HIDDEN


@attrs.frozen
class Send:
    """It is time to send."""


class Slow(Actor):
    """Needs 50 ms for what comes every 20 ms, and takes only the latest."""

    mailbox = MailboxSpec(capacity=100, latest_by=type)

    @handles(Price)
    def on_price(self, _: Price) -> None:
        """Wait for something that is slow."""
        gevent.sleep(0.05)


class Hoarder(Actor):
    """Needs 25 ms for what comes every 10 ms."""

    mailbox = MailboxSpec(capacity=20_000)

    @handles(Price)
    def on_price(self, _: Price) -> None:
        """Fall behind."""
        gevent.sleep(0.025)


class Looper(Actor):
    """Fails at the third price."""

    seen = 0

    @handles(Price)
    def on_price(self, price: Price) -> None:
        """Fail sooner or later."""
        self.seen += 1
        if self.seen == 3:
            raise ValueError(f"price {price.number} is not on the grid")


class Calm(Actor):
    """Does what it should."""

    @handles(Price)
    def on_price(self, price: Price) -> int:
        """Answer."""
        return price.number


class Sender(Actor):
    """Sends prices to one of the others."""

    def __init__(self, to: str, every_s: float) -> None:
        super().__init__()
        self._to = to
        self._every_s = every_s
        self._sent = 0

    def on_start(self) -> None:
        """Begin."""
        self._receiver = self.look_up(self._to)
        self.timers.every(self._every_s, Send())

    @handles(Send)
    def on_send(self, _: Send) -> None:
        """Send one."""
        self._sent += 1
        self._receiver.tell(Price(self._sent))


def lab() -> ChildSpec:
    """The actors that misbehave, under a supervisor of their own."""
    backoff = Backoff(min_s=0.2, max_s=0.4)

    def child(name: str, start: Callable[[], Actor]) -> ChildSpec:
        return ChildSpec(name=name, start=start, backoff=backoff)

    specs = [
        child("slow", Slow),
        child("hoarder", Hoarder),
        child("looper", Looper),
        child("calm", Calm),
        child("slow-sender", lambda: Sender("/lab/slow", 0.02)),
        child("hoarder-sender", lambda: Sender("/lab/hoarder", 0.01)),
        child("looper-sender", lambda: Sender("/lab/looper", 0.1)),
        child("calm-sender", lambda: Sender("/lab/calm", 0.1)),
    ]
    return ChildSpec(name="lab", start=lambda: Supervisor(specs), kind=Kind.SUPERVISOR)


def run(options: list[str]) -> int:
    """Run PerpBot with the lab in place of its lines for people."""
    vars(main)["plain_view"] = lambda *_: lab()
    return int(main.main.main(["--no-console", *options], standalone_mode=False) or 0)


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
