"""Who composes what is shown goes on only where nobody who trades is kept waiting."""

import gevent

from actors.signing import Signing
from perpbot.clock import monotonic_ns
from perpbot.sections.turns import MOST_S, Turns
from perpbot.simulation.world import in_world

MS = 1_000_000


def sign(seconds: float) -> None:
    """Have an order signed that takes so long."""

    def work() -> None:
        Signing()(gevent.sleep, seconds)

    gevent.spawn(work)
    gevent.sleep(0)


@in_world()
def test_a_turn_comes_once_nothing_is_signed_any_more() -> None:
    sign(0.011)
    began = monotonic_ns()
    Turns().give()
    assert 11 * MS <= monotonic_ns() - began <= 12 * MS


@in_world()
def test_a_turn_comes_at_once_where_nothing_is_signed() -> None:
    began = monotonic_ns()
    Turns().give()
    assert monotonic_ns() - began < 1 * MS


@in_world()
def test_a_turn_comes_after_a_while_however_long_an_order_is_being_signed() -> None:
    sign(1.0)
    began = monotonic_ns()
    Turns().give()
    assert MOST_S * 1e9 <= monotonic_ns() - began <= MOST_S * 1e9 + 1 * MS
