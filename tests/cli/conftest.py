"""What the tests of the command line share."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from running_system import Commands, Running, running_system, served_venues


@pytest.fixture(scope="module")
def venues(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with served_venues(tmp_path_factory.mktemp("venues")) as path:
        yield path


@pytest.fixture(scope="module")
def system(venues: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running_system(venues, tmp_path_factory.mktemp("state")) as running:
        running.output.wait_for("trade over")
        yield running


@pytest.fixture
def perpbot(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Commands:
    for name in ("PERPBOT_STATE", "PERPBOT_SOCKET", "STATE_DIRECTORY"):
        monkeypatch.delenv(name, raising=False)
    return Commands(capsys)
