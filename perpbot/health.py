"""Is the process alive enough to be left alone? What systemd's watchdog follows, and `perpbot status` shows.

Being well and being alive are not the same. A venue that is away, a kill switch, a trade that failed: all of that is
the operator's concern, and a new process would not mend it. This is about what only a new process mends: a hub that
does not turn, a journal or risk actor that does not answer, an actor that could not be killed.
"""

import attrs

from perpbot.clock import NS_PER_SECOND


@attrs.frozen(kw_only=True)
class Signs:
    """When signs of life were last seen, on the monotonic clock in nanoseconds."""

    hub_ns: int
    """The last turn of the hub."""
    answered_ns: dict[str, int]
    """By address of an actor that must answer: when it last did, or when it was first asked."""
    unkillable: tuple[str, ...] = ()
    """Addresses of actors that survived being killed."""


@attrs.frozen(kw_only=True)
class Health:
    """What signs of life come to."""

    problems: tuple[str, ...]
    """What is not as it must be, a sentence each."""
    silent_s: dict[str, float]
    """How long ago each sign was seen; the hub's is called ``hub``."""

    @property
    def alive(self) -> bool:
        """Whether the process may be left alone."""
        return not self.problems


def judge(signs: Signs, now_ns: int, *, hub_limit_s: float = 5.0, answer_limit_s: float = 15.0) -> Health:
    """What `signs` come to at `now_ns`: silences longer than the limits, in seconds, are problems."""
    silent_s = {"hub": _seconds(now_ns - signs.hub_ns)}
    silent_s.update((address, _seconds(now_ns - seen_ns)) for address, seen_ns in signs.answered_ns.items())
    problems = [
        f"{'the hub has not turned' if name == 'hub' else f'{name} has not answered'} for {silence:.1f} s"
        for name, silence in silent_s.items()
        if silence > (hub_limit_s if name == "hub" else answer_limit_s)
    ]
    problems += [f"{address} could not be killed; only a new process ends it" for address in signs.unkillable]
    return Health(problems=tuple(problems), silent_s=silent_s)


def _seconds(ns: int) -> float:
    return round(max(0, ns) / NS_PER_SECOND, 3)
