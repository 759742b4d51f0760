"""What holds for every test."""

import decimal
from collections.abc import Iterator

import pytest

import perpbot.model.money  # noqa: F401 - sets the decimal context of the process


@pytest.fixture(autouse=True)
def _exact_decimals() -> Iterator[None]:
    """Every test starts from PerpBot's own decimal context, whatever a library made of it at its import."""
    decimal.setcontext(decimal.DefaultContext.copy())
    yield
    decimal.setcontext(decimal.DefaultContext.copy())
