"""Measures the actor runtime in one run, and says which figures miss their limits.

What is measured of actors is computing, nothing waits for anything outside. So it counts the time this process was
really running, which is what a clock would show on a machine that has nothing else to do. What is measured of trading
is real time, for it waits for the disk.

Usage: python -m perpbot.bench [--json FILE] [--actors]
"""

import argparse
import json
import logging
import sys
from pathlib import Path

import attrs
import click

from perpbot.bench.life import crashing, idling
from perpbot.bench.measured import Measured
from perpbot.bench.messaging import messaging
from perpbot.bench.timing import timing
from perpbot.bench.trading import trading


def main() -> int:
    """Measure everything; the exit code is 1 when a limit is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path, help="write the figures there, for machines")
    parser.add_argument("--actors", action="store_true", help="leave out trading, which waits for the disk")
    options = parser.parse_args()
    logging.disable()  # the yardstick logs every failed ask; it shall not be slower for that
    found: list[Measured] = []
    for measure in (idling, messaging, crashing, timing, *(() if options.actors else (trading,))):
        for each in measure():
            found.append(each)
            click.echo(line(each))
    if options.json is not None:
        figures = [{**attrs.asdict(each), "good": each.good} for each in found]
        options.json.write_text(json.dumps(figures, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    missed = [each.name for each in found if not each.good]
    click.echo(f"Missed: {', '.join(missed)}." if missed else "Every figure keeps to its limit.")
    return 1 if missed else 0


def line(each: Measured) -> str:
    """One figure for people."""
    verdict = "ok    " if each.good else "MISSED"
    bound = f"{'at least' if each.at_least else 'at most'} {each.limit:g} {each.unit}"
    return f"{verdict} {each.name:<30} {each.value:>8.2f} {each.unit:<8} {bound:<18} {each.detail}".rstrip()


if __name__ == "__main__":
    sys.exit(main())
