"""What a loop hands out: callbacks, timers, and watchers for what never happens by itself in a simulated world."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Callable

    from perpbot.simulation.world.loop import Loop


class Callback:
    """A function that the loop will run once. True until it has run or was stopped."""

    __slots__ = ("args", "callback")

    def __init__(self, callback: Callable[..., object], args: tuple[Any, ...]) -> None:
        self.callback: Callable[..., object] | None = callback
        self.args: tuple[Any, ...] | None = args

    def stop(self) -> None:
        """Never run it, unless it is running already."""
        self.callback = self.args = None

    close = stop

    @property
    def pending(self) -> bool:
        """Whether it is still to be run."""
        return self.callback is not None

    def __bool__(self) -> bool:
        return self.args is not None


class Watcher:
    """Something that calls back when it is triggered; whoever owns it triggers it with `send`."""

    __slots__ = ("args", "callback", "loop", "priority", "ref")

    def __init__(self, loop: Loop, *, ref: bool = True) -> None:
        self.loop = loop
        self.ref = ref
        self.priority: int | None = None
        self.callback: Callable[..., object] | None = None
        self.args: tuple[Any, ...] = ()

    def start(self, callback: Callable[..., object], *args: Any) -> None:
        """Call `callback` with `args` at each trigger from now on."""
        self.callback = callback
        self.args = args

    def stop(self) -> None:
        """Stop calling back."""
        self.callback = None
        self.args = ()

    close = stop

    @property
    def active(self) -> bool:
        """Whether it has been started."""
        return self.callback is not None

    @property
    def pending(self) -> bool:
        """Whether it was triggered and has not called back yet; gevent asks this of timers only."""
        return False

    def send(self) -> None:
        """Trigger it."""
        if self.callback is not None:
            self.loop.run_callback(self.callback, *self.args)

    def send_ignoring_arg(self, _: object) -> None:
        """Trigger it from a place that passes an argument."""
        self.send()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, value: object, trace: object) -> None:
        self.stop()


class Timer:
    """Calls back after `after` seconds, and every `repeat` seconds from then on when that is not zero."""

    __slots__ = ("_entry", "after", "loop", "priority", "ref", "repeat")

    def __init__(self, loop: Loop, after: float, repeat: float, ref: bool) -> None:  # noqa: FBT001 - gevent's order
        self.loop = loop
        self.after = after
        self.repeat = repeat
        self.ref = ref
        self._entry: Callback | None = None

    def start(self, callback: Callable[..., object], *args: Any, update: object = None) -> None:  # noqa: ARG002 - gevent passes it
        """Call `callback` with `args` when the time has passed, counted from now."""
        if self.repeat or self._entry is not None:
            self._schedule(self.after, callback, args)
        else:
            self._entry = self.loop.schedule(self.after, callback, args, self.ref)

    def again(self, callback: Callable[..., object], *args: Any, update: object = None) -> None:  # noqa: ARG002 - gevent passes it
        """As `start`, with the first call after `repeat` seconds."""
        self._schedule(self.repeat, callback, args)

    def _schedule(self, after: float, callback: Callable[..., object], args: tuple[Any, ...]) -> None:
        self.stop()
        if self.repeat:
            callback, args = self._tick, (callback, args)
        self._entry = self.loop.schedule(after, callback, args, self.ref)

    def _tick(self, callback: Callable[..., object], args: tuple[Any, ...]) -> None:
        self._schedule(self.repeat, callback, args)
        callback(*args)

    def stop(self) -> None:
        """Do not call back."""
        entry = self._entry
        if entry is not None:
            entry.callback = None
            self._entry = None

    close = stop

    @property
    def callback(self) -> Callable[..., object] | None:
        """What is still to be called."""
        return self._entry.callback if self._entry is not None else None

    @property
    def active(self) -> bool:
        """Whether a call is still to come."""
        return self._entry is not None and self._entry.callback is not None

    pending = active

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, value: object, trace: object) -> None:
        self.stop()
