"""Fixtures for tests against served venues; test modules name this module as a plugin."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from simulated_clients import VENUES
from simulated_service import Service

from perpbot import clock


@pytest.fixture
def serve_venues() -> Iterator[Callable[..., Service]]:
    """Start venues; they are stopped after the test."""
    services: list[Service] = []

    def start(*arguments: str) -> Service:
        services.append(Service(*arguments))
        return services[-1]

    yield start
    for service in services:
        if service.process.poll() is None:
            assert service.stop() == 0


@pytest.fixture(scope="module")
def venue_service() -> Iterator[Service]:
    """All venues, for the tests of one module."""
    shared = Service(*VENUES, "--seed", "5", "--frames-per-second", "60", "--edge-every", "0")
    yield shared
    assert shared.stop() == 0


@pytest.fixture
def until() -> Callable[[Callable[[], Any]], Any]:
    """Ask again until the answer is true, for ten seconds at most."""

    def wait(question: Callable[[], Any]) -> Any:
        deadline = clock.monotonic_ns() + 10 * clock.NS_PER_SECOND
        while not (answer := question()):
            assert clock.monotonic_ns() < deadline, "waited ten seconds"
        return answer

    return wait
