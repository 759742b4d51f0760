"""How fast frames are decoded: against cryptofeed on the same recording, and by each of the adapters.

The recording is not part of the project: PERPBOT_SHARED names the directory that holds it. `make bench-venues` prints
the figures.
"""

import json
import subprocess
from collections.abc import Callable, Iterator, Mapping
from time import thread_time
from typing import Literal

import pytest
from environments import HERE, Environments
from test_shared_samples import recording
from venue_cases import NAMES, venue

from perpbot.bench.decoding import FRAME_US, Recording
from perpbot.bench.decoding import recorded as recorded_venues
from perpbot.model.events import BookDelta, BookSnapshot
from perpbot.model.instrument import InstrumentTable
from perpbot.model.money import plain
from perpbot.venues.book_builder import BookBuilder
from perpbot.venues.decode import in_time_order
from perpbot.venues.wire import COMPILED

pytest_plugins = ["kit_fixtures"]
pytestmark = [pytest.mark.full, pytest.mark.process]

Kind = Literal["bookTicker", "depth"]
ROUNDS = 31
AT_LEAST = {"bookTicker": 3.0 if COMPILED else 1.7, "depth": 1.5}
"""docs/venues/proof.md has the figures."""
SERVED_FRAMES = 150


class Recorded:
    """The recording by what is in it."""

    def __init__(self) -> None:
        self.instruments = ""
        self.books: dict[str, str] = {}
        self.frames: dict[Kind, list[str]] = {"bookTicker": [], "depth": []}
        for line in in_time_order(recording()):
            head, _, body = line.partition(": ")
            if "exchangeInfo ->" in head:
                self.instruments = body
            elif "symbol=" in head:
                self.books[head.partition("symbol=")[2].partition("&")[0]] = body
            elif '"e":"bookTicker"' in body:
                self.frames["bookTicker"].append(body)
            elif '"e":"depthUpdate"' in body:
                self.frames["depth"].append(body)

    def as_words(self) -> str:
        return json.dumps({"instruments": self.instruments, "books": self.books, "frames": self.frames})


class Ours:
    """Times our adapter over the second half of the frames, made anew for each round.

    So it is as far in its day as it is when it runs, and remembers no number from the round before.
    """

    def __init__(self, recorded: Recorded) -> None:
        self._recorded = recorded
        self.best: dict[str, list[str]] = {}

    def __call__(self, kind: Kind) -> float:
        made = venue("aster", signed=False)
        held = made.read_recorded("https://fapi.binance.com/fapi/v1/exchangeInfo", self._recorded.instruments.encode())
        assert isinstance(held, list)
        made.instruments = InstrumentTable(held)
        builders: dict[str, BookBuilder] = {}
        for pair, text in self._recorded.books.items():
            book = made.read_recorded(f"https://fapi.binance.com/fapi/v1/depth?symbol={pair}", text.encode())
            assert isinstance(book, BookSnapshot)
            builders[book.symbol] = BookBuilder(made, book.symbol)
            builders[book.symbol].take(book)
        decode, frames = made.decode_public, self._recorded.frames[kind]
        half = len(frames) // 2
        seconds = 0.0
        for part in (frames[:half], frames[half:]):
            began = thread_time()
            for frame in part:
                for event in decode(frame, 0):
                    if isinstance(event, BookDelta):
                        builders[event.symbol].take(event)
            seconds = thread_time() - began
        books = {symbol: builder.book for symbol, builder in builders.items()}
        self.best = {
            symbol.replace("-PERP", "USDT"): [plain(book.best_bid()[0]), plain(book.best_ask()[0])]
            for symbol, book in books.items()
        }
        return seconds


class Theirs:
    """Has cryptofeed time itself, in its own environment."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self.best: dict[str, list[str]] = {}

    def say(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def __call__(self, kind: Kind) -> float:
        self.say(kind)
        assert self._process.stdout is not None
        told = json.loads(self._process.stdout.readline())
        self.best = told["books"]
        return float(told["seconds"])


@pytest.fixture(scope="module")
def recorded() -> Recorded:
    return Recorded()


@pytest.fixture(scope="module")
def theirs(environments: Environments, recorded: Recorded) -> Iterator[Theirs]:
    command = [str(environments.python("cryptofeed")), str(HERE / "cryptofeed_kit.py")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        made = Theirs(process)
        made.say(recorded.as_words())
        yield made
        assert process.stdin is not None
        process.stdin.close()


Say = Callable[[str], None]


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> Say:
    """Print past pytest's capture."""

    def line(text: str) -> None:
        with capsys.disabled():
            print(text)  # noqa: T201 - these figures are what it is run for

    return line


@pytest.mark.parametrize("kind", AT_LEAST)
def test_frames_are_decoded_faster_than_by_cryptofeed(kind: Kind, recorded: Recorded, theirs: Theirs, say: Say) -> None:
    ours = Ours(recorded)
    pairs = [(ours(kind), theirs(kind)) for _ in range(ROUNDS)]
    median = sorted(other / own for own, other in pairs)[ROUNDS // 2]
    own, other = (min(each) for each in zip(*pairs, strict=True))  # what nothing else on the machine disturbed
    ratio, frames = other / own, len(recorded.frames[kind]) / 2
    each = f"{1e6 * own / frames:.2f} us a frame, cryptofeed {1e6 * other / frames:.2f}"
    say(f"\n{kind}: {each}, ratio {ratio:.2f} (at least {AT_LEAST[kind]}), median of the rounds' {median:.2f}")
    assert ours.best == theirs.best
    assert ratio >= AT_LEAST[kind]


@pytest.fixture(scope="module")
def recordings() -> Mapping[str, Recording]:
    return recorded_venues(NAMES, SERVED_FRAMES)


@pytest.mark.parametrize("name", NAMES)
def test_every_adapter_decodes_as_fast_as_it_must(name: str, recordings: Mapping[str, Recording], say: Say) -> None:
    """What `perpbot bench decoding` measures."""
    frame_us = recordings[name].decode_us()
    say(f"\n{name}: {frame_us:.1f} us a frame")
    assert frame_us <= FRAME_US
