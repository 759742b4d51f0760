"""One PerpBot and its simulated venues inside a simulated world; the program can be killed there and started anew."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gevent
from gevent.event import Event

from actors.orders import Orders
from actors.runtime.signals import TaskFailed
from perpbot import logs
from perpbot.chaos.torn import tear
from perpbot.config.settings import Settings
from perpbot.program import Program, Setting, open_journal
from perpbot.simulation.venues.market import COINS, MarketSettings
from perpbot.simulation.venues.serving import SimulatedVenues
from perpbot.simulation.world import World
from supervisors import addresses

MARKET = MarketSettings(frames_per_second=4.0, edge_every_s=1.5)
LINES_KEPT = 200
UNDER_WAY_S = 0.5
"""Requests that were on their way when the process died have arrived after this."""


class Stage:
    """A program that trades at the venues of `settings`, and keeps its state in `folder`."""

    def __init__(self, world: World, settings: Settings, folder: Path) -> None:
        self.world = world
        self.log: list[Mapping[str, Any]] = []
        """The last lines, oldest first."""
        self.restarts = 0
        self._settings = settings
        self._folder = folder
        coins = [base for base in settings.bases if base in COINS]
        self.venues = SimulatedVenues(
            list(settings.exchanges), seed=world.seed, settings=MARKET, coins=coins, world_id=f"{world.seed:016x}"
        )
        self._details = self.venues.start()
        self.program = self._made()

    @property
    def journal(self) -> Path:
        """The journal on disk."""
        return self._folder / "journal.sqlite"

    def _made(self) -> Program:
        setting = Setting(
            settings=self._settings,
            config="chaos",
            state=self._folder,
            simulated=self._details,
            environment=os.environ,
            seed=self.world.seed,
        )
        return Program(setting, open_journal(self._folder), logs.make_log("INFO", self._keep))

    def _keep(self, line: Mapping[str, Any]) -> None:
        self.log.append(line)
        del self.log[:-LINES_KEPT]

    # -- looking ---------------------------------------------------------------------------------------------------

    @property
    def connected(self) -> bool:
        """Whether every connection is up."""
        return all(gate.circuit.value == "CONNECTED" for gate in self.program.parts.gates.values())

    @property
    def trades(self) -> list[str]:
        """The trades in progress; those of the actor that owns them, and none while it is away."""
        orders = self.program.system.cell(addresses.ORDERS).actor
        return [each.plan.trade_id for each in orders.ledger.trades()] if isinstance(orders, Orders) else []

    # -- what befalls it -------------------------------------------------------------------------------------------

    def crash(self, draw: float) -> str:
        """Let one actor fail, which one says `draw` (0 to 1); its address, empty when nobody lives."""
        cells = [cell for cell in self.program.system.cells() if cell.alive and cell.address != "/perpbot"]
        if not cells:
            return ""
        cell = sorted(cells, key=lambda each: each.address)[int(draw * len(cells)) % len(cells)]
        cell.mailbox.signal(TaskFailed("chaos", RuntimeError("crashed by chaos"), cell.incarnation))
        return cell.address

    def kill(self, draw: float) -> None:
        """End the process as kill -9 does, leave a torn write, and start it anew."""
        self._end_abruptly()
        gevent.sleep(UNDER_WAY_S)
        tear(self.journal, draw)
        self.again()

    def again(self) -> None:
        """Start the program on the same journal."""
        self.restarts += 1
        self.program = self._made()
        self.program.start()

    def _end_abruptly(self) -> None:
        """Nothing is sent, written or finished from this moment on."""

        def dead(*_: Any) -> None:
            Event().wait()

        program = self.program
        program.journal.append = program.journal.prove = dead  # type: ignore[method-assign, assignment]
        for venue in program.parts.venues.values():
            venue.http.send = dead  # type: ignore[method-assign, assignment]
        program.abandon()
