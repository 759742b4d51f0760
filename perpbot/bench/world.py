"""The simulated world: its loop, its sockets, and how much faster than real time the whole program lives in it."""

import os
import socket
import threading
import time
from collections.abc import Iterator

import gevent
import websocket
import wsproto
from wsproto.events import AcceptConnection, Request, TextMessage

from perpbot.bench.measured import Measured
from perpbot.bench.scenario import Scenario
from perpbot.chaos.run import run
from perpbot.config.settings import load_settings
from perpbot.shipped import CONFIGURATIONS
from perpbot.simulation.world import World, real_seconds, run_forked
from perpbot.venues.registry import venue_class, venue_names

PORT = 9001
CONNECTIONS = 9
FRAMES_PER_S = 2
FRAME = "x" * 500
GREENLETS, STEPS = 100, 1_000
SLOWEST_S = 3_600.0
SPAN_PER_S = 10
"""Sockets are cheaper than the program: they live so many times as long."""


def world(scenario: Scenario) -> Iterator[list[Measured]]:
    """Measure a world of its own for each figure, each in a fork."""
    settings = load_settings(CONFIGURATIONS / "simulation.yaml", os.environ, tuple(venue_names()))
    for name in settings.exchanges:
        venue_class(name)  # everything heavy is loaded once, before the forks
    while True:
        per_s = run_forked(_steps_per_s, 1, timeout_s=SLOWEST_S)
        frame_us = run_forked(_frame_us, 1, scenario.virtual_s * SPAN_PER_S, timeout_s=SLOWEST_S)
        began_s = real_seconds()
        lived = run_forked(run, 1, settings, float(scenario.virtual_s), timeout_s=SLOWEST_S)
        speed = lived.seconds / (real_seconds() - began_s)
        if lived.violations:
            raise RuntimeError(f"the program broke an invariant: {lived.violations[0]}")
        yield [
            Measured("steps of the loop", per_s, "/s"),
            Measured("a frame, sent and read", frame_us, "µs", detail=f"{len(FRAME)} bytes, websocket-client, wsproto"),
            Measured(
                "the whole program", speed, "virtual s/s",
                detail=f"{len(settings.exchanges)} venues, {lived.seconds:.0f} s, {lived.trades} trades, start and end",
            ),
        ]  # fmt: skip


def _steps_per_s(world: World) -> float:
    began_s, before = real_seconds(), world.loop.steps
    gevent.joinall([gevent.spawn(_yield) for _ in range(GREENLETS)])
    gevent.sleep(1)  # steps are counted when time passes
    return (world.loop.steps - before) / (real_seconds() - began_s)


def _yield() -> None:
    for _ in range(STEPS):
        gevent.sleep(0)


def _frame_us(_: World, span_s: int) -> float:
    """Of a frame alone: what its sender's pauses cost is measured and taken away."""
    began_s = real_seconds()
    gevent.joinall([gevent.spawn(_pauses, span_s) for _ in range(CONNECTIONS)])
    idle_s = real_seconds() - began_s
    listener = socket.create_server(("127.0.0.1", PORT))
    threading.Thread(target=_accept, args=(listener, span_s)).start()
    began_s = real_seconds()
    readers = [gevent.spawn(_read) for _ in range(CONNECTIONS)]
    frames = sum(reader.get() for reader in readers)
    return (real_seconds() - began_s - idle_s) / frames * 1e6


def _pauses(span_s: int) -> None:
    for _ in range(span_s * FRAMES_PER_S):
        time.sleep(1 / FRAMES_PER_S)


def _accept(listener: socket.socket, span_s: int) -> None:
    for _ in range(CONNECTIONS):
        threading.Thread(target=_send, args=(listener.accept()[0], span_s)).start()


def _send(connection: socket.socket, span_s: int) -> None:
    peer = wsproto.WSConnection(wsproto.ConnectionType.SERVER)
    while not any(isinstance(event, Request) for event in peer.events()):
        peer.receive_data(connection.recv(4_096))
    connection.sendall(peer.send(AcceptConnection()))
    for _ in range(span_s * FRAMES_PER_S):
        connection.sendall(peer.send(TextMessage(FRAME)))
        time.sleep(1 / FRAMES_PER_S)
    connection.close()


def _read() -> int:
    client = websocket.create_connection(f"ws://127.0.0.1:{PORT}/", timeout=10, skip_utf8_validation=True)
    frames = 0
    try:
        while client.recv():
            frames += 1
    except websocket.WebSocketConnectionClosedException:
        return frames
    return frames
