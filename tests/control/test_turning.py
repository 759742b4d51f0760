"""What an operator hears of a kill switch whose journal does not answer: what is in force, and what is not known."""

from types import SimpleNamespace
from typing import Any

import pytest

from actors.gate import GLOBAL, KillSwitches
from actors.kill_switch import TurnKillSwitch
from actors.runtime import AskTimeoutError
from perpbot.control.handling import NotDoneError
from perpbot.control.verbs import VERBS


class Stuck:
    """A program whose kill switch is in force before its journal answers, which it never does."""

    def __init__(self) -> None:
        self.kill = KillSwitches()
        self.system = SimpleNamespace(ref=lambda _: self)

    def ask(self, turn: TurnKillSwitch) -> Any:
        if turn.on:
            self.kill.set(turn.scope, on=True, by=turn.by)
        raise AskTimeoutError("/journal did not answer")


def test_a_switch_that_is_on_and_not_written_down_is_told_as_both() -> None:
    program: Any = Stuck()
    with pytest.raises(NotDoneError, match=r"global is on now, .* not be written down.*: /journal did not answer"):
        VERBS["kill-switch"](program, {"action": "on", "by": "me"})
    assert program.kill.on == {GLOBAL: "me"}


def test_whether_one_was_turned_off_is_not_known() -> None:
    program: Any = Stuck()
    with pytest.raises(AskTimeoutError):
        VERBS["kill-switch"](program, {"action": "off"})
