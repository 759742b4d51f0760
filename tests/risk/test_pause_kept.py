"""A pause that an alert asked for outlives the risk actor, and an operator ends it for good."""

from collections.abc import Hashable
from typing import Any

from kept_journal import Journal, Silent

from actors.risk import BeginCooldown, LiftCooldown, Risk
from perpbot.clock import wall_ns
from perpbot.config.limits import Risk as Limits

HOUR_S = 3_600.0


class Judge(Risk):
    """The actor without a system around it."""

    log = Silent()

    def __init__(self, journal: Journal) -> None:
        super().__init__(Limits(), {}, journal="j", orders="o", positions="p", balances="b", hedge_watch="h")
        self.journal = journal
        self.on_start()

    def look_up(self, address: str) -> Any:
        assert address == "j"
        return self.journal

    def subscribe(self, address: str, topic: Hashable) -> None:
        pass

    @property
    def paused_s(self) -> float:
        return max(0.0, (self._results.paused_until_ns - wall_ns()) / 1e9)


def test_a_pause_that_an_alert_asked_for_outlives_the_actor() -> None:
    journal = Journal()
    Judge(journal).on_begin(BeginCooldown(HOUR_S, "an alert"))
    assert HOUR_S - 60 < Judge(journal).paused_s <= HOUR_S


def test_a_pause_that_an_operator_ended_is_over_in_the_next_actor_too() -> None:
    journal = Journal()
    first = Judge(journal)
    first.on_begin(BeginCooldown(HOUR_S, "an alert"))
    first.on_lift(LiftCooldown("somebody"))
    assert Judge(journal).paused_s == 0
