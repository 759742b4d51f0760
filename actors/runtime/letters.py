"""What could not be delivered, and why. Nothing vanishes without a trace."""

from collections import Counter, deque
from collections.abc import Iterator
from enum import StrEnum

import attrs

from perpbot.clock import wall_ns


class Undelivered(StrEnum):
    """Why a message did not reach a handler."""

    NOBODY = "nobody"
    """No actor lives at the address."""
    OVERFLOW = "overflow"
    """The mailbox was full."""
    EXPIRED = "expired"
    """Its deadline had passed before it was its turn."""
    UNHANDLED = "unhandled"
    """The actor has no handler for it."""
    DISCARDED = "discarded"
    """It waited in a mailbox that was emptied at a stop or restart."""


@attrs.frozen
class DeadLetter:
    """One undelivered message."""

    receiver: str
    sender: str
    """Address of the sending actor, or ``-`` where that is not known."""
    why: Undelivered
    type: str
    message: object = attrs.field(repr=False)
    at_ns: int
    """Wall clock."""


class DeadLetters:
    """The newest dead letters, and how many there were of each kind."""

    def __init__(self, keep: int = 1_000) -> None:
        self._newest: deque[DeadLetter] = deque(maxlen=keep)
        self.counts: Counter[Undelivered] = Counter()

    def add(self, receiver: str, sender: str, why: Undelivered, message: object) -> None:
        """Put `message` on record."""
        self.counts[why] += 1
        self._newest.append(DeadLetter(receiver, sender, why, type(message).__name__, message, wall_ns()))

    @property
    def total(self) -> int:
        """How many messages were ever not delivered."""
        return self.counts.total()

    def __iter__(self) -> Iterator[DeadLetter]:
        return iter(self._newest)

    def __len__(self) -> int:
        return len(self._newest)
