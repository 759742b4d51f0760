"""PerpBot as a whole: put together, run, stopped in order."""

import gc
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs
from gevent.event import Event

from actors.alert_requests import Announce
from actors.gate import KillSwitches
from actors.runtime import Actor, ActorDeadError, AskTimeoutError, Cell, Exit, System
from actors.state import ReadState, State
from perpbot import __version__
from perpbot.chance import Chance
from perpbot.clock import iso, wall_ns
from perpbot.config.alerts import Alerts
from perpbot.config.changing import Change, applied, changes
from perpbot.config.decisions import OnStop
from perpbot.config.operation import Mode
from perpbot.config.settings import Settings
from perpbot.delivery.channels import open_channels
from perpbot.ending import LAST_WORDS_S, Ending, left_open
from perpbot.execution.entries import WorldBound
from perpbot.execution.ledger import Ledger
from perpbot.logs import Background
from perpbot.logs.seldom import Seldom
from perpbot.masking import Mask
from perpbot.places import open_paper, trading_venues, venues
from perpbot.storage.database import JournalError
from perpbot.storage.history import TradeHistory
from perpbot.storage.journal import Journal
from perpbot.storage.reading import read
from perpbot.summary import summary
from perpbot.systemd import notifier
from perpbot.venues.cancelling import Cancelled
from supervisors import addresses, children, tree
from supervisors.parts import Parts, make_gates
from supervisors.spec import ChildSpec
from supervisors.vitals import Vitals

NS_PER_SECOND = 1_000_000_000
BLOCKED_TOLD_S = 10.0
"""Between two lines about a hub that was kept busy: on a busy machine that is so several times a second."""


@attrs.frozen(kw_only=True)
class Setting:
    """Where and how a program runs."""

    settings: Settings
    config: str
    """Name of the configuration file, for the summary."""
    state: Path
    """Directory of journal, logs and socket."""
    simulated: Mapping[str, Any] | None
    """What the simulated venues printed; None trades at real ones."""
    environment: Mapping[str, str]
    seed: int | None = None
    alerts: Alerts = attrs.field(factory=Alerts)
    """Alert rules and channels; none by default."""


