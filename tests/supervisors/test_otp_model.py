"""Random trees of up to 50 nodes do what an independent model of Erlang's rules says, step by step.

A step is an end (crash, kill, normal, shutdown), a new habit (failing, declining, slow starts, lazy stops), a hang, or
a request. Compared are who lives, in which incarnation, the counts of every supervisor, every answer, and the order of
all starts and stops. A failure shows the seed and what had happened: ``Play(seed).run(steps)`` plays it again in a
world.
"""

import pytest
from random_trees import play_many

from perpbot.simulation.world import farm

pytestmark = pytest.mark.simulated

STEPS = 15


def play(first: int, last: int, per_world: int) -> int:
    """Play every seed, so many in a world; how many steps there were."""
    firsts = range(first, last, per_world)
    results = farm(lambda world: play_many(range(world.seed, world.seed + per_world), STEPS), firsts, timeout_s=300)
    steps = 0
    for seed, result in results:
        assert isinstance(result, int), f"seeds from {seed}: {result}"
        steps += result
    return steps


def test_random_trees_do_what_the_model_says() -> None:
    assert play(0, 200, 50) > 2_000


@pytest.mark.full
def test_thousands_of_random_trees_do_what_the_model_says() -> None:
    assert play(1_000, 3_000, 200) > 20_000
