"""A world on virtual time: gevent's loop, the sockets and the clock replaced, everything else unchanged.

`install` makes the process simulated; `run_forked` does so in a fork, which is what tests want::

    def program(world):
        world.network.partition(9001)
        gevent.sleep(3600)
        return world.now()

    assert run_forked(program, 7) == 3600

Computing takes no virtual time, only waiting does. Whatever is ready at one moment runs in an order that the seed
decides, so that other seeds show other races; the same seed shows the same run, byte for byte, in any process.

Real, and not decided by the seed: files and databases, and their time stamps; `datetime.now`, which asks no function
that could be replaced (ask `perpbot.clock`); process ids; chance inside native libraries; the order of sets of
strings or of objects. Locks that a module made before the world began are real ones: whoever holds one must not wait.
"""

from perpbot.simulation.world.clocks import real_seconds
from perpbot.simulation.world.errors import (
    ForkedProgramError,
    ForkTimeoutError,
    RealWorldError,
    StandstillError,
    WorldError,
)
from perpbot.simulation.world.forked import farm, in_world, run_forked
from perpbot.simulation.world.network import Latency, Network, Side
from perpbot.simulation.world.world import World, install

__all__ = [
    "ForkTimeoutError",
    "ForkedProgramError",
    "Latency",
    "Network",
    "RealWorldError",
    "Side",
    "StandstillError",
    "World",
    "WorldError",
    "farm",
    "in_world",
    "install",
    "real_seconds",
    "run_forked",
]
