"""`perpbot demo connections`: the life of connections in six scenes, at simulated venues of its own."""

import json
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from perpbot.children import ended
from perpbot.cli.asking import EXIT_NO, Failure, who
from perpbot.cli.commands import Commands
from perpbot.clock import NS_PER_SECOND, monotonic_ns
from perpbot.statedir import SOCKET_NAME

if TYPE_CHECKING:
    from perpbot.control.client import Client

VENUES = ("okx", "hyperliquid", "aster")
FIRST = VENUES[0]
PATIENCE_S, LOOK_S = 120.0, 0.2
TRADING = f"/venues/{FIRST}/trading"
MODULE = [sys.executable, "-m"]


@click.group(cls=Commands)
def demo() -> None:
    """See PerpBot do what is hard to wait for, at simulated venues."""


@demo.command()
def connections() -> None:
    """Show connections in six scenes: connect, break a circuit, stop orders alone, many venues, health, a whole life.

    It starts simulated venues and a system of its own and ends both. It takes about a minute; the exit code is 1 when
    a scene does not go as it should.
    """
    with tempfile.TemporaryDirectory(prefix="perpbot-demo-") as directory, _begun(Path(directory)) as stage:
        for number, scene in enumerate(SCENES, 1):
            click.secho(f"{number}  {scene.__doc__}", bold=True)
            scene(stage)
    click.secho("All six scenes went as they should.", fg="green")


class Stage:
    """A running system, and the hand that makes its venues fail."""

    def __init__(self, client: "Client", admin: str, process: "subprocess.Popen[bytes]") -> None:
        self.client = client
        self.process = process
        self._admin = admin

    def venues(self) -> Mapping[str, Any]:
        """How the system stands with each venue."""
        found: Mapping[str, Mapping[str, Any]] = self.client.ask("state", sections=["venues"])
        return found.get("venues", {})

    def make(self, venue: str, action: str) -> None:
        """Have the simulation do something to a venue."""
        import urllib.request

        url = f"{self._admin}/admin/{venue}/{action}"
        with urllib.request.urlopen(urllib.request.Request(url, b"{}"), timeout=10):  # noqa: S310 - our own, on loopback
            pass

    def until(self, what: str, holds: Callable[[], bool]) -> None:
        """Wait until something holds, and say it; `Failure` when it takes too long."""
        began, pause = monotonic_ns(), threading.Event()
        while not holds():
            if monotonic_ns() - began > PATIENCE_S * NS_PER_SECOND:
                raise Failure(f"   not within {PATIENCE_S:.0f} s: {what}", EXIT_NO)
            pause.wait(LOOK_S)
        click.echo(f"   {what}: after {(monotonic_ns() - began) / NS_PER_SECOND:.1f} s")

    def circuits(self, venue: str) -> Mapping[str, str]:
        """The circuits of a venue, by connection."""
        known = self.venues().get(venue, {"connections": {}})["connections"]
        return {name: each["circuit"] for name, each in known.items()}

    def all_are(self, venue: str, state: str) -> bool:
        """Whether all connections of a venue are in a state."""
        found = self.circuits(venue)
        return bool(found) and set(found.values()) == {state}

    def quotes(self, venue: str) -> int:
        """How many quotes of a venue were good."""
        return int(self.venues()[venue]["counts"]["quotes"])


def basics(stage: Stage) -> None:
    """Every venue has two connections, each an actor: market data and trading."""
    stage.until(
        "all six are CONNECTED and every venue may be traded at",
        lambda: all(stage.all_are(each, "CONNECTED") and stage.venues()[each]["open_allowed"] for each in VENUES),
    )


def breaking(stage: Stage) -> None:
    """A venue goes away: its circuits open, orders are held back, and both close again when it is back."""
    stage.make(FIRST, "stop")
    stage.until(f"{FIRST} is cut off", lambda: "CONNECTED" not in stage.circuits(FIRST).values())
    click.echo(f"   an opening there would be refused: {stage.venues()[FIRST]['refusal']}")
    stage.until("the circuit is open", lambda: "CIRCUIT_OPEN" in stage.circuits(FIRST).values())
    stage.make(FIRST, "start")
    stage.until(f"a probe went well, {FIRST} is CONNECTED", lambda: stage.all_are(FIRST, "CONNECTED"))


