"""The example of docs/actors.md: an actor that rings when a price is high. Run it: python docs/examples/alarm.py."""  # noqa: INP001

from decimal import Decimal

import attrs
import gevent

from actors.runtime import Actor, DomainError, MailboxSpec, Ref, System, Terminated, handles
from supervisors.spec import ChildSpec, Restart
from supervisors.supervisor import Supervisor


@attrs.frozen
class Price:
    """Told: what a coin costs now."""

    coin: str
    price: Decimal


@attrs.frozen
class SetLimit:
    """Asked: ring above this price from now on; the answer is the limit before."""

    limit: Decimal


@attrs.frozen
class HowOften:
    """Asked: how often did you ring?"""


class Alarm(Actor):
    """Rings when a price is above its limit."""

    mailbox = MailboxSpec(capacity=100, latest_by=lambda message: getattr(message, "coin", None))

    def __init__(self, limit: Decimal) -> None:
        super().__init__()
        self._limit = limit
        self._rung = 0

    @handles(Price)
    def on_price(self, message: Price) -> None:
        """Ring if it is time to."""
        if message.price <= 0:
            raise ValueError(f"{message.coin} cannot cost {message.price}")
        if message.price > self._limit:
            self._rung += 1
            self.log.info("ring", coin=message.coin, price=str(message.price))
            self.publish("rings", message)

    @handles(SetLimit)
    def on_set_limit(self, message: SetLimit) -> Decimal:
        """Take another limit."""
        if message.limit <= 0:
            raise DomainError(f"a limit of {message.limit} would ring for ever")
        before, self._limit = self._limit, message.limit
        return before

    @handles(HowOften)
    def on_how_often(self, _: HowOften) -> int:
        """Answer."""
        return self._rung


@attrs.frozen
class Look:
    """To itself: it is time to look."""


class Keeper(Actor):
    """Keeps an eye on the alarm: hears it ring, looks every minute, and knows when it is gone for good."""

    def __init__(self, alarm: str) -> None:
        super().__init__()
        self._alarm = alarm
        self.heard: list[str] = []

    def on_start(self) -> None:
        """Listen, watch, and look every minute."""
        self.subscribe(self._alarm, "rings")
        self.watch(self.look_up(self._alarm))
        self.timers.every(60, Look())

    @handles(Price)
    def on_ring(self, message: Price) -> None:
        """The alarm rang."""
        self.heard.append(f"{message.coin} at {message.price}")

    @handles(Look)
    def on_look(self, _: Look) -> None:
        """Ask how often it rang."""
        times = self.look_up(self._alarm).ask(HowOften(), timeout_s=1)
        self.heard.append(f"rang {times} times")

    @handles(Terminated)
    def on_terminated(self, message: Terminated) -> None:
        """The alarm is gone, and nobody will start it again."""
        self.heard.append(f"gone: {message.exit}")


def start(system: System) -> Ref:
    """The alarm and its keeper under one supervisor."""
    children = [
        ChildSpec(name="alarm", start=lambda: Alarm(Decimal(100)), restart=Restart.TRANSIENT),
        ChildSpec(name="keeper", start=lambda: Keeper("/house/alarm")),
    ]
    return system.spawn(lambda: Supervisor(children), "/house")


def main() -> None:
    """Two prices, a wrong one, and the end."""
    system = System()
    start(system)
    alarm = system.ref("/house/alarm")
    alarm.tell(Price("BTC", Decimal(120)))
    gevent.sleep(0.01)
    alarm.tell(Price("BTC", Decimal(-1)))  # it fails with this one, and the next incarnation goes on
    gevent.sleep(0.01)
    alarm.tell(Price("ETH", Decimal(101)))
    gevent.sleep(0.01)
    print(alarm.ask(HowOften()), system.cell("/house/alarm").incarnation)  # noqa: T201
    system.stop("/house")


if __name__ == "__main__":
    main()
