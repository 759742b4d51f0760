"""What a connection and the supervisor of its venue tell each other about the circuit.

`moves` is the gate's when the call or the connect began: results of an earlier state change nothing.
"""

import attrs

from actors.gate import Circuit


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
class CallSucceeded:
    """A call came back, whatever it said."""

    address: str
    moves: int


@attrs.frozen
class CallFailed:
    """A call got no answer, or one that shows the venue is in trouble."""

    address: str
    moves: int
    reason: str


@attrs.frozen
class CircuitChanged:
    """From the supervisor, to the connection and to those who subscribed to ``circuit`` there."""

    venue: str
    address: str
    before: Circuit
    after: Circuit
    reason: str
