"""Growing waits between attempts, for restarts and reconnects alike."""

from typing import Any

import attrs


def _at_least_zero(_: Any, attribute: "attrs.Attribute[float]", value: float) -> None:
    if not value >= 0:
        raise ValueError(f"{attribute.name} must be zero or more seconds, not {value!r}")


@attrs.frozen(kw_only=True)
class Backoff:
    """Waits between attempts: min·2ⁿ up to max, times 1 + U(0, jitter).

    The jitter comes after the cap, so max·(1 + jitter) is the true ceiling. What ran well for `reset_after_s` starts
    again from the shortest wait; None leaves that to whoever looks after it.
    """

    min_s: float = attrs.field(default=1.0, validator=_at_least_zero)
    max_s: float = attrs.field(default=60.0, validator=_at_least_zero)
    jitter: float = attrs.field(default=0.2, validator=_at_least_zero)
    reset_after_s: float | None = attrs.field(validator=attrs.validators.optional(_at_least_zero))

    @reset_after_s.default
    def _half_way(self) -> float:
        return (self.min_s + self.max_s) / 2

    def __attrs_post_init__(self) -> None:
        if self.max_s < self.min_s:
            raise ValueError(f"max_s must not be below min_s: {self.max_s!r} < {self.min_s!r}")

    def delay_s(self, failures: int, uniform: float) -> float:
        """Wait after `failures` failures in a row (1 or more); `uniform` is U(0, 1)."""
        doubled = self.min_s * 2.0 ** min(failures - 1, 1023)
        return min(self.max_s, doubled) * (1 + uniform * self.jitter)
