"""All the simulated venues of one world: their common market, its heartbeat, and their listeners."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from pkgutil import resolve_name
from ssl import SSLContext
from threading import Event, Thread
from time import sleep
from typing import Any

from perpbot import clock
from perpbot.chance import Chance
from perpbot.plugins import SIMULATED, plugins
from perpbot.simulation.venues.admin import Administration
from perpbot.simulation.venues.aster import Aster
from perpbot.simulation.venues.backpack import Backpack
from perpbot.simulation.venues.edgex import Edgex
from perpbot.simulation.venues.extended import Extended
from perpbot.simulation.venues.grvt import Grvt
from perpbot.simulation.venues.hyperliquid import Hyperliquid
from perpbot.simulation.venues.lighter import Lighter
from perpbot.simulation.venues.market import COINS, Market, MarketSettings
from perpbot.simulation.venues.okx import Okx
from perpbot.simulation.venues.paradex import Paradex
from perpbot.simulation.venues.server import Server
from perpbot.simulation.venues.store import SqliteStore, Store, WorldFacts
from perpbot.simulation.venues.venue import DEPOSIT, SimulatedVenue, World

VENUES: Mapping[str, type[SimulatedVenue]] = {
    "okx": Okx,
    "hyperliquid": Hyperliquid,
    "aster": Aster,
    "backpack": Backpack,
    "grvt": Grvt,
    "paradex": Paradex,
    "edgex": Edgex,
    "extended": Extended,
    "lighter": Lighter,
} | {name: resolve_name(where) for name, where in plugins(SIMULATED).items()}
"""Every venue there is, by name."""

_LATE_NS = clock.NS_PER_SECOND
_SAVE_PRICES_NS = clock.NS_PER_SECOND


class SimulatedVenues:
    """Serves simulated venues on loopback until stopped.

    With a state directory the world of an earlier run goes on: same id, same accounts, prices from where they were.
    """

    def __init__(
        self,
        names: Sequence[str] = tuple(VENUES),
        *,
        seed: int | None = None,
        settings: MarketSettings | None = None,
        coins: Sequence[str] = tuple(COINS),
        state: Path | None = None,
        port: int = 0,
        world_id: str | None = None,
        deposit: Decimal = DEPOSIT,
        latency_ms: int = 0,
        tls: SSLContext | None = None,
    ) -> None:
        unknown = [name for name in names if name not in VENUES]
        if unknown:
            raise ValueError(f"no simulated venue {', '.join(unknown)}; there are {', '.join(VENUES)}")
        self.failure: BaseException | None = None
        """What ended the market, if it did not end by `stop`."""
        self.over = Event()
        """Set when nothing is served any more."""
        self._settings = settings or MarketSettings()
        self._store = Store() if state is None else SqliteStore(state)
        self._facts, self.resumed = self._find_world(seed, world_id)
        chance = _run_chance(self._facts)
        now_ns = clock.wall_ns()
        market = Market(chance, self._settings, names, coins, clock.monotonic_ns(), self._store.prices())
        world = World(id=self._facts.id, chance=chance, market=market, store=self._store, deposit=deposit)
        self.venues: dict[str, SimulatedVenue] = {
            name: VENUES[name](world, coins, now_ns, port + number if port else 0) for number, name in enumerate(names)
        }
        for venue in self.venues.values():
            venue.faults.latency_ms = latency_ms
            venue.server.tls = tls
        self.market = market
        self.admin = Administration(self.venues)
        self._admin_server = Server("admin", self.admin, port + len(names) if port else 0)
        self._saved_ns = clock.monotonic_ns()
        self._pulse: Thread | None = None
        self._stopped = False

    def start(self) -> dict[str, Any]:
        """Listen, let the market live, and say where everything is; `OSError` when a port is taken."""
        for venue in self.venues.values():
            venue.server.start()
        self._admin_server.start()
        self._pulse = Thread(target=self._live, name="market", daemon=True)
        self._pulse.start()
        return self.details()

    def details(self) -> dict[str, Any]:
        """Every venue's URLs and credentials by name, and ``admin`` and ``world`` beside them."""
        return {
            **{name: venue.details() for name, venue in self.venues.items()},
            "admin": {"url": f"http://127.0.0.1:{self._admin_server.port}"},
            "world": {"id": self._facts.id, "seed": self._facts.seed, "resumed": self.resumed},
        }

    def stop(self) -> None:
        """Cut every connection and let go of the state. Once is enough, more does no harm."""
        self.over.set()
        if self._stopped:
            return
        self._stopped = True
        for venue in self.venues.values():
            venue.server.stop()
        self._admin_server.stop()
        if self._pulse is not None:
            self._pulse.join()
        self._store.save_prices(self.market.prices())
        self._store.close()

    def _find_world(self, seed: int | None, world_id: str | None) -> tuple[WorldFacts, bool]:
        saved = self._store.world()
        if saved is not None:
            facts = WorldFacts(saved.id, saved.seed if seed is None else seed, saved.runs + 1)
        else:
            new_id = world_id or f"{Chance().stream('world').getrandbits(64):016x}"
            facts = WorldFacts(new_id, Chance(seed).seed, 1)
        self._store.save_world(facts)
        return facts, saved is not None

    def _live(self) -> None:
        try:
            self._beat()
        except BaseException as error:
            self.failure = error
            self.over.set()
            raise

    def _beat(self) -> None:
        """Tick one book after the other, evenly; after a pause the missed ones are left out."""
        books = [(venue, symbol) for venue in self.venues.values() for symbol in venue.coins]
        slot = int(clock.NS_PER_SECOND / self._settings.frames_per_second / len(books))
        due, number = clock.monotonic_ns(), 0
        while not self.over.is_set():
            now_ns = clock.monotonic_ns()
            if now_ns < due:
                sleep((due - now_ns) / clock.NS_PER_SECOND)
                continue
            due = due + slot if now_ns - due < _LATE_NS else now_ns + slot
            venue, symbol = books[number % len(books)]
            number += 1
            self.market.advance(now_ns)
            venue.tick(symbol, venue.now_ns)
            if now_ns - self._saved_ns >= _SAVE_PRICES_NS:
                self._saved_ns = now_ns
                self._store.save_prices(self.market.prices())


def _run_chance(facts: WorldFacts) -> Chance:
    """Chance of its own for every run of a world, or the market would live through the same hours again."""
    if facts.runs == 1:
        return Chance(facts.seed)
    return Chance(Chance(facts.seed).stream(f"run {facts.runs}").getrandbits(64))
