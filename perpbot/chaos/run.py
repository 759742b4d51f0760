"""One run: troubles befall the program, then everything is well again, and then both sides' books must agree."""

import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import attrs
import gevent

from perpbot.chaos.invariants import Books, Bounds, Inspector, Violation
from perpbot.chaos.stage import Stage
from perpbot.chaos.troubles import Kind, Trouble, troubles
from perpbot.chaos.watch import Watch
from perpbot.clock import NS_PER_SECOND, monotonic_ns
from perpbot.config.settings import Settings
from perpbot.execution.entries import FundingBooked, OrderFilled
from perpbot.model.money import ZERO, Quantity
from perpbot.model.order import Position
from perpbot.simulation.venues.orders import Status
from perpbot.simulation.venues.venue import ACCOUNT, SimulatedVenue
from perpbot.simulation.world import World
from perpbot.storage.reading import read

MEMORY = Path("/dev/shm")  # noqa: S108 - virtual time should not wait for a real disk
HEALED_S, FINISHED_S = 120.0, 240.0
"""Virtual time in which every connection must be back, and then every trade over."""
CALM_S = 5.0
"""Trading goes on for so long after the last trouble, and before the end is looked at."""
PATIENCE_S = 10.0
"""Beyond `execution.unknown_timeout_sec`: how long something may stand alone while every venue answers."""
MARGIN = Decimal("1.1")
"""Prices move while a leg stands alone."""
STRAY = Quantity(Decimal(7))


@attrs.frozen(kw_only=True)
class Result:
    """What came of one run."""

    seed: int
    seconds: float
    """Virtual."""
    trades: int
    orders: int
    fills: int
    troubles: Mapping[str, int]
    """How often each kind befell it."""
    restarts: int
    """Of the whole process."""
    crashes: int
    """Of actors, in the last process."""
    violations: tuple[Violation, ...]
    log: tuple[str, ...] = ()
    """The last lines of the log, where there are violations."""


def run(world: World, settings: Settings, seconds: float) -> Result:
    """Let troubles befall the program for `seconds` of virtual time, heal everything, stop it, compare all books.

    Runs inside `world`, whose seed decides the market and the troubles.
    """
    with tempfile.TemporaryDirectory(prefix="perpbot-chaos-", dir=MEMORY if MEMORY.is_dir() else None) as folder:
        return _Run(world, settings, Path(folder)).live(seconds)


def bounds(settings: Settings) -> Bounds:
    """What may stand alone of a coin: a leg of each trade there may be in it, and for how long."""
    execution = settings.execution
    return Bounds(
        tolerance=settings.risk.unhedged_tolerance,
        most=execution.trades_per_symbol * settings.scanner.max_notional * MARGIN,
        seconds=execution.unknown_timeout_sec + PATIENCE_S,
    )


