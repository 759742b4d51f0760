import time

import pytest
from socket_scenarios import SCENARIOS

from perpbot.simulation.world import World, run_forked


def _simulated(_: World, name: str) -> str:
    return repr(SCENARIOS[name](lambda: time.sleep(1)))


@pytest.mark.simulated
@pytest.mark.parametrize("name", SCENARIOS)
def test_simulated_sockets_answer_as_real_ones(name: str) -> None:
    real = repr(SCENARIOS[name](lambda: None))
    assert run_forked(_simulated, 1, name) == real
