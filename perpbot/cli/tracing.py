"""`perpbot trace`: messages of one actor as they pass."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from perpbot.cli.asking import complete_address, state_option, system
from perpbot.cli.outline import in_a_line
from perpbot.cli.tables import Cell, on_terminal, show_lines
from perpbot.cli.wording import clean, counted, duration, microseconds
from perpbot.control.protocol import encode
from perpbot.ranges import Number, WholeNumber

SLOW_US = 100_000
BEAT_PATIENCE_S = 10.0


@click.command()
@click.argument("address", shell_complete=complete_address)
@click.option("--type", "kind", metavar="NAME", help="Only messages of this type.")
@click.option(
    "--for",
    "seconds",
    type=Number(0.1, 3_600),
    default=10,
    show_default=True,
    metavar="SECONDS",
    help="How long to listen.",
)
@click.option("--limit", type=WholeNumber(1, 10_000), default=100, show_default=True, help="So many messages.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
@state_option
def trace(*, address: str, kind: str | None, seconds: float, limit: int, as_json: bool, state: Path | None) -> None:
    """Show messages of the actor at ADDRESS as they pass, what it sends included.

    It stops by itself, and slows nobody down when it does not run. Secrets are not shown.
    """
    with system(state) as client:
        items = client.stream("trace", BEAT_PATIENCE_S, address=address, seconds=seconds, limit=limit, type=kind)
        try:
            for item in items:
                if as_json:
                    click.echo(encode(item), nl=False)
                else:
                    show_item(item)
        except KeyboardInterrupt:
            click.echo("\nStopped listening.", err=True)


def show_item(item: Mapping[str, Any]) -> None:
    """Print one item of a trace."""
    if "way" in item:
        show_lines([_line(item)])
    elif "shown" in item:
        _show_end(item)
    elif "seconds" in item:
        state = "" if item["state"] == "running" else f", which is {item['state']}"
        most = f"at most {counted(item['limit'], 'message')}"
        click.secho(clean(f"{item['address']}{state}, for {duration(item['seconds'])}, {most}"), bold=True)
    elif not on_terminal() or item["waiting"]:
        doing = f", at {item['doing']}" if item["doing"] else ""
        click.secho(clean(f"            nothing passes: {item['state']}{doing}, {item['waiting']} wait"), dim=True)


def _line(item: Mapping[str, Any]) -> Cell:
    content = in_a_line(item["content"])
    clock = item["at"][11:23]
    asks = "?" if item["asked"] else " "
    if item["way"] == "out":
        return Cell(f"{clock} → {item['message']}{asks} to {item['to']}  {content}", "cyan")
    waited = "" if item["waited_us"] is None else f"waited {microseconds(item['waited_us'])}, "
    head = f"{clock} ← {item['message']}{asks} from {item['from']}  {waited}took {microseconds(item['took_us'])}"
    if item["error"]:
        return Cell(f"{head}  raised {item['error']}  {content}", "bold red")
    answer = f"  answered {in_a_line(item['answer'])}" if item["asked"] else ""
    return Cell(f"{head}{answer}  {content}", "yellow" if item["took_us"] >= SLOW_US else "")


def _show_end(item: Mapping[str, Any]) -> None:
    left_out = f", {item['left_out']} more were not shown" if item["left_out"] else ""
    waiting = f"; {item['waiting']} wait" if item["waiting"] else ""
    click.secho(f"{counted(item['shown'], 'message')} shown{left_out}; {item['arrived']} came in{waiting}.", bold=True)