class _Run:
    def __init__(self, world: World, settings: Settings, folder: Path) -> None:
        self._settings = settings
        self._inspector = Inspector(bounds(settings))
        self._stage = Stage(world, settings, folder)
        self._watch = Watch(
            self._inspector, self._stage.venues, lambda: self._stage.program, self._stage.journal,
            reachable=lambda: self._stage.connected and not self._present,
        )  # fmt: skip
        self._present: list[Trouble] = []
        """Troubles that are not over yet."""
        self._counts: Counter[str] = Counter()
        self._world = world

    def live(self, seconds: float) -> Result:
        coming = troubles(self._world.chance.stream("chaos"), list(self._settings.exchanges), seconds)
        self._stage.program.start()
        befalling = []
        for trouble in coming:
            self._sleep_until(trouble.at_s)
            self._revive()
            befalling.append(gevent.spawn(self._befall, trouble))
        self._sleep_until(seconds)
        gevent.joinall(befalling, raise_error=True)
        self._revive()
        self._finish()
        return self._result()

    def _sleep_until(self, at_s: float) -> None:
        gevent.sleep(max(0.0, at_s - self._watch.now_s))

    def _revive(self) -> None:
        """Start the process anew where it gave up, as a service manager does."""
        if self._stage.program.gave_up and not any(each.kind is Kind.KILLED_PROCESS for each in self._present):
            self._stage.kill(0.0)

    # -- troubles --------------------------------------------------------------------------------------------------

    def _befall(self, trouble: Trouble) -> None:
        if trouble.kind is Kind.KILLED_PROCESS and any(each.kind is trouble.kind for each in self._present):
            return  # it is dead already
        self._counts[trouble.kind] += 1
        self._present.append(trouble)
        try:
            with self._in_effect(trouble):
                gevent.sleep(trouble.lasts_s)
        finally:
            self._present.remove(trouble)

    @contextmanager
    def _in_effect(self, trouble: Trouble) -> Iterator[None]:
        stage, venue = self._stage, self._stage.venues.venues[trouble.venue]
        match trouble.kind:
            case Kind.DISCONNECT:
                stage.venues.admin.disconnect(trouble.venue)
            case Kind.OUTAGE:
                stage.venues.admin.stop(trouble.venue)
            case Kind.SILENCE:
                self._world.network.partition(venue.server.port)
            case Kind.WRONG_POSITIONS:
                self._misread(trouble)
            case Kind.KILLED_ACTOR:
                stage.crash(trouble.draw)
            case Kind.KILLED_PROCESS:
                stage.kill(trouble.draw)
            case _:
                venue.faults.change(trouble.faults)
        yield
        self._heal(trouble, venue)

    def _heal(self, trouble: Trouble, venue: SimulatedVenue) -> None:
        self._world.network.heal(venue.server.port)
        self._stage.venues.admin.start(trouble.venue)
        venue.faults.change({name: type(value)(0) for name, value in trouble.faults.items()})

    def _misread(self, trouble: Trouble) -> None:
        """The venue says once, or twice, that we hold what we do not."""
        adapter = self._stage.program.parts.venues[trouble.venue]
        usual, left = adapter.fetch_positions, [None] * (1 + round(trouble.draw))

        def fetch_positions() -> list[Position]:
            answer = usual()
            if not left:
                return answer
            left.pop()
            symbol = self._settings.symbols[0]
            stray = Position(venue=trouble.venue, account=adapter.account, symbol=symbol, quantity=STRAY)
            return [*(each for each in answer if each.symbol != symbol), stray]

        adapter.fetch_positions = fetch_positions  # type: ignore[method-assign]

    # -- the end ---------------------------------------------------------------------------------------------------

    def _finish(self) -> None:
        stage = self._stage
        self._wait(lambda: stage.connected, HEALED_S, "connections are not back")
        gevent.sleep(CALM_S)
        stage.program.kill.set("global", on=True, by="chaos")
        self._wait(lambda: not stage.trades, FINISHED_S, "trades do not end")
        gevent.sleep(CALM_S)
        left = [f"trade {each}" for each in stage.trades]
        left += [f"{name}: {each.allocated} reserved" for name, each in self._watch.pools().items() if each.allocated]
        report = stage.program.stop()
        self._watch.read_journal()
        stage.venues.stop()
        if not report["clean"]:
            left.append(f"it did not stop cleanly: {report.get('error') or report['orders']}")
        left += [f"order {each} waits" for each in self._waiting()]
        self._inspector.ended(self._watch.now_s, self._ours(), self._theirs(), left)
        for name, venue in stage.venues.venues.items():
            if twice := venue.engine.accounts[ACCOUNT].duplicates:
                self._inspector.wrong(self._watch.now_s, "sent once", f"{name} has turned {twice} duplicates away")

    def _wait(self, condition: Callable[[], bool], within_s: float, otherwise: str) -> None:
        deadline = monotonic_ns() + int(within_s * NS_PER_SECOND)
        while not condition():
            if monotonic_ns() > deadline:
                self._inspector.wrong(self._watch.now_s, "left open", otherwise)
                return
            gevent.sleep(0.05)

    def _waiting(self) -> list[str]:
        accounts = (venue.engine.accounts[ACCOUNT] for venue in self._stage.venues.venues.values())
        return [order.client_id for each in accounts for order in each.orders.values() if order.status is Status.OPEN]

    def _ours(self) -> Books:
        fills, positions, earned = Counter[str](), dict[str, Decimal](), dict[str, Decimal]()
        for line in read(self._stage.journal, (OrderFilled, FundingBooked)):
            match line.entry:
                case OrderFilled(fill=fill):
                    fills[fill.venue] += 1
                    key = f"{fill.venue} {fill.symbol.partition('-')[0]}"
                    positions[key] = positions.get(key, ZERO) + fill.side.sign * fill.quantity
                    here = f"{fill.venue} {fill.currency}"
                    earned[here] = earned.get(here, ZERO) - fill.side.sign * fill.quantity * fill.price
                    paid = f"{fill.venue} {fill.fee.currency}"
                    earned[paid] = earned.get(paid, ZERO) - fill.fee.amount
                case FundingBooked(payment=payment):
                    here = f"{payment.venue} {payment.amount.currency}"
                    earned[here] = earned.get(here, ZERO) + payment.amount.amount
                case _:
                    pass
        return Books(fills=fills, positions=positions, earned=earned)

    def _theirs(self) -> Books:
        fills, positions, earned = Counter[str](), dict[str, Decimal](), dict[str, Decimal]()
        for name, venue in self._stage.venues.venues.items():
            account = venue.engine.accounts[ACCOUNT]
            fills[name] = len(account.executions)
            earned |= {f"{name} {coin}": cash for coin, cash in account.earned.items()}
            earned[f"{name} {account.currency}"] -= sum((p.cost for p in account.positions.values()), ZERO)
            positions |= {f"{name} {venue.coins[symbol]}": held.size for symbol, held in account.positions.items()}
        return Books(fills=fills, positions=positions, earned=earned)

    def _result(self) -> Result:
        theirs, stage = self._theirs(), self._stage
        violations = tuple(self._inspector.violations)
        accounts = [venue.engine.accounts[ACCOUNT] for venue in stage.venues.venues.values()]
        return Result(
            seed=self._world.seed,
            seconds=round(self._watch.now_s, 3),
            trades=self._inspector.trades,
            orders=sum(len(each.orders) for each in accounts),
            fills=sum(theirs.fills.values()),
            troubles=dict(sorted(self._counts.items())),
            restarts=stage.restarts,
            crashes=sum(1 for _ in stage.program.system.crashes),
            violations=violations,
            log=tuple(map(str, stage.log)) if violations else (),
        )
