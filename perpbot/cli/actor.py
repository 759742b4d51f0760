"""`perpbot inspect`: everything that is known of one actor, what matters at three in the morning first."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from perpbot.cli.asking import ask, complete_address, json_option, print_json, state_option
from perpbot.cli.details import circuit_cell, labelled
from perpbot.cli.outline import outline
from perpbot.cli.tables import Cell, Column, Row, show_table
from perpbot.cli.troubles import MILD, trouble_words
from perpbot.cli.wording import clean, counted, duration, microseconds, share, time, uptime

HISTORIES = 3
LONG_S = 1.0
Actor = Mapping[str, Any]


@click.command()
@click.argument("address", shell_complete=complete_address)
@json_option
@state_option
def inspect(*, address: str, as_json: bool, state: Path | None) -> None:
    """Show everything that is known of the actor at ADDRESS, as in /venues/okx/trading."""
    answer = ask(state, "inspect", address=address)
    if as_json:
        print_json(answer)
    else:
        show_actor(answer)


def show_actor(actor: Actor) -> None:
    """What an actor is, how it does, how long its handlers take, and what it says of itself."""
    click.secho(f"{clean(actor['address'])}  ({clean(actor['type'])}, {actor['kind']})", bold=True)
    for each in actor["troubles"]:
        labelled("Trouble", trouble_words(each), fg="yellow" if each["kind"] in MILD else "red", bold=True)
    for label, text, style in _facts(actor):
        labelled(label, text, **style)
    _handlers(actor)
    _crashes(actor)
    for title, lines in _lists(actor):
        if lines:
            click.echo()
            click.secho(title, bold=True)
            for line in lines:
                click.echo(f"  {line}")


def _facts(actor: Actor) -> Iterator[tuple[str, str, dict[str, Any]]]:
    calm = actor["state"] == "running"
    age = "" if actor["uptime_s"] is None else f" for {uptime(actor['uptime_s'])}"
    yield "State", f"{actor['state']}{age}", {} if calm else {"fg": "red", "bold": True}
    if actor["doing"] is not None:
        yield _doing(actor["doing"])
    if actor["circuit"] is not None:
        cell = circuit_cell(actor["circuit"])
        text = f"{cell.text} for {duration(actor['circuit_s'])}: {actor['circuit_reason']}"
        moves = counted(actor["circuit_moves"], "transition")
        yield "Circuit", f"{text} ({moves})", {"fg": "green" if cell.style == "green" else "red"}
    yield "Mailbox", _mailbox(actor["mailbox"]), {"fg": "red" if actor["mailbox"]["dropped"] else None}
    if actor["mailbox"]["waiting"]:
        waiting = ", ".join(f"{count:,} {kind}" for kind, count in actor["mailbox"]["waiting"].items())
        yield "Waiting", waiting, {}
    yield "Restarts", f"{actor['restarts']}, now incarnation {actor['incarnation']}", {}
    if actor["supervisor"] is not None:
        yield "Supervisor", _supervisor(actor["supervisor"]), {}
    if actor["strategy"]:
        yield "Strategy", f"{actor['strategy']}, {counted(len(actor['children']), 'child', 'children')}", {}
    if actor["last_failure"] is not None:
        failure = actor["last_failure"]
        yield "Last failure", f"{time(failure['at'])}  {failure['reason']}", {"fg": "red"}


def _doing(doing: Mapping[str, Any]) -> tuple[str, str, dict[str, Any]]:
    seconds = doing["seconds"]
    text = str(doing["message"]) + ("" if seconds is None else f" for {duration(seconds)}")
    if doing["waits_for"]:
        text += f", waits for an answer of {doing['waits_for']}"
    return "Handles now", text, {"fg": "red"} if (seconds or 0) >= LONG_S else {}


def _mailbox(box: Mapping[str, Any]) -> str:
    oldest = "" if box["oldest_s"] is None else f", the oldest for {duration(box['oldest_s'])}"
    waiting = f"{box['depth']:,} of {box['capacity']:,} waiting{oldest}"
    return f"{waiting}; {box['high_water']:,} at most, {box['dropped']:,} dropped; when full: {box['overflow']}"


def _supervisor(each: Mapping[str, Any]) -> str:
    backoff = each["backoff"]
    if backoff is not None:
        how = f"{each['restart']}, waits {backoff['min_s']:g} to {backoff['max_s']:g} s before a restart"
    else:
        how = f"{each['restart']}, at most {each['intensity']} restarts in {each['period_s']:g} s"
    return f"{each['address']} ({each['strategy']}): {how}"


HANDLERS = (
    Column("message", flexible=True),
    *(Column(each, right=True) for each in ("count", "time", "p50", "p99", "max")),
)


def _handlers(actor: Actor) -> None:
    handlers = actor["handlers"]
    if not handlers:
        return
    whole = sum(each["total_us"] for each in handlers.values()) or 1
    heaviest = sorted(handlers.items(), key=lambda item: -item[1]["total_us"])
    rows = [_handler(name, each, whole) for name, each in heaviest]
    click.echo()
    show_table(HANDLERS, rows, "")


def _handler(name: str, each: Mapping[str, Any], whole: float) -> Row:
    times = (microseconds(each[part]) for part in ("p50_us", "p99_us", "max_us"))
    return [name, f"{each['count']:,}", Cell(share(each["total_us"] / whole)), *times]


def _crashes(actor: Actor) -> None:
    histories = actor["histories"]
    if not histories:
        return
    click.echo()
    click.secho("crashes", bold=True)
    for each in histories[:HISTORIES]:
        when = f"{time(each['first'])} to {time(each['last'])}" if each["count"] > 1 else time(each["last"])
        click.secho(clean(f"  {each['count']:,} x  {when}  {each['reason']}"), fg="red")
        click.echo(clean(f"       at {each['where'] or '-'}; decided: {each['decision']}"))
    if len(histories) > HISTORIES:
        click.echo(f"  and {len(histories) - HISTORIES} other sorts")
    click.echo(f"  `perpbot crashes {actor['address']}` has the tracebacks")


def _lists(actor: Actor) -> Iterator[tuple[str, list[str]]]:
    timers = [
        f"{each['message']} " + ("once" if each["interval_s"] is None else f"every {each['interval_s']:g} s")
        for each in actor["timers"]
    ]
    yield "timers", timers
    for name in ("children", "watchers", "subscribers", "subscribed_to", "state_of_actor"):
        title = "says of itself" if name == "state_of_actor" else name.replace("_", " ")
        yield title, list(outline(actor[name])) if actor[name] else []
