"""The answers by REST in a recording: found again for the same questions."""

from collections.abc import Collection, Iterator, Sequence
from urllib.parse import SplitResult, parse_qsl, urlsplit

from perpbot.model.events import DecodeError
from perpbot.model.instrument import InstrumentTable, one_each
from perpbot.venues.http import Http, NotSentError, Reply, Request
from perpbot.venues.lines import AnswerLine
from perpbot.venues.venue import Venue, VenueReadError

OK = 200


class Answers:
    """What a venue answered, oldest first."""

    def __init__(self, venue: type[Venue], answers: Sequence[AnswerLine]) -> None:
        self._recorded = venue.recorded
        self._venue = venue.name
        self._all = [(urlsplit(each.url), each) for each in answers]

    def __iter__(self) -> Iterator[AnswerLine]:
        return (each for _, each in self._all)

    def is_book(self, url: str) -> bool:
        """Whether a question asks for the book of one instrument, which is another one every moment."""
        try:
            return self._recorded.whose_book(self._venue, url) is not None
        except DecodeError:
            return False

    def to(self, url: str) -> list[AnswerLine]:
        """Every answer to a question, whatever host was asked."""
        asked = urlsplit(url)
        return [answer for there, answer in self._all if _same(there, asked)]


def _same(one: SplitResult, other: SplitResult) -> bool:
    """Whether two addresses ask the same; the simulated venues put their name before the path."""
    if sorted(parse_qsl(one.query)) != sorted(parse_qsl(other.query)):
        return False
    return one.path.endswith(other.path) or other.path.endswith(one.path)


class RecordedHttp(Http):
    """Answers questions from a recording; what is not in it was never sent."""

    def __init__(self, answers: Answers) -> None:
        super().__init__()
        self._answers = answers

    def read(self, request: Request) -> Reply:
        """The first recorded answer; `NotSentError` when there is none."""
        return self.send(request)

    def send(self, request: Request) -> Reply:
        """The first recorded answer; `NotSentError` when there is none."""
        found = self._answers.to(request.url)
        if not found:
            raise NotSentError(f"the recording has no answer to {urlsplit(request.url).path}")
        return Reply(OK, found[0].body.encode())


def offline(venue: type[Venue], answers: Answers, symbols: Collection[str]) -> Venue:
    """A venue that decodes and never connects; it knows the instruments of `symbols`, or all where there are none.

    Where an answer is missing that fees or funding intervals stand in, they are the venue's usual ones. Raises
    `VenueReadError` when it tells of no instrument.
    """
    made = venue(venue.mainnet, RecordedHttp(answers))
    try:
        found = made.fetch_instruments()
    except VenueReadError as error:
        held = (made.read_recorded(each.url, each.body.encode()) for each in answers)
        usual = next((each for each in held if isinstance(each, list)), None)
        if usual is None:
            raise VenueReadError(f"{made.name}: nothing in the recording tells of instruments") from error
        found = usual
    made.instruments = InstrumentTable(each for each in one_each(found) if not symbols or each.symbol in symbols)
    return made
