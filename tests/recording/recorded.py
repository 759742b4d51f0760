"""Recordings for tests: made by the recorder, of simulated venues, on virtual time."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Event, Thread

from perpbot.config.exchanges import Exchange
from perpbot.places import venue
from perpbot.recording.recorder import Recorder
from perpbot.recording.writing import RecordingFile
from perpbot.simulation.venues.market import MarketSettings
from perpbot.simulation.venues.server import Request
from perpbot.simulation.venues.serving import SimulatedVenues
from perpbot.simulation.venues.websocket import Encoder, Session, WebSocket
from perpbot.simulation.world import World
from perpbot.venues.registry import venue_class, venue_names

SYMBOLS = ("BTC-PERP", "ETH-PERP")
WORLD_ID = "00000000000000aa"
LIVELY = MarketSettings(frames_per_second=4.0, edge_every_s=3.0)


def record(
    world: World,
    folder: Path,
    names: Sequence[str],
    seconds: float,
    meanwhile: Callable[[SimulatedVenues], None] = lambda _: None,
) -> dict[str, list[bytes]]:
    """Record simulated venues into `folder`; returns the frames that each sent to whoever listened."""
    venues = SimulatedVenues(list(names), seed=world.seed, settings=LIVELY, coins=["BTC", "ETH"], world_id=WORLD_ID)
    sent = {name: _overheard(venues, name) for name in names}
    details, over = venues.start(), Event()
    files = {name: RecordingFile(folder / f"{name}.rec", name, SYMBOLS) for name in names}
    recorders = [Recorder(venue(name, Exchange(), details, os.environ), SYMBOLS, files[name], over) for name in names]
    threads = [Thread(target=each.run) for each in recorders]
    for each in threads:
        each.start()
    meanwhile(venues)
    over.wait(seconds)
    over.set()
    for each in threads:
        each.join()
    for file in files.values():
        file.close()
    venues.stop()
    assert [each for each in recorders if "book" in each.trouble] == []
    return sent


def _overheard(venues: SimulatedVenues, name: str) -> list[bytes]:
    """A list to which every message that the venue sends by WebSocket is added."""
    sent: list[bytes] = []
    served = venues.venues[name]
    upgrade = served.upgrade

    class Overheard(Encoder):
        def frame(self, message: str | bytes) -> bytes:
            sent.append(message.encode() if isinstance(message, str) else message)
            return super().frame(message)

    def listening(request: Request, socket: WebSocket) -> Session | None:
        socket._encoder = Overheard()
        served.topics._encoder = Overheard()
        return upgrade(request, socket)

    served.upgrade = listening  # type: ignore[method-assign]
    return sent


for _name in venue_names():
    venue_class(_name)  # what is heavy is imported once, before the forks
