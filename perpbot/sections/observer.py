"""The actor that watches the state for those who follow it: at 5 Hz while somebody does, and not at all otherwise."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import attrs

from actors.positions import ReadPnl
from actors.runtime import Actor, ActorDeadError, AskTimeoutError, Backoff, handles
from actors.state import ReadState, State
from perpbot.clock import NS_PER_SECOND, day, monotonic_ns, wall_ns
from perpbot.control.episodes import Episodes
from perpbot.portfolio.pnl import Account
from perpbot.portfolio.profit import NO_PROFIT, Profit
from perpbot.program import Program
from perpbot.sections import market, money, money_shapes, operations
from perpbot.sections.feed import Feed
from perpbot.sections.turns import Turns
from supervisors import addresses
from supervisors.spec import ChildSpec

LOOK_S = 0.2
SELDOM_NS = NS_PER_SECOND
"""How often what changes slowly is looked at."""
PATIENCE_S = 5.0
NAME = "state-feed"
ADDRESS = f"/{NAME}"

Section = Callable[[], Any]


@attrs.frozen
class LookNow:
    """Bring the feed up to date, unless that was done just now; answered with all sections when it is."""


@attrs.frozen
class _Look:
    """It is time to look."""


def state_feed(program: Program, feed: Feed, extra: Mapping[str, Section]) -> ChildSpec:
    """The child spec of the actor that keeps `feed` up to date; `extra` sections come from elsewhere."""
    return ChildSpec(
        name=NAME, start=lambda: StateObserver(program, feed, extra), backoff=Backoff(min_s=0.5, max_s=10.0)
    )


class StateObserver(Actor):
    """Composes the sections; between one section and the next everybody else has their turn."""

    def __init__(self, program: Program, feed: Feed, extra: Mapping[str, Section]) -> None:
        super().__init__()
        self._program = program
        self._feed = feed
        self._extra = extra
        self._episodes = Episodes()
        self._quotes = market.Quotes()
        self._opportunities = market.Opportunities()
        self._orders = money.Orders()
        self._trades = money.Trades()
        self._booked: Mapping[Account, Profit] = {}
        self._looked_ns = self._seldom_ns = 0
        self._turns = Turns()

    def on_start(self) -> None:
        """Begin."""
        self.timers.every(LOOK_S, _Look())

    @handles(_Look)
    def on_look(self, _: _Look) -> None:
        """Look, if anybody wants to know, and let them have what is new, one after the other."""
        if len(self._feed):
            self._look()
            self._turns.begin()
            for _step in self._feed.wake():
                self._turns.give()

    @handles(LookNow)
    def on_look_now(self, _: LookNow) -> Mapping[str, Any]:
        """Look for one who asks once; the answer is every section, none where there is nothing to be read yet."""
        if not self._feed.state or monotonic_ns() - self._looked_ns > LOOK_S * NS_PER_SECOND:
            self._look()
        return self._feed.state

    def _look(self) -> None:
        try:
            state: State = self.look_up(addresses.STATE).ask(ReadState(), timeout_s=PATIENCE_S)
            seldom = not self._feed.state or monotonic_ns() - self._seldom_ns >= SELDOM_NS
            if seldom:
                self._booked = self.look_up(addresses.POSITIONS).ask(ReadPnl(), timeout_s=PATIENCE_S)
        except (ActorDeadError, AskTimeoutError) as error:
            self.log.warning("the state cannot be read", reason=str(error))
            return
        self._looked_ns = monotonic_ns()
        self._turns.begin()
        self._episodes.take(state.decisions)
        found = {}
        for name, section in (*self._often(state), *(self._seldom(state) if seldom else ())):
            found[name] = section()
            self._turns.offer()
        if seldom:
            self._seldom_ns = self._looked_ns
        self._feed.advance(found)
        self._turns.give()

    def _often(self, state: State) -> Iterator[tuple[str, Section]]:
        yield "quotes", lambda: self._quotes(state)
        yield "opportunities", lambda: self._opportunities(self._episodes.newest)
        yield "orders", lambda: self._orders(state)
        yield "trades", lambda: self._trades(state)
        yield "positions", lambda: money.positions(state.positions)
        yield "residuals", lambda: money.residuals(state)
        yield "exposure", lambda: money.exposure(state)
        yield "kill_switch", lambda: dict(state.kill)
        yield "alerts", lambda: operations.alerts(state)
        yield from self._extra.items()

    def _seldom(self, state: State) -> Iterator[tuple[str, Section]]:
        program = self._program
        yield "overview", lambda: operations.overview(program, state, self._today(state), len(self._feed))
        yield "books", lambda: market.books(program.system, program.parts.each_venue("market-data"))
        yield "capital", lambda: money.capital(state)
        yield "risk", lambda: money.risk(state)
        yield "venues", lambda: operations.venues(program, state)
        yield "tree", lambda: operations.tree(program, self._turns)
        yield "latencies", lambda: operations.latencies(program.system.stages)
        yield "pnl", lambda: self._profit(state)

    def _profit(self, state: State) -> money_shapes.ProfitAndLoss:
        return money.profit_and_loss(state, self._booked)

    def _today(self, state: State) -> str:
        return money.profit(money.cut(self._booked, "day", state.fee_coins).get(day(wall_ns()), NO_PROFIT))["net"]

    def describe(self) -> dict[str, Any]:
        """Who follows, and how long composing keeps everybody else waiting."""
        p99 = self._turns.times.quantile_ns(0.99)
        return {
            "followers": len(self._feed),
            "seq": self._feed.seq,
            "turn_us": {"p99": p99 and p99 // 1_000, "max": self._turns.times.max_ns // 1_000},
        }
