"""Does looking slow trading down? Trading latency without and with event streams connected, by turns.

    python scripts/stream_latency.py --streams 50 --seconds 5 --rounds 30

Starts PerpBot with simulated venues in a state directory of its own, connects and disconnects the streams, and reads
the differences of `latencies` from its API. The directory is in memory where that is possible: what a disk takes is the
same whoever looks, and varies more than what is looked for. Exit code 1 where the 99th percentile from a tick to its
orders, of all windows together, is more than a tenth longer with streams than without: a window alone has too few
orders to say.

Windows in which other programs had the processor for too long while PerpBot's hub was ready to go on tell of those
programs: they do not count. Exit code 3 where too few are left; then measure on a machine with less to do, or, as root,
with `--real-time`: then PerpBot goes before all others.
"""

import argparse
import http.client
import json
import os
import re
import selectors
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from perpbot.children import end
from perpbot.clock import NS_PER_SECOND, monotonic_ns
from perpbot.control.client import Client
from perpbot.statedir import SOCKET_NAME

ROOT = Path(__file__).parents[1]
MEMORY = Path("/dev/shm")  # noqa: S108 - a directory of its own is made there
OTHERS = re.compile(r"^  (?!okx|hyperliquid|aster)\w+: \*simulated.*\n", re.MULTILINE)
"""Venues whose signatures take so long that nothing else could be measured."""
BUSY = {
    "execution.max_open_trades": "1000",
    "execution.trades_per_symbol": "2",
    "execution.max_hold_sec": "1",
    "risk.symbol_cooldown_sec": "0.1",
    "risk.max_symbol_share_pct": "1000",
    "risk.max_concentration_pct": "1000",
    "risk.max_position_notional": "10000000",
    "risk.max_consecutive_failures": "100",
    "risk.daily_loss_limit": "100000",
    "risk.daily_loss_limit_pct": "100",
    "risk.max_drawdown_pct": "90",
    "capital.safe_mode_drawdown_pct": "90",
    "scanner.min_profit_pct": "0.005",
    "scanner.holding_time_sec": "1",
}
"""Settings under which much is traded, so that there is something to measure. Few trades a symbol: many would close on
the very tick that opens the next, and how many they happened to be would be what is measured."""
MARKET = (
    ("symbols: [BTC, ETH, SOL] ", "symbols: [BTC, ETH, SOL, DOGE] "),
    ("edges_per_minute: 5 ", "edges_per_minute: 20 "),
)
"""More symbols, whose venues differ more often, than in the simulation that is shipped."""
LIMIT = 1.1
"""How much longer the 99th percentile of `STAGE` may be with streams."""
STAGE = "tick_to_order"
WARM = 100
"""Orders that are sent before anything is measured: connections are up then, and everything was done before."""
MOST_WAITED = 0.1
"""The share of a window for which the hub may have been ready while other programs had the processor."""
FEWEST = 3
"""Windows of each kind without which nothing can be said."""
UNDECIDED = 3
PATIENCE_S, LOOK_S = 300.0, 0.2


