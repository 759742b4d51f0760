"""The programs that the console's tests ask for: node, Chromium, and playwright-core beside the scenarios."""

import os
import shutil
from pathlib import Path
from typing import TypeVar

import pytest

T = TypeVar("T")

BROWSER = Path(__file__).parent / "browser"
CONSOLE = Path(__file__).parents[2] / "perpbot" / "web" / "console"


def node() -> str:
    """Where node is."""
    return _found(shutil.which("node"), "node")


def chromium() -> str:
    """Where Chromium is, with what drives it installed."""
    _found((BROWSER / "node_modules").is_dir() or None, "playwright-core (make browser)")
    return _found(shutil.which("chromium") or shutil.which("google-chrome"), "chromium")


def _found(tool: T | None, name: str) -> T:
    """`tool`; without it the test is skipped, and fails where everything was to be installed."""
    if tool is not None:
        return tool
    missing = f"{name} is not installed"
    if os.environ.get("PERPBOT_CI"):
        pytest.fail(missing)
    pytest.skip(missing)
