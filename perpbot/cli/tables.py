"""Aligned tables: rich ones on a terminal, plain text otherwise. Nothing ever wraps."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import click

from perpbot.cli.wording import clean

if TYPE_CHECKING:
    from rich.table import Table


class Column(NamedTuple):
    """One column."""

    title: str
    right: bool = False
    from_width: int = 0
    """Left out on a terminal narrower than this."""
    flexible: bool = False
    """Gives way, cut with an ellipsis, when the terminal is too narrow for all."""


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


def rich_table(columns: Sequence[Column], rows: Sequence[Row], width: int) -> "Table":
    """A table as wide as the terminal allows."""
    from rich.table import Table
    from rich.text import Text

    shown = [number for number, column in enumerate(columns) if column.from_width <= width]
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold", expand=False)
    for number in shown:
        column = columns[number]
        table.add_column(
            column.title,
            justify="right" if column.right else "left",
            no_wrap=True,
            overflow="ellipsis",
            min_width=None if column.flexible else _needed(column, [row[number] for row in rows]),
        )
    for row in rows:
        cells = [_cell(row[number]) for number in shown]
        table.add_row(*(Text(clean(cell.text), style=cell.style) for cell in cells))
    return table


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
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def _needed(column: Column, cells: Sequence[Cell | str]) -> int:
    return max(len(column.title), *(len(_cell(each).text) for each in cells))


def _cell(value: Cell | str) -> Cell:
    return value if isinstance(value, Cell) else Cell(value)
