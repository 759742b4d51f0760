"""A program with a bit of everything, which prints a digest of all that happened: run it twice and compare.

Usage: python deterministic_program.py SEED
"""

import hashlib
import json
import os
import sys
import threading
import time
import uuid  # noqa: TID251 - chance that the world has to replace
from functools import partial
from typing import Any

import gevent
import gevent.threadpool
import pykka
import requests
import websocket
import world_servers
from wsproto.events import TextMessage

from perpbot.simulation.world import World, install

HTTP_PORT, FEED_PORT = 9001, 9002
SPAN_S = 60.0


class Trace:
    """Everything that happened, as a digest, with counts by kind."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.digest = hashlib.sha256()
        self.counts: dict[str, int] = {}

    def note(self, kind: str, *details: object) -> None:
        self.counts[kind] = self.counts.get(kind, 0) + 1
        self.digest.update(repr((self.world.loop.now_ns, kind, *details)).encode())


class Venue(pykka.ThreadingActor):
    """Takes a while to fill an order, and refuses some."""

    def __init__(self, trace: Trace, number: int) -> None:
        super().__init__()
        self.trace, self.number = trace, number
        self.random = trace.world.chance.stream(f"venue/{number}")

    def place(self, quantity: int) -> bool:
        time.sleep(self.random.expovariate(50))
        self.trace.note("ack", self.number, quantity, self.actor_urn)
        return self.random.random() > 0.1


class Trader(pykka.ThreadingActor):
    """Places both legs at two venues, and journals what became of them on a thread pool."""

    def __init__(self, trace: Trace, number: int, venues: list[Any], pool: gevent.threadpool.ThreadPool) -> None:
        super().__init__()
        self.trace, self.number, self.venues, self.pool = trace, number, venues, pool
        self.random = trace.world.chance.stream(f"trader/{number}")

    def trade(self, quote: int) -> None:
        for leg in [venue.place(1) for venue in self.random.sample(self.venues, 2)]:
            try:
                filled = leg.get(timeout=0.05)
            except pykka.Timeout:
                filled = None
            self.pool.apply(self.trace.note, ("fill", self.number, quote, filled))


def follow(trace: Trace, trader: Any) -> None:
    """Read the feed for ever, and connect again whenever it breaks."""
    while True:
        try:
            client = websocket.create_connection(f"ws://localhost:{FEED_PORT}/", timeout=5)
            trace.note("connected")
            while True:
                quote = json.loads(client.recv())
                trace.note("quote", quote["number"])
                trader.trade(quote["number"])
        except (OSError, websocket.WebSocketException) as error:
            trace.note("disconnected", type(error).__name__)
        time.sleep(1)


def order(trace: Trace, number: int) -> None:
    """Send requests for ever."""
    random = trace.world.chance.stream(f"orders/{number}")
    with requests.Session() as session:
        while True:
            time.sleep(random.expovariate(0.5))
            try:
                reply = session.post(f"http://localhost:{HTTP_PORT}/", json={"id": str(uuid.uuid4())}, timeout=(1, 2))
                trace.note("reply", reply.json()["seen"])
            except requests.RequestException as error:
                trace.note("no reply", type(error).__name__)


def break_things(world: World, trace: Trace) -> None:
    """Reset and partition for ever."""
    random = world.chance.stream("faults")
    while True:
        time.sleep(random.expovariate(1 / 8))
        port, kind = random.choice((HTTP_PORT, FEED_PORT)), random.choice(("reset", "partition"))
        trace.note("fault", port, kind)
        if kind == "reset":
            world.network.reset(port)
        else:
            world.network.partition(port)
            time.sleep(random.uniform(1, 10))
            world.network.heal(port)


def quote_for_ever(world: World, send: world_servers.Send) -> None:
    """Send quotes until the connection breaks."""
    random = world.chance.stream("quotes")

    def tick() -> None:
        number = 0
        try:
            while True:
                time.sleep(random.expovariate(2))
                number += 1
                send(TextMessage(json.dumps({"number": number, "names": sorted({"b", "a", "c"}), "price": 1.5})))
        except OSError:
            return

    threading.Thread(target=tick, daemon=True).start()


def program(world: World) -> tuple[str, dict[str, int], int]:
    """Run for a while; the digest of all that happened, counts by kind, and the loop's steps."""
    trace = Trace(world)
    world_servers.serve(HTTP_PORT, world_servers.http(lambda _, body: json.dumps({"seen": body.decode()}).encode()))
    world_servers.serve(FEED_PORT, world_servers.websocket(lambda _, __: None, partial(quote_for_ever, world)))
    pool = gevent.threadpool.ThreadPool(1)
    venues = [Venue.start(trace, number).proxy() for number in range(4)]
    for number in range(6):
        trader = Trader.start(trace, number, venues, pool).proxy()
        threading.Thread(target=follow, args=(trace, trader), daemon=True).start()
        threading.Thread(target=order, args=(trace, number), daemon=True).start()
    threading.Thread(target=break_things, args=(world, trace), daemon=True).start()
    time.sleep(SPAN_S)
    return trace.digest.hexdigest(), trace.counts, world.loop.steps


if __name__ == "__main__":
    sys.stdout.write(json.dumps(program(install(int(sys.argv[1])))))
    sys.stdout.flush()
    os._exit(0)
