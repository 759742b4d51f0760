import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from simulated_clients import VENUES, Trader
from simulated_service import Service

from perpbot.simulation.venues.serving import VENUES as KNOWN
from perpbot.simulation.venues.serving import SimulatedVenues

pytest_plugins = ["simulated_fixtures"]
pytestmark = pytest.mark.process


def test_a_killed_world_goes_on_where_it_was(tmp_path: Path, serve_venues: Callable[..., Service]) -> None:
    first = serve_venues(*VENUES, "--state", str(tmp_path), "--seed", "9")
    assert first.served["world"]["resumed"] is False
    placed, prices = {}, {}
    for venue in VENUES:
        trader = Trader(venue, first.served)
        bid, _ = trader.touch()
        prices[venue] = bid
        trader.place("buy", "0.02", None)
        placed[venue] = trader.place("buy", "0.02", bid * 0.98, clientOrderId=trader.client_id())["id"]
    before = {venue: first.books(venue) for venue in VENUES}
    first.process.kill()
    first.process.wait()

    second = serve_venues(*VENUES, "--state", str(tmp_path))
    assert second.served["world"] == {**first.served["world"], "resumed": True}
    for venue in VENUES:
        assert second.served[venue]["credentials"] == first.served[venue]["credentials"]
        assert second.books(venue) == before[venue]
        trader = Trader(venue, second.served)
        assert trader.touch()[0] == pytest.approx(prices[venue], rel=0.01)
        assert trader.position() * 50 == 1
        trader.exchange.cancel_order(placed[venue], trader.symbol)
        newer = trader.place("sell", "0.02", None)["id"]
        assert int(newer, 0) > int(placed[venue], 0)
        assert trader.position() == 0


def test_worlds_differ_and_ports_follow_each_other(tmp_path: Path, serve_venues: Callable[..., Service]) -> None:
    one = serve_venues("okx", "--state", str(tmp_path / "one"), "--seed", "1")
    other = serve_venues("okx", "aster", "--state", str(tmp_path / "two"), "--seed", "1")
    assert one.served["world"]["id"] != other.served["world"]["id"]
    assert one.served["okx"]["credentials"] != other.served["okx"]["credentials"]
    assert list(one.served) == ["okx", "admin", "world"]
    port = free_ports()
    fixed = serve_venues("okx", "--port", str(port))
    assert fixed.served["okx"]["rest"] == f"http://127.0.0.1:{port}/okx"
    assert fixed.served["admin"]["url"] == f"http://127.0.0.1:{port + 1}"


def free_ports() -> int:
    """The first of two ports in a row that nobody listens on."""
    for first in range(23_000, 32_000, 7):
        try:
            for port in (first, first + 1):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", port))
        except OSError:
            continue
        return first
    raise AssertionError("no free ports")


def test_a_taken_port_is_reported() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        command = [sys.executable, "-m", "perpbot.simulation.venues", "okx", "--port", str(taken.getsockname()[1])]
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert ended.stderr.count("\n") == 1
    assert "in use" in ended.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_end_it_cleanly(serve_venues: Callable[..., Service], number: int) -> None:
    service = serve_venues("okx")
    service.process.send_signal(number)
    assert service.process.wait(timeout=20) == 0


def test_it_dies_with_its_parent(until: Callable[..., Any]) -> None:
    script = (
        "import subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-m', 'perpbot.simulation.venues', 'okx', '--die-with-parent'],"
        " stdout=subprocess.PIPE)\n"
        "child.stdout.readline()\n"
        "print(child.pid, flush=True)\n"
        "sys.stdin.read()\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    parent.kill()
    parent.communicate()
    until(lambda: not running(child))


def running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"


def test_an_unknown_venue_is_a_usage_error() -> None:
    command = [sys.executable, "-m", "perpbot.simulation.venues", "mtgox"]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 2
    with pytest.raises(ValueError, match="mtgox"):
        SimulatedVenues(["mtgox"])


def test_venues_serve_in_this_process_too() -> None:
    venues = SimulatedVenues(["okx", "aster"], seed=3, coins=("BTC",))
    served = venues.start()
    try:
        assert set(VENUES) <= set(KNOWN)
        trader = Trader("okx", served)
        placed = trader.place("buy", "0.02", None)
        assert venues.admin.books("okx")["main"]["orders"][0]["id"] == int(placed["id"])
        venues.admin.set_faults("okx", drop_requests=0)
    finally:
        venues.stop()
    assert venues.failure is None
    assert not venues.venues["okx"].server.running
