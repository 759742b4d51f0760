"""Commands that show what a running system knows, as tables or as JSON."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from perpbot.cli.asking import EXIT_NO, ask, json_option, print_json, state_option
from perpbot.cli.details import show_status
from perpbot.cli.tables import Cell, Column, show_table
from perpbot.cli.wording import amount, clean, currency, fees, gain_style, time
from perpbot.ranges import WholeNumber

MOST_TRADES = 200
WIDE, WIDER, WIDEST = 100, 120, 140


@click.command()
@json_option
@state_option
def status(*, as_json: bool, state: Path | None) -> None:
    """Show one screen of everything; the exit code is 0 when all is well and 1 when it is not."""
    answer = ask(state, "status")
    if as_json:
        print_json(answer)
    else:
        show_status(answer)
    click.get_current_context().exit(0 if answer["healthy"] else EXIT_NO)


@click.command()
@click.option(
    "--limit",
    type=WholeNumber(1, MOST_TRADES),
    default=20,
    show_default=True,
    metavar="NUMBER",
    help=f"Show so many of those that are over, the newest; {MOST_TRADES} at most.",
)
@json_option
@state_option
def trades(*, limit: int, as_json: bool, state: Path | None) -> None:
    """Show trades in progress, and the newest of those that are over with their profit after fees."""
    answer = ask(state, "trades", limit=limit)
    if as_json:
        print_json(answer)
        return
    show_table(_OPEN, [_open_row(each) for each in answer["open"]], "No trade is in progress.")
    click.echo()
    show_table(_OVER, [_over_row(each) for each in answer["over"]], "No trade is over yet.")
    for each in answer["over"]:
        if each["phase"] != "completed" and each["reason"]:
            click.echo(clean(f"{each['id']} {each['phase']}: {each['reason']}"))
    for each in answer["open"]:
        for order in each["orders"]:
            if order["status"] == "refused":
                click.echo(clean(f"{each['id']}: {order['venue']} refused to {order['side']}: {order['reason']}"))


_OPEN = (
    Column("opened (UTC)"),
    Column("trade", from_width=WIDE),
    Column("symbol"),
    Column("quantity", right=True),
    Column("buy"),
    Column("sell"),
    Column("phase"),
    Column("expected", right=True),
    Column("currency", from_width=WIDE),
    Column("orders", right=True, from_width=WIDE),
)
_OVER = (
    Column("over (UTC)"),
    Column("trade", from_width=WIDE),
    Column("symbol"),
    Column("quantity", right=True),
    Column("buy"),
    Column("sell"),
    Column("net", right=True),
    Column("currency"),
    Column("fees", right=True, from_width=WIDER),
    Column("expected", right=True, from_width=WIDEST),
    Column("end", from_width=WIDER),
    Column("reason", flexible=True, from_width=WIDEST),
)


def _open_row(trade: Mapping[str, Any]) -> list[Cell | str]:
    orders = trade["orders"]
    over = sum(each["status"] in {"filled", "cancelled", "refused"} for each in orders)
    return [
        time(trade["opened_at"]),
        trade["id"],
        trade["symbol"],
        trade["quantity"],
        trade["buy"],
        trade["sell"],
        Cell(trade["phase"], "yellow"),
        amount(trade["expected_net"], signed=True),
        currency(trade["currencies"]),
        f"{over} of {len(orders)} over",
    ]


def _over_row(trade: Mapping[str, Any]) -> list[Cell | str]:
    return [
        time(trade["settled_at"]),
        trade["id"],
        trade["symbol"],
        trade["quantity"],
        trade["buy"],
        trade["sell"],
        Cell(amount(trade["net"], signed=True), gain_style(trade["net"])),
        currency(trade["currencies"]),
        fees(trade),
        amount(trade["expected_net"], signed=True),
        Cell(trade["phase"], "" if trade["phase"] == "completed" else "yellow"),
        trade["reason"],
    ]


@click.command()
@json_option
@state_option
def positions(*, as_json: bool, state: Path | None) -> None:
    """Show what is held at each venue, the exposure it comes to, and where a venue says something else."""
    answer = ask(state, "positions")
    if as_json:
        print_json(answer)
        return
    if not answer["known"]:
        click.echo("Positions are not known at this moment; `perpbot tree /books` shows why.")
        return
    show_table(_POSITIONS, [_position_row(each) for each in answer["positions"]], "No positions: nothing is held.")
    if answer["positions"]:
        click.echo(f"\nNet {amount(answer['net_total'])}, gross {amount(answer['gross_total'])} over all symbols.")
    for each in answer["residuals"]:
        of = f"{each['quantity']} {each['symbol']} at {each['venue']} ({each['account']})"
        cost = f"{amount(each['cost'])} {each['currency']}"
        text = f"Residual of trade {each['trade']}: {of}, at a cost of {cost}; the next trade there closes it."
        click.echo(clean(text))
    for each in answer["mismatches"]:
        text = f"{each['position']}: {each['ours']} by our fills, {each['venue_says']} says the venue"
        click.secho(clean(text), fg="red")


_POSITIONS = (
    Column("venue"),
    Column("account"),
    Column("symbol"),
    Column("quantity", right=True),
    Column("mark", right=True),
    Column("value", right=True),
    Column("currency"),
)


def _position_row(each: Mapping[str, Any]) -> list[Cell | str]:
    style = "red" if each["quantity"].startswith("-") else "green"
    return [
        each["venue"],
        each["account"],
        each["symbol"],
        Cell(each["quantity"], style),
        each["mark"] or "-",
        amount(each["value"]),
        each["currency"] or "?",
    ]


@click.command()
@json_option
@state_option
def opportunities(*, as_json: bool, state: Path | None) -> None:
    """Show the newest opportunities, what each would earn, and why it was taken or not.

    One that lasts is one line; `quotes` is how often it was seen.
    """
    answer = ask(state, "opportunities")
    if as_json:
        print_json(answer)
        return
    show_table(_OPPORTUNITIES, [_opportunity_row(each) for each in answer], "No opportunity has been seen yet.")


_OPPORTUNITIES = (
    Column("since (UTC)"),
    Column("quotes", right=True),
    Column("symbol"),
    Column("quantity", right=True, from_width=WIDE),
    Column("buy"),
    Column("sell"),
    Column("net", right=True),
    Column("currency", from_width=WIDE),
    Column("%", right=True),
    Column("fees", right=True, from_width=WIDER),
    Column("verdict", flexible=True),
)


def _opportunity_row(each: Mapping[str, Any]) -> list[Cell | str]:
    return [
        time(each["at"]),
        f"{each['quotes']:,}",
        each["symbol"],
        each["quantity"],
        each["buy"],
        each["sell"],
        Cell(amount(each["net"], signed=True), gain_style(each["net"])),
        currency(each["currencies"]),
        amount(each["net_pct"]),
        amount(each["fees"]),
        Cell(each["verdict"], "green" if each["verdict"].startswith("admitted") else ""),
    ]


LOOKING = (status, trades, positions, opportunities)
