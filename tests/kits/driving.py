"""What every driver of a kit needs. Drivers run in a kit's own environment: nothing of PerpBot is there."""

import json
import sys
from collections.abc import Callable
from decimal import Decimal
from threading import Event
from typing import Any

PATIENCE_S = 10.0
_PAUSE_S = 0.02


def given() -> Any:
    """Where the venue is and who we are, as the test wrote it to our input."""
    return json.load(sys.stdin)


def tell(**report: Any) -> None:
    """Hand the report to the test: the last line of our output, as kits write lines of their own."""
    sys.stdout.write(json.dumps(report) + "\n")
    sys.stdout.flush()


def until(question: Callable[[], Any]) -> Any:
    """Ask again until the answer is true."""
    never = Event()
    for _ in range(int(PATIENCE_S / _PAUSE_S)):
        if answer := question():
            return answer
        never.wait(_PAUSE_S)
    raise TimeoutError("waited ten seconds")


def around(bid: object, ask: object, step: str) -> tuple[Decimal, Decimal, Decimal]:
    """A price that waits below the book, one that buys at once, and one that sells at once."""
    middle = (Decimal(str(bid)) + Decimal(str(ask))) / 2
    waits, buys, sells = ((middle * Decimal(each)).quantize(Decimal(step)) for each in ("0.99", "1.005", "0.995"))
    return waits, buys, sells
