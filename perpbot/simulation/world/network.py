"""The simulated network: ports, connections being made, and faults.

Everything runs on one host. Who listens is found by port alone, or by path for a Unix socket; a connection belongs
to the port it was made to, and faults are set per port.
"""

from __future__ import annotations

import errno
import math
from collections import deque
from enum import Enum
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

import attrs

from perpbot.simulation.world.endpoint import Endpoint, Way
from perpbot.simulation.world.waiting import Waiters, wake

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random  # noqa: TID251 - the type only

    from perpbot.chance import Chance
    from perpbot.simulation.world.endpoint import Address
    from perpbot.simulation.world.loop import Loop
    from perpbot.simulation.world.sockets import Socket

_FIRST_EPHEMERAL = 32_768
_LAST_PORT = 65_535
_FIRST_DESCRIPTOR = 1_000_000
_SYN_AGAIN_S = 1.0


class Side(Enum):
    """The two sides of a port: those who connect to it, and the one who listens on it."""

    CLIENT = "client"
    SERVER = "server"


@attrs.define(frozen=True)
class Latency:
    """How long a packet takes one way: `base_s`, and on top of it something random with a mean of `jitter_s`."""

    base_s: float = 0.001
    jitter_s: float = 0.001

    def drawn_from(self, random: Random) -> Callable[[], int]:
        """A function that draws one latency in nanoseconds at each call."""
        base_ns, jitter_ns = self.base_s * 1e9, self.jitter_s * 1e9
        uniform, log = random.random, math.log

        def draw() -> int:
            return int(base_ns - jitter_ns * log(1.0 - uniform()))

        return draw


@attrs.define(eq=False)
class Listener:
    """A listening socket's queue of connections that nobody has accepted yet."""

    loop: Loop
    backlog: int
    shut: bool = False
    queue: deque[Endpoint] = attrs.field(factory=deque)
    readers: Waiters = attrs.field(factory=list)

    @property
    def full(self) -> bool:
        """Whether one more connection has to wait outside."""
        return len(self.queue) > self.backlog

    def add(self, endpoint: Endpoint) -> None:
        """Queue a new connection and wake whoever accepts."""
        self.queue.append(endpoint)
        wake(self.loop, self.readers)

    def close(self) -> None:
        """Reset what nobody accepted, and wake whoever waits to accept."""
        self.shut = True
        while self.queue:
            self.queue.popleft().close(abort=True)
        wake(self.loop, self.readers)


@attrs.define(eq=False)
class Port:
    """A port, or a Unix socket's path: who listens there, who is connected to it, and what is wrong with it."""

    to_server: Way
    to_client: Way
    bound: bool = False
    refusing: bool = False
    listener: Listener | None = None
    endpoints: dict[Endpoint, None] = attrs.field(factory=dict)


@attrs.define(eq=False)
class Dial:
    """A connection being made. When `done`, `error` is 0 or says why there is none; `waiters` wait for that."""

    loop: Loop
    port: Port
    local: Address
    remote: Address
    endpoint: Endpoint | None = None
    error: int = 0
    done: bool = False
    abandoned: bool = False
    waiters: Waiters = attrs.field(factory=list)

    def ask(self) -> None:
        """The request to connect reaches the port."""
        listener = self.port.listener
        if self.abandoned:
            return
        if self.port.to_server.blocked:
            self.port.to_server.hold(self.ask)
        elif listener is None or listener.shut or self.port.refusing:
            self.error = errno.ECONNREFUSED
            self.port.to_client.send(self.answer)
        elif listener.full:
            self.loop.schedule(_SYN_AGAIN_S, self.ask)
        else:
            listener.add(self._connect())
            self.port.to_client.send(self.answer)

    def _connect(self) -> Endpoint:
        """Make both ends, and return the server's."""
        port = self.port
        client = self.endpoint = Endpoint(self.loop, port.to_client, self.remote)
        server = Endpoint(self.loop, port.to_server, self.local)
        client.peer, server.peer = server, client
        for endpoint in (client, server):
            port.endpoints[endpoint] = None
            endpoint.on_close = port.endpoints.pop
        return server

    def answer(self) -> None:
        """The port's answer reaches the caller."""
        if self.port.to_client.blocked:
            self.port.to_client.hold(self.answer)
            return
        self.done = True
        wake(self.loop, self.waiters)

    def abandon(self) -> None:
        """The caller gave up; the server finds a connection that was reset."""
        self.abandoned = True
        if self.endpoint is not None:
            self.endpoint.close(abort=True)


