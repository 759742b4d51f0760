import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import deterministic_program
import pytest

from perpbot.simulation.world import run_forked

HERE = Path(__file__).parent

pytestmark = pytest.mark.simulated


def _in_new_process(seed: int, hash_seed: str) -> Any:
    command = [sys.executable, str(HERE / "deterministic_program.py"), str(seed)]
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(HERE.parents[2])}
    done = subprocess.run(command, check=True, capture_output=True, env=environment, timeout=120)
    return json.loads(done.stdout)


@pytest.mark.process
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_seed_decides_everything_whatever_the_hash_seed(seed: int) -> None:
    first = _in_new_process(seed, "0")
    assert first == _in_new_process(seed, "random") == _in_new_process(seed, "4711")
    assert {"connected", "quote", "ack", "fill", "reply", "fault", "disconnected"} <= set(first[1])


def test_a_fork_repeats_itself_and_seeds_differ() -> None:
    digests = [run_forked(deterministic_program.program, seed)[0] for seed in (1, 1, 2)]
    assert digests[0] == digests[1] != digests[2]