def main() -> None:
    """Measure, and print one line a stage."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--streams", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=5.0, help="a window; short ones see the same market")
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--real-time", action="store_true", help="let PerpBot go before all other programs; for root")
    options = parser.parse_args()
    memory = MEMORY if MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(prefix="perpbot-", dir=memory) as folder:
        system = System(Path(folder), before_others=options.real_time)
        try:
            system.ask("PATCH", "/api/config", {"changes": BUSY}, token=system.token)
            measured = measure(system, options.streams, options.seconds, options.rounds)
        finally:
            system.stop()
    sys.exit(report(measured))


class System:
    """A running PerpBot."""

    def __init__(self, folder: Path, *, before_others: bool) -> None:
        (folder / "alerts.yaml").write_text("channels: []\nalerts: []\n")  # none that acts where a machine is busy
        self._socket = folder / "state" / SOCKET_NAME
        config = folder / "simulation.yaml"
        text = OTHERS.sub("", (ROOT / "config" / "simulation.yaml").read_text())
        for usual, busy in MARKET:
            if usual not in text:
                sys.exit(f"config/simulation.yaml has no {usual!r} any more; change MARKET")
            text = text.replace(usual, busy)
        config.write_text(text)
        command = ["chrt", "--rr", "1"] if before_others else []
        command += [sys.executable, "-m", "perpbot.main", "--no-console", "--config", str(config), "--port", "0"]
        command += ["--state", str(folder / "state")]
        self._process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        self.port, password = self._await_address()
        threading.Thread(target=self._swallow, daemon=True).start()
        answer = self.ask("POST", "/api/auth/token", {"password": password})
        self.token: str = answer["access_token"]

    def _await_address(self) -> tuple[int, str]:
        said = ""
        for line in self._process.stderr or ():
            said += line
            port, password = re.search(r"Web console: http://\S+:(\d+)", said), re.search(r"password in (\S+);", said)
            if port is not None and password is not None:
                return int(port[1]), Path(password[1]).read_text().strip()
        sys.exit(f"PerpBot did not start:\n{said}")

    def _swallow(self) -> None:
        for _ in self._process.stderr or ():
            pass

    def ask(self, method: str, path: str, body: Any = None, token: str = "") -> Any:
        """The answer; tries again for as long as the system begins."""
        while True:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
            headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}" if token else ""}
            shown = {name: value for name, value in headers.items() if value}
            connection.request(method, path, None if body is None else json.dumps(body), shown)
            answer = connection.getresponse()
            data = answer.read()
            connection.close()
            if answer.status == http.client.OK:
                return json.loads(data)
            if answer.status != http.client.SERVICE_UNAVAILABLE:
                raise SystemExit(f"{method} {path}: {answer.status} {data.decode()}")
            time.sleep(1.0)

    def histograms(self) -> dict[str, Counter[float]]:
        """How many took how long (upper bound in microseconds) of each stage so far."""
        latencies = self.ask("GET", "/api/state", token=self.token)["state"]["latencies"]
        return {
            stage: Counter({float(bound): count for bound, count in each["histogram"].items()})
            for stage, each in latencies.items()
        }

    def processor_ns(self) -> tuple[int, int]:
        """For how long the hub's thread has run so far, and been ready while others had the processor.

        Linux counts both: https://docs.kernel.org/scheduler/sched-stats.html
        """
        pid = self._process.pid
        ran, waited, _ = Path(f"/proc/{pid}/task/{pid}/schedstat").read_text().split()
        return int(ran), int(waited)

    def streams(self) -> int:
        """How many it has."""
        with Client(self._socket) as client:
            return int(client.ask("inspect", address="/state-feed")["state_of_actor"]["followers"])

    def stop(self) -> None:
        """End it in order."""
        end(self._process)


def until(holds: Callable[[], bool], what: str) -> None:
    """Wait until something holds; it is over when that takes too long."""
    began, pause = monotonic_ns(), threading.Event()
    while not holds():
        if monotonic_ns() - began > PATIENCE_S * NS_PER_SECOND:
            sys.exit(f"not within {PATIENCE_S:g} s: {what}")
        pause.wait(LOOK_S)


class Streams(threading.Thread):
    """Browsers that follow the state, as many as asked for.

    They share one thread and read without looking: what is measured is what PerpBot does for them.
    """

    def __init__(self, system: System, number: int) -> None:
        super().__init__(daemon=True)
        self._ready = selectors.DefaultSelector()
        self._over = threading.Event()
        self.events = self.bytes = self.hung_up = 0
        self._number = number
        self._begun: set[Any] = set()
        """Those that have got something: the first thing is the whole state."""
        for _ in range(number):
            self._ready.register(_stream(system), selectors.EVENT_READ)

    def run(self) -> None:
        """Read and count until it is over."""
        while not self._over.is_set():
            for key, _ in self._ready.select(0.2):
                stream: Any = key.fileobj
                data = stream.recv(1 << 20)
                self._begun.add(stream)
                self.events += data.count(b"event: ")
                self.bytes += len(data)
                if not data:
                    self.hung_up += 1
                    self._ready.unregister(stream)
        for key in list(self._ready.get_map().values()):
            key.fileobj.close()  # type: ignore[union-attr]

    def await_all(self, system: System) -> None:
        """Wait until each of them has begun, and those before them are gone."""
        until(lambda: len(self._begun) == self._number == system.streams(), f"there are {self._number} streams")

    def end(self) -> None:
        """Hang up."""
        self._over.set()
        self.join()


def _stream(system: System) -> socket.socket:
    """One that is served; those that hung up before are counted out with their next event."""
    request = f"GET /api/sse/events?token={system.token} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
    while True:
        stream = socket.create_connection(("127.0.0.1", system.port))
        stream.sendall(request)
        if stream.recv(1 << 12).startswith(b"HTTP/1.1 200"):
            return stream
        stream.close()
        time.sleep(0.2)


class Window(NamedTuple):
    """What was seen in some seconds."""

    stages: dict[str, Counter[float]]
    """How many took how long, by stage."""
    ran: float
    """The share of the time for which the hub's thread ran."""
    waited: float
    """The share for which it was ready, and other programs had the processor."""


