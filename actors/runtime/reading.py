"""How an incarnation reads its mailbox: signals first, then ticks, then messages. This is the hot loop.

Messages to compute-only actors are read by the hub's `Trampoline`, everything else that comes for them here.
"""

from collections.abc import Callable
from time import monotonic_ns  # noqa: TID251 - twice a message; the simulated world replaces it here too
from typing import TYPE_CHECKING, Any

import gevent
from greenlet import getcurrent

from actors.runtime.asks import Ask, answer
from actors.runtime.exits import Exit
from actors.runtime.handling import route, tick
from actors.runtime.letters import Undelivered
from actors.runtime.signals import obey
from actors.runtime.trampoline import hot_of, park_in_hub, trampoline_of

if TYPE_CHECKING:
    from actors.runtime.actor import Actor
    from actors.runtime.cell import Cell

SLICE_NS = 1_000_000
"""An actor with a full mailbox lets the others run after this long."""


def read(cell: "Cell", actor: "Actor") -> Exit:  # noqa: C901, PLR0912, PLR0915 - the hot path stays in one piece
    """Obey signals and read messages until told to stop; returns how it ended."""
    mailbox, routes = cell.mailbox, cell.routes
    control, ticks, waiting, take = mailbox.control, mailbox.ticks, mailbox.waiting, mailbox.take
    hot = hot_of(cell, actor) if actor.inline else None
    switch, wake = trampoline_of(gevent.get_hub()).leave, getcurrent().switch
    slice_end = 0
    while True:
        if control:
            over = obey(cell, actor, control.pop(0))
            if over is not None:
                return over
        elif cell.suspended:
            mailbox.trampoline, mailbox.parked = None, wake
            if control:  # it came from another thread in this very moment
                mailbox.parked = None
            else:
                switch()
        elif ticks:
            tick(cell, actor, ticks.pop(0))
        elif hot is not None:
            park_in_hub(hot)
            switch()
        elif waiting:
            now = monotonic_ns()
            if now > slice_end:
                slice_end = now + SLICE_NS
            while waiting and not (control or ticks):
                message = take()
                kind = type(message)
                asked = kind is Ask
                if asked:
                    kind = type(message.message)
                cell.handling = kind
                try:
                    handler, times = routes[kind]
                except KeyError:
                    handler, times = route(cell, kind)
                if not asked:
                    handler(actor, message)
                elif now > message.deadline_ns:
                    cell.bury(message, Undelivered.EXPIRED)
                else:
                    answer(cell, actor, message, handler)
                ended = monotonic_ns()
                ns = ended - now
                now = ended
                times[ns.bit_length()] += 1
                times[65] += ns  # `telemetry.SUM` and, below, `LONGEST`: a number is found sooner than a name
                if ns > times[66]:
                    times[66] = ns
                if now > slice_end:
                    _let_others_run(switch)
                    slice_end = 0
                    break
            cell.handling = None
        else:
            mailbox.parked = wake
            if control or ticks or waiting:  # it came from another thread in this very moment
                mailbox.parked = None
            else:
                switch()


def _let_others_run(switch: Callable[[], Any]) -> None:
    resume = gevent.get_hub().loop.timer(0.0)  # a callback would come before the timers that are due
    resume.start(getcurrent().switch)
    try:
        switch()
    finally:
        resume.stop()
        resume.close()
