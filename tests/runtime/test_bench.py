"""What the runtime may cost. Rows are those of docs/supervision.md."""

import json
import subprocess
import sys

import pytest


@pytest.mark.full
@pytest.mark.process
def test_every_figure_keeps_to_its_limit() -> None:
    """N16, N17, N18: timers under a storm, failed asks, what a thousand crashes leave; and the rest of what
    `perpbot bench runtime` measures."""
    command = [sys.executable, "-m", "perpbot", "bench", "runtime", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout)["missed"] == []
