"""Pykka's own tests on our runtime. It needs the package index for their source."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "pykka_suite.py"


@pytest.mark.full
@pytest.mark.process
def test_pykkas_own_suite_passes_but_for_the_written_list() -> None:
    """N19."""
    done = subprocess.run([sys.executable, SCRIPT], capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
