"""Kill PerpBot with SIGKILL at random moments and compare its book with the venues' books after every restart.

    python scripts/kill_nine.py --times 1000 --part 50 --results kills.jsonl --seed 1

The simulated venues live in a process of their own and are never killed. They lose answers, give them late and say
things twice, and half of the kills leave a journal whose last write is torn. While PerpBot is dead the venues' books
are read; after the restart its journal must know every order and every fill in them, and nothing may have been sent
twice. At the end of each part PerpBot is stopped in order, and its profit must be the venues' to the last unit.

Each part has a world of its own. With `--results`, what was done is kept there, and the same command goes on after it.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from perpbot.chance import Chance, Random
from perpbot.chaos.torn import tear
from perpbot.clock import NS_PER_SECOND, monotonic_ns
from perpbot.config.settings import load_settings
from perpbot.execution.entries import CaughtUp, FundingBooked, OrderFilled, OrdersIntended, TradeOpened
from perpbot.model.money import ZERO
from perpbot.storage.reading import read
from perpbot.venues.registry import venue_names

START_S, STOP_S = 120.0, 120.0
POLL_S = 0.05
LAST_LINES = 60


class DisagreementError(Exception):
    """The bot's book is not the venues' book; the text says where."""


def main() -> int:
    """Run and report; 0 when everything agreed every time."""
    parser = argparse.ArgumentParser(description="Kill PerpBot at random moments and check its books.")
    parser.add_argument("--times", type=int, default=50)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--config", type=Path, default=Path("config/simulation.yaml"))
    parser.add_argument("--longest", type=float, default=4.0, help="longest life before a kill, in seconds")
    parser.add_argument("--part", type=int, default=None, help="kills in one world; all of them when it is left out")
    parser.add_argument("--results", type=Path, default=None, help="file that keeps what was done, to go on after it")
    options = parser.parse_args()
    seed = Chance(options.seed).seed
    print(f"seed {seed}", flush=True)
    done = _kills_in(options.results)
    while done < options.times:
        times = min(options.part or options.times, options.times - done)
        try:
            part = list(_part(options, seed + done, times))
        except DisagreementError as error:
            print(f"DISAGREEMENT with seed {seed + done}: {error}", file=sys.stderr)
            return 1
        if options.results is not None:
            with options.results.open("a") as file:
                file.writelines(f"{json.dumps(each)}\n" for each in part)
        done += times
    return 0


def _kills_in(results: Path | None) -> int:
    """How many kills of whole parts a file of results has."""
    if results is None or not results.exists():
        return 0
    return sum("kill" in json.loads(line) for line in results.read_text().splitlines())


def _part(options: argparse.Namespace, seed: int, times: int) -> Iterator[dict[str, Any]]:
    """One world: so many kills and an end in order; each is printed as it comes."""
    with (
        tempfile.TemporaryDirectory(prefix="perpbot-kills-") as folder,
        served(Path(folder), seed, options.config) as venues,
    ):
        rounds = Rounds(Path(folder), venues, options.config, Chance(seed).stream("kills"))
        try:
            for number in range(times):
                told = {"kill": number + 1, "seed": seed, **rounds.kill_once(options.longest)}
                print(json.dumps(told), flush=True)
                yield told
            end = rounds.finish()
        except DisagreementError:
            print("".join(rounds.last_words()), file=sys.stderr)
            raise
        print(json.dumps(end), flush=True)
        yield end


@contextmanager
def served(folder: Path, seed: int, config: Path) -> Iterator[dict[str, Any]]:
    """The simulated venues that `config` names, as long as the block runs."""
    names = load_settings(config, os.environ, tuple(venue_names())).exchanges
    command = [sys.executable, "-m", "perpbot.simulation.venues", *names]
    command += ["--seed", str(seed % 2**32), "--edge-every", "1.5", "--die-with-parent"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        try:
            line = process.stdout.readline() if process.stdout is not None else b""
            (folder / "venues.json").write_bytes(line)
            yield json.loads(line)
        finally:
            process.terminate()


class Rounds:
    """One journal, killed again and again."""

    def __init__(self, folder: Path, venues: Mapping[str, Any], config: Path, chance: Random) -> None:
        self._folder = folder
        self._state = folder / "state"
        self._venues = venues
        self._config = config
        self._chance = chance
        self._names = [name for name in venues if name not in {"admin", "world"}]
        self._kills = 0
        self._before: Mapping[str, Any] = {}
        """The venues' books when PerpBot was dead last."""

    def kill_once(self, longest_s: float) -> dict[str, Any]:
        """Start, find everything that was done before, live for a random time, be killed; the books after that."""
        lived_s = self._chance.uniform(0.0, longest_s)
        with self._bot():
            self._find_all()
            faults = self._trouble()
            ends = monotonic_ns() + int(lived_s * NS_PER_SECOND)
            while monotonic_ns() < ends:
                time.sleep(min(POLL_S, max(0.0, (ends - monotonic_ns()) / NS_PER_SECOND)))
        books = self._before = self._quiet_books()
        open_orders = sum(order["status"] == "open" for each in books.values() for order in each["orders"])
        return {
            "lived_s": round(lived_s, 3),
            "faults": faults,
            "torn": self._tear(),
            "orders": sum(len(each["orders"]) for each in books.values()),
            "fills": sum(len(each["fills"]) for each in books.values()),
            "positions": sum(len(each["positions"]) for each in books.values()),
            "open_orders": open_orders,
        }

    def _find_all(self) -> None:
        """A start must come to know everything that the venues knew while it was dead."""
        if self._before:
            self._wait(lambda: not self._unknown_of(self._before), "every order and fill found again")

    def _trouble(self) -> dict[str, Any]:
        """Let one venue lose answers, another give them late, a third say things twice, and all others behave."""
        calm = dict.fromkeys(("drop_answers", "latency_ms", "duplicates"), 0)
        chosen = self._chance.sample(self._names, 3)
        wrong = dict(zip(chosen, ({"drop_answers": 2}, {"latency_ms": 300}, {"duplicates": 3}), strict=True))
        for name in self._names:
            self._set_faults(name, {**calm, **wrong.get(name, {}), "trading_only": True})
        return wrong

    def _set_faults(self, name: str, faults: Mapping[str, Any]) -> None:
        url = f"{self._venues['admin']['url']}/admin/{name}/faults"
        with urlopen(Request(url, json.dumps(faults).encode()), timeout=5):  # noqa: S310 - loopback
            pass

    def _tear(self) -> int:
        """Every other time: leave writes that were cut short at the end of the journal; their length in bytes."""
        self._kills += 1
        return 0 if self._kills % 2 else tear(self._journal(), self._chance.random())

    def finish(self) -> dict[str, Any]:
        """A last run that is stopped in order, and the comparison of what was earned."""
        summary = self._folder / "summary.json"
        for name in self._names:
            self._set_faults(name, {"drop_answers": 0, "latency_ms": 0, "duplicates": 0})
        with self._bot("--summary", str(summary)) as process:
            self._find_all()
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(STOP_S)
            except subprocess.TimeoutExpired as error:
                raise DisagreementError(f"the last run did not stop within {STOP_S:g} s") from error
        if process.returncode != 0:
            raise DisagreementError(f"the last run ended with {process.returncode}")
        report = json.loads(summary.read_text())
        books = self._books()
        self._check_end(report, books)
        return {"clean": report["clean"], "orders": report["orders"], "earned": self._earned(books)}

    def last_words(self) -> list[str]:
        """What the bot has logged last, for whoever has to find out why it disagrees."""
        return (self._folder / "bot.log").read_text(errors="replace").splitlines(keepends=True)[-LAST_LINES:]

    def _check_end(self, report: Mapping[str, Any], books: Mapping[str, Any]) -> None:
        if report["orders"]["unknown_open"] or report["orders"]["duplicates"]:
            raise DisagreementError(f"at the end: {report['orders']}")
        held = {name: each["positions"] for name, each in books.items() if each["positions"]}
        if held:
            raise DisagreementError(f"positions are left at the venues: {held}")
        if missing := self._unknown_of(books):
            raise DisagreementError(f"unknown at the end: {missing}")
        ours = self._profit_of_journal()
        theirs = self._earned(books)
        if ours != {name: Decimal(each) for name, each in theirs.items()}:
            raise DisagreementError(f"the journal says {ours}, the venues say {theirs}")

    # -- the bot ---------------------------------------------------------------------------------------------------

    @contextmanager
    def _bot(self, *more: str) -> Iterator[subprocess.Popen[bytes]]:
        """PerpBot, from when it has caught up with every venue; killed when the block ends, however that is."""
        before = self._catch_ups()
        process = self._start(*more)
        try:
            self._wait(lambda: self._catch_ups() >= before + len(self._names), "every venue caught up")
            yield process
        finally:
            process.kill()
            process.wait()

    def _start(self, *more: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "perpbot.main", "--config", str(self._config), "--no-console", "--no-web"]
        command += ["--venues", str(self._folder / "venues.json"), "--state", str(self._state), *more]
        with (self._folder / "bot.log").open("ab") as log:
            return subprocess.Popen(command, stdout=log, stderr=log, env=os.environ)

    def _journal(self) -> Path:
        return self._state / "journal.sqlite"

    def _catch_ups(self) -> int:
        return sum(1 for _ in read(self._journal(), (CaughtUp,))) if self._journal().exists() else 0

    def _profit_of_journal(self) -> dict[str, Decimal]:
        earned: dict[str, Decimal] = {}
        for line in read(self._journal(), (OrderFilled, FundingBooked)):
            match line.entry:
                case OrderFilled(fill=fill):
                    venue, cash = fill.venue, -fill.side.sign * fill.quantity * fill.price - fill.fee.amount
                case FundingBooked(payment=payment):
                    venue, cash = payment.venue, payment.amount.amount
                case _:
                    continue
            earned[venue] = earned.get(venue, ZERO) + cash
        return {name: earned.get(name, ZERO) for name in self._names}

    # -- the venues ------------------------------------------------------------------------------------------------

    def _books(self) -> dict[str, Any]:
        url = self._venues["admin"]["url"]
        books = {}
        for name in self._names:
            with urlopen(f"{url}/admin/{name}/books", timeout=5) as answer:  # noqa: S310 - loopback
                books[name] = next(iter(json.load(answer).values()))
        return books

    def _quiet_books(self) -> dict[str, Any]:
        """The books once requests that were on their way when the bot died have arrived."""
        last = self._books()
        while True:
            time.sleep(4 * POLL_S)
            now = self._books()
            if _orders_and_fills(now) == _orders_and_fills(last):
                return now
            last = now

    def _unknown_of(self, books: Mapping[str, Any]) -> list[str]:
        """What the venues have and the journal does not; raises when something was sent twice."""
        intended: dict[str, int] = {}
        filled: dict[str, None] = {}
        for line in read(self._journal(), (TradeOpened, OrdersIntended, OrderFilled)):
            entry = line.entry
            if isinstance(entry, TradeOpened | OrdersIntended):
                for order in entry.orders:
                    intended[order.wire_id] = intended.get(order.wire_id, 0) + 1
            elif isinstance(entry, OrderFilled):
                filled[f"{entry.fill.venue}/{entry.fill.venue_order_id}/{entry.fill.quantity}"] = None
        twice = [wire_id for wire_id, count in intended.items() if count > 1]
        if twice or any(each["duplicates"] for each in books.values()):
            raise DisagreementError(f"sent twice: {twice}, {[each['duplicates'] for each in books.values()]}")
        unknown = [
            f"order {name}/{order['client_id']}"
            for name, each in books.items()
            for order in each["orders"]
            if order["client_id"] not in intended
        ]
        count = sum(len(each["fills"]) for each in books.values())
        known = sum(1 for _ in read(self._journal(), (OrderFilled,)))
        return unknown + ([f"{count - known} fills"] if known < count else [])

    @staticmethod
    def _earned(books: Mapping[str, Any]) -> dict[str, str]:
        return {
            name: str(Decimal(each["cash"][each["currency"]]) - Decimal(each["deposited"]))
            for name, each in books.items()
        }

    @staticmethod
    def _wait(condition: Any, what: str) -> None:
        deadline = monotonic_ns() + int(START_S * NS_PER_SECOND)
        while not condition():
            if monotonic_ns() > deadline:
                raise DisagreementError(f"not within {START_S:g} s: {what}")
            time.sleep(POLL_S)


def _orders_and_fills(books: Mapping[str, Any]) -> dict[str, tuple[int, int]]:
    return {name: (len(each["orders"]), len(each["fills"])) for name, each in books.items()}


if __name__ == "__main__":
    sys.exit(main())
