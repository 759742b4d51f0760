"""Commands that show what was earned, what we own, and which orders are out."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from perpbot.cli.asking import ask, json_option, print_json, state_option
from perpbot.cli.details import labelled
from perpbot.cli.tables import Cell, Column, show_table
from perpbot.cli.wording import amount, clean, duration, gain_style

WIDE, WIDER = 100, 120
FACETS = ("day", "pool", "venue", "symbol")
HUNDRED = 100


@click.command()
@click.option(
    "--by", type=click.Choice(FACETS), default="day", show_default=True, help="What the table has a line for."
)
@click.option(
    "--period",
    type=click.Choice(("daily", "weekly", "monthly")),
    default="daily",
    show_default=True,
    help="What a point of the chart in the JSON covers.",
)
@json_option
@state_option
def pnl(*, by: str, period: str, as_json: bool, state: Path | None) -> None:
    """Show what was earned by prices, fees and funding, by day, pool, venue or symbol, and how well trading went.

    Prices count when a position is closed; what is open stands apart, at its mark. Different dollars are not added,
    except in the statistics, where a trade with legs in two of them is one number.
    """
    answer = ask(state, "pnl", period=period)
    if as_json:
        print_json(answer)
        return
    rows = [
        _profit_row(name, currency, each)
        for name, currencies in answer["by"][by].items()
        for currency, each in currencies.items()
    ]
    show_table((Column(by), *_PROFIT), rows, "Nothing was earned and nothing lost yet.")
    if rows:
        click.echo()
        for currency, each in answer["currencies"].items():
            open_ = answer["open"][currency]
            labelled(
                "In all", f"{amount(each['net'], signed=True)} {currency}, of which open {amount(open_, signed=True)}"
            )
    if len(answer["currencies"]) > 1:
        labelled("From here on", "different dollars count one to one")
    _show_statistics(answer["statistics"])
    _show_execution(answer["execution"])


_PROFIT = (
    Column("currency"),
    Column("prices", right=True),
    Column("fees", right=True),
    Column("funding", right=True),
    Column("net", right=True),
)


def _profit_row(name: str, currency: str, each: Mapping[str, str]) -> list[Cell | str]:
    return [
        clean(name or "(no trade)"),
        currency,
        amount(each["trading"], signed=True),
        amount(each["fees"]),
        amount(each["funding"], signed=True),
        Cell(amount(each["net"], signed=True), gain_style(each["net"])),
    ]


def _show_statistics(each: Mapping[str, Any]) -> None:
    labelled("Trades", f"{each['trades']}: {each['won']} won, {each['lost']} lost; {each['failed']} never filled")
    if not each["trades"]:
        return
    labelled("Win rate", f"{float(each['win_rate']) * HUNDRED:.1f} %, profit factor {_known(each['profit_factor'])}")
    labelled("Trade", f"mean win {_known(each['average_win'])}, mean loss {_known(each['average_loss'])}")
    labelled("Drawdown", f"{amount(each['max_drawdown'])} at most, Sharpe ratio {_known(each['sharpe'])}")
    labelled("Volume", amount(each["volume"]))


def _show_execution(each: Mapping[str, Any]) -> None:
    if each["slippage_bps"] is not None:
        by_venue = ", ".join(f"{venue} {bps}" for venue, bps in each["venues_bps"].items())
        labelled("Slippage", f"{amount(each['slippage'], signed=True)}: {each['slippage_bps']} bp ({by_venue})")
    times = each["times_ms"]
    if times:
        shown = ((step, times[step]) for step in ("sent", "hedged", "unhedged"))
        labelled("Took", "; ".join(f"{step} {took['p50']:g} ms, 99 % {took['p99']:g} ms" for step, took in shown))


def _known(text: str | None) -> str:
    return "not known yet" if text is None else amount(text)


@click.command()
@json_option
@state_option
def balances(*, as_json: bool, state: Path | None) -> None:
    """Show what we own at each venue, the pools' part of it, and which venue runs low."""
    answer = ask(state, "balances")
    if as_json:
        print_json(answer)
        return
    show_table(_BALANCES, [_balance_row(each) for each in answer["balances"]], "No balance was read yet.")
    click.echo()
    show_table(_CAPITAL, list(_capital_rows(answer)), "No capital yet.")
    if answer["symbols"]:
        click.echo()
        show_table(_SYMBOLS, [[name, *map(str, each.values())] for name, each in answer["symbols"].items()], "")
    for each in answer["low"]:
        click.secho(clean(each), fg="yellow")


_BALANCES = (
    Column("venue"),
    Column("account"),
    Column("currency"),
    Column("wallet", right=True),
    Column("equity", right=True),
    Column("available", right=True),
)
_CAPITAL = (
    Column("venue"),
    Column("equity", right=True),
    Column("drawdown %", right=True),
    Column("pool"),
    Column("total", right=True),
    Column("borrowed", right=True, from_width=WIDE),
    Column("in use", right=True),
    Column("available", right=True),
    Column("", from_width=WIDER),
)
_SYMBOLS = (Column("symbol"), Column("may use", right=True), Column("uses", right=True), Column("%", right=True))


def _balance_row(each: Mapping[str, Any]) -> list[Cell | str]:
    amounts = [amount(each[key]) for key in ("wallet", "equity", "available")]
    return [each["venue"], each["account"], each["currency"], *amounts]


def _capital_rows(answer: Mapping[str, Any]) -> list[list[Cell | str]]:
    rows: list[list[Cell | str]] = []
    for venue, each in answer["venues"].items():
        safe = Cell("safe mode" if each["safe_mode"] else "", "bold yellow")
        for name, venues in answer["pools"].items():
            pool = venues.get(venue)
            if pool is not None and pool["total"] != "0":
                amounts = [amount(pool[key]) for key in ("total", "borrowed", "allocated", "available")]
                rows.append([venue, amount(each["equity"]), each["drawdown_pct"], name, *amounts, safe])
    return rows


@click.command()
@json_option
@state_option
def orders(*, as_json: bool, state: Path | None) -> None:
    """Show the orders of trades in progress: those of unknown fate first, then those that may still fill."""
    answer = ask(state, "orders")
    if as_json:
        print_json(answer)
        return
    show_table(_ORDERS, [_order_row(each) for each in answer["orders"]], "No trade is in progress, so no order is out.")


_ORDERS = (
    Column("order", from_width=WIDE),
    Column("trade"),
    Column("venue"),
    Column("symbol"),
    Column("purpose"),
    Column("side"),
    Column("quantity", right=True),
    Column("price", right=True),
    Column("filled", right=True),
    Column("status"),
    Column("silent for", right=True, from_width=WIDER),
    Column("reason", flexible=True, from_width=WIDER),
)
_STYLES = {"unknown": "bold red", "waiting": "yellow", "over": ""}


def _order_row(each: Mapping[str, Any]) -> list[Cell | str]:
    return [
        *(each["id"], each["trade"], each["venue"], each["symbol"], each["purpose"], each["side"]),
        *(each["quantity"], each["price"], each["filled"]),
        Cell(each["status"], _STYLES[each["standing"]]),
        duration(each["silent_s"]),
        each["reason"],
    ]


ACCOUNTS = (pnl, balances, orders)
