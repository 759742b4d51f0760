"""Running a program in a simulated world of its own, in a fork of this process.

A world takes its process over for good, so each case gets a process. Forking is cheap where everything heavy was
imported before, and it needs a parent that has started neither gevent's hub nor threads: neither survives a fork.
"""

from __future__ import annotations

import faulthandler
import inspect
import os
import pickle
import selectors
import signal
import sys
import tempfile
import threading
import traceback
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeVar

import attrs
from gevent import _hub_local, monkey
from gevent.exceptions import LoopExit
from gevent.util import GreenletTree

from perpbot import clock
from perpbot.simulation.world import entropy
from perpbot.simulation.world.errors import ForkedProgramError, ForkTimeoutError, StandstillError, WorldError
from perpbot.simulation.world.world import install

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from types import FrameType
    from typing import BinaryIO

DEFAULT_TIMEOUT_S: Final = 180.0

_GRACE_NS: Final = 5 * clock.NS_PER_SECOND
_CHUNK_BYTES: Final = 1 << 20
_HARMLESS_THREADS: Final = ("execnet.",)  # pytest-xdist's own, which only waits for the next test to run

T = TypeVar("T")


def run_forked(
    program: Callable[..., T], seed: int, *args: Any, timeout_s: float = DEFAULT_TIMEOUT_S, **world: Any
) -> T:
    """Run ``program(world, *args)`` in a fork, in a world made with ``install(seed, **world)``; its result.

    The result has to be picklable; the program and its arguments need not be. `timeout_s` is real time.

    Raises:
        WorldError: this process cannot fork safely.
        ForkTimeoutError: the program took longer than `timeout_s`; the message shows where it was.
        ForkedProgramError: the program raised, or its process ended; the message shows the traceback.
    """
    check_parent()
    child = _Child.start(program, seed, args, timeout_s, world)
    try:
        _next_finished([child])
        return child.outcome()  # type: ignore[no-any-return]
    finally:
        child.kill()


def in_world(
    seed: int = 1, *, timeout_s: float = DEFAULT_TIMEOUT_S, **world: Any
) -> Callable[[Callable[..., None]], Callable[[], None]]:
    """Make a test of a function that takes the world, or nothing: it runs in a fork, as `run_forked` does it."""

    def decorate(body: Callable[..., None]) -> Callable[[], None]:
        takes_world = bool(inspect.signature(body).parameters)

        def test() -> None:
            run_forked(lambda made: body(made) if takes_world else body(), seed, timeout_s=timeout_s, **world)

        test.__name__, test.__qualname__, test.__module__ = body.__name__, body.__qualname__, body.__module__
        test.__doc__ = body.__doc__
        return test

    return decorate


def farm(
    program: Callable[..., T],
    seeds: Iterable[int],
    *args: Any,
    jobs: int = 2,
    timeout_s: float = DEFAULT_TIMEOUT_S,
    **world: Any,
) -> Iterator[tuple[int, T | ForkedProgramError]]:
    """Run `program` once for each seed, `jobs` at a time; each seed with its result or error, in the seeds' order.

    Raises:
        WorldError: this process cannot fork safely.
    """
    check_parent()
    begun: list[_Child] = []
    running: list[_Child] = []
    remaining = iter(seeds)
    try:
        while True:
            while len(running) < jobs and (seed := next(remaining, None)) is not None:
                running.append(_Child.start(program, seed, args, timeout_s, world))
                begun.append(running[-1])
            while begun and begun[0] not in running:
                first = begun.pop(0)
                yield first.seed, first.result
            if not running:
                return
            finished = _next_finished(running)
            running.remove(finished)
            finished.conclude()
    finally:
        for child in running:
            child.kill()


def check_parent() -> None:
    """Make sure that this process can fork.

    Raises:
        WorldError: it cannot; the message says why.
    """
    if _hub_local.get_hub_if_exists() is not None:
        raise WorldError("gevent's hub was started in this process; fork before that, or keep such tests apart")
    if monkey.is_module_patched("threading"):
        raise WorldError("gevent has patched this process; fork before that, or keep such tests apart")
    others = [frame for thread, frame in sys._current_frames().items() if thread != threading.get_ident()]  # noqa: SLF001 - sees threads that `threading` does not know
    roots = sorted(root for root in map(_root, others) if not root.startswith(_HARMLESS_THREADS))
    if roots:
        raise WorldError(f"other threads run in this process, begun in {', '.join(roots)}")


def _root(frame: FrameType) -> str:
    while frame.f_back is not None:
        frame = frame.f_back
    return f"{frame.f_globals.get('__name__')}.{frame.f_code.co_name}"


