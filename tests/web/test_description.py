"""Schemathesis asks every route what its description allows, and what it does not, of a running system."""

import subprocess
import sys
from pathlib import Path

import pytest
from running_system import running_system, served_venues
from test_served import browser_of

pytestmark = [pytest.mark.process, pytest.mark.full]
STREAMS = "stream|events"
PATIENCE_S = 600


def test_schemathesis_finds_nothing(tmp_path: Path) -> None:
    with served_venues(tmp_path) as venues, running_system(venues, tmp_path / "state", "--port", "0") as running:
        browser = browser_of(running)
        command = [
            str(Path(sys.executable).with_name("schemathesis")),
            "run",
            f"http://127.0.0.1:{browser.port}/openapi.json",
            *("--header", f"Authorization: Bearer {browser.token}"),
            *("--exclude-path-regex", f"{STREAMS}|/api/auth/"),
            *(
                "--phases",
                "examples,coverage,fuzzing",
                "--max-examples",
                "20",
                "--seed",
                "1",
                "--workers",
                "1",
                "--request-timeout",
                "60",
            ),
            *("--suppress-health-check", "all", "--continue-on-failure", "--no-color"),
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE_S, cwd=tmp_path)
    assert done.returncode == 0, done.stdout[-30_000:] + done.stderr[-2_000:]
