"""What befalls a run, and when: decided by chance before it begins, so that the same seed brings the same troubles."""

from collections.abc import Mapping, Sequence
from enum import StrEnum

import attrs

from perpbot.chance import Random


class Kind(StrEnum):
    """What can go wrong."""

    SLOW = "slow answers"
    LOST_ANSWERS = "lost answers"
    LOST_REQUESTS = "lost requests"
    DOUBLED = "doubled news"
    ERRORS = "server errors"
    LIMITED = "too many requests"
    PARTIAL = "partial fills"
    BAD_BOOKS = "bad books"
    DISCONNECT = "disconnects"
    OUTAGE = "outages"
    SILENCE = "silence"
    WRONG_POSITIONS = "wrong positions"
    KILLED_ACTOR = "killed actors"
    KILLED_PROCESS = "killed processes"


FAULTS: Mapping[Kind, tuple[Mapping[str, int | bool], ...]] = {
    Kind.SLOW: ({"latency_ms": 300}, {"latency_ms": 1_500}, {"latency_ms": 4_000, "trading_only": True}),
    Kind.LOST_ANSWERS: ({"drop_answers": 2, "trading_only": True}, {"drop_answers": 4}, {"truncated": 3}),
    Kind.LOST_REQUESTS: ({"drop_requests": 3, "trading_only": True}, {"drop_requests": 6}),
    Kind.DOUBLED: ({"duplicates": 8},),
    Kind.ERRORS: ({"status_500": 4}, {"masked_500": 3, "trading_only": True}, {"html": 3}),
    Kind.LIMITED: ({"status_429": 3}, {"status_429": 3, "retry_after_s": 3}),
    Kind.PARTIAL: ({"partial_fills": 4},),
    Kind.BAD_BOOKS: ({"gap": 5, "not_a_number": 3}, {"silent_books": 1}),
}
"""Kinds that are faults of one venue, with the sets of values that they come in."""
LASTS_S = (1.0, 8.0)
CALM_S = 3.0
"""Between two troubles, in the mean."""
AFTER_S = 20.0
"""In the last seconds nothing goes wrong any more."""


@attrs.frozen(kw_only=True)
class Trouble:
    """One thing that goes wrong."""

    at_s: float
    lasts_s: float
    kind: Kind
    venue: str
    faults: Mapping[str, int | bool] = attrs.field(factory=dict)
    draw: float = 0.0
    """From 0 to 1: which of what is there then, where that is not known before."""


def troubles(chance: Random, venues: Sequence[str], seconds: float) -> tuple[Trouble, ...]:
    """What befalls a run of `seconds`, in the order of time. They may overlap."""
    found = []
    at_s = chance.expovariate(1 / CALM_S)
    while at_s < seconds - AFTER_S:
        kind = chance.choice(list(Kind))
        made = Trouble(
            at_s=at_s,
            lasts_s=chance.uniform(*LASTS_S),
            kind=kind,
            venue=chance.choice(list(venues)),
            faults=chance.choice(FAULTS[kind]) if kind in FAULTS else {},
            draw=chance.random(),
        )
        found.append(made)
        at_s += chance.expovariate(1 / CALM_S)
    return tuple(found)
