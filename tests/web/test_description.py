"""Schemathesis asks every route what its description allows, and what it does not, of a running system."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from running_system import running_system, served_venues
from test_served import Browser, browser_of

pytestmark = [pytest.mark.process, pytest.mark.full]
STREAMS = "/stream$|/sse/"
SIGNING_IN = "/api/auth/"
PATIENCE_S = 600
ASKED = {
    "all that ends": ["--exclude-path-regex", f"{STREAMS}|{SIGNING_IN}"],
    # what is right has an answer without an end
    "streams": ["--include-path-regex", STREAMS, "--mode", "negative"],
    # who asks so often with wrong passwords is told to wait, and who is signed out last of all has to sign in again
    "signing in": ["--include-path-regex", SIGNING_IN, "--exclude-checks", "positive_data_acceptance"],
}


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    folder = tmp_path_factory.mktemp("described")
    with served_venues(folder) as venues, running_system(venues, folder / "state", "--port", "0") as running:
        yield browser_of(running)


@pytest.mark.parametrize("asked", ASKED)
def test_schemathesis_finds_nothing(browser: Browser, asked: str, tmp_path: Path) -> None:
    command = [
        str(Path(sys.executable).with_name("schemathesis")),
        "run",
        f"http://127.0.0.1:{browser.port}/openapi.json",
        *("--header", f"Authorization: Bearer {browser.token}"),
        *("--phases", "examples,coverage,fuzzing", "--max-examples", "20", "--seed", "1", "--workers", "1"),
        *("--request-timeout", "60", "--suppress-health-check", "all", "--continue-on-failure", "--no-color"),
        *ASKED[asked],
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE_S, cwd=tmp_path)
    assert done.returncode == 0, done.stdout[-30_000:] + done.stderr[-2_000:]
