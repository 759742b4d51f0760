"""The console in a real browser, beside a PerpBot that trades at simulated venues. The scenarios are in browser/."""

import os

import pytest
from console_serving import Browse

pytest_plugins = ["console_fixtures"]

MINUTES_OPEN = [3, pytest.param(30, marks=pytest.mark.skip(reason="half an hour: take the mark away and run it alone"))]


@pytest.mark.process
def test_who_signs_in_sees_prices_move(browse: Browse) -> None:
    browse("live")


@pytest.mark.full
@pytest.mark.process
@pytest.mark.parametrize("scenario", ["kill_switch", "parameter", "venue_down", "reconnect", "every_view"])
def test_scenario(browse: Browse, scenario: str) -> None:
    browse(scenario)


@pytest.mark.full
@pytest.mark.process
def test_the_first_figures_are_there_within_a_second(browse: Browse) -> None:
    if os.getloadavg()[0] > (os.cpu_count() or 1):
        pytest.skip("the machine is too busy to tell")
    browse("first_render")


@pytest.mark.full
@pytest.mark.process
@pytest.mark.parametrize("minutes", MINUTES_OPEN)
def test_a_page_that_stays_open_does_not_grow(browse: Browse, minutes: int) -> None:
    browse("memory", timeout_s=60 * minutes + 300, minutes=minutes)
