"""Who follows whom: what an address publishes, to whom, and what it gets from others."""

from collections.abc import Hashable
from typing import TYPE_CHECKING, Any

from actors.runtime.letters import Undelivered
from actors.runtime.mailbox import MailboxFullError

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


def topics_of(cell: "Cell") -> Topics:
    """The topics of an address, made when they are needed first."""
    if cell.topics is None:
        cell.topics = Topics()
    return cell.topics


def publish(cell: "Cell", topic: Hashable, message: Any, *, retain: bool) -> None:
    """Send `message` to everyone who subscribed to `topic` at `cell`; a retained one also to those who will."""
    if retain:
        topics_of(cell).retained[topic] = message
    if cell.topics is None:
        return
    for ref in cell.topics.subscribers.get(topic, ()):
        try:
            ref.tell(message)
        except MailboxFullError:  # one full mailbox must not keep it from the rest
            ref.cell.bury(message, Undelivered.OVERFLOW)


def subscribe(subscriber: "Cell", publisher: "Cell", topic: Hashable) -> None:
    """Send `subscriber` what `publisher` publishes under `topic`, and at once what was retained; twice is once."""
    topics = topics_of(publisher)
    if topics.add(topic, subscriber.ref):
        topics_of(subscriber).publishers[publisher.address] = publisher
    if topic in topics.retained:
        subscriber.ref.tell(topics.retained[topic])


def unsubscribe_all(subscriber: "Cell") -> None:
    """Send `subscriber` nothing more of what others publish."""
    if subscriber.topics is not None:
        for publisher in subscriber.topics.publishers.values():
            topics_of(publisher).remove(subscriber.ref)
        subscriber.topics.publishers.clear()
