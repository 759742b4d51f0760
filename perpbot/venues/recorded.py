"""Recorded answers by REST: which of a venue's URLs tell of instruments, and which of a book."""

from urllib.parse import parse_qs, urlsplit

import attrs

from perpbot.model.events import DecodeError


@attrs.frozen
class Recorded:
    """What the last part of a URL's path says about the answer."""

    instruments: str
    """The endpoint of the venue's instruments."""
    book: str = ""
    """The endpoint of one instrument's book."""
    named: str = ""
    """The parameter that names the instrument of a book; empty where the answer does."""

    def tells_instruments(self, url: str) -> bool:
        """Whether the answer is about the instruments."""
        return _endpoint(url) == self.instruments

    def whose_book(self, venue: str, url: str) -> str | None:
        """The native name of the instrument whose book it is, None when it is none.

        `DecodeError` when the URL does not name one instrument, though it must.
        """
        if not self.book or _endpoint(url) != self.book:
            return None
        if not self.named:
            return ""
        names = parse_qs(urlsplit(url).query).get(self.named, [])
        if len(names) != 1:
            raise DecodeError(f"{venue}: the URL of a book names {len(names)} instruments: {url[:100]!r}")
        return names[0]


def _endpoint(url: str) -> str:
    return urlsplit(url).path.rpartition("/")[2]
