import sys
import time

import pytest
import socket_sequences
from socket_scenarios import SCENARIOS

from perpbot.simulation.world import World, run_forked

pytestmark = [
    pytest.mark.simulated,
    pytest.mark.skipif(sys.platform != "linux", reason="the simulated sockets follow Linux"),
]


def _simulated(_: World, name: str) -> str:
    return repr(SCENARIOS[name](lambda: time.sleep(1)))


@pytest.mark.parametrize("name", SCENARIOS)
def test_simulated_sockets_answer_as_real_ones(name: str) -> None:
    real = repr(SCENARIOS[name](lambda: None))
    assert run_forked(_simulated, 1, name) == real


def _play(_: World, count: int) -> list[str]:
    return [repr(socket_sequences.play(number, lambda: time.sleep(1))) for number in range(count)]


def test_random_sequences_of_calls_answer_as_on_real_sockets() -> None:
    real = [repr(socket_sequences.play(number, lambda: None)) for number in range(500)]
    assert run_forked(_play, 1, len(real)) == real
