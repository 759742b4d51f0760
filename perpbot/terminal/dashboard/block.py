"""One part of the dashboard: a heading, rows, and what is said where there are none."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import attrs

from perpbot.terminal.columns import Column, row, title
from perpbot.terminal.dashboard.words import Say
from perpbot.terminal.lines import Line, Span, joined

CLOCK = slice(11, 19)
Row = Mapping[str, Any]


@attrs.frozen(kw_only=True)
class Look:
    """What the parts are made from."""

    sections: Mapping[str, Any]
    """See `perpbot.sections.shapes.Sections`; a section that was not asked for is not there."""
    say: Say

    def rows(self, section: str) -> Mapping[str, Any]:
        """The rows of a section."""
        found: Mapping[str, Any] = self.sections.get(section, {})
        return found

    def age_s(self, since: str) -> float:
        """How long ago a time was when the state was taken, in seconds."""
        now = self.rows("overview").get("at", since)
        return max(0.0, (datetime.fromisoformat(now) - datetime.fromisoformat(since)).total_seconds())


@attrs.frozen
class Block:
    """Lines of one width."""

    heading: Line
    rows: Sequence[Line]
    empty: bool
    """Whether the only row says that there is nothing."""

    def lines(self, height: int, offset: int, more: str) -> list[Line]:
        """As much as fits into so many lines, from row `offset` on; the last line says how much is left."""
        room = height - 1
        if len(self.rows) <= room:
            return [self.heading, *self.rows]
        if room < 1:
            return [self.heading][:height]
        first = min(offset, len(self.rows) - room + 1)
        seen = [*self.rows[first : first + room - 1]]
        left = len(self.rows) - first - len(seen)
        if left <= 1:
            return [self.heading, *self.rows[-room:]]
        width = sum(len(text) for text, _ in self.heading)
        return [self.heading, *seen, joined([(f"… {left} {more}", "dim")], width)]


def block(
    name: str, columns: Sequence[Column], rows: Iterable[Sequence[Span]], width: int, look: Look, nothing: str
) -> Block:
    """A table; its words are said in the look's language."""
    said = [attrs.evolve(each, title=look.say(each.title)) for each in columns]
    lines = [row(cells, said, width) for cells in rows]
    heading = title(look.say(name), said, width)
    return Block(heading, lines or [joined([(look.say(nothing), "dim")], width)], empty=not lines)


def amount(text: str | None) -> Decimal:
    """Decimal text as a number; what is not known counts nothing."""
    return Decimal(text or 0)


def seconds(value: float) -> str:
    """An age, short: ``0.4 s``, ``12 s``, ``3:05``, ``2:10:00``."""
    if value < 10:  # noqa: PLR2004 - tenths while they matter
        return f"{value:.1f} s"
    whole = int(value)
    if whole < 60:  # noqa: PLR2004 - a minute
        return f"{whole} s"
    hours, rest = divmod(whole, 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}" if hours else f"{rest // 60}:{rest % 60:02}"
