"""The whole program in the simulated world: venues, actors, sockets and all, each case in its own fork."""

import sys
from pathlib import Path

import ccxt  # noqa: F401 - heavy imports happen once, before the forks
import pytest

sys.path.insert(0, str(Path(__file__).parent))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in Path(item.path).parents:
            item.add_marker(pytest.mark.simulated)
