"""Frames of each venue's market data, decoded by its adapter; simulated venues send them."""

import json
import os
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import thread_time_ns

import attrs
import websocket

from perpbot.bench.measured import Measured
from perpbot.bench.scenario import Scenario
from perpbot.config.exchanges import Exchange
from perpbot.config.operation import Simulation
from perpbot.embedded import EmbeddedVenues
from perpbot.model.instrument import InstrumentTable, one_each
from perpbot.places import venue
from perpbot.simulation.venues.serving import VENUES
from perpbot.venues.venue import Venue

SYMBOL = "BTC-PERP"
LIVELY = Simulation(frames_per_second=50, edges_per_minute=0, latency_ms=0)
FRAME_US = 250.0
"""Whole snapshots of books among them: forty times what a venue sends."""
PASSES = 5
AT_ONCE = 3
PATIENCE_S = 60.0
PATIENT = Exchange(trading=attrs.evolve(Exchange().trading, request_timeout_sec=PATIENCE_S))


@attrs.frozen
class Recording:
    """What a venue sent in one session, and what it has to be read with."""

    adapter: Venue
    frames: Sequence[str | bytes]

    def decode_us(self) -> float:
        """How long a frame takes: the best of some passes, each by an adapter that has seen none of them."""
        return min(self._pass_us() for _ in range(PASSES))

    def _pass_us(self) -> float:
        fresh = type(self.adapter)(self.adapter.endpoints, self.adapter.http)
        fresh.instruments = self.adapter.instruments
        began = thread_time_ns()
        for frame in self.frames:
            fresh.decode_public(frame, 0)
        return (thread_time_ns() - began) / 1e3 / len(self.frames)

    def json_us(self) -> float | None:
        """How long Python's own JSON parser takes for a frame; None where the venue does not send JSON."""
        texts = [each for each in self.frames if isinstance(each, str)]
        if len(texts) < len(self.frames):
            return None
        best = []
        for _ in range(PASSES):
            began = thread_time_ns()
            for text in texts:
                json.loads(text)
            best.append((thread_time_ns() - began) / 1e3 / len(texts))
        return min(best)


def decoding(scenario: Scenario) -> Iterator[list[Measured]]:
    """Measure every adapter there is a simulated venue for, on frames that are recorded once."""
    recordings = recorded(tuple(VENUES), scenario.frames)
    while True:
        yield [_figure(name, each) for name, each in recordings.items()]


def _figure(name: str, recording: Recording) -> Measured:
    own_us, json_us = recording.decode_us(), recording.json_us()
    size = sum(map(len, recording.frames)) // len(recording.frames)
    figure = Measured(f"a frame of {name}", own_us, "µs", FRAME_US, detail=f"{size:,} bytes, {1e6 / own_us:,.0f}/s")
    return figure if json_us is None else attrs.evolve(figure, ratio=own_us / json_us, ratio_to="json.loads")


def recorded(names: Sequence[str], frames: int) -> dict[str, Recording]:
    """So many frames of each venue, a few venues at the same time."""
    with tempfile.TemporaryDirectory(prefix="perpbot-") as folder:
        embedded = EmbeddedVenues(list(names), LIVELY, 1, Path(folder))
        try:
            adapters = [venue(name, PATIENT, embedded.details, os.environ) for name in names]
            for each in adapters:
                each.instruments = InstrumentTable(one_each(each.fetch_instruments()))
            with ThreadPoolExecutor(AT_ONCE) as threads:
                found = threads.map(lambda each: Recording(each, _frames(each, frames)), adapters)
                return dict(zip(names, found, strict=True))
        finally:
            embedded.stop()


def _frames(adapter: Venue, count: int) -> list[str | bytes]:
    """What a venue sends of one symbol's market data."""
    only = [each for each in adapter.instruments if each.symbol == SYMBOL]
    socket = websocket.create_connection(adapter.public_url(only), timeout=PATIENCE_S)
    try:
        for frame in adapter.public_subscriptions(only):
            socket.send(frame)
        return [socket.recv() for _ in range(count)]
    finally:
        socket.close(timeout=0)
        adapter.http.close()