class Program:
    """One PerpBot in this process. Made, it holds the journal; started, it trades."""

    def __init__(
        self,
        setting: Setting,
        journal: Journal,
        log: Any,
        surfaces: Callable[["Program"], Sequence[ChildSpec]] = lambda _: (),
        mask: Mask | None = None,
    ) -> None:
        """Build the tree around `journal`, which the program closes at the end. `mask`, the log's, learns the secrets.

        Raises:
            JournalError: the journal belongs to another world.
            PlacesError: a venue cannot be reached as configured.
            ChannelError: alerts cannot be told as configured.
        """
        self.setting = setting
        self.log = log
        self.ended = Event()
        """Set when it should stop: it was asked to, or the root supervisor has given up."""
        self.gave_up = False
        self.at_end: list[Callable[[Mapping[str, Any]], None]] = []
        """Called by whoever runs the program when it is over, with how it ended."""
        self.give_back: list[Callable[[], None]] = []
        """What has to be put right when the process ends at once: the terminal."""
        self.writers: list[Background] = []
        """Who writes log lines and crashes; they count what they could not write."""
        settings = setting.settings
        self.system = System(Chance(setting.seed), log)
        self.kill = KillSwitches()
        self.journal = journal
        self.history = TradeHistory(journal.path)
        journal.condense(wall_ns())
        self.start_seq = _bind(self.journal, setting)
        made = venues(settings, setting.simulated, setting.environment)
        open_paper(settings, made, setting.state)
        trading = trading_venues(settings, made)
        for name in trading:
            made[name].load()
        _refuse_orphans(journal, settings, trading)
        credentials = [each.credentials for each in made.values() if each.credentials is not None]
        self.mask = mask or Mask()
        self.mask.learn(secret for each in credentials for secret in each.secrets)
        self.system.mask = self.mask
        self.parts = Parts(
            system=self.system,
            settings=settings,
            venues=made,
            trading=trading,
            journal=self.journal,
            kill=self.kill,
            gates=make_gates(made, trading, self.kill),
            surfaces=tuple(surfaces(self)),
            beat=notifier(setting.environment),
            alerts=setting.alerts,
            channels=open_channels(setting.alerts, setting.environment, self.mask),
            lost_log_lines=lambda: sum(each.lost for each in self.writers),
        )
        self.system.on_unkillable = self._process_lost
        self._ending = Ending(self.system, self.kill, trading, log)
        self._flatten = False
        """Whether the stop was asked to close what is open, whatever the configuration says."""
        self._started_ns = wall_ns()
        self._root: Cell | None = None

    def start(self) -> None:
        """Start the tree; returns once every actor is up. Connections come up by themselves after that."""
        spec = tree.root(self.parts)
        self._root = self.system.cell("/perpbot")
        self.system.spawn(spec.start, "/perpbot", start_timeout_s=children.TREE_START_S)
        self._root.on_over = self._root_ended
        for venue in self.parts.venues:
            if venue not in self.parts.trading:
                self.log.warning("read-only", venue=venue, why="no trade_enabled: true, or no credentials")

    def _root_ended(self, exit_: Exit) -> None:
        self.log.error("the root supervisor is gone", reason=str(exit_))
        self.gave_up = True
        self.ended.set()

    def watch_hub(self) -> None:
        """See who keeps the hub busy, for as long as the process lives; not in a simulated world.

        What was imported stays, so the collector of garbage need not look through it: that stops everything for a
        tenth of a second.
        """
        gc.collect()
        gc.freeze()
        watchdog = self.system.watchdog
        watchdog.on_blocked = Seldom(self._tell_blocked, BLOCKED_TOLD_S)
        watchdog.on_stuck = lambda each: self.log.error("hub stuck", what=str(each))
        watchdog.start()

    def _tell_blocked(self, blocked: object, untold: int) -> None:
        more = {"and_before_that": f"{untold} more"} if untold else {}
        self.log.warning("hub blocked", what=str(blocked), **more)

    def _process_lost(self, cell: Cell) -> None:
        self.log.error("the process has to be started anew", because=f"{cell.address} could not be killed")
        self.gave_up = True
        self.ended.set()

    def over_asked(self, *, flatten: bool = False) -> None:
        """Somebody wants it to stop: a signal, or the command line; with `flatten`, and to leave nothing open."""
        self._flatten = self._flatten or flatten
        self.ended.set()

    @property
    def closes(self) -> bool:
        """Whether a stop closes what is open."""
        return self._flatten or self.setting.settings.execution.on_stop is OnStop.CLOSE

    def reconfigure(self, settings: Settings) -> list[Change]:
        """Go by what of `settings` may change while it runs; returns that. The log says the rest needs a restart."""
        before = self.setting.settings
        after = applied(before, settings)
        self.setting = attrs.evolve(self.setting, settings=after)
        tree.reconfigure(self.parts, after)
        for each in changes(after, settings):
            self.log.warning("needs a restart", setting=each.key, now=each.old, file=each.new)
        done = changes(before, after)
        for each in done:
            self.log.warning("setting changed", setting=each.key, old=each.old, new=each.new)
        return done

    def state(self) -> State:
        """Everything at this moment; raises ActorDeadError or AskTimeoutError when the state view is away."""
        state: State = self.system.ref(addresses.STATE).ask(ReadState(max_age_s=0))
        return state

    def vitals(self) -> Vitals | None:
        """Who knows how the actors do; None while it is away."""
        actor = self.system.cell(addresses.VITALS).actor
        return actor if isinstance(actor, Vitals) else None

    def trades_in_progress(self) -> int:
        """How many trades' actors there are: cheap, and good enough to watch a number become zero."""
        return sum(
            cell.alive for cell in self.system.cell(addresses.TRADES).children.values() if cell.name != "executor"
        )

    def drain(self) -> bool:
        """Open nothing any more; close what is open, or leave it hedged; whether that was done in time."""
        return self._ending.drain(close=self.closes, within_s=self.setting.settings.execution.stop_timeout_sec)

    def stop(self) -> dict[str, Any]:
        """No new trades, finish what is in flight, then stop everything in reverse order; returns the summary."""
        clean = self._root is not None and self._root.alive and self.drain()
        waiting = self._ending.leave_nothing_waiting()
        self._ending.read_funding()
        clean = clean and not waiting and self._nothing_left()
        report = self._report(clean=clean, waiting=waiting)
        self._announce_end(clean=report["clean"])
        if self._root is not None:
            self._root.on_over = None
            self._root.stop(None)
        for venue in self.parts.venues.values():
            venue.http.close()
        self.journal.close()
        return report

    def abandon(self) -> None:
        """Let go of everything as it stands: nothing is closed, nothing is finished. Simulated crashes end so."""
        if self._root is not None:
            self._root.on_over = None
            self._root.stop(None)
        self.journal.let_go()

    def _announce_end(self, *, clean: bool) -> None:
        """Tell every channel that it is over; what is not delivered now is with the next start."""
        if not self.parts.channels:
            return
        how, how_zh = ("", "已停止") if clean else (" uncleanly", "异常停止")
        try:
            news = Announce(f"PerpBot stopped{how}", f"PerpBot {how_zh}")
            self.system.ref(addresses.ALERTS).ask(news, timeout_s=LAST_WORDS_S)
        except (ActorDeadError, AskTimeoutError) as error:
            self.log.warning("the end was not announced", reason=str(error))

    def cancel_waiting(self, venues: Sequence[str]) -> list[Cancelled]:
        """Cancel our orders that wait at `venues`, nobody else's, and see that they are gone."""
        return self._ending.cancel_waiting(venues)

    def _nothing_left(self) -> bool:
        """Whether no trade is in progress, no position is left, and no venue says otherwise."""
        try:
            state = self.state()
        except (ActorDeadError, AskTimeoutError):
            return False
        positions = state.positions
        if positions is None or positions.mismatches:
            return False
        if not self.closes:
            return True
        tolerance = self.setting.settings.risk.unhedged_tolerance
        return not state.trades and all(
            abs(each.quantity) * positions.marks.get(symbol, tolerance + 1) <= tolerance
            for (_, _, symbol), each in positions.holdings.items()
        )

    def _report(self, *, clean: bool, waiting: Mapping[str, Cancelled]) -> dict[str, Any]:
        setting = self.setting
        header = {
            "version": __version__,
            "config": setting.config,
            "seed": self.system.chance.seed,
            "started_at": iso(self._started_ns),
            "stopped_at": iso(wall_ns()),
            "mode": setting.settings.mode.value,
        }
        try:
            state = self.state()
        except (ActorDeadError, AskTimeoutError) as error:
            return {**header, "clean": False, "error": f"the state could not be read: {error}"}
        left = left_open(state, waiting)
        for each in left:
            self.log.warning("left open", what=each)
        header["left_open"] = left
        return summary(
            header=header,
            state=state,
            lines=read(self.journal.path, whole=False),
            start_seq=self.start_seq,
            system=self.system,
            opportunities=sum(self._found(symbol) for symbol in setting.settings.symbols),
            restarts=sum(cell.restarts for cell in self.system.cells()),
            clean=clean and not state.missing,
        )

    def _found(self, symbol: str) -> int:
        scanner: Actor | None = self.system.cell(addresses.scanner_address(symbol)).actor
        return 0 if scanner is None else int(scanner.describe()["opportunities"])


