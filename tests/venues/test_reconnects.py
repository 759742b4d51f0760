"""The waits between the sessions of a connection, and how subscriptions and renewals are spread."""

import gevent
import pytest

from actors.runtime import Backoff
from actors.stream import Reconnects, renewal_s, spread_out
from perpbot.clock import NS_PER_SECOND, monotonic_ns
from perpbot.simulation.world import in_world
from perpbot.venues.http import Http
from perpbot.venues.registry import venue_class, venue_names
from perpbot.venues.venue import Pace

BACKOFF = Backoff(min_s=1.0, max_s=60.0, jitter=0.0)


def test_attempts_that_fail_are_farther_and_farther_apart() -> None:
    reconnects = Reconnects(BACKOFF)
    assert [reconnects.down(0, 0.0) for _ in range(8)] == [1, 2, 4, 8, 16, 32, 60, 60]


@pytest.mark.parametrize(("lasted_s", "next_s"), [(0.5, 8), (30.4, 8), (30.5, 1), (3_600, 1)])
def test_only_a_session_that_lasted_begins_the_waits_anew(lasted_s: float, next_s: float) -> None:
    reconnects = Reconnects(BACKOFF)
    for _ in range(3):
        reconnects.down(0, 0.0)
    reconnects.up(0)
    assert reconnects.down(int(lasted_s * NS_PER_SECOND), 0.0) == next_s


@pytest.mark.parametrize("uniform", [0.0, 0.5, 0.999])
def test_a_session_is_renewed_in_the_last_sixth_of_its_life_but_not_at_its_end(uniform: float) -> None:
    assert 0.84 * 86_400 < renewal_s(86_400, uniform) <= 0.95 * 86_400


@in_world()
def test_subscriptions_are_sent_in_bursts_with_pauses_between() -> None:
    sent: list[tuple[float, int]] = []
    began = monotonic_ns()

    def send(frames: object) -> None:
        sent.append((round((monotonic_ns() - began) / NS_PER_SECOND, 3), len(list(frames))))  # type: ignore[call-overload]

    gevent.spawn(spread_out, ["frame"] * 7, send, Pace(3, 0.5)).join()
    assert sent == [(0.0, 3), (0.5, 3), (1.0, 1)]


@pytest.mark.parametrize("name", venue_names())
def test_every_venue_has_a_pace_and_hears_from_us_well_before_it_loses_patience(name: str) -> None:
    """No venue ends a stream before 30 s of silence."""
    venue = venue_class(name)
    made = venue(venue.mainnet, Http())
    for heartbeat in (made.public_heartbeat, made.private_heartbeat):
        assert heartbeat.interval_s <= 15
        assert heartbeat.silence_s > 1.5 * heartbeat.interval_s
    assert venue.pace.frames > 0
    assert venue.pace.frames / venue.pace.pause_s <= 40
    assert venue.session_life_s is None or venue.session_life_s >= 3_600
