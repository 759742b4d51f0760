"""Environments of the tests here."""

import pytest
from environments import Environments


@pytest.fixture(scope="session")
def environments(tmp_path_factory: pytest.TempPathFactory) -> Environments:
    """Environments of the venues' own kits, kept until the last test."""
    return Environments(tmp_path_factory.mktemp("kits"))
