"""One incarnation from its start to its end: `on_start`, reading, clean-up, and what is left to do when it is over."""

from typing import TYPE_CHECKING

import gevent
from gevent import GreenletExit

from actors.runtime.actor import Actor
from actors.runtime.asks import fail_unanswered, put_back_stash
from actors.runtime.errors import ActorDeadError, DeclinedError
from actors.runtime.exits import KILLED, Exit, ExitKind, Failure
from actors.runtime.reading import read
from actors.runtime.signals import ChildExited
from actors.runtime.slot import Slot
from actors.runtime.state import State
from actors.runtime.tasks import end_tasks
from perpbot.clock import wall_ns

if TYPE_CHECKING:
    from actors.runtime.cell import Cell


GRACE_S = 1.0
"""So much later than a supervisor kills what it stops is a clean-up ended that nobody waits for."""


class CleanUpError(Exception):
    """A hook took longer than its actor has to stop; the text says which."""


class Life(gevent.Greenlet):  # type: ignore[type-arg]
    """The greenlet of one incarnation."""

    __slots__ = ("actor", "begun", "cell")

    spawning_stack_limit = 0
    """Who started it is in the tree; gevent's own note of it would be a fifth of an idle actor's weight."""

    def __init__(self, cell: "Cell", actor: "Actor", begun: Slot) -> None:
        super().__init__()
        self.cell = cell
        self.actor = actor
        self.begun: Slot | None = begun
        """Answered when `on_start` has returned or raised; let go of when it has returned."""
        self.rawlink(_over)

    def _run(self) -> None:
        try:
            live(self)
        finally:  # also where the actor has removed the links of its greenlet
            self.cell.mailbox.run_callback(_over, self)


def live(life: Life) -> None:
    """Start the actor, have it read its mailbox, and have it clean up."""
    cell, actor = life.cell, life.actor
    if not _start(life, cell, actor):
        return
    try:
        cell.exit = read(cell, actor)
    except GreenletExit:
        cell.exit = KILLED
    except BaseException as error:  # noqa: BLE001 - the supervisor gets it
        cell.exit = Exit(ExitKind.FAILED, error, cell.doing)
    _clean_up(cell, actor, cell.exit)


def _start(life: Life, cell: "Cell", actor: "Actor") -> bool:
    try:
        cell.handling = "on_start"
        info = actor.on_start()
    except GreenletExit:
        cell.exit = KILLED
    except DeclinedError as error:
        cell.exit = Exit(ExitKind.IGNORED, error, "on_start")
    except BaseException as error:  # noqa: BLE001 - the starter gets it
        cell.exit = Exit(ExitKind.FAILED, error, "on_start")
    else:
        cell.handling = None
        cell.state = State.RUNNING
        if life.begun is not None:
            life.begun.set(info)
            life.begun = None
        return True
    return False


def _clean_up(cell: "Cell", actor: "Actor", exit_: Exit) -> None:
    failed = exit_.kind is ExitKind.FAILED
    hook = "on_failure" if failed else "on_stop"
    if exit_.kind is ExitKind.KILLED or getattr(type(actor), hook) is getattr(Actor, hook):
        return
    limit_s = None if cell.shutdown_s is None else cell.shutdown_s + GRACE_S
    limit = gevent.Timeout(limit_s)
    cell.state = State.STOPPING
    if failed:
        cell.log.warning("cleans up after a failure", reason=cell.system.mask(str(exit_)))
    cell.handling = hook
    try:
        with limit:
            _call_hook(actor, exit_)
    except GreenletExit:
        cell.exit = KILLED
    except BaseException as error:  # noqa: BLE001 - a failing clean-up is reported with the exit
        if error is limit:
            error = CleanUpError(f"{hook} was not over in {limit_s:g} s, and was ended")
            error.__cause__ = exit_.error
        cell.exit = Exit(exit_.kind, error, hook)


def _call_hook(actor: "Actor", exit_: Exit) -> None:
    if exit_.kind is ExitKind.FAILED and exit_.error is not None:
        actor.on_failure(type(exit_.error), exit_.error, exit_.error.__traceback__)
    else:
        actor.on_stop()


def _over(life: Life) -> None:
    """Runs in the hub when the greenlet is over, whatever ended it, and also when it never ran."""
    cell = life.cell
    if life is not cell.greenlet:
        return
    exit_ = cell.exit = cell.exit or KILLED
    if cell.timers is not None:
        cell.timers.cancel_all()
    cell.mailbox.ticks.clear()
    cell.mailbox.parked = None
    cell.system.watches.leave(cell)
    put_back_stash(cell)
    end_tasks(cell)
    for child in cell.children.values():
        child.kill()  # the parent is gone without having stopped it: it must not outlive it
    fail_unanswered(cell, exit_)
    cell.waits_for = None
    cell.handling = None
    cell.actor = cell.timers = cell.greenlet = None
    cell.state = State.FAILED if exit_.abnormal else State.STOPPED
    _note(cell, exit_)
    _tell(cell, exit_, life.begun)


def _note(cell: "Cell", exit_: Exit) -> None:
    cell.crashes += exit_.abnormal
    if exit_.abnormal or (exit_.error is not None and exit_.kind is not ExitKind.IGNORED):
        cell.last_failure = Failure(wall_ns(), exit_)


def _tell(cell: "Cell", exit_: Exit, begun: Slot | None) -> None:
    """Let everybody know that the incarnation is over."""
    if begun is not None and not begun.answered:
        begun.fail(exit_.error or ActorDeadError(f"{cell.address} was {exit_} before it had started"))
    elif cell.parent is not None:
        cell.parent.mailbox.signal(ChildExited(cell.name, cell.incarnation, exit_))
    waiting, cell.exit_waiters = cell.exit_waiters, ()
    for slot in waiting:
        slot.set(exit_)
    if cell.parent is None:  # nobody who would start it again
        cell.retire()
    elif cell.gone:
        cell.system.watches.gone(cell)
    if cell.on_over is not None:
        cell.on_over(exit_)
