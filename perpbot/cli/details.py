"""One screen of a system."""

from collections.abc import Mapping
from typing import Any

import click

from perpbot.cli.tables import Cell, Column, show_table
from perpbot.cli.wording import amount, clean, counted, uptime

LABEL = 14


def labelled(label: str, text: str, **style: Any) -> None:
    """Print `text` beside its label."""
    click.echo(f"{label:<{LABEL}}{click.style(clean(text), **style)}")


def show_status(status: Mapping[str, Any]) -> None:
    """One screen: mode, health, money, trades, venues, problems."""
    _headline(status)
    if not status["profit"]:
        labelled("PnL in all", "nothing traded yet")
    for currency, each in status["profit"].items():
        opened = f", open at mark {amount(each['open'], signed=True)}" if status["trades"]["open"] else ""
        labelled("PnL in all", f"{amount(each['closed'], signed=True)} {currency} after fees{opened}")
    exposure = status["exposure"] or {"net": None, "gross": None}
    labelled("Equity", f"{amount(status['equity'])}   net {amount(exposure['net'])}, gross {amount(exposure['gross'])}")
    labelled("Trades", f"{status['trades']['open']} in progress, {_over(status['trades']['over'])} over in all")
    orders = status["orders"]
    if orders is not None:
        labelled(
            "Orders", f"{orders['sent']} sent, {orders['refused']} refused, {orders['unknown_open']} of unknown fate"
        )
    switches = ", ".join(status["kill_switch"])
    labelled(
        "Kill switch", f"ON: {switches}" if switches else "off", fg="red" if switches else None, bold=bool(switches)
    )
    failures = f"{counted(status['restarts'], 'restart')}, {counted(status['crashes'], 'crash', 'crashes')}"
    letters = counted(status["dead_letters"], "dead letter")
    labelled("Actors", f"{status['actors']} up, {failures}, {letters}")
    if status["log_lines_lost"]:
        lost = f"{counted(status['log_lines_lost'], 'line')} lost; is the disk full?"
        labelled("Log", lost, fg="red", bold=True)
    blocked = status["process"]["blocked"]
    if blocked["newest"]:
        times = counted(blocked["total"], "time")
        labelled("Blocked", f"{times}, at most {blocked['longest_ms']:.0f} ms; last {blocked['newest'][-1]['said']}")
    click.echo()
    show_table(_VENUES, [_venue_row(name, each) for name, each in status["venues"].items()], "No venues.")
    for name, each in status["venues"].items():
        if each["unlisted"]:
            click.echo(clean(f"{name} does not list {', '.join(each['unlisted'])}."))
    for hint in status["low"]:
        click.echo(f"{click.style('$', fg='yellow', bold=True)} {clean(hint)}")
    for problem in status["problems"]:
        click.echo(f"{click.style('!', fg='red', bold=True)} {clean(problem)}")


def _over(count: int | None) -> str:
    return "an unknown number" if count is None else f"{count:,}"


def _headline(status: Mapping[str, Any]) -> None:
    if status["stopping"]:
        health = click.style("stopping", fg="yellow", bold=True)
    elif status["healthy"]:
        health = click.style("healthy", fg="green", bold=True)
    else:
        health = click.style("NOT healthy", fg="red", bold=True)
    mode = click.style(status["mode"].upper(), bold=True)
    click.echo(f"PerpBot {status['version']}  {mode}  {health}  up {uptime(status['uptime_s'])}")
    labelled("Process", f"{status['pid']}, {status['config']}, state in {status['state_directory']}")


_VENUES = (
    Column("venue"),
    Column("market-data"),
    Column("trading"),
    Column("quotes", right=True),
    Column("reconnects", right=True),
    Column("gaps", right=True),
    Column("errors", right=True),
)


def _venue_row(name: str, venue: Mapping[str, Any]) -> list[Cell | str]:
    counts = venue["counts"]
    circuits = [circuit_cell(venue["circuits"].get(each)) for each in ("market-data", "trading")]
    return [name, *circuits, *(str(counts.get(each, "-")) for each in ("quotes", "reconnects", "gaps", "errors"))]


def circuit_cell(circuit: str | None) -> Cell:
    """A circuit's state; only a connected one is calm."""
    if circuit is None:
        return Cell("-", "dim")
    return Cell(circuit, {"CONNECTED": "green", "DEGRADED": "bold yellow"}.get(circuit, "bold red"))
