"""What lies between an opportunity and its orders leaving does not grow with the trades that are open.

How long it takes is what `perpbot bench trading` measures. Here it is counted: messages, commits, steps of the
interpreter.
"""

import sys
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType
from typing import Any

import gevent

from actors.runtime import System
from actors.runtime.actor import Ping
from actors.runtime.trace import Handled, Sent, Trace
from perpbot.bench.house import VENUES, opportunity
from perpbot.bench.house import House as Bench
from perpbot.bench.trading import at_rest, fill, opened
from perpbot.clock import wall_ns
from perpbot.risk.approval import Refusal
from perpbot.simulation.world.forked import in_world

SYMBOLS = 60
ON_THE_WAY = ("/trades/executor", "/books/orders", "/books/arb", "/books/risk", "/journal")


class House:
    """What `perpbot bench trading` measures, with few symbols and no quotes while somebody counts."""

    def __init__(self, folder: str, open_trades: int) -> None:
        self.house: Any = Bench(Path(folder), SYMBOLS)
        self.system: System = self.house.system
        for number in range(SYMBOLS):
            self.house.quote(number)
        for number in range(open_trades):
            opened(self.house, number)

    def admission(self) -> list[Any]:
        """What is handled on the way of one opportunity, until its orders have been handed to the connections."""
        handled: list[Any] = []

        def note(event: Handled | Sent) -> None:
            if isinstance(event, Handled):
                handled.append(event.message)

        traces = [Trace(self.system.cell(address), note) for address in ON_THE_WAY]
        for trace in traces:
            trace.start()
        found = opportunity(SYMBOLS - 1)
        self.house.wait_for(2, lambda: self.house.executor.tell(found))
        for trace in traces:
            trace.stop()
        return handled

    def steps(self, address: str, message: Any) -> int:
        """How many instructions handling `message` again takes, at an address whose handler does not wait.

        It is handled once before: room at the venues that was kept for orders, and is let go of there as none of them
        leaves, counts for nobody.
        """
        actor: Any = self.system.cell(address).actor
        handler = actor.handlers[type(message)]
        assert not isinstance(handler(actor, message), Refusal), "all rules are asked"
        return steps_of(lambda: handler(actor, message))


def steps_of(work: Callable[[], object]) -> int:
    """How many instructions of the interpreter `work` takes."""
    steps = 0

    def trace(frame: FrameType, event: str, _: object) -> Any:
        nonlocal steps
        frame.f_trace_opcodes = True
        steps += event == "opcode"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
    return steps


def admission_beside(open_trades: int) -> tuple[Counter[str], dict[str, int]]:
    """The messages of one admission, and the steps that each question it asks takes."""
    with TemporaryDirectory() as folder:
        house = House(folder, open_trades)
        messages = house.admission()
        gevent.sleep(1)  # the symbol's cooldown is over
        asked = {"PrepareTrade": "/books/orders", "Reserve": "/books/arb", "AssessOpening": "/books/risk"}
        steps = {
            type(each).__name__: house.steps(asked[type(each).__name__], each)
            for each in messages
            if type(each).__name__ in asked
        }
        executor: Any = house.system.cell("/trades/executor").actor
        found = opportunity(58)
        steps["room"] = steps_of(lambda: executor._no_room(found))
        steps["sides"] = steps_of(lambda: executor._open.sides(found.edge.symbol))
        questions = {*asked, "OpenTrade", "Append"}
        return Counter(name for each in messages if (name := type(each).__name__) in questions), steps


@in_world()
def test_an_admission_takes_as_much_beside_forty_trades_as_beside_two() -> None:
    few, many = admission_beside(2), admission_beside(40)
    assert few == many
    messages, steps = few
    assert messages == {"PrepareTrade": 1, "Reserve": 1, "AssessOpening": 1, "OpenTrade": 1, "Append": 1}
    assert len(steps) == 5


@in_world()
def test_no_actor_is_started_before_the_orders_have_left() -> None:
    with TemporaryDirectory() as folder:
        house = House(folder, 1)
        begun: list[int] = []
        start = house.house._start_trade
        connected = [house.system.ref(f"/venues/{venue}/trading") for venue in VENUES]

        def starting(admitted: Any) -> None:
            for each in connected:
                each.ask(Ping())
            begun.append(len(house.house.left))
            start(admitted)

        executor: Any = house.system.cell("/trades/executor").actor
        executor._start_trade = starting
        house.admission()
        house.house.executor.ask(Ping())
        assert begun == [2]


@in_world()
def test_news_that_meets_is_one_commit() -> None:
    with TemporaryDirectory() as folder:
        house = House(folder, 1)
        left = house.house.wait_for(2, lambda: house.house.executor.tell(opportunity(SYMBOLS - 1)))
        journal: Any = house.system.cell("/journal").actor
        house.house.orders.ask(Ping())
        commits = journal.describe()["commits"]
        fill(house.house, left)
        house.house.orders.ask(Ping())
        assert journal.describe()["commits"] == commits + 1, "two answers and two fills"
        at_rest(house.house, left[0][0].order.trade_id)


@in_world()
def test_what_is_measured_does_not_run_into_a_days_loss() -> None:
    with TemporaryDirectory() as folder:
        house = House(folder, 1)
        risk: Any = house.system.cell("/books/risk").actor
        risk._results.take(ended_ns=wall_ns(), settled_ns=wall_ns(), net=Decimal(-900_000), success=True)
        assert len(house.house.wait_for(2, lambda: house.house.executor.tell(opportunity(SYMBOLS - 1)))) == 2
