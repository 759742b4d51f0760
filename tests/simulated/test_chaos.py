"""Chaos in the simulated world: the invariants hold, and whatever breaks one is found out."""

import os
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from whole import CONFIG, settings

from actors.pool import CapitalPool
from perpbot.chaos.run import Result, run
from perpbot.config.settings import Settings, load_settings
from perpbot.simulation.venues.account import Account
from perpbot.simulation.world import World, run_forked
from perpbot.venues.http import Http
from perpbot.venues.registry import venue_class, venue_names

pytestmark = [pytest.mark.simulated, pytest.mark.full]


def test_two_minutes_of_trouble_at_three_venues_violate_nothing() -> None:
    result = run_forked(run, 1, settings(), 120.0)
    assert result.violations == ()
    assert result.trades > 30
    assert sum(result.troubles.values()) >= 15


@pytest.mark.parametrize("seed", range(100, 110))
def test_ten_minutes_of_trouble_at_nine_venues_violate_nothing(seed: int) -> None:
    every = load_settings(CONFIG, os.environ, tuple(venue_names()))
    for name in every.exchanges:
        venue_class(name)
    result = run_forked(run, seed, every, 600.0, timeout_s=1_800.0)
    assert result.violations == (), "\n".join(map(str, result.violations))
    assert result.trades > 100


def test_the_same_seed_shows_the_same_run() -> None:
    first, second = (run_forked(run, 7, settings(), 60.0) for _ in range(2))
    assert first == second


# -- planted mistakes --------------------------------------------------------------------------------------------------


def hoards() -> None:
    """What was reserved for a trade is never given back."""
    CapitalPool._give_back = lambda *_: True  # type: ignore[method-assign]


def sends_twice() -> None:
    """Every request leaves two times."""
    usual = Http.send

    def send(self: Http, *request: Any, **more: Any) -> Any:
        usual(self, *request, **more)
        return usual(self, *request, **more)

    Http.send = send  # type: ignore[method-assign]


def loses_a_unit() -> None:
    """A venue's cash is a hundred-millionth less than its fills say."""
    usual = Account.settle

    def settle(self: Account, amount: Decimal) -> None:
        usual(self, amount - Decimal("1e-8"))

    Account.settle = settle  # type: ignore[method-assign]


def planted(world: World, kept: Settings, plant: Callable[[], None]) -> Result:
    plant()
    return run(world, kept, 40.0)


@pytest.mark.parametrize(
    ("plant", "rule"), [(hoards, "left open"), (sends_twice, "sent once"), (loses_a_unit, "books")]
)
def test_a_program_that_breaks_a_rule_is_found_out(plant: Callable[[], None], rule: str) -> None:
    result = run_forked(planted, 3, settings(), plant)
    assert rule in {each.rule for each in result.violations}
    assert result.log, "the last lines of the log are there to find out why"
