"""PerpBot is killed with SIGKILL in the middle of trades; after every restart its book is the venues' book."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from three_venues import three_venues

pytestmark = pytest.mark.process

ROOT = Path(__file__).parents[2]


def kill(times: int, seed: int, folder: Path) -> list[dict[str, object]]:
    command = [sys.executable, "scripts/kill_nine.py", "--times", str(times), "--seed", str(seed), "--longest", "2.5"]
    run = subprocess.run(
        [*command, "--config", str(three_venues(folder))],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60 * times + 120,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return [json.loads(line) for line in run.stdout.splitlines()[1:]]


def check(rounds: list[dict[str, object]], times: int) -> None:
    *kills, end = rounds
    assert len(kills) == times
    assert any(each["torn"] for each in kills)
    assert kills[-1]["fills"], "nothing was traded, so nothing was tested"
    assert end["clean"] is True


def test_killed_a_few_times_every_order_is_found_again_and_nothing_is_sent_twice(tmp_path: Path) -> None:
    check(kill(4, 12, tmp_path), 4)


@pytest.mark.full
def test_killed_fifty_times_every_order_is_found_again_and_nothing_is_sent_twice(tmp_path: Path) -> None:
    check(kill(50, 12, tmp_path), 50)
