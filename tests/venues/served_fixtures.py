"""Every simulated venue over real sockets, for tests that name this module as a plugin."""

from collections.abc import Iterator
from typing import Any

import pytest
from served_venue import Served, served
from venue_cases import NAMES


@pytest.fixture(scope="module")
def details() -> Iterator[dict[str, Any]]:
    """Where the venues are, for the tests of one module."""
    with served() as found:
        yield found


@pytest.fixture(params=NAMES)
def at(request: pytest.FixtureRequest, details: dict[str, Any]) -> Iterator[Served]:
    """One venue after the other."""
    made = Served(request.param, details)
    yield made
    made.close()
