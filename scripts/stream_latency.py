"""Does looking slow trading down? Trading latency without and with event streams connected, by turns.

    python scripts/stream_latency.py --streams 50 --seconds 20 --rounds 3

Starts PerpBot with simulated venues in a state directory of its own, connects and disconnects the streams, and reads
the differences of `latencies` (stage ``tick_to_order``, and every other stage) from its API.
"""

import argparse
import http.client
import json
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

BUSY = {
    "execution.max_open_trades": "1000",
    "execution.trades_per_symbol": "100",
    "execution.max_hold_sec": "1",
    "risk.symbol_cooldown_sec": "0.1",
    "risk.max_symbol_share_pct": "1000",
    "risk.max_concentration_pct": "1000",
    "risk.max_position_notional": "10000000",
    "risk.max_consecutive_failures": "100",
    "scanner.min_profit_pct": "0.005",
    "scanner.holding_time_sec": "1",
}
"""Settings under which as much is traded as the market gives, so that there is something to measure."""
LIMIT = 1.1
"""How much longer the 99th percentile may be with streams."""


def main() -> None:
    """Measure, and print one line a stage; exit code 1 where a stage grew by more than a tenth."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--streams", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="perpbot-") as folder:
        system = System(Path(folder))
        try:
            system.ask("PATCH", "/api/config", {"changes": BUSY}, token=system.token)
            measured = measure(system, options.streams, options.seconds, options.rounds)
        finally:
            system.stop()
    sys.exit(report(measured))


class System:
    """A running PerpBot."""

    def __init__(self, folder: Path) -> None:
        command = [sys.executable, "-m", "perpbot.main", "--no-console", "--state", str(folder), "--port", "0"]
        self._process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        self.port, password = self._await_address()
        threading.Thread(target=self._swallow, daemon=True).start()
        answer = self.ask("POST", "/api/auth/token", {"password": password})
        self.token: str = answer["access_token"]

    def _await_address(self) -> tuple[int, str]:
        said = ""
        for line in self._process.stderr or ():
            said += line
            port, password = re.search(r"Web console: http://\S+:(\d+)", said), re.search(r"the password (\S+)", said)
            if port is not None and password is not None:
                return int(port[1]), password[1]
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

    def stop(self) -> None:
        """End it in order."""
        self._process.terminate()
        self._process.wait(60)


class Stream(threading.Thread):
    """Follows the state until it is closed, as a browser does."""

    def __init__(self, system: System) -> None:
        super().__init__(daemon=True)
        self._connection = http.client.HTTPConnection("127.0.0.1", system.port, timeout=60)
        self._connection.request("GET", f"/api/sse/events?token={system.token}")
        self._answer = self._connection.getresponse()
        self._over = threading.Event()
        self.events = 0

    def run(self) -> None:
        """Read and count."""
        for line in self._answer:
            self.events += line.startswith(b"event: ")
            if self._over.is_set():
                self._connection.close()
                return

    def end(self) -> None:
        """Hang up with the next event."""
        self._over.set()


def measure(system: System, streams: int, seconds: float, rounds: int) -> dict[str, dict[str, Counter[float]]]:
    """By stage, the histograms ``without`` and ``with`` streams, added up over all rounds."""
    found: dict[str, dict[str, Counter[float]]] = {}
    time.sleep(15.0)  # connections come up, the first trades warm everything up
    for _ in range(rounds):
        for name, number in (("without", 0), ("with", streams)):
            followers = [Stream(system) for _ in range(number)]
            for each in followers:
                each.start()
            before = system.histograms()
            time.sleep(seconds)
            after = system.histograms()
            for stage, counts in after.items():
                sums = found.setdefault(stage, {"without": Counter(), "with": Counter()})
                sums[name] += counts - before.get(stage, Counter())
            for each in followers:
                each.end()
            for each in followers:
                each.join(30)
            if followers:
                print(f"{number} streams got {sum(each.events for each in followers) / seconds:.0f} events/s together")
    return found


def quantile(counts: Counter[float], fraction: float) -> float:
    """Within the bucket where it falls, as if its values were spread evenly; buckets double."""
    wanted, seen = fraction * counts.total(), 0.0
    for bound, count in sorted(counts.items()):
        if seen + count >= wanted:
            return bound / 2 + bound / 2 * (wanted - seen) / count
        seen += count
    return 0.0


def report(measured: dict[str, dict[str, Counter[float]]]) -> int:
    """Print what was measured; 1 when streams cost too much."""
    worst = 0.0
    print(f"{'stage':24} {'n':>7} {'n with':>7} {'p50 us':>9} {'with':>9} {'p99 us':>9} {'with':>9} {'ratio':>6}")
    for stage, each in sorted(measured.items()):
        quiet, busy = each["without"], each["with"]
        if not quiet or not busy:
            continue
        p50, p50_with, p99, p99_with = (quantile(one, at) for at in (0.5, 0.99) for one in (quiet, busy))
        ratio = p99_with / p99
        worst = max(worst, ratio)
        numbers = f"{quiet.total():7} {busy.total():7} {p50:9.0f} {p50_with:9.0f} {p99:9.0f} {p99_with:9.0f}"
        print(f"{stage:24} {numbers} {ratio:6.2f}")
    return int(worst > LIMIT)


if __name__ == "__main__":
    main()