def separation(stage: Stage) -> None:
    """Trading is switched off at one connection alone: prices go on."""
    _switch(stage, "on")
    before = stage.quotes(FIRST)
    stage.until(
        "openings are refused there",
        lambda: not stage.venues()[FIRST]["open_allowed"] and "kill switch" in stage.venues()[FIRST].get("refusal", ""),
    )
    stage.until("quotes go on", lambda: stage.quotes(FIRST) > before + 10)
    _switch(stage, "off")
    stage.until("openings are let through again", lambda: bool(stage.venues()[FIRST]["open_allowed"]))


def _switch(stage: Stage, action: str) -> None:
    stage.client.ask("kill-switch", action=action, connection=TRADING, by=who())


def many(stage: Stage) -> None:
    """One venue's trouble is nobody else's."""
    stage.make(FIRST, "disconnect")
    counts = {each: stage.quotes(each) for each in VENUES[1:]}
    stage.until("the others quote on", lambda: all(stage.quotes(each) > counts[each] for each in VENUES[1:]))
    stage.until(f"{FIRST} has connected again", lambda: stage.all_are(FIRST, "CONNECTED"))
    reconnects = (f"{name} {each['counts']['reconnects']}" for name, each in stage.venues().items())
    click.echo(f"   reconnects: {', '.join(reconnects)}")


def health(stage: Stage) -> None:
    """Each connection knows how well it works."""
    for name, venue in stage.venues().items():
        for connection, each in venue["connections"].items():
            p99 = each["latency_ms"].get("p99")
            latency = "no call yet" if p99 is None else f"p99 {p99:.0f} ms"
            rate = f"{each.get('error_rate', 0):.0%} errors"
            click.echo(f"   {name:<12} {connection:<12} {each['circuit']:<10} {latency}, {rate}, {_verdict(each)}")


def _verdict(each: Mapping[str, Any]) -> str:
    return "healthy" if each.get("healthy") else "; ".join(each["alerts"]) or "not healthy"


def life(stage: Stage) -> None:
    """It trades, stops in order, and leaves nothing open."""
    stage.until("a trade is over", lambda: bool(stage.client.ask("trades")["over"]))
    stage.client.ask("stop")
    code = stage.process.wait(PATIENCE_S)
    if code:
        raise Failure(f"   it did not stop cleanly: exit code {code}", EXIT_NO)
    click.echo("   it stopped cleanly: exit code 0")


SCENES = (basics, breaking, separation, many, health, life)


@contextmanager
def _begun(directory: Path) -> Iterator[Stage]:
    """Venues and a system, ended at the end whatever happened."""
    from perpbot.control.client import Client
    from perpbot.shipped import CONFIGURATIONS

    serve = [*MODULE, "perpbot", "venues", "serve", *VENUES, "--edge-every", "1", "--die-with-parent"]
    with _child(serve, directory / "venues.log") as venues:
        line = (venues.stdout or sys.stdin.buffer).readline()
        (directory / "venues.json").write_bytes(line)
        config = directory / "demo.yaml"
        config.write_text(_three((CONFIGURATIONS / "simulation.yaml").read_text(encoding="utf-8")), encoding="utf-8")
        options = ["--config", config, "--venues", directory / "venues.json", "--state", directory / "state"]
        run = [*MODULE, "perpbot.main", "--no-console", "--no-web", *map(str, options)]
        with _child(run, directory / "perpbot.log") as process:
            socket, pause = directory / "state" / SOCKET_NAME, threading.Event()
            while not socket.exists():
                if process.poll() is not None:
                    raise Failure(f"it did not start:\n{(directory / 'perpbot.log').read_text()}", EXIT_NO)
                pause.wait(LOOK_S)
            with Client(socket, PATIENCE_S) as client:
                yield Stage(client, json.loads(line)["admin"]["url"], process)


def _three(text: str) -> str:
    """The configuration with the demo's venues alone."""
    return "\n".join(
        line
        for line in text.splitlines()
        if not (line.startswith("  ") and "*simulated" in line and line.split(":")[0].strip() not in VENUES)
    )


@contextmanager
def _child(command: list[str], log: Path) -> Iterator["subprocess.Popen[bytes]"]:
    with log.open("wb") as errors:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, process_group=0)
    with process, ended(process, PATIENCE_S):
        yield process
