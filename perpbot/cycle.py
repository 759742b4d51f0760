"""One cycle: the first opportunity that is taken, its trade until it is over, and nothing more."""

import gevent

from actors.executor import Drain
from actors.gate import Circuit
from actors.runtime import ActorDeadError, AskTimeoutError
from perpbot.clock import NS_PER_SECOND, monotonic_ns
from perpbot.program import Program
from supervisors import addresses

LOOK_S = 0.05
VENUES_OF_A_TRADE = 2


def one_cycle(program: Program, within_s: float) -> str:
    """Wait `within_s` for a trade and as long as it takes for its end; says what came of it.

    As soon as there is one, no other one is opened; what its own end needs is. Trades of an earlier run that are still
    in progress count.
    """
    deadline = monotonic_ns() + int(within_s * NS_PER_SECOND)
    before = _trades(program)
    while not program.ended.is_set():
        over, open_ = _trades(program)
        if open_ or over > before[0]:
            return _until_over(program)
        if monotonic_ns() > deadline:
            return f"No opportunity was taken within {within_s:g} s.{_why_none(program)}"
        program.ended.wait(LOOK_S)
    return "It was told to stop before the cycle was over."


def _why_none(program: Program) -> str:
    """What an operator should hear who believes that venues were looked at."""
    try:
        venues = program.state().venues.values()
    except (ActorDeadError, AskTimeoutError):
        return ""
    connected = [each for each in venues if {*each.circuits.values()} == {Circuit.CONNECTED.value}]
    if len(connected) >= VENUES_OF_A_TRADE:
        return ""
    return f" Of {len(venues)} venues only {len(connected)} connected; `perpbot doctor` says why."


def _until_over(program: Program) -> str:
    executor = program.system.ref(addresses.EXECUTOR)
    while not program.ended.is_set():
        executor.tell(Drain(close=False))  # again and again: one that begins anew knows of nothing
        if not _trades(program)[1]:
            return "One cycle is over."
        gevent.sleep(LOOK_S)
    return "It was told to stop before the cycle was over."


def _trades(program: Program) -> tuple[int, int]:
    """How many trades are over and how many in progress; none where nobody can say."""
    try:
        state = program.state()
    except (ActorDeadError, AskTimeoutError):
        return 0, 0
    return state.trades_over or 0, len(state.trades)
