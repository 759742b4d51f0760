"""One recording for all that read one."""

from pathlib import Path

import gevent
import pytest
from recorded import record

from perpbot.simulation.venues.serving import SimulatedVenues
from perpbot.simulation.world import World, run_forked

NAMES = ("okx", "hyperliquid", "aster")


def disturbed(world: World, folder: Path) -> None:
    """Half a minute; one venue loses a frame, then another one its connection."""

    def trouble(venues: SimulatedVenues) -> None:
        gevent.sleep(6.0)
        venues.venues["okx"].faults.change({"gap": 1})
        gevent.sleep(3.0)
        venues.admin.disconnect("aster")

    record(world, folder, NAMES, 21.0, trouble)


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the recordings of three venues are, each called ``VENUE.rec``."""
    made = tmp_path_factory.mktemp("recording")
    run_forked(disturbed, 11, made)
    return made


@pytest.fixture(scope="session")
def files(folder: Path) -> list[str]:
    """The same as a command line has them."""
    return [str(folder / f"{name}.rec") for name in NAMES]
