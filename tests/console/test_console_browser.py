"""The console in a real browser, beside a PerpBot that trades at simulated venues. The scenarios are in browser/."""

import os

import pytest
from console_serving import Browse

pytest_plugins = ["console_fixtures"]


@pytest.mark.process
def test_who_signs_in_sees_prices_move(browse: Browse) -> None:
    browse("live")


@pytest.mark.full
@pytest.mark.process
@pytest.mark.parametrize("scenario", ["kill_switch", "parameter", "adopt", "venue_down", "reconnect", "every_view"])
def test_scenario(browse: Browse, scenario: str) -> None:
    browse(scenario)


@pytest.mark.full
@pytest.mark.process
def test_a_page_shows_something_after_three_round_trips_and_within_a_second(browse: Browse) -> None:
    idle = os.getloadavg()[0] < (os.cpu_count() or 1)
    browse("first_render", idle=idle)


@pytest.mark.full
@pytest.mark.process
@pytest.mark.parametrize("minutes", [3, 30])
def test_a_page_that_stays_open_does_not_grow(browse: Browse, minutes: int) -> None:
    browse("memory", timeout_s=60 * (minutes + 6) + 300, minutes=minutes)
