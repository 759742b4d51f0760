"""The simulated venues as a child process: started, read, and ended with PerpBot."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from perpbot.children import end
from perpbot.config.operation import Simulation
from perpbot.simulation.venues.market import COINS

STOP_TIMEOUT_S = 5.0


class EmbeddedVenuesError(Exception):
    """The simulated venues did not start; the text says why."""


class EmbeddedVenues:
    """Simulated venues that live as long as this process."""

    def __init__(self, names: list[str], settings: Simulation, seed: int | None, state: Path) -> None:
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._errors = state / "venues.log"
        command = [
            sys.executable,
            "-m",
            "perpbot.simulation.venues",
            *names,
            "--state",
            str(state),
            "--frames-per-second",
            str(settings.frames_per_second),
            "--edge-every",
            str(_edge_every_s(settings)),
            "--edge-pct",
            str(settings.edge_pct),
            "--latency-ms",
            str(int(settings.latency_ms)),
            "--deposit",
            str(settings.starting_balance),
            "--die-with-parent",
        ]
        if seed is not None:
            command += ["--seed", str(seed)]
        with self._errors.open("ab") as errors:
            self._process = subprocess.Popen(
                command,
                stdout=subprocess.PIPE,
                stderr=errors,
                stdin=subprocess.DEVNULL,
                process_group=0,  # Ctrl-C is for PerpBot, which closes its trades there before it ends them
            )
        self.details = self._read()

    def _read(self) -> dict[str, Any]:
        if self._process.stdout is None:
            raise EmbeddedVenuesError("the simulated venues have no output")
        line = self._process.stdout.readline()
        try:
            details: dict[str, Any] = json.loads(line)
        except ValueError as error:
            self.stop()
            raise EmbeddedVenuesError(f"the simulated venues did not start; see {self._errors}") from error
        return details

    def stop(self) -> None:
        """End them, gently at first."""
        end(self._process, STOP_TIMEOUT_S)
        if self._process.stdout is not None:
            self._process.stdout.close()


def _edge_every_s(settings: Simulation) -> float:
    """Seconds between two edges over all coins; 0 for none."""
    return 60 / (settings.edges_per_minute * len(COINS)) if settings.edges_per_minute else 0
