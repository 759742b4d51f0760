"""``python -m perpbot.bench NAME SCENARIO SECONDS DISK`` measures one component in this process, and prints JSON.

`perpbot bench` starts it, once for each component: none is measured in what another one left behind.
"""

import json
import logging
import signal
import sys
from pathlib import Path

import attrs

from perpbot.beginning import SWITCH_INTERVAL_S
from perpbot.bench.runs import measured
from perpbot.bench.scenario import SCENARIOS
from perpbot.children import die_with_parent

ENDED = 128 + signal.SIGTERM


def main(name: str, scenario: str, seconds: str, disk: str) -> None:
    """Measure a component as the scenario called so says, but for so many seconds."""
    die_with_parent()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(ENDED))  # what was begun is cleared away
    logging.disable()  # the yardstick logs every failed ask; it shall not be slower for that
    sys.setswitchinterval(SWITCH_INTERVAL_S)  # as the program itself does
    chosen = attrs.evolve(SCENARIOS[scenario], seconds=float(seconds), disk=Path(disk))
    json.dump([attrs.asdict(each) for each in measured(name, chosen)], sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
