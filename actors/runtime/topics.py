"""Who follows whom: what one address publishes, to whom, and what it gets from others. Made when it is needed first."""

from collections.abc import Hashable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from actors.runtime.cell import Cell
    from actors.runtime.ref import Ref


class Topics:
    """The subscriptions at one address, which outlive its incarnations."""

    __slots__ = ("publishers", "retained", "subscribers")

    def __init__(self) -> None:
        self.subscribers: dict[Hashable, list[Ref]] = {}
        """By topic, who gets what is published here."""
        self.retained: dict[Hashable, Any] = {}
        """By topic, what newcomers get at once."""
        self.publishers: dict[str, Cell] = {}
        """By address, who publishes what is wanted here."""

    def add(self, topic: Hashable, subscriber: "Ref") -> bool:
        """Send `subscriber` what is published under `topic`; whether that is new."""
        refs = self.subscribers.get(topic, [])
        if subscriber in refs:
            return False
        self.subscribers[topic] = [*refs, subscriber]
        return True

    def remove(self, subscriber: "Ref") -> None:
        """Send `subscriber` nothing more."""
        for topic, refs in list(self.subscribers.items()):
            left = [each for each in refs if each is not subscriber]
            if left:
                self.subscribers[topic] = left
            else:
                del self.subscribers[topic]
