"""The two long forms: one screen of a system, and everything of one actor."""

from collections.abc import Iterator, Mapping
from typing import Any

import click

from perpbot.cli.tables import Cell, Column, show_table
from perpbot.cli.wording import amount, clean, counted, microseconds, time, uptime

LABEL = 14


def _line(label: str, text: str, **style: Any) -> None:
    click.echo(f"{label:<{LABEL}}{click.style(clean(text), **style)}")


def show_status(status: Mapping[str, Any]) -> None:
    """One screen: mode, health, money, trades, venues, problems."""
    _headline(status)
    for currency, each in status["profit"].items() or {"": {"net": "0", "trading": "0", "fees": "0"}}.items():
        parts = f"trading {amount(each['trading'], signed=True)}, fees {amount(each['fees'])}"
        _line("PnL", f"{amount(each['net'], signed=True)} {currency} after fees  ({parts})")
    exposure = status["exposure"] or {"net": None, "gross": None}
    _line("Equity", f"{amount(status['equity'])}   net {amount(exposure['net'])}, gross {amount(exposure['gross'])}")
    _line("Trades", f"{status['trades']['open']} in progress, {status['trades']['over']} over")
    orders = status["orders"]
    if orders is not None:
        _line("Orders", f"{orders['sent']} sent, {orders['refused']} refused, {orders['unknown_open']} of unknown fate")
    switches = ", ".join(status["kill_switch"])
    _line("Kill switch", f"ON: {switches}" if switches else "off", fg="red" if switches else None, bold=bool(switches))
    failures = f"{counted(status['restarts'], 'restart')}, {counted(status['crashes'], 'crash', 'crashes')}"
    letters = counted(status["dead_letters"], "dead letter")
    _line("Actors", f"{status['actors']} up, {failures}, {letters}")
    click.echo()
    show_table(_VENUES, [_venue_row(name, each) for name, each in status["venues"].items()], "No venues.")
    for problem in status["problems"]:
        click.echo(f"{click.style('!', fg='red', bold=True)} {clean(problem)}")


def _headline(status: Mapping[str, Any]) -> None:
    if status["stopping"]:
        health = click.style("stopping", fg="yellow", bold=True)
    elif status["healthy"]:
        health = click.style("healthy", fg="green", bold=True)
    else:
        health = click.style("NOT healthy", fg="red", bold=True)
    mode = click.style(status["mode"].upper(), bold=True)
    click.echo(f"PerpBot {status['version']}  {mode}  {health}  up {uptime(status['uptime_s'])}")
    _line("Process", f"{status['pid']}, {status['config']}, state in {status['state_directory']}")


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


def show_actor(actor: Mapping[str, Any]) -> None:
    """What an actor is, how it does, how long its handlers take, and what it says of itself."""
    click.secho(f"{clean(actor['address'])}  ({clean(actor['type'])}, {actor['kind']})", bold=True)
    calm = actor["state"] == "running"
    age = "" if actor["uptime_s"] is None else f" for {uptime(actor['uptime_s'])}"
    _line("State", f"{actor['state']}{age}", fg=None if calm else "red", bold=not calm)
    if actor["circuit"] is not None:
        cell = circuit_cell(actor["circuit"])
        _line("Circuit", f"{cell.text}: {actor['circuit_reason']}", fg="green" if cell.style == "green" else "red")
    _line("Restarts", f"{actor['restarts']}, now incarnation {actor['incarnation']}")
    box = actor["mailbox"]
    waiting = f"{box['depth']} of {box['capacity']} waiting, {box['high_water']} at most, {box['dropped']} dropped"
    _line("Mailbox", f"{waiting}; when full: {box['overflow']}")
    if actor["last_failure"] is not None:
        failure = actor["last_failure"]
        _line("Last failure", f"{time(failure['at'])}  {failure['reason']}", fg="red")
    for label, values in (("Strategy", actor["strategy"]), ("Handles now", actor["handling"])):
        if values:
            _line(label, str(values))
    _handlers(actor["handlers"])
    rest = ("children", "timers", "subscribers", "subscribed_to", "crashes", "state_of_actor")
    for name in rest:
        if actor[name]:
            click.echo()
            click.secho(name.replace("_", " "), bold=True)
            for line in outline(actor[name]):
                click.echo(f"  {line}")


def _handlers(handlers: Mapping[str, Any]) -> None:
    if not handlers:
        return
    click.echo()
    columns = [Column("message"), *(Column(each, right=True) for each in ("count", "p50", "p99", "max"))]
    rows = [
        [name, str(each["count"]), *(microseconds(each[part]) for part in ("p50_us", "p99_us", "max_us"))]
        for name, each in handlers.items()
    ]
    show_table(columns, rows, "")


def outline(value: Any) -> Iterator[str]:
    """Nested values, one a line, each level indented under its name."""
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield from _named(f"{clean(key)}:", each)
    elif isinstance(value, list):
        for each in value:
            yield from _named("-", each)
    else:
        yield _plain(value)


def _named(name: str, value: Any) -> Iterator[str]:
    if not isinstance(value, Mapping | list):
        yield f"{name} {_plain(value)}"
    elif not value:
        yield f"{name} none"
    elif all(
        not isinstance(each, Mapping | list) for each in (value.values() if isinstance(value, Mapping) else value)
    ):
        yield f"{name} {_flat(value)}"
    else:
        yield name
        for line in outline(value):
            yield f"  {line}"


def _flat(value: Mapping[str, Any] | list[Any]) -> str:
    if isinstance(value, list):
        return ", ".join(map(_plain, value))
    return ", ".join(f"{clean(key)} {_plain(each)}" for key, each in value.items())


def _plain(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return clean(value)
