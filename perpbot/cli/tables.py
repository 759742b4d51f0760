"""Aligned tables: rich ones on a terminal, plain text otherwise. Nothing ever wraps."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

import click

from perpbot.cli.wording import clean

if TYPE_CHECKING:
    from rich.table import Table


GAP = 2
FLEXIBLE_LEAST = 8


class Column(NamedTuple):
    """One column."""

    title: str
    right: bool = False
    from_width: int = 0
    """Left out on a terminal narrower than this."""
    flexible: bool = False
    """Gives way, cut with an ellipsis, when the terminal is too narrow for all."""
    keep_end: bool = False
    """Cut at the beginning, as addresses are."""


class Cell(NamedTuple):
    """Text with a style of rich's; the style is for terminals only."""

    text: str
    style: str = ""


Row = Sequence[Cell | str]


def on_terminal() -> bool:
    """Whether somebody looks at the output."""
    return sys.stdout.isatty()


def show_table(columns: Sequence[Column], rows: Sequence[Row], nothing: str) -> None:
    """Print `rows`, or the sentence `nothing` where there are none."""
    if not rows:
        click.echo(nothing)
    elif on_terminal():
        from rich.console import Console

        console = Console(highlight=False)
        console.print(rich_table(columns, rows, console.width))
    else:
        click.echo(plain_table(columns, rows))


def show_lines(lines: Sequence[Cell]) -> None:
    """Print lines with their styles; on a terminal none wraps, and what is too long ends with an ellipsis."""
    if not on_terminal():
        for each in lines:
            click.echo(each.text.rstrip())
        return
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    for each in lines:
        console.print(Text(clean(each.text), style=each.style), no_wrap=True, overflow="ellipsis", crop=True)


def rich_table(columns: Sequence[Column], rows: Sequence[Row], width: int) -> "Table":
    """A table as wide as the terminal allows."""
    from rich.table import Table
    from rich.text import Text

    shown = [number for number, column in enumerate(columns) if column.from_width <= width]
    cells = [[_cell(row[number]) for number in shown] for row in rows]
    table = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="bold", expand=False)
    chosen = [columns[number] for number in shown]
    sizes = _widths(chosen, cells, width)
    for column, size in zip(chosen, sizes, strict=True):
        justify: Literal["left", "right"] = "right" if column.right else "left"
        table.add_column(column.title, justify=justify, no_wrap=True, overflow="ellipsis", width=size)
    for row in cells:
        texts = [_fitted(clean(cell.text), size, each) for cell, size, each in zip(row, sizes, chosen, strict=True)]
        table.add_row(*(Text(text, style=cell.style) for text, cell in zip(texts, row, strict=True)))
    return table


def _fitted(text: str, width: int, column: Column) -> str:
    return text if len(text) <= width or not column.keep_end else f"…{text[len(text) - width + 1 :]}"


def _widths(columns: Sequence[Column], rows: Sequence[Sequence[Cell]], width: int) -> list[int]:
    """As wide as the texts are; the flexible columns give what is too much."""
    titles = [column.title for column in columns]
    texts = [[cell.text for cell in row] for row in rows]
    widths = [max(map(len, each)) for each in zip(titles, *texts, strict=True)]
    excess = sum(widths) + GAP * len(widths) - width
    for number, column in enumerate(columns):
        if column.flexible and excess > 0:
            given = min(excess, max(0, widths[number] - FLEXIBLE_LEAST))
            widths[number] -= given
            excess -= given
    return widths


def plain_table(columns: Sequence[Column], rows: Sequence[Row]) -> str:
    """The whole table as text."""
    titles = [column.title for column in columns]
    texts = [[clean(_cell(each).text) for each in row] for row in rows]
    widths = [max(map(len, each)) for each in zip(titles, *texts, strict=True)]
    lines = []
    for row in (titles, *texts):
        cells = [
            text.rjust(width) if column.right else text.ljust(width)
            for text, width, column in zip(row, widths, columns, strict=True)
        ]
        lines.append((" " * GAP).join(cells).rstrip())
    return "\n".join(lines)


def _cell(value: Cell | str) -> Cell:
    return value if isinstance(value, Cell) else Cell(value)
