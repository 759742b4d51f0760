"""The end in order (OPS-2): nothing new, trades converge or close, waiting orders are cancelled, the rest is named.

A dead man's switch is held until nothing of ours waits at its venue. Where something does in the end, it stays set: the
venue cancels what waits when it has not heard of us for long enough.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import attrs
import gevent

from actors.account_reader import ReadFunding
from actors.dead_man import StandDown
from actors.executor import Drain
from actors.flattener import Flatten
from actors.gate import KillSwitches
from actors.order_requests import ReadOpenTrades
from actors.runtime import ActorDeadError, AskTimeoutError, System
from actors.state import State
from actors.waiting_orders import CancelWaiting
from perpbot.clock import NS_PER_SECOND, monotonic_ns
from perpbot.execution.trade import CloseReason, Phase
from perpbot.execution.views import TradeView
from perpbot.model.money import plain
from perpbot.venues.cancelling import Cancelled
from supervisors import addresses

LAST_WORDS_S = 5.0
"""How long a venue may take for what is asked of it at the end, each."""
LOOK_S = 0.05


class Ending:
    """Brings one program to its end. Everything it asks is bounded; what did not happen in time is logged and told."""

    def __init__(self, system: System, kill: KillSwitches, trading: Sequence[str], log: Any) -> None:
        self._system = system
        self._kill = kill
        self._trading = trading
        self._log = log

    # -- trades --------------------------------------------------------------------------------------------------

    def drain(self, *, close: bool, within_s: float) -> bool:
        """Open nothing any more; close what is open, or have it converge to equal legs; whether that was done in time.

        What is closed is closed by the trades themselves, and by the flattener where their actors do nothing.
        """
        deadline_ns = monotonic_ns() + int(within_s * NS_PER_SECOND)
        asked = self._system.ref(addresses.EXECUTOR).post(Drain(close=close), within_s)
        if close:  # at once: trades that nobody looks after must not use up the time
            self._system.ref(addresses.FLATTENER).post(Flatten(reason=CloseReason.STOP), within_s)
        try:
            asked.wait(within_s)
        except (ActorDeadError, AskTimeoutError) as error:
            self._log.warning("the executor did not see to the end of all trades", reason=str(error))
            self._kill.stopping = True  # an executor that begins anew knows of no stop
            done = close and self._flatten(deadline_ns)
        else:
            done = close
            self._kill.stopping = True
        done = done or (not close and self._converged(deadline_ns))
        if not done:
            self._log.error(
                "trades did not finish in time; they are taken up at the next start",
                limit="execution.stop_timeout_sec", seconds=within_s,
            )  # fmt: skip
        return done

    def _flatten(self, deadline_ns: int) -> bool:
        left_s = (deadline_ns - monotonic_ns()) / NS_PER_SECOND
        if left_s <= 0:
            return False
        try:
            self._system.ref(addresses.FLATTENER).ask(Flatten(reason=CloseReason.STOP), timeout_s=left_s)
        except (ActorDeadError, AskTimeoutError):
            return False
        return True

    def _converged(self, deadline_ns: int) -> bool:
        """Wait until every trade in progress is hedged with nothing on its way."""
        while monotonic_ns() < deadline_ns:
            if self._at_rest():
                return True
            gevent.sleep(LOOK_S)
        return False

    def _at_rest(self) -> bool:
        try:
            trades: list[TradeView] = self._system.ref(addresses.ORDERS).ask(ReadOpenTrades(), timeout_s=LAST_WORDS_S)
        except (ActorDeadError, AskTimeoutError):
            return False  # the order book begins anew, and is asked again until the time is over
        return all(map(_at_rest, trades))

    # -- orders and venues ---------------------------------------------------------------------------------------

    def cancel_waiting(self, venues: Sequence[str]) -> list[Cancelled]:
        """Cancel our orders that wait at `venues`, nobody else's, and see that they are gone."""
        answers = self._ask_trading(CancelWaiting(), "open orders not cancelled", venues)
        away = Cancelled("", trouble="its trading connection does not answer")
        return [answers.get(each, attrs.evolve(away, venue=each)) for each in venues]

    def leave_nothing_waiting(self) -> dict[str, Cancelled]:
        """Cancel all orders of ours and let go of the dead man's switches; where orders still wait, by venue.

        A venue that is away cannot be asked: what waits there is found at the next start.
        """
        done = self.cancel_waiting(self._trading)
        left = {each.venue: each for each in done if each.left}
        for each in left.values():
            self._log.error("open orders left behind", venue=each.venue, orders=list(each.left), why=each.trouble)
        unsure = {each.venue for each in done if each.left or each.trouble}
        self._ask_trading(
            StandDown(), "dead man's switch not let go", [each for each in self._trading if each not in unsure]
        )
        for venue in sorted(left):
            self._log.warning("the dead man's switch stays set, so that the venue cancels what waits", venue=venue)
        return left

    def read_funding(self) -> None:
        """Have every venue say what funding it paid, so that the last word on the profit is the venues'."""
        self._ask_trading(ReadFunding(), "funding not read at the end", self._trading)

    def _ask_trading(self, question: object, otherwise: str, venues: Sequence[str]) -> dict[str, Any]:
        """Ask trading connections all at once; who does not answer is left out, and the log says `otherwise`."""
        slots = {each: self._system.ref(f"/venues/{each}/trading").post(question, LAST_WORDS_S) for each in venues}
        answers = {}
        for venue, slot in slots.items():
            try:
                answers[venue] = slot.wait(LAST_WORDS_S)
            except (ActorDeadError, AskTimeoutError) as error:
                self._log.warning(otherwise, venue=venue, reason=str(error))
        return answers


def _at_rest(trade: TradeView) -> bool:
    return trade.phase == Phase.OPEN.value and all(each.settled for each in trade.orders)


def left_open(state: State, waiting: Mapping[str, Cancelled]) -> list[str]:
    """What stays when PerpBot is gone, a sentence each, for whoever has to look after it."""
    return [*map(_trade, state.trades), *_positions(state), *_waiting(waiting)]


def _trade(trade: TradeView) -> str:
    held: dict[str, Any] = {}
    for each in trade.orders:
        held[each.order.venue] = held.get(each.order.venue, 0) + each.held
    legs = ", ".join(f"{size:+f} at {venue}" for venue, size in held.items() if size) or "nothing filled"
    unknown = sum(not each.settled for each in trade.orders)
    fate = f", fate of {unknown} orders not known" if unknown else ""
    return f"trade {trade.plan.trade_id} in {trade.plan.symbol} ({trade.phase}): {legs}{fate}"


def _positions(state: State) -> Iterator[str]:
    """Those that belong to no trade in progress."""
    if state.positions is None:
        yield "positions are not known"
        return
    of_trades = {(leg.venue, trade.plan.symbol) for trade in state.trades for leg in trade.plan.legs}
    for (venue, _, symbol), held in state.positions.holdings.items():
        if held.quantity and (venue, symbol) not in of_trades:
            yield f"position of {plain(held.quantity)} {symbol} at {venue}, of no trade"
    for each in state.positions.mismatches:
        yield f"{each.key[0]} says {plain(each.theirs)} {each.key[2]} where our fills say {plain(each.ours)}"


def _waiting(waiting: Mapping[str, Cancelled]) -> Iterator[str]:
    for venue, each in waiting.items():
        yield f"orders that wait at {venue}: {', '.join(each.left)}"
