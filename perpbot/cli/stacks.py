"""`perpbot stacks`: where everybody stands at this moment."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from perpbot.cli.asking import ask, complete_address, json_option, print_json, state_option
from perpbot.cli.wording import clean, counted, duration

LONG_S = 1.0
Stack = Sequence[Mapping[str, Any]]


@click.command()
@click.argument("address", required=False, shell_complete=complete_address)
@click.option("--full", is_flag=True, help="Show whole stacks, not only where they stand.")
@json_option
@state_option
def stacks(*, address: str | None, full: bool, as_json: bool, state: Path | None) -> None:
    """Show where every actor stands in the code, or that at ADDRESS; and each native thread."""
    answer = ask(state, "stacks", address=address)
    if as_json:
        print_json(answer)
        return
    idle = [each for each in answer["actors"] if not each["stack"] and not each["tasks"]]
    for each in answer["actors"]:
        if each not in idle or address is not None:
            _show_actor(each, full=full or address is not None)
    if idle and address is None:
        click.secho(f"\n{counted(len(idle), 'actor')} wait for a message:", bold=True)
        click.echo(clean("  " + ", ".join(each["address"] for each in idle)))
    for thread in answer["threads"]:
        _show_thread(thread, full=full)


def _show_actor(actor: Mapping[str, Any], *, full: bool) -> None:
    doing = actor["doing"]
    if doing is None:
        text = "waits for a message" if actor["state"] == "running" else actor["state"]
    else:
        seconds = doing["seconds"]
        text = f"at {doing['message']}" + ("" if seconds is None else f" for {duration(seconds)}")
        text += f", waits for {doing['waits_for']}" if doing["waits_for"] else ""
    slow = doing is not None and (doing["seconds"] or 0) >= LONG_S
    click.secho(clean(f"{actor['address']}  {text}"), bold=True, fg="red" if slow else None)
    _show_stack(actor["stack"], full=full)
    for task in actor["tasks"]:
        click.echo(clean(f"  task {task['name']}"))
        _show_stack(task["stack"], full=full)


def _show_thread(thread: Mapping[str, Any], *, full: bool) -> None:
    whose = "all actors take turns in it" if thread["actors"] else "a thread of its own"
    click.secho(f"\nnative thread {thread['id']}: {whose}", bold=True)
    _show_stack(thread["stack"], full=full)


def _show_stack(stack: Stack, *, full: bool) -> None:
    """The innermost line of a stack, or all of it from the outermost on."""
    for each in stack if full else _telling(stack):
        click.echo(clean(f"    {each['file']}:{each['line']} {each['in']}"))
        if each["text"]:
            click.secho(clean(f"        {each['text']}"), dim=True)


def _telling(stack: Stack) -> Stack:
    """Of a stack the innermost line of PerpBot's own; without one, the innermost of all."""
    own = [each for each in stack if each["file"].startswith(("actors/", "perpbot/", "supervisors/", "tests/"))]
    return (own or stack)[-1:]
