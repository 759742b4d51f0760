"""What a connection and the supervisor of its venue tell each other about the circuit.

`moves` is the gate's when the call or the connect began: results of an earlier state change nothing.
"""

import attrs

from actors.gate import Circuit
from perpbot.model.order import Outcome, Unknown


def speaks_against(venue_said: Outcome | Exception) -> bool:
    """Whether the result of a call is a failure of the venue.

    A refusal is an answer like any other: no margin and a bad price are our mistakes. An answer from which nobody can
    tell whether the order is there is a failure, even though it is an answer.
    """
    return isinstance(venue_said, Exception | Unknown)


@attrs.frozen
class Connected:
    """The connection is up."""

    address: str
    moves: int


@attrs.frozen
class Lost:
    """The connection is gone, or an attempt to connect failed."""

    address: str
    moves: int
    reason: str


@attrs.frozen
class CallBegan:
    """A call left that should be answered in time; `call` is its number."""

    address: str
    moves: int
    call: int


@attrs.frozen
class CallSucceeded:
    """A call came back, whatever it said."""

    address: str
    moves: int
    call: int | None = None
    """Its number, if it was announced."""


@attrs.frozen
class CallFailed:
    """A call got no answer, or one that shows the venue is in trouble."""

    address: str
    moves: int
    reason: str
    call: int | None = None
    """Its number, if it was announced."""


@attrs.frozen
class CircuitChanged:
    """From the supervisor, to the connection and to those who subscribed to ``circuit`` there."""

    venue: str
    address: str
    before: Circuit
    after: Circuit
    reason: str
