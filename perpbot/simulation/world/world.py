"""Replacing loop, clock, randomness, threads and sockets of this process by simulated ones, all driven by one seed."""

from __future__ import annotations

import gc
import os
import random  # noqa: TID251 - its `seed` is replaced
import select
import selectors
import socket
import ssl
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any, Final, NoReturn

import attrs
import gevent
import gevent.select
import gevent.selectors
import gevent.socket
from gevent import _hub_local, monkey
from gevent import config as gevent_config

from perpbot.chance import Chance
from perpbot.simulation.world import clocks, entropy, names, polling, threads
from perpbot.simulation.world.errors import RealWorldError, WorldError
from perpbot.simulation.world.loop import NS_PER_S, Loop
from perpbot.simulation.world.network import Latency, Network
from perpbot.simulation.world.rebinding import Replacements
from perpbot.simulation.world.sockets import Socket, socketpair

if TYPE_CHECKING:
    from collections.abc import Callable

_TEST_MACHINERY: Final = ("_pytest", "coverage", "execnet", "pluggy", "xdist")
_STEPS_BETWEEN_COLLECTIONS: Final = 200_000


@attrs.define(eq=False)
class World:
    """A simulated world: one process's time, chance and network, all decided by `seed`."""

    seed: int
    chance: Chance = attrs.field(repr=False)
    loop: Loop = attrs.field(repr=False)
    network: Network = attrs.field(repr=False)
    clocks: clocks.Clocks = attrs.field(repr=False)

    def now(self) -> float:
        """Seconds of virtual time since the world began."""
        return self.loop.now()

    def step_wall_clock(self, seconds: float) -> None:
        """Let the wall clock jump, as when somebody sets it; the monotonic clock goes on as before."""
        self.clocks.wall_ns += round(seconds * NS_PER_S)

    def suspend(self, seconds: float) -> None:
        """Let the machine sleep, as a laptop does: nothing happens meanwhile, and `CLOCK_MONOTONIC` stands still."""
        self.clocks.asleep_ns += round(seconds * NS_PER_S)
        self.step_wall_clock(seconds)

    def signal(self, signum: int) -> None:
        """Send this process a signal.

        Raises:
            WorldError: nobody handles it, so that it would have ended a real process or done nothing.
        """
        if not self.loop.deliver_signal(signum):
            raise WorldError(f"nobody watches for signal {signum}; gevent.signal_handler does")


def install(
    seed: int,
    *,
    quantum_s: float = 0.001,
    latency: Latency | None = None,
    wall_ns: int = clocks.START_WALL_NS,
) -> World:
    """Make this process simulated, for good: its time, randomness, threads and sockets, decided by `seed` alone.

    Timers and packets fall on multiples of `quantum_s` seconds, so that those within one race each other. `wall_ns`
    is what the wall clock shows at the beginning. Nothing may have used gevent's hub before; whoever was imported
    before is given the replacements too.

    Raises:
        WorldError: this process is not fresh enough; the message says why.
    """
    _check_fresh()
    gc.disable()
    gc.freeze()
    chance = Chance(seed)
    loop = Loop(chance.stream("world/loop"), quantum_ns=max(1, round(quantum_s * NS_PER_S)))
    network = Network(loop, chance, latency or Latency())
    world = World(seed, chance, loop, network, clocks.Clocks(loop, wall_ns))
    _replace_time_and_chance(world)
    _replace_threads_and_sockets(network)
    _replace_gevent_sockets()
    _hub_local.set_loop(loop)  # type: ignore[arg-type]
    gevent_config.threadpool = threads.ThreadPool  # type: ignore[assignment]
    loop.on_advance = _collector(loop)
    loop.on_io = polling.watch
    gevent.get_hub()
    return world


def _check_fresh() -> None:
    if _hub_local.get_hub_if_exists() is not None:
        raise WorldError("gevent's hub has been used in this process already; make the world before that")
    if monkey.is_module_patched("threading") or monkey.is_module_patched("socket"):
        raise WorldError("gevent has patched this process already; make the world before that")
    if (count := len(sys._current_frames())) > 1:  # noqa: SLF001 - sees threads that `threading` does not know
        raise WorldError(f"{count - 1} other threads run in this process; make the world before they start")


def _replace_time_and_chance(world: World) -> None:
    os.environ["TZ"] = "UTC"
    time.tzset()
    replacements = Replacements()
    replacements.put(time, **world.clocks.replacements())
    replacements.put(os, **entropy.replacements(world.chance))
    replacements.put(ssl, RAND_bytes=os.urandom)
    replacements.put(random, seed=entropy.seed_by_default())
    replacements.spread(_TEST_MACHINERY)


def _replace_threads_and_sockets(network: Network) -> None:
    Socket.network = network
    replacements = Replacements()
    threads.patch(replacements)
    replacements.put(socket, socket=Socket, socketpair=socketpair, **names.replacements(network.hosts))
    replacements.put(socket, fromfd=_refusing("fromfd"), setdefaulttimeout=_set_default, getdefaulttimeout=_get_default)
    replacements.put(select, select=polling.select, poll=polling.Poll, epoll=polling.no_epoll)
    for kind in ("DefaultSelector", "SelectSelector", "PollSelector", "EpollSelector"):
        replacements.put(selectors, **{kind: polling.Selector})
    socket.has_ipv6 = False
    for name in ("fork", "forkpty", "posix_spawn", "posix_spawnp", "system"):
        replacements.put(os, **{name: _refusing(f"os.{name}")})
    replacements.spread(("gevent", *_TEST_MACHINERY))
    ssl.SSLContext.wrap_socket = ssl.SSLContext.wrap_bio = _refusing("TLS", first=1)  # type: ignore[method-assign]
    subprocess.Popen.__init__ = _refusing("subprocess.Popen", first=1)  # type: ignore[method-assign]


def _replace_gevent_sockets() -> None:
    """Give gevent's own servers the simulated sockets, too."""
    replacements = Replacements()
    names_there = vars(socket)
    replacements.put(gevent.socket, **{name: names_there[name] for name in names.replacements(())}, socket=Socket)
    replacements.put(gevent.select, select=polling.select, poll=polling.Poll)
    replacements.put(gevent.selectors, DefaultSelector=polling.Selector, GeventSelector=polling.Selector)
    replacements.spread()


def _set_default(timeout: float | None) -> None:
    Socket.default_timeout = timeout


def _get_default() -> float | None:
    return Socket.default_timeout


def _refusing(what: str, *, first: int = 0) -> Callable[..., NoReturn]:
    """A function that names what was attempted, with its arguments from the `first` on."""

    def refuse(*args: Any, **_: Any) -> NoReturn:
        raise RealWorldError(f"{what} inside the simulated world, called with {args[first:]!r}")

    return refuse


def _collector(loop: Loop) -> Callable[[], None]:
    """Collect garbage after so many steps, because the interpreter's own moments depend on more than the seed."""
    due = _STEPS_BETWEEN_COLLECTIONS

    def collect() -> None:
        nonlocal due
        if loop.steps >= due:
            due = loop.steps + _STEPS_BETWEEN_COLLECTIONS
            gc.collect()

    return collect
