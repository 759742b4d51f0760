"""The lines of a recording: what a venue sent, each with when it arrived. Written here, and read here.

| line | is |
|---|---|
| ``TIME: FRAME`` | a frame of the public stream; JSON as it came, anything else as ``base64:…`` |
| ``URL -> TIME: BODY`` | an answer by REST |
| ``URL <-> TIME`` | a session began |
| ``URL <x> TIME: REASON`` | it ended |
| ``# …``, ``configuration: …`` | for people; our first says which venue and symbols |

Times are seconds since 1970 UTC. A line without a time is a frame, too. The first three are as cryptofeed writes them.
"""

import re
from base64 import b64decode, b64encode
from decimal import Decimal
from typing import NamedTuple
from urllib.parse import urlsplit, urlunsplit

from perpbot.clock import NS_PER_SECOND

_TIME = r"(?P<time>[0-9]{1,20}(?:\.[0-9]{1,18})?)"
_FRAME = re.compile(rf"(?:{_TIME}: )?(?:(?P<frame>[\[{{].*|pong)|base64:(?P<packed>[A-Za-z0-9+/]*={{0,2}}))", re.DOTALL)
_ANSWER = re.compile(rf"(?P<url>https?://\S+) -> {_TIME}: (?P<body>.*)", re.DOTALL)
_SESSION = re.compile(rf"(?P<url>wss?://\S+) <(?P<what>-|x)> {_TIME}(?:: (?P<reason>.*))?", re.DOTALL)
_HEADER = re.compile(r"# perpbot recording of (?P<venue>[a-z0-9_-]+): (?P<symbols>.*)")
FOR_PEOPLE = ("#", "configuration: ")
"""What lines begin with that hold nothing of a venue's."""
ENDS = "the recording ends"
"""Why a session ended whose recorder was told to end."""
_BREAKS = str.maketrans("\r\n", "  ")
"""Outside of its strings JSON takes a space for a line break, and inside of them it has none."""


class FrameLine(NamedTuple):
    """A frame of the public stream."""

    time_ns: int
    """When it arrived, wall clock; 0 where the line does not say."""
    frame: str | bytes


class AnswerLine(NamedTuple):
    """An answer by REST."""

    time_ns: int
    url: str
    body: str


class SessionBegan(NamedTuple):
    """The stream was connected."""

    time_ns: int
    url: str


class SessionEnded(NamedTuple):
    """The stream was lost, or left."""

    time_ns: int
    url: str
    reason: str


class Header(NamedTuple):
    """What is recorded."""

    venue: str
    symbols: tuple[str, ...]


RecordedLine = FrameLine | AnswerLine | SessionBegan | SessionEnded


def read_line(text: str) -> RecordedLine | None:
    """What a line holds; None for a line that is none of a recording's."""
    text = text.strip()
    if (answer := _ANSWER.fullmatch(text)) is not None:
        return AnswerLine(_ns(answer["time"]), answer["url"], answer["body"])
    if (frame := _FRAME.fullmatch(text)) is not None:
        return _frame(frame)
    if (session := _SESSION.fullmatch(text)) is None:
        return None
    if session["what"] == "-":
        return SessionBegan(_ns(session["time"]), session["url"])
    return SessionEnded(_ns(session["time"]), session["url"], session["reason"] or "")


def _frame(match: re.Match[str]) -> FrameLine | None:
    if match["packed"] is None:
        return FrameLine(_ns(match["time"]), match["frame"])
    try:
        return FrameLine(_ns(match["time"]), b64decode(match["packed"], validate=True))
    except ValueError:
        return None


def read_header(text: str) -> Header | None:
    """What the first line of a recording says; None for any other line."""
    match = _HEADER.fullmatch(text.strip())
    return None if match is None else Header(match["venue"], tuple(match["symbols"].split()))


def _ns(time: str | None) -> int:
    return int(Decimal(time or 0) * NS_PER_SECOND)


# -- writing ---------------------------------------------------------------------------------------------------------


def header_line(venue: str, symbols: tuple[str, ...]) -> str:
    """The first line."""
    return f"# perpbot recording of {venue}: {' '.join(symbols)}"


def frame_line(frame: bytes, time_ns: int) -> str:
    """A frame. JSON stays readable, and nothing of anything else is lost."""
    return f"{_seconds(time_ns)}: {_readable(frame) or f'base64:{b64encode(frame).decode()}'}"


def answer_line(url: str, body: bytes, time_ns: int) -> str:
    """An answer by REST; what is not UTF-8 in it is replaced."""
    return f"{_public(url)} -> {_seconds(time_ns)}: {body.decode('utf-8', 'replace').translate(_BREAKS)}"


def began_line(url: str, time_ns: int) -> str:
    """The stream is connected."""
    return f"{_public(url)} <-> {_seconds(time_ns)}"


def ended_line(url: str, reason: str, time_ns: int) -> str:
    """The stream is gone."""
    return f"{_public(url)} <x> {_seconds(time_ns)}: {reason.translate(_BREAKS)}"


def _readable(frame: bytes) -> str | None:
    """The text of a frame that `read_line` gives back as it is."""
    try:
        text = frame.decode().translate(_BREAKS).strip()
    except UnicodeDecodeError:
        return None
    return text if text[:1] in {"{", "["} or text == "pong" else None


def _seconds(time_ns: int) -> str:
    return f"{time_ns // NS_PER_SECOND}.{time_ns % NS_PER_SECOND:09d}"


def _public(url: str) -> str:
    """The URL without a name and password."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