class Network:
    """Every port of the simulated host, the names that resolve to it, and the faults.

    Faults apply to connections that stand and to those yet to be made. `heal` ends them all.
    """

    def __init__(self, loop: Loop, chance: Chance, latency: Latency) -> None:
        self.loop = loop
        self.hosts = {"localhost"}
        self.sockets: WeakValueDictionary[int, Socket] = WeakValueDictionary()
        self.detached: dict[int, Socket] = {}
        self.connections = 0
        self._chance = chance
        self._latency = latency
        self._ports: dict[int | str, Port] = {}
        self._last_ephemeral = _FIRST_EPHEMERAL
        self._last_descriptor = _FIRST_DESCRIPTOR

    # Faults

    def partition(self, port: int | str) -> None:
        """Let nothing pass in either direction, and tell nobody."""
        self.stall(port, Side.SERVER)
        self.stall(port, Side.CLIENT)

    def stall(self, port: int | str, towards: Side) -> None:
        """Let nothing pass towards one side, and tell nobody."""
        self._way(port, towards).blocked = True

    def refuse(self, port: int | str) -> None:
        """Refuse new connections as if nobody listened."""
        self.port(port).refusing = True

    def slow(self, port: int | str, extra_s: float) -> None:
        """Add `extra_s` seconds to each packet's way, in each direction."""
        for side in Side:
            self._way(port, side).extra_ns = int(extra_s * 1e9)

    def reset(self, port: int | str) -> int:
        """Reset every connection of the port at both ends at once, and say how many there were."""
        endpoints = dict(self.port(port).endpoints)
        whole = sum(endpoint.peer in endpoints for endpoint in endpoints) // 2
        for endpoint in endpoints:
            endpoint.reset()
        return len(endpoints) - whole

    def heal(self, port: int | str) -> None:
        """End every fault of the port. What was held back arrives now."""
        state = self.port(port)
        state.refusing = False
        for way in (state.to_server, state.to_client):
            way.extra_ns = 0
            way.unblock()

    def _way(self, port: int | str, towards: Side) -> Way:
        state = self.port(port)
        return state.to_server if towards is Side.SERVER else state.to_client

    # What sockets ask

    def port(self, key: int | str) -> Port:
        """The port of that number, or the Unix socket of that path."""
        port = self._ports.get(key)
        if port is None:
            port = self._ports[key] = Port(self._new_way(key, Side.SERVER), self._new_way(key, Side.CLIENT))
        return port

    def _new_way(self, key: int | str, towards: Side) -> Way:
        if isinstance(key, str):
            return Way(self.loop, int)
        random = self._chance.stream(f"network/{key}/{towards.value}")
        return Way(self.loop, self._latency.drawn_from(random))

    def free_port(self) -> int:
        """A port number that nobody is bound to, different each time for as long as possible."""
        while True:
            self._last_ephemeral = number = self._last_ephemeral % _LAST_PORT + 1
            port = self._ports.get(number)
            if number > _FIRST_EPHEMERAL and (port is None or not port.bound):
                return number

    def new_descriptor(self, socket: Socket) -> int:
        """A number for `socket` that no real descriptor has."""
        self._last_descriptor += 1
        self.sockets[self._last_descriptor] = socket
        return self._last_descriptor

    def dial(self, key: int | str, local: Address, remote: Address) -> Dial:
        """Begin to connect to a port."""
        port = self.port(key)
        self.connections += 1
        dial = Dial(self.loop, port, local, remote)
        port.to_server.send(dial.ask)
        return dial
