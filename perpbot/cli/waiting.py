"""`perpbot wait`: for scripts, until something is so."""

import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import click

from perpbot.cli.asking import EXIT_NO, EXIT_NO_SYSTEM, Failure, state_option
from perpbot.cli.conditions import Condition, ConditionError, condition
from perpbot.cli.wording import clean, duration
from perpbot.clock import NS_PER_SECOND, monotonic_ns
from perpbot.ranges import Number
from perpbot.statedir import socket_path

if TYPE_CHECKING:
    from perpbot.control.client import Client

LOOK_S = 0.1
WAIT_S = 60.0


@click.command()
@click.argument("words", nargs=-1, metavar="[CONDITION]")
@click.option("--until", metavar="CONDITION", help="The same as CONDITION.")
@click.option(
    "--timeout",
    type=Number(0, 86_400),
    default=WAIT_S,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait; 0 looks once.",
)
@state_option
def wait(*, words: tuple[str, ...], until: str | None, timeout: float, state: Path | None) -> None:
    """Wait until CONDITION holds; the exit code is 0 then, and 1 when the time is over.

    CONDITION is running (every actor is up), ready (connected everywhere, too), healthy or stopped; ADDRESS=STATE;
    "circuit VENUE[/CONNECTION] STATE" with open, closed, half-open or disconnected; or NAME>=NUMBER (also <=, >, <,
    =) with trades, open, orders, actors, restarts, crashes, dead-letters or uptime.
    """
    if bool(words) == (until is not None):
        raise click.UsageError("Say what to wait for, once: perpbot wait ready")
    try:
        wanted = condition(until if until is not None else " ".join(words))
        _wait(wanted, socket_path(state, os.environ), timeout)
    except ConditionError as error:
        raise click.UsageError(clean(error)) from None


def _wait(wanted: Condition, path: Path, timeout_s: float) -> None:
    """Look again and again. A system that is not there yet, or not any more, is asked anew."""
    from perpbot.control.client import Client, NotRunningError, RefusedError

    pause, deadline = threading.Event(), monotonic_ns() + int(timeout_s * NS_PER_SECOND)
    client: Client | None = None
    try:
        while True:
            try:
                client = client or Client(path)
                answer = client.ask(wanted.verb)
                if wanted.holds(answer):
                    return
                missing, code = wanted.now(answer), EXIT_NO
            except RefusedError as error:
                missing, code = str(error), EXIT_NO
            except NotRunningError as error:
                if wanted.stopped:
                    return
                _close(client)
                client, missing, code = None, str(error), EXIT_NO_SYSTEM
            if monotonic_ns() >= deadline:
                raise Failure(clean(f"not within {duration(timeout_s)}: {missing}"), code)
            pause.wait(LOOK_S)
    finally:
        _close(client)


def _close(client: "Client | None") -> None:
    if client is not None:
        client.close()
