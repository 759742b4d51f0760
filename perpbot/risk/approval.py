"""What the risk check answers: an approval that an order must carry, or a refusal that says why."""

from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum

import attrs
import msgspec

from perpbot.model.money import plain

APPROVAL_NS = 1_000_000_000
"""How long an approval is fresh: an order that has not left by then does not leave."""
COMMIT_NS = 10 * APPROVAL_NS
"""A commit may take so long, and what it says takes risk away leaves all the same."""


class Level(StrEnum):
    """The four levels, in the order they are asked."""

    POOL = "pool"
    ACCOUNT = "account"
    POSITION = "position"
    EXECUTION = "execution"


class ApprovalKind(StrEnum):
    """What an approval is good for."""

    OPEN = "open"
    """Orders that add risk: passed all four levels, and capital is reserved."""
    REDUCE = "reduce"
    """Orders that take risk away (close, hedge, unwind): passed the price collar and the connection check."""


class Approval(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Leave to send the orders of one trade. The trading connection refuses an order without a fresh one."""

    kind: ApprovalKind
    trade_id: str
    expires_ns: int
    """Monotonic."""
    generations: Mapping[str, int]
    """The state each venue's gate was in; an order approved before the gate moved does not slip through."""

    def once_durable(self, now_ns: int) -> "Approval":
        """The same when the orders it is for are on disk.

        A leg must not stay alone because the disk is slow: of what takes risk away the time of its commit does not
        count, nor is its price lost, which is a limit. What opens is too late then.
        """
        left_ns = self.expires_ns - now_ns
        if self.kind is ApprovalKind.OPEN or left_ns >= APPROVAL_NS // 2 or left_ns < -COMMIT_NS:
            return self
        return msgspec.structs.replace(self, expires_ns=now_ns + APPROVAL_NS)


@attrs.frozen(kw_only=True)
class Refusal:
    """No, and why: shown to the user as it is."""

    level: Level
    rule: str
    value: str
    limit: str

    def __str__(self) -> str:
        return f"{self.level}/{self.rule}: {self.value}, allowed {self.limit}"


def percent(fraction: Decimal) -> str:
    """A fraction as text in percent, four digits after the point at most."""
    return f"{plain(round(fraction * 100, 4))} %"
