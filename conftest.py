"""What holds for every test."""

import decimal
import threading
from collections.abc import Iterator

import pytest

import perpbot.model.money  # noqa: F401 - sets the decimal context of the process


@pytest.fixture(autouse=True)
def _exact_decimals() -> Iterator[None]:
    """Every test starts from PerpBot's own decimal context, whatever a library made of it at its import."""
    decimal.setcontext(decimal.DefaultContext.copy())
    yield
    decimal.setcontext(decimal.DefaultContext.copy())


@pytest.fixture(autouse=True)
def _no_thread_is_left() -> Iterator[None]:
    """A test ends the threads that it begins: the simulated worlds of later tests fork this process."""
    before = set(threading.enumerate())
    yield
    begun = [thread for thread in threading.enumerate() if thread not in before]
    for thread in begun:
        thread.join(timeout=5)
    left = [thread for thread in begun if thread.is_alive()]
    if left:
        pytest.fail(f"threads left behind: {', '.join(map(repr, left))}")
