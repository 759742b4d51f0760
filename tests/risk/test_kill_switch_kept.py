"""A kill switch that is on stays on when its actor begins anew, durable or not."""

from typing import Any

import pytest
from kept_journal import Journal, Silent

from actors.gate import GLOBAL, KillSwitches
from actors.kill_switch import KillSwitch, TurnKillSwitch
from perpbot.execution.entries import KillSwitchSet


class Switch(KillSwitch):
    """The actor without a system around it."""

    log = Silent()

    def __init__(self, switches: KillSwitches, journal: Journal) -> None:
        super().__init__(switches, "/journal")
        self.journal = journal

    def look_up(self, address: str) -> Any:
        assert address == "/journal"
        return self.journal


def begun(switches: KillSwitches, journal: Journal) -> Switch:
    switch = Switch(switches, journal)
    switch.on_start()
    return switch


def test_one_that_was_turned_on_while_the_disk_was_full_outlives_the_actor() -> None:
    switches, journal = KillSwitches(), Journal()
    switch = begun(switches, journal)
    for on in (True, False):
        switch.on_turn(TurnKillSwitch(GLOBAL, on=on, by="test"))
    journal.full = True
    with pytest.raises(OSError, match="disk full"):
        switch.on_turn(TurnKillSwitch(GLOBAL, on=True, by="test"))
    journal.full = False
    begun(switches, journal)
    assert switches.on == {GLOBAL: "test"}
    assert journal.entries[-1] == KillSwitchSet(scope=GLOBAL, on=True, by="test")
    begun(fresh := KillSwitches(), journal)
    assert fresh.on == {GLOBAL: "test"}, "another process finds it, too"


@pytest.mark.parametrize("on", [True, False])
def test_an_alert_that_is_over_leaves_a_switch_to_whoever_took_it_meanwhile(on: bool) -> None:  # noqa: FBT001
    switch = begun(switches := KillSwitches(), Journal())
    switch.on_turn(TurnKillSwitch(GLOBAL, on=True, by="alert 1", whose=""))
    switch.on_turn(TurnKillSwitch(GLOBAL, on=True, by="an operator"))
    switch.on_turn(TurnKillSwitch(GLOBAL, on=on, by="alert 2", whose="alert 1"))
    switch.on_turn(TurnKillSwitch(GLOBAL, on=True, by="alert 3", whose=""))
    assert switches.on == {GLOBAL: "an operator"}


def test_an_alert_that_is_over_turns_its_own_switch_off() -> None:
    switch = begun(switches := KillSwitches(), Journal())
    switch.on_turn(TurnKillSwitch(GLOBAL, on=True, by="alert 1", whose=""))
    switch.on_turn(TurnKillSwitch(GLOBAL, on=False, by="alert 1", whose="alert 1"))
    assert switches.on == {}


@pytest.mark.parametrize("on", [True, False])
def test_a_new_process_finds_them_as_they_were_turned_last(on: bool) -> None:  # noqa: FBT001
    journal = Journal()
    journal.entries = [KillSwitchSet(scope="okx", on=each, by="test") for each in (not on, on)]
    begun(switches := KillSwitches(), journal)
    assert switches.on == ({"okx": "test"} if on else {})
    assert len(journal.entries) == 2
