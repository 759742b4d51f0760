"""What a view shows at one moment, gathered from the program and independent of how it is drawn."""

from collections.abc import Callable, Sequence

import attrs

from actors.runtime import ActorDeadError, AskTimeoutError
from actors.state import ReadState, State
from perpbot import __version__
from perpbot.clock import monotonic_ns
from perpbot.control.episodes import Episode, Episodes
from perpbot.control.pages import problems
from perpbot.program import Program
from supervisors import addresses

PATIENCE_S = 2.0


@attrs.frozen(kw_only=True)
class Supervision:
    """How the actors are, in numbers."""

    actors: int
    restarts: int
    crashes: int
    dead_letters: int


@attrs.frozen(kw_only=True)
class Picture:
    """Everything a view shows."""

    version: str
    mode: str
    symbols: Sequence[str]
    """What is traded."""
    state: State | None
    """None when it could not be read."""
    now_ns: int
    """Monotonic."""
    stale_ns: int
    """A quote older than this decides nothing."""
    problems: Sequence[str]
    episodes: Sequence[Episode]
    """Newest first."""
    supervision: Supervision
    stopping: bool
    stop_s: float
    """How long stopping waits for trades."""
    hint: str
    """How to look inside from another terminal."""
    invitation: str
    """How to sign in at the console with a new password, while nobody has; empty otherwise."""


class Observer:
    """Takes pictures of a program."""

    def __init__(self, program: Program, hint: str, invitation: Callable[[], str] = str) -> None:
        self._program = program
        self._hint = hint
        self._invitation = invitation
        self._episodes = Episodes()
        settings = program.setting.settings
        self._stale_ns = int(settings.quote_engine.max_quote_age_ms * 1_000_000)
        self._stop_s = settings.execution.stop_timeout_sec

    def look(self) -> Picture:
        """A picture of this moment; waits for the state view, but not for long."""
        program = self._program
        state, wrong = self._state()
        if state is not None:
            self._episodes.take(state.decisions)
        cells = program.system.cells()
        return Picture(
            version=__version__,
            mode=program.setting.settings.mode.value,
            symbols=program.setting.settings.symbols,
            state=state,
            now_ns=monotonic_ns(),
            stale_ns=self._stale_ns,
            problems=wrong,
            episodes=self._episodes.newest,
            supervision=Supervision(
                actors=sum(cell.alive for cell in cells),
                restarts=sum(cell.restarts for cell in cells),
                crashes=program.system.crashes.total,
                dead_letters=program.system.letters.total,
            ),
            stopping=program.ended.is_set(),
            stop_s=self._stop_s,
            hint=self._hint,
            invitation=self._invitation(),
        )

    def _state(self) -> tuple[State | None, list[str]]:
        try:
            state: State = self._program.system.ref(addresses.STATE).ask(ReadState(), timeout_s=PATIENCE_S)
        except (ActorDeadError, AskTimeoutError) as error:
            return None, [f"the state cannot be read: {error}"]
        return state, problems(state)
