"""`perpbot risk`: how near the limits are, what was refused, and what an operator can do about it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from perpbot.cli.asking import ask, confirm, json_option, print_json, state_option, who, yes_option
from perpbot.cli.commands import Commands
from perpbot.cli.details import labelled
from perpbot.cli.tables import Cell, Column, show_table
from perpbot.cli.wording import amount, clean, counted, duration

NEAR, BEYOND = 0.8, 1.0


@click.group(cls=Commands)
def risk() -> None:
    """Show how near the limits are and what was refused; lift a pause, or measure drawdowns anew."""


@risk.command()
@json_option
@state_option
def status(*, as_json: bool, state: Path | None) -> None:
    """Show each limit and how much of it is used, what blocks every opening, and the newest refusals."""
    answer = ask(state, "risk")
    if as_json:
        print_json(answer)
        return
    known = answer["equity"] is not None
    nothing = "The limits were not told in time; ask again." if known else "No balance was read yet."
    show_table(_LIMITS, [limit_row(each) for each in answer["limits"]], nothing)
    click.echo()
    failures = f"{counted(answer['failures_in_row'], 'failure')} in a row"
    left = answer["cooldown_s"]
    labelled("Pause", f"{duration(left)} more; {failures} since it began" if left else f"none; {failures}")
    labelled("Today", f"{amount(answer['daily_profit'], signed=True)} after fees and funding")
    labelled("Approved", f"{answer['approved']:,}")
    for rule, times in sorted(answer["refused"].items(), key=lambda each: -each[1]):
        labelled("Refused", f"{times:,} by {rule}")
    for each in answer["newest_refusals"]:
        click.echo(clean(each))
    for each in answer["blocks"]:
        click.secho(clean(f"Nothing is opened: {each}"), fg="red")


_LIMITS = (
    Column("level"),
    Column("rule"),
    Column("used", right=True),
    Column("limit", right=True),
    Column("unit"),
    Column("share", right=True),
    Column("most by", flexible=True),
)


def limit_row(each: Mapping[str, Any]) -> list[Cell | str]:
    """A limit, and how much of it is used."""
    share = float(each["share"])
    style = "bold red" if share >= BEYOND else "yellow" if share >= NEAR else ""
    used, limit = (_figure(each[name]) for name in ("used", "limit"))
    return [each["level"], each["rule"], used, limit, each["unit"], Cell(f"{share:.0%}", style), each["about"]]


def _figure(text: str) -> str:
    """Dollars, percent or a count, without the zeros behind it."""
    shown = amount(text)
    return shown.rstrip("0").rstrip(".") if "." in shown else shown


@risk.command()
@yes_option
@json_option
@state_option
def resume(*, yes: bool, as_json: bool, state: Path | None) -> None:
    """End the pause after failures at once, so that trades are opened again."""
    ask(state, "risk")  # a system that is not there is told before the question
    confirm("End the pause after failures, and open trades again?", yes=yes)
    answer = ask(state, "risk", action="resume", by=who())
    if as_json:
        print_json(answer)
    else:
        click.echo("The pause is over.")


@risk.command()
@click.option("--venue", metavar="NAME", help="At this venue alone, and over all venues together.")
@yes_option
@json_option
@state_option
def rebase(*, venue: str | None, yes: bool, as_json: bool, state: Path | None) -> None:
    """Measure drawdowns from the present equity: after a withdrawal or a transfer, which look like a loss."""
    ask(state, "risk")
    confirm(f"Measure drawdowns at {venue or 'every venue'} from the present equity?", yes=yes)
    answer = ask(state, "risk", action="rebase", venue=venue, by=who())
    if as_json:
        print_json(answer)
        return
    for name, equity in answer["from"].items():
        click.echo(clean(f"{name}: drawdowns are measured from {amount(equity)}."))