@attrs.define(eq=False)
class _Child:
    """A fork that runs one program, and what it has sent so far."""

    seed: int
    pid: int
    pipe: int
    stacks: BinaryIO
    deadline_ns: int
    received: bytearray = attrs.field(factory=bytearray)
    result: Any = None
    _status: int | None = None

    @classmethod
    def start(
        cls, program: Callable[..., Any], seed: int, args: tuple[Any, ...], timeout_s: float, world: dict[str, Any]
    ) -> _Child:
        stacks = tempfile.TemporaryFile()  # noqa: SIM115 - open until the child is done
        reading, writing = os.pipe()
        sys.stdout.flush()
        sys.stderr.flush()
        deadline_ns = clock.monotonic_ns() + int(timeout_s * clock.NS_PER_SECOND) + _GRACE_NS
        pid = os.fork()
        if pid == 0:
            try:
                os.close(reading)
                _live(program, seed, args, writing, stacks, timeout_s, world)
            except BaseException:  # noqa: BLE001 - the parent shows what is in the file
                stacks.write(traceback.format_exc().encode())
                stacks.flush()
            finally:
                os._exit(1)
        os.close(writing)
        return cls(seed, pid, reading, stacks, deadline_ns)

    def drain(self) -> bool:
        """Take what the child has sent; whether that was all."""
        chunk = os.read(self.pipe, _CHUNK_BYTES)
        self.received += chunk
        return not chunk

    def outcome(self) -> Any:
        """The program's result.

        Raises:
            ForkedProgramError: it failed.
        """
        status = self._reap()
        if self.received:
            good, value = pickle.loads(bytes(self.received))  # noqa: S301 - it comes from our own child
            if good:
                return value
            raise ForkedProgramError(f"with seed {self.seed}:\n{value}")
        self.stacks.seek(0)
        stacks = self.stacks.read().decode("utf-8", "replace")
        if stacks.startswith("Timeout") or status == -signal.SIGKILL:
            raise ForkTimeoutError(
                f"with seed {self.seed} the program took too long in real time. It was here:\n{stacks}"
            )
        raise ForkedProgramError(f"with seed {self.seed} the process ended with status {status}.\n{stacks}")

    def conclude(self) -> None:
        """Keep the program's result, or the error instead of it, and let go of everything else."""
        try:
            self.result = self.outcome()
        except ForkedProgramError as error:
            self.result = error
        finally:
            self.kill()

    def _reap(self) -> int:
        if self._status is None:
            self._status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return self._status

    def kill(self) -> None:
        """End the child if it still runs, and let go of what belongs to it."""
        if self.pipe < 0:
            return
        if self._status is None:
            os.kill(self.pid, signal.SIGKILL)
            self._reap()
        os.close(self.pipe)
        self.pipe = -1
        self.stacks.close()


def _next_finished(children: list[_Child]) -> _Child:
    """Wait until one of the children has sent everything or has overstayed its time, and is dead for that."""
    with selectors.DefaultSelector() as selector:
        for child in children:
            selector.register(child.pipe, selectors.EVENT_READ, child)
        while True:
            left_ns = min(child.deadline_ns for child in children) - clock.monotonic_ns()
            for key, _ in selector.select(max(left_ns, 0) / clock.NS_PER_SECOND):
                if key.data.drain():
                    return key.data  # type: ignore[no-any-return]
            for child in children:
                if clock.monotonic_ns() > child.deadline_ns:
                    os.kill(child.pid, signal.SIGKILL)
                    return child


def _live(
    program: Callable[..., Any],
    seed: int,
    args: tuple[Any, ...],
    pipe: int,
    stacks: BinaryIO,
    timeout_s: float,
    world: dict[str, Any],
) -> NoReturn:
    """The child's whole life."""
    faulthandler.enable(stacks)
    faulthandler.dump_traceback_later(timeout_s, exit=True, file=stacks)
    try:
        message = pickle.dumps((True, program(install(seed, **world), *args)))
    except BaseException as error:  # noqa: BLE001 - the parent raises it
        message = pickle.dumps((False, _explain(error)))
    faulthandler.cancel_dump_traceback_later()
    sys.stdout.flush()
    sys.stderr.flush()
    _save_coverage()
    with open(pipe, "wb") as stream:
        stream.write(message)
    os._exit(0)


def _explain(error: BaseException) -> str:
    text = "".join(traceback.format_exception(error))
    if isinstance(error, LoopExit | StandstillError):
        text += "\nWho waited for what:\n" + "\n".join(tree.format() for tree in GreenletTree.forest())
    return text


def _save_coverage() -> None:
    """Write what coverage measured here to a file of its own, as at the end of a process."""
    coverage = sys.modules.get("coverage")
    measured = coverage.Coverage.current() if coverage is not None else None
    if measured is not None:
        entropy.restore()
        measured.stop()
        measured.save()
