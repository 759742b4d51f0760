"""Death watch: an actor is told, once, when another one is gone for good.

Restarts are silent: what is watched is a life, from a start to the end after which nobody starts it again. A watch
belongs to one incarnation of the watcher, as its timers do; the next one watches anew if it wants to know.
"""

from typing import TYPE_CHECKING, Any

import attrs

from actors.runtime.exits import Exit

if TYPE_CHECKING:
    from actors.runtime.cell import Cell
    from actors.runtime.ref import Ref


@attrs.frozen
class Terminated:
    """To whoever watched: the actor at `ref` is gone, and nobody will start it again."""

    ref: "Ref"
    incarnation: int
    """The last one; 0 when nobody ever lived there."""
    exit: Exit | None
    """How the last one ended; None when nobody ever lived there."""


class DeathPactError(Exception):
    """An actor watched another one and has no handler for the end of it: it fails with it."""


@attrs.define(eq=False)
class Watch:
    """One watcher's interest in one life. It lies in the watcher's mailbox itself, so that it can be taken back."""

    watcher: "Cell"
    watched: "Cell"
    instead: Any
    message: Any = None
    """What is handled in the end; there from the death on."""
    cancelled: bool = False


class Watches:
    """Who watches whom in one system. An address that is not watched costs nothing."""

    def __init__(self) -> None:
        self._by_watched: dict[Cell, dict[Cell, Watch]] = {}
        self._by_watcher: dict[Cell, dict[Cell, Watch]] = {}

    def watchers(self, watched: "Cell") -> list[str]:
        """The addresses that watch `watched`."""
        return [each.address for each in self._by_watched.get(watched, ())]

    def watch(self, watcher: "Cell", watched: "Cell", instead: Any = None) -> None:
        """Have `watcher` told of the end of `watched`, by `instead` where that is given; twice is once."""
        self.unwatch(watcher, watched)
        watch = Watch(watcher, watched, instead)
        self._by_watcher.setdefault(watcher, {})[watched] = watch
        if watched.gone:
            self._tell(watch)
        else:
            self._by_watched.setdefault(watched, {})[watcher] = watch

    def unwatch(self, watcher: "Cell", watched: "Cell") -> None:
        """Take a watch back, also when word of the end waits unread already."""
        watch = self._by_watcher.get(watcher, {}).get(watched)
        if watch is not None:
            watch.cancelled = True
            self.settled(watch)

    def settled(self, watch: Watch) -> None:
        """Forget a watch that was taken back or has been answered for."""
        for index, first, second in (
            (self._by_watcher, watch.watcher, watch.watched),
            (self._by_watched, watch.watched, watch.watcher),
        ):
            others = index.get(first, {})
            if others.get(second) is watch:
                del others[second]
                if not others:
                    del index[first]

    def leave(self, watcher: "Cell") -> None:
        """An incarnation of `watcher` is over: it watches nobody any more."""
        for watched in list(self._by_watcher.get(watcher, ())):
            self.unwatch(watcher, watched)

    def gone(self, watched: "Cell") -> None:
        """Nobody will start `watched` again: tell everybody who watches."""
        for watch in self._by_watched.pop(watched, {}).values():
            self._tell(watch)

    @staticmethod
    def _tell(watch: Watch) -> None:
        cell = watch.watched
        watch.message = watch.instead
        if watch.message is None:
            watch.message = Terminated(cell.ref, cell.incarnation, cell.last_exit)
        watch.watcher.mailbox.insist(watch)
