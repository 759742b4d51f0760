"""From a venue's book events to a `Book`: the one place where snapshots and deltas meet.

It is pure: it neither asks for snapshots nor waits. Whoever feeds it asks the venue for one when an event leaves the
book `BROKEN`, and may ask again for as long as the book has no price.
"""

from collections import deque
from enum import Enum, auto

from perpbot.model.book import Book, Follows
from perpbot.model.events import BookDelta, BookReset, BookSnapshot
from perpbot.venues.venue import Venue

BookEvent = BookSnapshot | BookDelta | BookReset

KEPT_DELTAS = 10_000
"""Deltas that wait for a snapshot by REST, at most; the oldest go first and the snapshot covers them."""


class Taken(Enum):
    """What an event did to the book."""

    APPLIED = auto()
    """The book is true and includes the event."""
    KEPT = auto()
    """The delta waits for the snapshot it belongs to."""
    IGNORED = auto()
    """The book has it already, or has no price and the stream will send a snapshot."""
    BROKEN = auto()
    """The book has lost its price by this event: it needs a snapshot. `Book.reason` says why."""


class BookBuilder:
    """Keeps the book of one instrument at one venue."""

    __slots__ = ("_by_rest", "_venue", "_waiting", "book")

    def __init__(self, venue: Venue, symbol: str) -> None:
        self.book = Book(venue.name, symbol)
        self._venue = venue
        self._by_rest = venue.book_by_rest
        self._waiting: deque[BookDelta] = deque(maxlen=KEPT_DELTAS)

    @property
    def waiting(self) -> int:
        """Deltas that wait for a snapshot by REST."""
        return len(self._waiting)

    def take(self, event: BookEvent) -> Taken:
        """Bring the book up to `event`."""
        if isinstance(event, BookDelta):
            return self._take_delta(event)
        if isinstance(event, BookSnapshot):
            return self._take_snapshot(event)
        return self.lose(event.reason)

    def lose(self, reason: str) -> Taken:
        """Forget everything, as after a lost connection: the book has no price until the next snapshot."""
        self._waiting.clear()
        self.book.invalidate(reason)
        return Taken.BROKEN

    def _take_delta(self, delta: BookDelta) -> Taken:
        if self.book.reason is None:
            return self._apply(delta)
        if not self._by_rest:
            return Taken.IGNORED
        self._waiting.append(delta)
        return Taken.KEPT

    def _take_snapshot(self, snapshot: BookSnapshot) -> Taken:
        book = self.book
        if self._by_rest and book.valid and snapshot.sequence <= book.sequence:
            return Taken.IGNORED
        book.snapshot(snapshot.bids, snapshot.asks, snapshot.sequence)
        taken = self._confirm(snapshot.checksum)
        while self._waiting and taken is not Taken.BROKEN:
            taken = self._apply(self._waiting.popleft())
        return Taken.BROKEN if taken is Taken.BROKEN else Taken.APPLIED

    def _apply(self, delta: BookDelta) -> Taken:
        book = self.book
        follows = self._venue.follows(book.sequence, delta)
        if follows is Follows.NEXT:
            book.apply(delta.bids, delta.asks, delta.last)
            return self._confirm(delta.checksum)
        if follows is Follows.OLD:
            return Taken.IGNORED
        book.invalidate(f"gap: {delta.last} follows {delta.previous}, but the book is at {book.sequence}")
        if self._by_rest:  # the snapshot that heals the gap may be older than this delta
            self._waiting.appendleft(delta)
        return Taken.BROKEN

    def _confirm(self, checksum: int | None) -> Taken:
        book = self.book
        if book.reason is not None:
            return Taken.BROKEN
        if checksum is not None and not self._venue.checksum_holds(book, checksum):
            book.invalidate(f"the checksum is not {checksum}")
            return Taken.BROKEN
        return Taken.APPLIED