Windows = dict[str, list[Window]]
"""Those ``without`` and ``with`` streams."""


def measure(system: System, streams: int, seconds: float, rounds: int) -> Windows:
    """What each window saw. Windows take turns, and the turns take turns in who is first."""
    found: Windows = {"without": [], "with": []}
    until(lambda: system.histograms().get(STAGE, Counter()).total() >= WARM, f"{WARM} orders are sent")
    os.nice(10)  # who looks comes after who trades, also on this machine's processors
    for turn in range(rounds):
        for number in ((0, streams), (streams, 0))[turn % 2]:
            followers = Streams(system, number)
            followers.start()
            followers.await_all(system)
            events, size = followers.events, followers.bytes
            found["with" if number else "without"].append(_window(system, seconds))
            followers.end()
            if number:
                rate, kib = (followers.events - events) / seconds, (followers.bytes - size) / 1024 / seconds
                print(
                    f"{number} streams: {rate:.0f} events/s, {kib:.0f} KiB/s, {followers.hung_up} hung up", flush=True
                )
    return found


def _window(system: System, seconds: float) -> Window:
    before, (ran, waited) = system.histograms(), system.processor_ns()
    time.sleep(seconds)
    ran_then, waited_then = system.processor_ns()
    stages = {stage: counts - before.get(stage, Counter()) for stage, counts in system.histograms().items()}
    return Window(stages, (ran_then - ran) / seconds / 1e9, (waited_then - waited) / seconds / 1e9)


def quantile(counts: Counter[float], fraction: float) -> float:
    """Within the bucket where it falls, as if its values were spread evenly; buckets double."""
    wanted, seen = fraction * counts.total(), 0.0
    for bound, count in sorted(counts.items()):
        if seen + count >= wanted:
            return bound / 2 + bound / 2 * (wanted - seen) / count
        seen += count
    return 0.0


def report(measured: Windows) -> int:
    """Print what the windows that count saw; 1 when streams make the way from a tick to its orders longer."""
    for name, windows in measured.items():
        print(f"{name} streams: {STAGE}'s p99 in us, the hub's share of a processor, and for what share others had it:")
        for one in windows:
            p99 = quantile(one.stages.get(STAGE, Counter()), 0.99)
            print(f"  {p99:9.0f} {one.ran:4.0%} {one.waited:4.0%}{'' if _counts(one) else ' does not count'}")
    quiet, busy = ([one for one in measured[name] if _counts(one)] for name in ("without", "with"))
    print(f"{'stage':24} {'n':>7} {'n with':>7} {'p50 us':>9} {'with':>9} {'p99 us':>9} {'with':>9} {'ratio':>6}")
    ratios = {
        stage: _print_stage(stage, quiet, busy) for stage in sorted({each for one in quiet for each in one.stages})
    }
    if min(len(quiet), len(busy)) < FEWEST:
        print(
            f"undecided: {len(quiet)} windows without and {len(busy)} with streams count, {FEWEST} of each are needed"
        )
        return UNDECIDED
    return int(ratios[STAGE] > LIMIT)


def _counts(window: Window) -> bool:
    return window.waited <= MOST_WAITED and bool(window.stages.get(STAGE))


def _print_stage(stage: str, *groups: list[Window]) -> float:
    """How many times as long the 99th percentile is in the second group of windows; 0 where one has seen nothing."""
    quiet, busy = (sum((one.stages.get(stage, Counter()) for one in windows), Counter()) for windows in groups)
    if not quiet or not busy:
        return 0.0
    p50, p50_with, p99, p99_with = (quantile(one, at) for at in (0.5, 0.99) for one in (quiet, busy))
    counts = f"{quiet.total():7} {busy.total():7}"
    print(f"{stage:24} {counts} {p50:9.0f} {p50_with:9.0f} {p99:9.0f} {p99_with:9.0f} {p99_with / p99:6.2f}")
    return p99_with / p99


if __name__ == "__main__":
    main()
