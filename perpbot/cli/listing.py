"""`perpbot venues list`: what each venue is like, and whether the configuration trades there."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from perpbot.cli.asking import json_option, print_json
from perpbot.cli.configured import settings_of
from perpbot.cli.tables import Cell, Column, show_table
from perpbot.shipped import DEFAULT_CONFIG

if TYPE_CHECKING:
    from perpbot.config.exchanges import Exchange
    from perpbot.config.settings import Settings


_COLUMNS = (
    Column("venue"),
    Column("books by"),
    Column("login", from_width=100),
    Column("simulated", from_width=100),
    Column("testnet"),
    Column("dead man's switch", from_width=120),
    Column("amends", from_width=140),
    Column("orders"),
    Column("credentials", flexible=True),
)


@click.command("list")
@click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help=f"The configuration that says where orders are sent; else {DEFAULT_CONFIG} where there is one.",
)
@json_option
def list_(*, config: Path | None, as_json: bool) -> None:
    """Show which venues PerpBot speaks to, whether it trades there, and which credentials are missing for that."""
    from perpbot.config.exchanges import VENUES
    from perpbot.venues.registry import venue_names

    known = venue_names()
    planned = [name for name in VENUES if name not in known]
    settings = _settings(config)
    listed = [{**described(name), **standing(name, settings, os.environ)} for name in known]
    if as_json:
        print_json({"venues": listed, "planned": planned})
        return
    show_table(_COLUMNS, [_row(each) for each in listed], "No venues.")
    if planned:
        text = "The configuration knows these names too, but PerpBot does not speak to them yet"
        click.echo(f"\n{text}: {_and(planned)}.")


def _settings(config: Path | None) -> "Settings | None":
    if config is None and not Path(DEFAULT_CONFIG).is_file():
        return None
    return settings_of(config or Path(DEFAULT_CONFIG))


def described(name: str) -> dict[str, Any]:
    """What the venue called `name` is like, whatever the configuration says."""
    from perpbot.simulation.venues.serving import VENUES as SIMULATED
    from perpbot.venues.registry import venue_class

    found = venue_class(name)
    return {
        "name": name,
        "simulated": name in SIMULATED,
        "testnet": found.testnet is not None,
        "book": "REST and stream" if found.book_by_rest else "stream",
        "login": found.needs_login,
        "dead_man": found.dead_man,
        "amends": found.amends,
        "credentials": [_key(each) for each in found.credential_names],
    }


def standing(name: str, settings: "Settings | None", environment: Mapping[str, str]) -> dict[str, Any]:
    """Where orders of `settings` for this venue go, and which credentials are there or missing, by variable.

    ``orders`` is simulated, paper, trading, read-only, or None where the venue is not configured. A credential that the
    configuration names no variable for is missing under the key that would name it.
    """
    exchange = None if settings is None else settings.exchanges.get(name)
    if settings is None or exchange is None:
        return {"orders": None, "on_testnet": False, "present": [], "missing": []}
    if settings.simulation.enabled:
        return {"orders": "simulated", "on_testnet": False, "present": [], "missing": []}
    if settings.mode.value == "paper" and exchange.trading.trade_enabled:
        return {"orders": "paper", "on_testnet": exchange.testnet, "present": [], "missing": []}
    present, missing = _credentials(name, exchange, environment)
    trades = exchange.trading.trade_enabled and settings.mode.value == "live" and not missing
    orders = "trading" if trades else "read-only"
    return {"orders": orders, "on_testnet": exchange.testnet, "present": present, "missing": missing}


def _credentials(name: str, exchange: "Exchange", environment: Mapping[str, str]) -> tuple[list[str], list[str]]:
    from perpbot.venues.registry import venue_class

    keys = [_key(each) for each in venue_class(name).credential_names]
    named = {f"{kind}_env": variable for kind, variable in exchange.trading.credentials.items()}
    present = [variable for variable in named.values() if environment.get(variable)]
    unset = [variable for variable in named.values() if not environment.get(variable)]
    return present, unset + [key for key in keys if key not in named]


def _key(credential: str) -> str:
    """The configuration's key for what the venue's module calls a credential."""
    from perpbot.places import CREDENTIAL_NAMES

    keys = {theirs: f"{ours}_env" for ours, theirs in CREDENTIAL_NAMES.items()}
    return keys.get(credential, credential)


def _row(each: Mapping[str, Any]) -> list[Cell | str]:
    testnet = Cell("in use", "yellow") if each["on_testnet"] else _yes(each["testnet"])
    orders = each["orders"]
    where = Cell(orders or "-", {"trading": "bold yellow", "simulated": "green", "paper": "yellow"}.get(orders, "dim"))
    facts = [_yes(each["login"]), _yes(each["simulated"]), testnet, _yes(each["dead_man"]), _yes(each["amends"])]
    return [each["name"], each["book"], *facts, where, _held(each)]


def _held(each: Mapping[str, Any]) -> Cell:
    if each["orders"] == "simulated":
        return Cell("the simulated venue's own", "dim")
    if each["orders"] is None:
        return Cell(f"needs {_and(each['credentials'])}", "dim")
    return Cell(f"missing: {_and(each['missing'])}", "yellow") if each["missing"] else Cell("complete", "green")


def _yes(value: object) -> Cell:
    return Cell("yes", "green") if value else Cell("no", "dim")


def _and(names: Iterable[str]) -> str:
    return ", ".join(names)
