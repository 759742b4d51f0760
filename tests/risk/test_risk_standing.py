"""How much of each limit is used."""

from decimal import Decimal
from typing import Any

import pytest
from risk_accounts import BTC, LIMITS, view

from perpbot.portfolio.exposure import Exposure
from perpbot.risk.standing import standings

D = Decimal
EXPOSED = Exposure({BTC: D(0)}, {BTC: D(1_500)}, {"a": D(900), "b": D(600)}, {("a", BTC): D(900), ("b", BTC): D(600)})

CASES: dict[str, tuple[dict[str, Any], Decimal, Decimal, str]] = {
    "min-equity": ({"equity": D(200), "peak_equity": D(200)}, D(200), D("0.5"), ""),
    "drawdown": ({"equity": D(9_500), "peak_equity": D(10_000)}, D(5), D("0.5"), ""),
    "daily-loss": ({"daily_profit": D(-250)}, D(250), D("0.5"), ""),
    "failure-cooldown": ({"failures_in_row": 3}, D(3), D(1), ""),
    "symbol-share": ({"exposure": EXPOSED}, D(15), D("0.5"), BTC),
    "position-size": ({"exposure": EXPOSED}, D(900), D("0.9"), f"{BTC} at a"),
    "concentration": ({"exposure": EXPOSED}, D(9), D("0.15"), "a"),
}


@pytest.mark.parametrize("rule", CASES)
def test_each_limit_says_what_is_used_of_it_and_by_what(rule: str) -> None:
    changes, used, share, about = CASES[rule]
    found = {each.rule: each for each in standings(view(**changes), LIMITS)}[rule]
    assert (found.used, found.share, found.about) == (used, share, about)


def test_without_positions_and_losses_nothing_is_used() -> None:
    used = {each.rule: each.used for each in standings(view(), LIMITS) if each.rule != "min-equity"}
    assert set(used.values()) == {D(0)}


def test_without_equity_the_least_is_wholly_used() -> None:
    found = standings(view(equity=D(0), peak_equity=D(0)), LIMITS)
    assert found[0].share == 1
