"""The simulated venues in a process of their own, and one of them as its adapter sees it."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any, TypeVar

from msgspec.structs import replace
from venue_cases import NAMES

from perpbot import clock
from perpbot.model.events import Event
from perpbot.model.instrument import Side
from perpbot.model.order import Order, TimeInForce
from perpbot.trial.administration import Administration
from perpbot.trial.client import Client
from perpbot.venues.http import Http
from perpbot.venues.registry import venue_class
from perpbot.venues.venue import Credentials, Endpoints, Venue
from perpbot.venues.venue_clock import VenueClock

PATIENCE_S = 15.0
E = TypeVar("E")


@contextmanager
def served() -> Iterator[dict[str, Any]]:
    """Where the venues are, while they are served."""
    command = [sys.executable, "-m", "perpbot.simulation.venues", *NAMES, "--seed", "7", "--die-with-parent"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())
    finally:
        process.terminate()
        process.wait(timeout=PATIENCE_S)


class LateClock(VenueClock):
    """A clock that is behind and learns nothing."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._behind_ms = int(seconds * 1_000)

    def now_ms(self) -> int:
        return clock.wall_ms() - self._behind_ms

    def heard(self, date: str, sent_ns: int, received_ns: int) -> None:
        pass


class Served:
    """One served venue, seen by the client that `perpbot venues test` sees it by."""

    def __init__(self, name: str, details: dict[str, Any]) -> None:
        place = details[name]
        streams = place["ws"]
        endpoints = Endpoints(rest=place["rest"], public_ws=streams["public"], private_ws=streams["private"])
        self.venue: Venue = venue_class(name)(endpoints, Http(), Credentials(place["credentials"]))
        self.client = Client(self.venue, "BTC-PERP")
        self.client.learn_instruments()
        self.bitcoin = self.client.instrument
        self.admin = Administration(details["admin"]["url"], name)

    def behind(self, seconds: float) -> Venue:
        """The same account by an adapter whose clock is late."""
        http = Http()
        late = venue_class(self.venue.name)(self.venue.endpoints, http, self.venue.credentials)
        if late.name in {"extended", "edgex", "grvt", "hyperliquid", "paradex"}:
            late.prepare_trading()
        http.venue_clock = LateClock(seconds)
        return late

    def close(self) -> None:
        """Let go of every connection, and of what was to go wrong."""
        self.admin.set_faults(gap=0, status_500=0)
        self.client.close()

    def order(self, side: Side, away: str, *, size: str = "0.01", **changes: Any) -> Order:
        """An order whose price is the fraction `away` behind the best price it meets; below zero it rests."""
        usual = self.client.order(side, Decimal(away), Decimal(size), TimeInForce.IOC)
        return replace(usual, **changes)


def of_kind(events: list[Event], kind: type[E]) -> list[E]:
    """Those of `events` that are of one kind."""
    return [event for event in events if isinstance(event, kind)]