def open_journal(state: Path) -> Journal:
    """The journal in `state`, made when there is none; until it is closed nobody else can have it.

    Raises:
        JournalError: the state directory is in use or unreadable.
    """
    return Journal(state, epoch=wall_ns() // NS_PER_SECOND)


def _refuse_orphans(journal: Journal, settings: Settings, trading: Sequence[str]) -> None:
    """Make sure that every trade in progress can be looked after; `JournalError` says which cannot, and why."""
    ledger = Ledger()
    for line in journal.lines():
        ledger.apply(line.entry, 0)
    for trade in ledger.trades():
        plan = trade.plan
        lost = [leg.venue for leg in plan.legs if leg.venue not in trading]
        why = f"nothing can be traded at {' and '.join(lost)}" if lost else ""
        if plan.symbol not in settings.symbols:
            why = f"{plan.symbol} is not among the symbols"
        if why:
            held = ", ".join(f"{order.held} at {order.order.venue}" for order in trade.orders if order.held)
            raise JournalError(
                f"Trade {plan.trade_id} in {plan.symbol} is still open ({held or 'its orders are not resolved'}), but "
                f"with this configuration {why}. Put that back until the trade is over, or give another --state"
            )


def _bind(journal: Journal, setting: Setting) -> int:
    """Make sure that the journal belongs to the world that is traded in; returns its last entry's number."""
    mode = setting.settings.mode.value
    world = mode if setting.simulated is None else setting.simulated["world"]["id"]
    if setting.settings.mode is Mode.PAPER:
        world = f"paper at {'real venues' if setting.simulated is None else world}"
    bound = None
    for line in journal.lines((WorldBound,)):
        bound = line.entry
    if bound is None:
        return journal.append([WorldBound(world=world, mode=mode)], wall_ns())
    if isinstance(bound, WorldBound) and bound.world != world:
        raise JournalError(
            f"{journal.path} belongs to world {bound.world} ({bound.mode}), not to {world} ({mode}): its orders are "
            f"not there. Give this run a --state of its own, or move the old one away"
        )
    return journal.last
