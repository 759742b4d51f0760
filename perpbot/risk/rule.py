"""What a rule is."""

from abc import ABC, abstractmethod
from decimal import Decimal
from typing import ClassVar

from perpbot.config.limits import Risk
from perpbot.risk.approval import Level, Refusal
from perpbot.risk.view import OpenRequest, View

HUNDRED = Decimal(100)
NS_PER_SECOND = 1_000_000_000


class Rule(ABC):
    """One rule. Its name is what the operator sees and what the configuration's keys are about."""

    level: ClassVar[Level]
    name: ClassVar[str]
    keys: ClassVar[tuple[str, ...]] = ()
    """The configuration's keys it goes by."""
    cure: ClassVar[str]
    """What an operator can do about its no."""

    @abstractmethod
    def check(self, request: OpenRequest, view: View, limits: Risk) -> Refusal | None:
        """Why `request` is refused, or None."""

    def no(self, value: str, limit: str) -> Refusal:
        """A refusal by this rule."""
        return Refusal(level=self.level, rule=self.name, value=value, limit=limit)


class AccountRule(Rule):
    """A rule about the account alone: while it says no, nothing is opened, whatever it is."""

    level = Level.ACCOUNT

    @abstractmethod
    def verdict(self, view: View, limits: Risk) -> Refusal | None:
        """Why nothing is opened, or None."""

    def check(self, request: OpenRequest, view: View, limits: Risk) -> Refusal | None:
        """The same for every request."""
        del request
        return self.verdict(view, limits)


def seconds(ns: int) -> str:
    """A time left, for the operator."""
    return f"{ns / NS_PER_SECOND:.1f} s"
