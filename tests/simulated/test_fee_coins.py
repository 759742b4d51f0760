"""A venue takes its fees in a coin of its own: that is booked under the coin, and beside every figure in dollars."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import gevent
import pytest
from whole import Whole, check_accounts, settings

from perpbot.execution.exports import fill_rows, trade_rows
from perpbot.execution.records import Records
from perpbot.model.money import ZERO, together
from perpbot.simulation.world import World, run_forked
from perpbot.storage.reading import read
from perpbot.venues.registry import venue_class

pytest_plugins = ["whole"]
pytestmark = pytest.mark.simulated

OTHERS = ("backpack", "hyperliquid")
"""Further venues that say which currency a fee was taken in."""


def fees_in_bnb(world: World, state: Path) -> dict[str, Any]:
    """Aster takes fees in BNB from the first trade on."""
    whole = Whole(world, state, settings=settings(("okx", "aster")))
    whole.venues.admin.take_fees_in("aster", "BNB", "600", "500")
    whole.program.start()
    whole.wait_until(lambda: len(whole.records) >= 3, 120.0, "three trades")
    shown = whole.program.state()
    report = whole.stop()
    check_accounts(whole, report)
    entries = [line.entry for line in read(state / "journal.sqlite")]
    books, records = whole.books()["aster"], Records()
    for entry in entries:
        records.apply(entry)
    return {
        **report,
        "earned": books["earned"],
        "fees_paid": books["fees_paid"],
        "coins": shown.fee_coins,
        "equity": shown.capital["aster"].equity,
        "records": [(each.fees, each.other_fees, each.other_fees_worth) for each in records.all],
        "aster_fees": [
            (leg.fees, leg.other_fees) for each in records.all for leg in each.legs.values() if leg.venue == "aster"
        ],
        "fills": [row for row in fill_rows(entries) if row["venue"] == "aster"],
        "rows": list(trade_rows(entries)),
    }


def test_fees_in_bnb_are_booked_in_bnb_to_the_last_unit_and_shown_beside_the_dollars(state: Path) -> None:
    report = run_forked(fees_in_bnb, 1, state)
    spent = -report["earned"]["BNB"]
    assert spent > 0
    assert report["fees_paid"] == 0, "none of Aster's were in dollars"
    assert report["clean"] is True
    assert report["coins"] == {"BNB"}
    assert abs(report["equity"] - 10_000) < 100, "500 BNB are not 500 dollars"
    pnl = report["pnl"]
    assert pnl["by_currency"]["BNB"] == {"trading": "0", "fees": str(spent), "funding": "0", "net": str(-spent)}
    assert pnl["other_fees"] == {"BNB": str(spent)}
    assert (pnl["net"], pnl["currency"]) == (pnl["by_currency"]["USDT"]["net"], "USDT")
    assert {each["fee_currency"] for each in report["fills"]} == {"BNB"}
    assert {each["currency"] for each in report["fills"]} == {"USDT"}
    in_all: dict[str, Decimal] = {}
    for fees, other, worth in report["records"]:
        assert fees > 0, "okx takes dollars"
        assert other.keys() == {"BNB"}
        assert ZERO < worth < 2 * other["BNB"] * 600
        in_all = together(in_all, other)
    assert in_all == {"BNB": spent}, "the records have all of it"
    assert report["aster_fees"]
    assert all(fees == 0 and other for fees, other in report["aster_fees"])
    assert {row["other_fees"].partition(" ")[2] for row in report["rows"]} == {"BNB"}


def coin_that_runs_out(world: World, state: Path, venue: str) -> dict[str, Any]:
    """There is little of the coin: what it does not cover is taken in dollars."""
    whole = Whole(world, state, settings=settings(("okx", venue)))
    whole.venues.admin.take_fees_in(venue, "BNB", "600", "0.0006")
    whole.program.start()
    gevent.sleep(40.0)
    report = whole.stop()
    check_accounts(whole, report)
    books = whole.books()[venue]
    return {**report, "fees_paid": books["fees_paid"], "left": books["cash"]["BNB"]}


@pytest.mark.parametrize("venue", ["aster", *(pytest.param(name, marks=pytest.mark.full) for name in OTHERS)])
def test_a_coin_that_runs_out_leaves_fees_in_both_currencies(venue: str, state: Path) -> None:
    venue_class(venue)  # loaded before the fork
    report = run_forked(coin_that_runs_out, 1, state, venue)
    assert report["fees_paid"] > 0
    assert Decimal(report["pnl"]["other_fees"]["BNB"]) == Decimal("0.0006") - report["left"] > 0
