"""Actors under pykka's own interface: started by `start`, spoken to by pykka's references, proxies and futures.

PerpBot's actors live at addresses under supervisors. This is for whoever knows pykka: the same runtime beneath, and
pykka's rules on top. A standalone actor that fails is not restarted, a failed question is only an answer, and `stop`
waits behind what was sent before. docs/actors.md says where the two differ.
"""

import logging
import queue
import sys
from typing import Any

import pykka
from pykka._envelope import Envelope
from pykka.messages import _ActorStop

from actors.runtime.actor import Actor, handles
from actors.runtime.cell import Cell
from actors.runtime.errors import AskTimeoutError
from actors.runtime.exits import SHUTDOWN, Exit
from actors.runtime.letters import Undelivered
from actors.runtime.mailbox import MailboxSpec
from actors.runtime.signals import Stop
from actors.runtime.slot import Slot
from actors.runtime.system import System

_log = logging.getLogger("pykka")


class Promise(pykka.Future[Any]):
    """A pykka future for greenlets: any number of them may wait for it."""

    def __init__(self) -> None:
        super().__init__()
        self._result: tuple[Any, BaseException | None] | None = None
        self._waiting: list[Slot] = []

    def get(self, *, timeout: float | None = None) -> Any:
        """The answer, waiting at most `timeout` seconds; raises the error it was answered with, or `pykka.Timeout`."""
        if self._get_hook is not None:
            return super().get(timeout=timeout)
        if self._result is None:
            self._wait(timeout)
        value, error = self._result or (None, None)
        if error is not None:
            raise error
        return value

    def _wait(self, timeout_s: float | None) -> None:
        slot = Slot()
        self._waiting.append(slot)
        try:
            slot.wait(timeout_s)
        except AskTimeoutError as error:
            raise pykka.Timeout(f"{timeout_s} seconds") from error
        finally:
            self._waiting.remove(slot)

    def set(self, value: Any = None) -> None:
        """Answer with `value`; raises `queue.Full` when there is an answer already."""
        self._answer(value, None)

    def set_exception(self, exc_info: Any = None) -> None:
        """Answer with an error, by default the one that is being handled; `queue.Full` when there is an answer."""
        kind, error, _ = exc_info or sys.exc_info()
        if error is None:
            error = RuntimeError("no error is being handled") if kind is None else kind()
        self._answer(None, error)

    def set_get_hook(self, func: Any) -> None:
        """Have `func` make the answer when it is asked for; `queue.Full` when there is an answer already."""
        if self._result is not None:
            raise queue.Full
        super().set_get_hook(func)

    def _answer(self, value: Any, error: BaseException | None) -> None:
        if self._result is not None or self._get_hook is not None:
            raise queue.Full
        self._result = value, error
        for slot in self._waiting:
            slot.set()


class _Inbox:
    """What pykka's references put envelopes in: they wait here until the actor has an address."""

    def __init__(self) -> None:
        self._early: list[Any] = []
        self._tell = self._early.append

    def put(self, envelope: Any) -> None:
        self._tell(envelope)

    def connect(self, cell: Cell) -> None:
        self._tell = cell.ref.tell
        for envelope in self._early:
            self._tell(envelope)


class _StandaloneCell(Cell):
    """An address whose mail is in envelopes."""

    def bury(self, message: Any, why: Undelivered) -> None:
        if isinstance(message, Envelope) and message.reply_to is not None:
            if isinstance(message.message, _ActorStop):
                message.reply_to.set(None)
                return
            dead = pykka.ActorDeadError(f"{self.type_name} stopped before handling the message")
            message.reply_to.set_exception((type(dead), dead, None))
        super().bury(message, why)


class _StandaloneSystem(System):
    """All standalone actors of the process, as pykka's registry is one for the process."""

    cell_class = _StandaloneCell


_systems: list[_StandaloneSystem] = []


def _system() -> _StandaloneSystem:
    if not _systems:
        _systems.append(_StandaloneSystem())
    return _systems[0]


class StandaloneActor(Actor):
    """An actor that is started with `start` and needs no supervisor."""

    mailbox = MailboxSpec(capacity=1_000_000)

    def __init__(self, *_args: Any, **_kwargs: Any) -> None:
        pykka.Actor.__init__(self)
        self._stop_replies: list[Any] = []

    def __str__(self) -> str:
        return pykka.Actor.__str__(self)

    @classmethod
    def start(cls, *args: Any, **kwargs: Any) -> Any:
        """Start it; returns pykka's reference once `on_start` has returned. One that failed in it is dead."""
        return super(Actor, cls).start(*args, **kwargs)

    @staticmethod
    def _create_actor_inbox() -> Any:
        return _Inbox()

    @staticmethod
    def _create_future() -> Any:
        return Promise()

    def _start_actor_loop(self) -> None:
        """Returns when `on_start` has, so that a reference to an actor that could not start is never alive."""
        system = _system()
        cell = system.cell(f"/{self.actor_urn}")
        cell.on_over = self._over
        started = cell.begin(self, self.mailbox)
        self.actor_inbox.connect(cell)  # type: ignore[attr-defined]
        try:
            started.wait(None)
        except Exception:  # noqa: BLE001 - pykka's `start` does not raise; `_over` has logged it
            return

    @handles(Envelope)
    def on_envelope(self, envelope: Any) -> None:
        """Handle what came by pykka's reference; an error is the asker's, or else this actor's end."""
        if isinstance(envelope.message, _ActorStop):
            self._stop_replies.append(envelope.reply_to)
            self._stop()
            return
        reply = envelope.reply_to
        try:
            answer = self._handle_receive(envelope.message)
        except Exception:
            if reply is None:
                self._handle_failure(*sys.exc_info())
                raise
            _log.info("Exception returned from %s to caller:", self, exc_info=True)
            reply.set_exception()
        else:
            if reply is not None:
                reply.set(answer)

    def _stop(self) -> None:
        pykka.ActorRegistry.unregister(self.actor_ref)
        self.actor_stopped.set()
        self.cell.mailbox.signal(Stop(SHUTDOWN))

    def _over(self, exit_: Exit) -> None:
        error = exit_.error
        if error is not None and exit_.during in {"on_start", "on_stop", "on_failure"}:
            self._handle_failure(type(error), error, error.__traceback__)
        elif not self.actor_stopped.is_set():
            pykka.ActorRegistry.unregister(self.actor_ref)
            self.actor_stopped.set()
        for reply in self._stop_replies:
            if reply is not None:
                reply.set(None)
        self.cell.system.forget(self.cell)

    def on_receive(self, message: Any) -> Any:
        """Handle a message that is no proxy's; by default it is logged."""
        return pykka.Actor.on_receive(self, message)
