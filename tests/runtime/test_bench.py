"""What the runtime may cost. Rows are those of docs/supervision.md."""

import json
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.full
@pytest.mark.process
def test_every_figure_keeps_to_its_limit(tmp_path: Path) -> None:
    """N16, N17, N18: timers under a storm, failed asks, what a thousand crashes leave; and the rest of what
    `make bench` measures of actors."""
    figures = tmp_path / "bench.json"
    done = subprocess.run(
        [sys.executable, "-m", "perpbot.bench", "--json", figures, "--actors"],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert all(each["good"] for each in json.loads(figures.read_text(encoding="utf-8")))
