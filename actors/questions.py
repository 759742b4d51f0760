"""The questions that a trading connection puts to its venue, and what an answer or none means for the circuit."""

from collections.abc import Callable
from typing import Any

from actors.account_reader import UnlistedError
from actors.calls import Calls
from actors.gate import Circuit, Gate
from actors.private_session import PrivateSession
from actors.runtime import Actor
from perpbot.venues.venue import TooManyRequestsError, VenueReadError


class Questions:
    """Puts each question in a task of the actor it belongs to."""

    def __init__(self, actor: Actor, gate: Gate, calls: Calls, session: PrivateSession) -> None:
        self._actor = actor
        self._gate = gate
        self._calls = calls
        self._session = session

    def put(
        self,
        what: str,
        question: Callable[[], Any],
        tell: Callable[[Any], None],
        unanswered: Callable[[], None] | None = None,
    ) -> None:
        """Ask; the answer goes to `tell`, a failure to the circuit, and then `unanswered` is called.

        An open circuit lets none through, and calls nothing; who needs the answer asks again.
        """
        connecting = self._session.up and not self._session.ready and self._gate.circuit is not Circuit.CIRCUIT_OPEN
        if connecting or self._gate.take():
            self._actor.spawn_task(self._await_answer, what, question, tell, unanswered, self._gate.moves)

    def _await_answer(
        self,
        what: str,
        question: Callable[[], Any],
        tell: Callable[[Any], None],
        unanswered: Callable[[], None] | None,
        moves: int,
    ) -> None:
        try:
            answer = question()
        except VenueReadError as error:
            self._actor.log.warning("question not answered", venue=self._gate.venue, what=what, error=str(error))
            if not isinstance(error, TooManyRequestsError | UnlistedError):
                self._calls.ended(moves, error)
            if unanswered is not None:
                unanswered()
            return
        self._gate.health.went(well=True)
        self._calls.succeeded(moves)
        tell(answer)
