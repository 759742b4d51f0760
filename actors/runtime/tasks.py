"""Greenlets beside an actor's own: they end with the incarnation, and their failure is the incarnation's."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import gevent
from gevent import GreenletExit

from actors.runtime.signals import TaskFailed

if TYPE_CHECKING:
    from actors.runtime.cell import Cell


class Task(gevent.Greenlet):  # type: ignore[type-arg]
    """A function that runs beside the incarnation that started it."""

    def __init__(self, owner: "Cell", function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
        super().__init__()
        self.owner = owner
        self.function = function
        self.arguments = arguments
        self.incarnation = owner.incarnation

    @property
    def what(self) -> str:
        """The name of the function."""
        return getattr(self.function, "__qualname__", repr(self.function))

    def _run(self) -> None:
        try:
            self.function(*self.arguments)
        except GreenletExit:
            pass
        except BaseException as error:  # noqa: BLE001 - whatever ends a task is the actor's failure
            self.owner.mailbox.signal(TaskFailed(self.what, error, self.incarnation))


def spawn_task(cell: "Cell", function: Callable[..., Any], arguments: tuple[Any, ...]) -> Task:
    """Run `function` beside the incarnation of `cell` that is up."""
    task = Task(cell, function, arguments)
    cell.tasks = (*cell.tasks, task)
    task.rawlink(_forget)
    task.start()
    return task


def _forget(task: Task) -> None:
    cell = task.owner
    cell.tasks = tuple(each for each in cell.tasks if each is not task)


def end_tasks(cell: "Cell") -> None:
    """End the tasks of an incarnation that is over."""
    for task in cell.tasks:
        task.kill(block=False)
    cell.tasks = ()
