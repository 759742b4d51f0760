"""Books that nothing was heard of for a while: quiet, or forgotten by a stream that is otherwise well?

Only the venue's own book by REST can tell. It is pure: whoever has the stream asks, and says what came of it.
"""

from collections.abc import Iterable

from perpbot.clock import NS_PER_SECOND
from perpbot.model.book import Book
from perpbot.model.events import BookSnapshot


class QuietBooks:
    """When each book of one session was last heard of or compared. Times are monotonic nanoseconds."""

    def __init__(self, symbols: Iterable[str], silence_s: float, now_ns: int) -> None:
        self._silence_ns = int(silence_s * NS_PER_SECOND)
        self._heard = dict.fromkeys(symbols, now_ns)
        self._compared = dict.fromkeys(self._heard, now_ns)
        self._differed: set[str] = set()

    def heard(self, symbol: str, now_ns: int) -> None:
        """The stream said something of a book."""
        self._heard[symbol] = now_ns

    def heard_ns(self, symbol: str) -> int:
        """When that was, or when the session began."""
        return self._heard[symbol]

    def due(self, now_ns: int) -> list[str]:
        """The books to compare now; each comes again after another silence."""
        limit = now_ns - self._silence_ns
        return [each for each, heard in self._heard.items() if heard <= limit and self._compared[each] <= limit]

    def compared(self, symbol: str, now_ns: int) -> None:
        """A book is being compared: it is not due again before the silence is over."""
        self._compared[symbol] = now_ns

    def agreed(self, symbol: str) -> None:
        """The venue's book is ours: nothing happened."""
        self._differed.discard(symbol)

    def differed(self, symbol: str) -> bool:
        """The venue's book is another one; whether it was so the time before, too."""
        again = symbol in self._differed
        self._differed.add(symbol)
        return again


def same_top(book: Book, snapshot: BookSnapshot) -> bool:
    """Whether a book has a price, and its best ones are those of `snapshot`."""
    if not book.valid or not snapshot.bids or not snapshot.asks:
        return False
    bid, ask = max(price for price, _ in snapshot.bids), min(price for price, _ in snapshot.asks)
    return (book.best_bid()[0], book.best_ask()[0]) == (bid, ask)
