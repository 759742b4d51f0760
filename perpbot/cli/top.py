"""`perpbot top`: which actors are busy, fall behind or fail, and since when."""

import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from perpbot.cli.asking import json_option, print_json, state_option, system
from perpbot.cli.tables import Cell, Column, Row, on_terminal, rich_table, show_lines, show_table
from perpbot.cli.troubles import trouble_lines
from perpbot.cli.watching import watch
from perpbot.cli.wording import counted, duration, microseconds, rate, share, time
from perpbot.ranges import WholeNumber

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

REDRAW_S = 1.0
SHOWN = 20
BUSY, GROWS = 0.5, 1.0
Actor = Mapping[str, Any]


def _slowest(actor: Actor) -> float:
    return float((actor["slowest"] or {"max_us": 0})["max_us"])


SORTS: dict[str, Callable[[Actor], float]] = {
    "busy": lambda actor: actor["busy"] or 0,
    "rate": lambda actor: actor["messages_per_s"] or 0,
    "mailbox": lambda actor: actor["mailbox"]["depth"],
    "growth": lambda actor: actor["mailbox"]["growth_per_s"] or 0,
    "slowest": _slowest,
    "crashes": lambda actor: actor["crashes"],
}
"""By what actors are sorted, the most first; the first letter is the key for it."""
KEYS = {name[0]: name for name in SORTS}

COLUMNS = (
    Column("actor", flexible=True, keep_end=True),
    Column("busy", right=True),
    Column("msg/s", right=True),
    Column("waiting", right=True),
    Column("growth/s", right=True),
    Column("oldest", right=True, from_width=110),
    Column("most time for", flexible=True),
    Column("each", right=True, from_width=90),
    Column("slowest ever", right=True, from_width=120),
    Column("of", flexible=True, from_width=130),
    Column("crashes", right=True),
)


@click.command()
@click.option("--sort", type=click.Choice(list(SORTS)), default="busy", show_default=True, help="The most first.")
@click.option("--limit", type=WholeNumber(1), default=SHOWN, show_default=True, help="So many actors.")
@click.option("--once", is_flag=True, help="Print once; that is what happens without a terminal.")
@click.option("--watch", "watched", is_flag=True, help="Go on until Ctrl-C; that is what happens on a terminal.")
@json_option
@state_option
def top(*, sort: str, limit: int, once: bool, watched: bool, as_json: bool, state: Path | None) -> None:
    """Show which actors are busy, fall behind or fail, and since when.

    Rates are those of the last five seconds. While it is shown, b, r, m, g, s and c sort by another column, and q
    ends.
    """
    if watched and (once or as_json):
        raise click.UsageError("--watch does not go together with --once or --json.")
    view = View(sort, limit)
    with system(state) as client:
        if as_json:
            print_json(client.ask("top"))
        elif watched or (on_terminal() and not once):
            watch(lambda: client.ask("top"), view.show, view.screen, REDRAW_S, view.typed)
        else:
            view.show(client.ask("top"))


class View:
    """How the answer is shown, and sorted by what."""

    def __init__(self, sort: str, limit: int) -> None:
        self.sort = sort
        self._limit = limit

    def typed(self, key: str) -> None:
        """Sort by another column."""
        self.sort = KEYS.get(key.lower(), self.sort)

    def show(self, answer: Mapping[str, Any]) -> None:
        """Print it."""
        click.secho(headline(answer, self.sort), bold=True)
        lines = trouble_lines(answer["troubles"])
        show_lines([*lines, Cell("")] if lines else [Cell("")])
        show_table(columns_by(self.sort), self._rows(answer, self._limit), "Nobody is there.")
        more = len(answer["actors"]) - self._limit
        if more > 0:
            click.echo(f"and {more} more (--limit)")

    def screen(self, answer: Mapping[str, Any], console: "Console") -> "RenderableType":
        """It as it fits the terminal."""
        from rich.console import Group
        from rich.text import Text

        width, height = console.size
        troubles = trouble_lines(answer["troubles"])[: max(2, height // 2)]
        above = [Cell(headline(answer, self.sort), "bold"), *troubles, Cell("")]
        texts = [Text(each.text, style=each.style, no_wrap=True, overflow="ellipsis") for each in above]
        rows = self._rows(answer, max(1, height - len(above) - 2))
        return Group(*texts, rich_table(columns_by(self.sort), rows, width))

    def _rows(self, answer: Mapping[str, Any], most: int) -> list[Row]:
        troubled = {each["address"] for each in answer["troubles"]}
        return [_row(actor, troubled) for actor in ordered(answer["actors"], self.sort)[:most]]


def ordered(actors: Sequence[Actor], sort: str) -> list[Actor]:
    """The most first; of equals the busiest first."""
    return sorted(actors, key=lambda actor: (-SORTS[sort](actor), -SORTS["busy"](actor), actor["address"]))


def headline(answer: Mapping[str, Any], sort: str) -> str:
    """All of it in a line."""
    parts = [
        f"{time(answer['at'])} UTC",
        counted(len(answer["actors"]), "actor"),
        f"{rate(answer['messages_per_s'])} msg/s" if answer["known"] else "no rates: /vitals is away",
        counted(answer["crashes"], "crash", "crashes"),
        counted(answer["dead_letters"], "dead letter"),
    ]
    return "  ".join([*parts, f"by {sort}"][: 6 if shutil.get_terminal_size().columns >= 80 else 3])  # noqa: PLR2004


SORTED_BY = {
    "busy": "busy",
    "rate": "msg/s",
    "mailbox": "waiting",
    "growth": "growth/s",
    "slowest": "slowest ever",
    "crashes": "crashes",
}


def columns_by(sort: str) -> list[Column]:
    """The columns; the one that is sorted by is never left out."""
    return [each._replace(from_width=0) if each.title == SORTED_BY[sort] else each for each in COLUMNS]


def _row(actor: Actor, troubled: set[str]) -> Row:
    box, heaviest, slowest = actor["mailbox"], actor["heaviest"], actor["slowest"]
    state = "" if actor["state"] == "running" else f" ({actor['state']})"
    growth = box["growth_per_s"] or 0
    return [
        Cell(actor["address"] + state, "bold red" if actor["address"] in troubled else ""),
        Cell(share(actor["busy"]), "bold red" if (actor["busy"] or 0) >= BUSY else ""),
        rate(actor["messages_per_s"]),
        Cell(f"{box['depth']:,}", "bold red" if box["dropped"] else "bold" if box["depth"] else "dim"),
        Cell(f"+{rate(growth)}" if growth > 0 else rate(growth), "bold red" if growth >= GROWS else "dim"),
        "" if box["oldest_s"] is None else duration(box["oldest_s"]),
        "" if heaviest is None else heaviest["message"],
        "" if heaviest is None else microseconds(heaviest["mean_us"]),
        "" if slowest is None else microseconds(slowest["max_us"]),
        "" if slowest is None else slowest["message"],
        Cell(str(actor["crashes"]), "bold red" if actor["crashes"] else "dim"),
    ]
