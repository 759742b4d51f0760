"""A world on virtual time: gevent's loop, the sockets and the clock replaced, everything else unchanged."""

from perpbot.simulation.world.clocks import real_seconds
from perpbot.simulation.world.errors import (
    ForkedProgramError,
    ForkTimeoutError,
    RealWorldError,
    StandstillError,
    WorldError,
)
from perpbot.simulation.world.forked import farm, run_forked
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
    "install",
    "real_seconds",
    "run_forked",
]
