"""The seed decides what befalls a run."""

import attrs

from perpbot.chance import Chance
from perpbot.chaos.troubles import AFTER_S, FAULTS, Kind, Trouble, troubles
from perpbot.simulation.venues.faults import Faults

VENUES = ("okx", "aster")
LONG_S = 3_600.0


def drawn(seed: int, seconds: float = LONG_S) -> tuple[Trouble, ...]:
    return troubles(Chance(seed).stream("chaos"), VENUES, seconds)


def test_the_same_seed_brings_the_same_troubles_and_another_one_others() -> None:
    assert drawn(1) == drawn(1)
    assert drawn(1) != drawn(2)


def test_in_an_hour_every_kind_befalls_every_venue() -> None:
    assert {(each.kind, each.venue) for each in drawn(1)} == {(kind, venue) for kind in Kind for venue in VENUES}


def test_they_come_in_order_and_leave_time_to_recover_at_the_end() -> None:
    times = [each.at_s for each in drawn(3)]
    assert times == sorted(times)
    assert times[-1] < LONG_S - AFTER_S
    assert drawn(3, AFTER_S) == ()


def test_the_faults_are_those_that_venues_know() -> None:
    names = {each.name for each in attrs.fields(Faults)}
    for sets in FAULTS.values():
        assert all(set(values) <= names for values in sets)
