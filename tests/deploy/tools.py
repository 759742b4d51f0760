"""Programs that are not Python's: a test that needs one that is not here is skipped; in CI it fails."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
DOCS = ROOT / "docs"


def tool(name: str, package: str) -> str:
    """The path of a program, or the end of the test."""
    beside = Path(sys.executable).parent  # what a package of requirements/dev.txt brought
    path = shutil.which(name, path=f"{beside}{os.pathsep}{os.environ['PATH']}")
    if path is not None:
        return path
    text = f"{name} is not installed; it is in {package}"
    if os.environ.get("PERPBOT_CI"):
        pytest.fail(text)
    pytest.skip(text)


def run(*command: object, cwd: Path = ROOT, timeout_s: float = 60) -> str:
    """Run a program that must succeed; what it wrote."""
    done = subprocess.run(
        [str(each) for each in command], cwd=cwd, capture_output=True, text=True, timeout=timeout_s, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr
