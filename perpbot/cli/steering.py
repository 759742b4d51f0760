"""Commands that make a running system do something."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from perpbot.cli.asking import EXIT_NO, ask, confirm, json_option, print_json, state_option, system, who, yes_option
from perpbot.cli.commands import Commands
from perpbot.cli.wording import clean, counted
from perpbot.ranges import Number

ANSWER_MARGIN_S = 10.0
CANCEL_S = ADOPT_S = 30.0
EVERYTHING = "global"
"""The kill switch of the whole, as the system names it."""


@click.group("kill-switch", cls=Commands)
def kill_switch() -> None:
    """Show or turn the kill switches: no order that adds risk passes one that is on."""


@kill_switch.command("status")
@json_option
@state_option
def kill_switch_status(*, as_json: bool, state: Path | None) -> None:
    """Show which kill switches are on, and who turned them."""
    _show_switches(ask(state, "kill-switch", action="status"), as_json=as_json)


_venue_option = click.option("--venue", metavar="NAME", help="That of one venue, not of everything.")
_connection_option = click.option("--connection", metavar="ADDRESS", help="That of one connection.")


@kill_switch.command("on")
@_venue_option
@_connection_option
@json_option
@state_option
def kill_switch_on(*, venue: str | None, connection: str | None, as_json: bool, state: Path | None) -> None:
    """Turn a kill switch on, at once: everywhere, at one venue, or for one connection."""
    _show_switches(_turn("on", venue, connection, state), as_json=as_json)


@kill_switch.command("off")
@_venue_option
@_connection_option
@yes_option
@json_option
@state_option
def kill_switch_off(*, venue: str | None, connection: str | None, yes: bool, as_json: bool, state: Path | None) -> None:
    """Turn a kill switch off, so that trades are opened again."""
    on = ask(state, "kill-switch", action="status")["on"]  # a system that is not there is told before the question
    whose = on.get(venue or connection or EVERYTHING, "")
    by = f", which {clean(whose)} turned on" if whose else ""
    confirm(f"Turn the kill switch off for {venue or connection or 'everything'}{by}?", yes=yes)
    _show_switches(_turn("off", venue, connection, state, whose), as_json=as_json)


def _turn(action: str, venue: str | None, connection: str | None, state: Path | None, whose: str | None = None) -> Any:
    return ask(state, "kill-switch", action=action, venue=venue, connection=connection, by=who(), whose=whose)


def _show_switches(answer: Mapping[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(answer)
    elif not answer["loaded"]:
        click.echo("The kill switches have not been read from the journal yet; until then nothing adds risk.")
    elif not answer["on"]:
        click.echo("All kill switches are off.")
    else:
        for scope, by in answer["on"].items():
            click.echo(f"{click.style('ON', fg='red', bold=True)}  {clean(scope)}  (by {clean(by)})")


@click.command()
@click.option("--venue", metavar="NAME", help="Only trades with a leg at this venue.")
@click.option("--timeout", type=Number(1, 600), metavar="SECONDS", help="How long closing may take.")
@yes_option
@json_option
@state_option
def flatten(*, venue: str | None, timeout: float | None, yes: bool, as_json: bool, state: Path | None) -> None:
    """Close the trades in progress, whatever they would earn, and show what is still held."""
    with system(state) as client:
        current = client.ask("trades", limit=1)["open"]
        concerned = [each for each in current if venue is None or venue in {each["buy"], each["sell"]}]
        if concerned:
            confirm(f"Close {counted(len(concerned), 'trade')}{f' with a leg at {venue}' if venue else ''}?", yes=yes)
        answer = client.ask("flatten", (timeout or 600.0) + ANSWER_MARGIN_S, venue=venue, timeout=timeout)
        switched_off = EVERYTHING in client.ask("kill-switch", action="status")["on"]
    if as_json:
        print_json(answer)
        return
    closed = answer["closed"]
    click.echo(f"Closed {counted(len(closed), 'trade')}: {', '.join(closed)}." if closed else "No trade to close.")
    held = answer["positions"]["positions"]
    for each in held:
        click.echo(f"Still held: {each['quantity']} {each['symbol']} at {each['venue']} ({each['account']}).")
    if not held:
        click.echo("Nothing is held now.")
    if not switched_off:
        click.echo("New trades may follow; `perpbot kill-switch on` keeps them from being opened.")


@click.command("cancel-all")
@click.option("--venue", metavar="NAME", help="Only at this venue.")
@json_option
@state_option
@click.pass_context
def cancel_all(context: click.Context, *, venue: str | None, as_json: bool, state: Path | None) -> None:
    """Cancel our orders that wait at the venues, nobody else's, and see that they are gone.

    The exit code is 1 when one still waits, or a venue could not be asked.
    """
    with system(state) as client:
        answer = client.ask("cancel-all", CANCEL_S, venue=venue)
    if as_json:
        print_json(answer)
    for each in [] if as_json else answer["venues"]:
        click.echo(clean(_cancelled(each)))
    context.exit(EXIT_NO if any(each["left"] or each["trouble"] for each in answer["venues"]) else 0)


@click.command()
@click.argument("venue")
@click.argument("symbol")
@click.option("--price", help="What a coin of it cost or, where a position of ours is gone, brought.")
@yes_option
@json_option
@state_option
@click.pass_context
def adopt(
    context: click.Context, *, venue: str, symbol: str, price: str | None, yes: bool, as_json: bool, state: Path | None
) -> None:
    """Make ours what somebody else did at VENUE in SYMBOL: close the position, cancel the orders.

    Without it, what no order of ours did is reported and left alone. The exit code is 1 when an order still waits.
    """
    with system(state) as client:
        answer = client.ask("adopt", ADOPT_S, venue=venue, symbol=symbol, price=price, yes=False)
        found = _found(answer)
        if not yes:
            click.echo(clean(f"At {venue} in {symbol}: {found}."), err=True)
        confirm("Adopt it, close the position and cancel the orders?", yes=yes)
        told = {"price": answer["price"], "quantity": answer["quantity"] or "nothing"}
        answer = client.ask("adopt", ADOPT_S, venue=venue, symbol=symbol, yes=True, **told)
    cancelled = answer["cancelled"]
    if as_json:
        print_json(answer)
    else:
        for line in _adopted(answer):
            click.echo(clean(line))
    if cancelled is not None and not as_json:
        click.echo(clean(_cancelled(cancelled)))
    context.exit(EXIT_NO if cancelled is not None and (cancelled["left"] or cancelled["trouble"]) else 0)


def _found(answer: Mapping[str, Any]) -> str:
    price = f"at {answer['price']} a coin, where the market is at {answer['mark'] or 'no price'}"
    position = [] if answer["quantity"] is None else [f"a position of {answer['quantity']} {price}"]
    orders = answer["orders"]
    waiting = [f"{counted(len(orders), 'order')} ({', '.join(orders)})"] if orders else []
    unasked = answer["in_flight"]
    ours = (
        [f"{counted(len(unasked), 'order')} of ours in flight ({', '.join(unasked)}), declared over"] if unasked else []
    )
    return " and ".join([*position, *waiting, *ours])


def _adopted(answer: Mapping[str, Any]) -> Iterator[str]:
    venue, symbol, ended = answer["venue"], answer["symbol"], answer["ended"]
    if answer["in_flight"]:
        yield f"{venue}: {counted(len(ended), 'order')} declared over ({', '.join(ended) or 'none'})."
    if late := [each for each in answer["in_flight"] if each not in ended]:
        yield f"{venue}: what may still arrive is left as it is ({', '.join(late)}); try again in half a minute."
    if answer["trades"]:
        yield f"{answer['quantity']} {symbol} at {venue} is ours, and being closed: {', '.join(answer['trades'])}."


def _cancelled(each: Mapping[str, Any]) -> str:
    if each["left"]:
        why = f": {each['trouble']}" if each["trouble"] else ""
        return f"{each['venue']}: {counted(len(each['left']), 'order')} may still wait ({', '.join(each['left'])}){why}"
    if each["trouble"]:
        return f"{each['venue']}: not known whether an order waits: {each['trouble']}"
    if not each["gone"]:
        return f"{each['venue']}: none of our orders waits."
    return f"{each['venue']}: {counted(len(each['gone']), 'order')} cancelled ({', '.join(each['gone'])})."


STEERING = (kill_switch, flatten, cancel_all, adopt)
