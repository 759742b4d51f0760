"""The actors: what a message, an actor and a failure cost, and how late a timer is."""

from collections.abc import Iterator

from perpbot.bench.life import crashing, idling
from perpbot.bench.measured import Measured
from perpbot.bench.messaging import messaging
from perpbot.bench.scenario import Scenario
from perpbot.bench.timing import timing

MESSAGES_PER_CRASH = MESSAGES_PER_TIMER = 20


def runtime(scenario: Scenario) -> Iterator[list[Measured]]:
    """Measure the runtime. What an idle actor weighs is seen only while the process is fresh: once."""
    idle = idling(scenario.idle_actors)
    while True:
        crashes = crashing(scenario.messages // MESSAGES_PER_CRASH)
        yield [*idle, *messaging(scenario.messages), *crashes, *timing(scenario.messages // MESSAGES_PER_TIMER)]
