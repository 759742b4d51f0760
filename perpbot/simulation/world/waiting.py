"""How a greenlet waits for something on the simulated network, and how it is woken."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from gevent import get_hub, getcurrent
from gevent.hub import Waiter

if TYPE_CHECKING:
    from collections.abc import Callable

    from perpbot.simulation.world.loop import Loop

Waiters = list["Callable[[Woken], object]"]


class Woken(Enum):
    """Why a wait is over."""

    CHANGED = "something happened; look again"
    EXPIRED = "the deadline came first"
    CANCELLED = "another greenlet closed or shut down what was waited for"


def wait(loop: Loop, lists: tuple[Waiters, ...], deadline_ns: int | None) -> Woken:
    """Block until somebody calls `wake` on one of `lists`, or until `deadline_ns` on the loop's clock."""
    waiter: Waiter[Woken] = Waiter(get_hub())
    switch = waiter.switch
    timer = None if deadline_ns is None else loop.schedule_ns(deadline_ns, switch, (Woken.EXPIRED,))
    for waiters in lists:
        waiters.append(switch)
    try:
        return waiter.get()
    finally:
        if timer is not None:
            timer.callback = None
        for waiters in lists:
            if switch in waiters:
                waiters.remove(switch)


def wake(loop: Loop, waiters: Waiters, why: Woken = Woken.CHANGED) -> None:
    """Let everybody in `waiters` go on: at once when the loop itself calls and there is only one, else in any order."""
    if len(waiters) == 1 and getcurrent() is get_hub():
        waiters.pop()(why)
        return
    for switch in waiters:
        loop.run_callback(switch, why)
    waiters.clear()
