"""Components measured one after the other, each in a process of its own."""

import json
import subprocess
import sys

from perpbot.bench.components import COMPONENTS
from perpbot.bench.measured import Measured
from perpbot.bench.report import Result
from perpbot.bench.scenario import Scenario
from perpbot.children import ended
from perpbot.clock import NS_PER_SECOND, monotonic_ns


def result(name: str, scenario: Scenario) -> Result:
    """What a component of this name comes to; one that cannot be measured says why."""
    command = [sys.executable, "-m", "perpbot.bench", name, scenario.name, str(scenario.seconds), str(scenario.disk)]
    began = monotonic_ns()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    with process, ended(process):
        said, troubles = process.communicate()
    took_s, about = (monotonic_ns() - began) / NS_PER_SECOND, COMPONENTS[name]
    if process.returncode:
        why = (troubles.strip().splitlines() or [f"it ended with {process.returncode}"])[-1]
        return Result(name=name, about=about, seconds=took_s, error=why)
    figures = [Measured(**each) for each in json.loads(said)]
    return Result(name=name, about=about, seconds=took_s, figures=figures)
