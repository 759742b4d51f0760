"""Tables of the live view: fixed columns, one flexible, cut to the width there is."""

from collections.abc import Sequence

import attrs

from perpbot.terminal.lines import Line, Span, fit, joined

GAP = 1


@attrs.frozen
class Column:
    """One column. Those with a higher `order` go first when the width is too small for all."""

    title: str
    width: int
    right: bool = False
    order: int = 0
    flexible: bool = False
    """Takes what the others leave."""


def shown(columns: Sequence[Column], width: int) -> list[tuple[int, int]]:
    """Which columns fit, as pairs of their number and width."""
    chosen = list(range(len(columns)))
    while len(chosen) > 1 and _needed(columns, chosen) > width:
        chosen.remove(max(chosen, key=lambda each: (columns[each].order, each)))
    spare = width - _needed(columns, chosen)
    return [(each, columns[each].width + (max(0, spare) if columns[each].flexible else 0)) for each in chosen]


def _needed(columns: Sequence[Column], chosen: Sequence[int]) -> int:
    return sum(columns[each].width + GAP for each in chosen) - GAP


def title(name: str, columns: Sequence[Column], width: int) -> Line:
    """The headings, with the section's name in place of the first one."""
    spans: list[Span] = []
    for position, (number, size) in enumerate(shown(columns, width)):
        column = columns[number]
        heading = (
            (fit(name, size), "title") if position == 0 else (fit(column.title, size, right=column.right), "heading")
        )
        spans += [heading, (" " * GAP, "heading")]
    used = sum(size + GAP for _, size in shown(columns, width))
    return joined([*spans[:-1], (" " * max(0, width - used + GAP), "heading")], width)


def row(cells: Sequence[Span], columns: Sequence[Column], width: int) -> Line:
    """One line of a table."""
    spans: list[Span] = []
    for number, size in shown(columns, width):
        text, style = cells[number]
        spans += [(fit(text, size, right=columns[number].right), style), (" " * GAP, "")]
    return joined(spans, width)
