"""`perpbot crashes` and `perpbot dead-letters`: what went wrong, how often, from when to when."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from perpbot.cli.asking import ask, complete_address, json_option, print_json, state_option
from perpbot.cli.tables import Column, Row, show_table
from perpbot.cli.wording import clean, counted, time
from perpbot.ranges import WholeNumber

_address_argument = click.argument("address", required=False, shell_complete=complete_address)


@click.command()
@_address_argument
@click.option("--limit", type=WholeNumber(1, 200), default=10, show_default=True, help="So many sorts of crashes.")
@click.option("--short", is_flag=True, help="Leave out the tracebacks.")
@json_option
@state_option
def crashes(*, address: str | None, limit: int, short: bool, as_json: bool, state: Path | None) -> None:
    """Show which actors failed, why, how often, and what their supervisors decided, newest first.

    Crashes that are alike are one entry. They are kept on disk, across restarts of PerpBot.
    """
    answer = ask(state, "crashes", address=address)
    if as_json:
        print_json(answer)
        return
    if not answer:
        click.echo("Nothing has crashed.")
    for each in answer[:limit]:
        _show_crash(each, short=short)
    if len(answer) > limit:
        click.echo(f"{counted(len(answer) - limit, 'older sort')} more; --limit shows them.")


def _show_crash(each: Mapping[str, Any], *, short: bool) -> None:
    often = f"{each['count']:,} times, " if each["count"] > 1 else ""
    when = f"{time(each['first'])} to {time(each['last'])}" if each["count"] > 1 else time(each["last"])
    click.secho(clean(f"{each['address']}  ({each['type']}): {often}{when} UTC"), bold=True)
    click.secho(clean(f"  {each['reason']}"), fg="red")
    where = f", at {each['where']}" if each["where"] else ""
    click.echo(clean(f"  incarnation {each['incarnation']}{where}; decided: {each['decision']}"))
    if not short:
        for line in each["traceback"].splitlines():
            click.secho(f"    {clean(line)}", dim=True)


MOST_LETTERS = 1_000
"""So many a system keeps."""


@click.command("dead-letters")
@_address_argument
@click.option("--limit", type=WholeNumber(1, 1_000), default=20, show_default=True, help="So many single ones.")
@click.option("--each", "one_by_one", is_flag=True, help="Show each message, not only how many of each sort.")
@json_option
@state_option
def dead_letters(*, address: str | None, limit: int, one_by_one: bool, as_json: bool, state: Path | None) -> None:
    """Show messages that were not delivered: who sent what to whom, why it was lost, and how often."""
    answer = ask(state, "dead-letters", address=address, limit=limit)
    if as_json:
        print_json(answer)
        return
    if one_by_one:
        show_table(_LETTERS, [_letter_row(each) for each in answer["newest"]], "No message was lost.")
    else:
        show_table(_SORTS, [_sort_row(each) for each in answer["sorts"]], "No message was lost.")
    if answer["kept"]:
        counts = ", ".join(f"{count:,} {why}" for why, count in answer["counts"].items())
        click.echo(f"\n{counted(answer['total'], 'message')} not delivered since the start: {counts}.")
        if answer["total"] > MOST_LETTERS:
            click.echo(f"Only the last {MOST_LETTERS:,} are kept; what is shown is of those.")


_SORTS = (
    Column("times", right=True),
    Column("last (UTC)"),
    Column("message"),
    Column("from", flexible=True, keep_end=True),
    Column("to", flexible=True, keep_end=True),
    Column("why"),
)
_LETTERS = (
    Column("time (UTC)"),
    Column("message"),
    Column("from", flexible=True, keep_end=True),
    Column("to", flexible=True, keep_end=True),
    Column("why"),
)


def _sort_row(each: Mapping[str, Any]) -> Row:
    return [f"{each['count']:,}", time(each["last"]), each["type"], each["from"], each["to"], each["why"]]


def _letter_row(each: Mapping[str, Any]) -> Row:
    return [time(each["at"]), each["type"], each["from"], each["to"], each["why"]]


FAILURES = (crashes, dead_letters)
