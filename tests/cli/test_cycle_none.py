"""What an operator hears of a cycle in which nothing was taken."""

import threading
from types import SimpleNamespace
from typing import Any

import pytest

from perpbot.cycle import one_cycle


def program(*circuits: str) -> Any:
    venues = {str(number): SimpleNamespace(circuits={"trading": each}) for number, each in enumerate(circuits)}
    state = SimpleNamespace(trades_over=0, trades=(), venues=venues)
    return SimpleNamespace(ended=threading.Event(), state=lambda: state)


@pytest.mark.parametrize(
    ("circuits", "more"),
    [
        (("CONNECTED", "CONNECTED", "DISCONNECTED"), ""),
        (("CONNECTED", "DISCONNECTED"), " Of 2 venues only 1 connected; `perpbot doctor` says why."),
    ],
)
def test_nothing_taken_because_too_few_venues_are_there_is_told_as_that(circuits: tuple[str, ...], more: str) -> None:
    assert one_cycle(program(*circuits), -1.0) == f"No opportunity was taken within -1 s.{more}"
