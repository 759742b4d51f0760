"""The place for an answer wakes who waits for it, once, and nobody else."""

from collections.abc import Callable
from typing import Any

import gevent
from gevent.exceptions import BlockingSwitchOutError
from greenlet import getcurrent

from actors.runtime.slot import Slot
from perpbot.simulation.world.forked import in_world


class EndedError(Exception):
    """What ends a wait from outside."""


def waiting(first: Slot, then: Slot, told: list[Any]) -> None:
    """Wait for the first; once that was ended, for the other one."""
    try:
        told.append(first.wait(None))
    except EndedError:
        told.append(then.wait(None))


def end_at_once(waiter: Any) -> None:
    """Before anything else that is due has its turn; this greenlet has one after that."""
    gevent.get_hub().loop.run_callback(getcurrent().switch)
    waiter.throw(EndedError())


def wait_ended_after(answer: Callable[[Slot], None]) -> None:
    """Answer, end the wait before it goes on, and look what its greenlet waits for next."""
    first, then, told = Slot(), Slot(), list[Any]()
    waiter = gevent.spawn(waiting, first, then, told)
    gevent.sleep(1)
    answer(first)
    end_at_once(waiter)
    gevent.sleep(1)
    assert not waiter.dead
    then.set("in time")
    gevent.sleep(1)
    assert told == ["in time"]


@in_world()
def test_a_wait_that_was_ended_after_the_answer_leaves_no_wake_up_for_the_next_wait() -> None:
    wait_ended_after(lambda slot: slot.set("late"))


@in_world()
def test_nor_does_one_that_was_ended_after_an_error() -> None:
    wait_ended_after(lambda slot: slot.fail(ValueError("late")))


@in_world()
def test_nobody_waits_in_the_hub() -> None:
    told = list[str]()

    def wait() -> None:
        try:
            Slot().wait(1)
        except BlockingSwitchOutError as error:
            told.append(str(error))

    gevent.get_hub().loop.run_callback(wait)
    gevent.sleep(1)
    assert told == ["Impossible to call blocking function in the event loop callback"]
