"""`perpbot alerts`: what fires, who looks after it, what is kept quiet, and whether messages arrive."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from perpbot.cli.asking import EXIT_NO, ask, json_option, print_json, state_option, system, who
from perpbot.cli.commands import Commands
from perpbot.cli.wording import clean, counted, time
from perpbot.ranges import Number

TEST_S = 45.0
COLOURS = {"critical": "red", "error": "red", "high": "red", "warning": "yellow"}
HOURS = 3600


@click.group(cls=Commands)
def alerts() -> None:
    """Show alerts, acknowledge and silence them, and try the channels."""


@alerts.command("list")
@click.option("--recent", is_flag=True, help="What fired and was over lately, too.")
@json_option
@state_option
@click.pass_context
def list_alerts(context: click.Context, *, recent: bool, as_json: bool, state: Path | None) -> None:
    """Show which alerts fire or are about to; the exit code is 1 when one fires that nobody has acknowledged."""
    answer = ask(state, "alerts", action="list")
    if as_json:
        print_json(answer)
    else:
        for line in _listed(answer, recent=recent):
            click.echo(line)
    open_ones = [each for each in answer["alerts"] if each["phase"] == "firing" and not each["acknowledged_by"]]
    context.exit(EXIT_NO if open_ones else 0)


@alerts.command()
@click.argument("name")
@json_option
@state_option
def ack(*, name: str, as_json: bool, state: Path | None) -> None:
    """Say that you look after the firing alerts called NAME: a rule, one alert, or "*" for all."""
    answer = ask(state, "alerts", action="ack", name=name, by=who())
    if as_json:
        print_json(answer)
    else:
        click.echo(f"Acknowledged: {clean(', '.join(answer['acknowledged']))}. They are not told again.")


@alerts.command()
@click.argument("rule")
@click.option("--hours", type=Number(0, 720), default=1.0, show_default=True, help="For how long; 0 ends a silence.")
@json_option
@state_option
def silence(*, rule: str, hours: float, as_json: bool, state: Path | None) -> None:
    """Tell nobody of the alerts of RULE, or of any with "*"; what they do is done all the same."""
    answer = ask(state, "alerts", action="silence", name=rule, seconds=hours * HOURS, by=who())
    if as_json:
        print_json(answer)
        return
    for each in answer["silences"]:
        click.echo(clean(f"{each['rule']} is silenced until {time(each['until'])}Z, by {each['by']}."))
    if not answer["silences"]:
        click.echo("Nothing is silenced.")


@alerts.command()
@click.option("--channel", metavar="NAME", help="Only this one.")
@json_option
@state_option
@click.pass_context
def test(context: click.Context, *, channel: str | None, as_json: bool, state: Path | None) -> None:
    """Send a message through every channel now, and show which ones took it; the exit code is 1 when one did not."""
    with system(state) as client:
        answer = client.ask("alerts", TEST_S, action="test", channel=channel, by=who())
    if as_json:
        print_json(answer)
    else:
        for name, error in answer["channels"].items():
            click.echo(clean(f"{name}: {'delivered' if error is None else f'NOT delivered: {error}'}"))
        if not answer["channels"]:
            click.echo("There are no channels; alerts.yaml beside the configuration says who is told.")
    context.exit(EXIT_NO if any(answer["channels"].values()) else 0)


def _listed(answer: Mapping[str, Any], *, recent: bool) -> Iterator[str]:
    for each in answer["alerts"]:
        yield _line(each)
    if not answer["alerts"]:
        yield f"No alert fires; {counted(answer['rules'], 'rule')} looked at."
    for each in answer["silences"]:
        yield clean(f"Silenced: {each['rule']} until {time(each['until'])}Z, by {each['by']}.")
    for each in answer["channels"]:
        if each["waiting"] or each["error"]:
            why = f": {each['error']}" if each["error"] else ""
            yield clean(f"Channel {each['name']}: {counted(each['waiting'], 'message')} not delivered yet{why}")
    if answer["missing_channels"]:
        yield clean(f"Named by rules, and not configured: {', '.join(answer['missing_channels'])}.")
    if recent:
        yield "Lately:"
        yield from map(_line, answer["recent"])


def _line(each: Mapping[str, Any]) -> str:
    phase = each["phase"].upper() if each["phase"] == "firing" else each["phase"]
    marks = [f"acknowledged by {each['acknowledged_by']}"] if each["acknowledged_by"] else []
    marks += ["silenced"] if each["silenced"] else []
    details = "; ".join([*([each["reading"]] if each["reading"] else []), *marks])
    hint = f" -> {each['runbook']}" if each["runbook"] and each["phase"] == "firing" else ""
    severity = click.style(f"{each['severity']:<8}", fg=COLOURS.get(each["severity"]))
    return f"{severity} {time(each['at'])} {phase:<8} {clean(each['id'])}  {clean(details)}{clean(hint)}"
