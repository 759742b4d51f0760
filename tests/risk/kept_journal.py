"""A journal for actors without a system around them, and a log that nobody reads."""

from typing import Any

from actors.journal import Append, Replay
from perpbot.storage.reading import Line


class Journal:
    """Keeps what is appended, unless the disk is full."""

    def __init__(self) -> None:
        self.entries: list[Any] = []
        self.full = False

    def ask(self, request: Append | Replay, timeout_s: float = 5.0) -> Any:
        """What was appended is kept at once, and read back of the kinds that are asked for."""
        assert timeout_s > 0
        if isinstance(request, Replay):
            kinds: Any = request.kinds
            return [Line(seq, 0, entry) for seq, entry in enumerate(self.entries) if isinstance(entry, kinds)]
        if self.full:
            raise OSError("disk full")
        self.entries += request.entries
        return None

    def tell(self, request: Append) -> None:
        """Nobody waits for it."""
        self.ask(request)


class Silent:
    """A log."""

    def warning(self, *_: Any, **__: Any) -> None:
        """Forget it."""
