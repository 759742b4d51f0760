"""The whole program at nine simulated venues: how long it takes from a tick to what is done about it."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from perpbot.bench.measured import Measured
from perpbot.bench.scenario import Scenario
from perpbot.shipped import CONFIGURATIONS

END_S = 120.0
DECIDED_MS, SENT_MS = 100.0, 200.0
"""PRF-1: a quote within 100 ms, and all of the way within 200."""
STAGES = (
    ("tick_to_journal", "tick to decision on disk", DECIDED_MS),
    ("tick_to_order", "tick to order on the wire", SENT_MS),
)


def system(scenario: Scenario) -> Iterator[list[Measured]]:
    """Measure a run of the shipped simulation, a new one in each round."""
    while True:
        # a short name: its socket's path has little room
        with tempfile.TemporaryDirectory(prefix="perpbot-", dir=scenario.disk) as folder:
            yield _figures(_summary(Path(folder), scenario.run_s), scenario.run_s)


def _summary(folder: Path, seconds: float) -> Mapping[str, Any]:
    summary = folder / "summary.json"
    command = [sys.executable, "-m", "perpbot.main", "--no-console", "--no-web", "--duration", str(seconds)]
    command += ["--config", str(CONFIGURATIONS / "simulation.yaml"), "--state", str(folder)]
    command += ["--summary", str(summary)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + END_S, check=False)
    said = summary.read_text(encoding="utf-8") if summary.exists() else ""
    if not said:
        raise RuntimeError(f"the program ended with {done.returncode}: {(done.stderr.splitlines() or [''])[-1]}")
    found: Mapping[str, Any] = json.loads(said)
    return found


def _figures(summary: Mapping[str, Any], seconds: float) -> list[Measured]:
    quotes, trades = summary["quotes"], summary["trades"]["opened"]
    found = [Measured("quotes taken in", quotes / seconds, "/s", detail=f"{trades} trades in {seconds:.0f} s")]
    for stage, name, limit in STAGES:
        times = summary["latency_us"].get(stage)
        if times is None or times["p50"] is None:
            raise RuntimeError("nothing was traded: the machine is too busy, or the run too short")
        found.append(Measured(f"{name}, p50", times["p50"] / 1e3, "ms", detail=f"{times['count']} of them"))
        found.append(Measured(f"{name}, p99", times["p99"] / 1e3, "ms", limit))
    return found
