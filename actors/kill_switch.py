"""The kill switches (CON-5): journalled before they are acknowledged, loaded before any connection opens."""

from typing import Any

import attrs

from actors.gate import KillSwitches
from actors.journal import Append, Replay
from actors.runtime import Actor, handles
from perpbot.execution.entries import KillSwitchSet
from perpbot.storage.reading import Line


@attrs.frozen
class TurnKillSwitch:
    """Turn a switch; answered when it is durable and in force. `scope`: ``global``, a venue, or an address."""

    scope: str
    on: bool
    by: str
    whose: str | None = None
    """Only while it is on by this one, empty for while it is off: somebody else may have turned it meanwhile."""


class KillSwitch(Actor):
    """Keeps the switches and their record. As long as they could not be read, everything that adds risk is refused."""

    def __init__(self, switches: KillSwitches, journal: str) -> None:
        super().__init__()
        self._switches = switches
        self._journal_address = journal

    def on_start(self) -> None:
        """Read the switches back. What is on in this process stays on, whether that had become durable or not."""
        self._journal = self.look_up(self._journal_address)
        lines: list[Line] = self._journal.ask(Replay((KillSwitchSet,)))
        last = {line.entry.scope: line.entry for line in lines if isinstance(line.entry, KillSwitchSet)}
        for entry in last.values():
            if entry.on or entry.scope not in self._switches.on:
                self._switches.set(entry.scope, on=entry.on, by=entry.by)
        lost = {scope: by for scope, by in self._switches.on.items() if scope not in last or not last[scope].on}
        if lost:
            self._journal.ask(Append([KillSwitchSet(scope=scope, on=True, by=by) for scope, by in lost.items()]))
        self._switches.loaded = True
        if self._switches.on:
            self.log.warning("kill switch is on", scopes=self._switches.on)

    @handles(TurnKillSwitch)
    def on_turn(self, turn: TurnKillSwitch) -> dict[str, str]:
        """Turn it; the answer is which switches are on now.

        Turning on is in force before it is durable, turning off only after: a crash between errs on the safe side.
        """
        if turn.whose is not None and self._switches.on.get(turn.scope, "") != turn.whose:
            return self._switches.on
        if turn.on:
            self._switches.set(turn.scope, on=True, by=turn.by)
        self._journal.ask(Append([KillSwitchSet(scope=turn.scope, on=turn.on, by=turn.by)]))
        if not turn.on:
            self._switches.set(turn.scope, on=False, by=turn.by)
        self.log.warning("kill switch turned", scope=turn.scope, on=turn.on, by=turn.by)
        return self._switches.on

    def describe(self) -> dict[str, Any]:
        """Which switches are on."""
        return {"loaded": self._switches.loaded, "on": self._switches.on}
