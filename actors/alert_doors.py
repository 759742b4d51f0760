"""What alerts do without a human, through the doors that operators use: kill switches, cooldown, safe mode, closing."""

from collections.abc import Callable, Iterable, Iterator, Mapping

import attrs

from actors.alert_values import BY_ALERT
from actors.balances import HoldSafeMode
from actors.flattener import Flatten
from actors.gate import GLOBAL, KillSwitches
from actors.kill_switch import TurnKillSwitch
from actors.risk import BeginCooldown
from actors.runtime import Ref
from perpbot.alerts.action import Action, ActionKind
from perpbot.alerts.alert import Alert
from perpbot.alerts.book import Rule
from perpbot.alerts.signals import Per

EMERGENCY = "emergency stop by alert "
"""What stays until an operator turns it off."""


@attrs.frozen(kw_only=True)
class Addresses:
    """Where the doors are."""

    kill_switch: str
    risk: str
    balances: str
    flattener: str


def venue_of(rule: Rule, alert: Alert) -> str | None:
    """The venue that an alert is about; None for all."""
    return alert.about.partition("/")[0] if rule.condition.per in {Per.VENUE, Per.CONNECTION} else None


class Doors:
    """Does what firing alerts ask for: once, or for as long as they fire."""

    def __init__(self, addresses: Addresses, kill: KillSwitches, look_up: Callable[[str], Ref]) -> None:
        self._to = addresses
        self._kill = kill
        self._look_up = look_up
        self.done: set[tuple[str, str]] = set()
        """Alert and action that were done already; what fires anew is done anew."""
        self._holding: set[str] = set()

    def act(self, firing: Iterable[tuple[Alert, Rule, tuple[Action, ...]]]) -> list[tuple[Alert, Action]]:
        """Bring about what `firing`, all alerts that fire now, ask for; returns what was begun with this call."""
        wanted = [(alert, rule, action) for alert, rule, actions in firing for action in actions if action.acts]
        self.done &= {(alert.key, str(action)) for alert, _, action in wanted}
        begun = []
        for alert, rule, action in wanted:
            if (alert.key, str(action)) not in self.done:
                self.done.add((alert.key, str(action)))
                self._begin(action, alert, venue_of(rule, alert))
                begun.append((alert, action))
        self._lift({_scope(rule, alert): alert.key for alert, rule, _ in _of_kind(wanted, ActionKind.PAUSE)})
        self._hold({alert.key: venue_of(rule, alert) for alert, rule, _ in _of_kind(wanted, ActionKind.SAFE_MODE)})
        return begun

    def _begin(self, action: Action, alert: Alert, venue: str | None) -> None:
        by = f"{BY_ALERT}{alert.key}"
        match action.kind:
            case ActionKind.PAUSE:
                if (venue or GLOBAL) not in self._kill.on:
                    self._turn(venue or GLOBAL, by, on=True, whose="")
            case ActionKind.COOLDOWN:
                self._look_up(self._to.risk).tell(BeginCooldown(action.seconds, by))
            case ActionKind.FLATTEN:
                self._look_up(self._to.flattener).tell(Flatten(venue))
            case ActionKind.EMERGENCY_STOP:
                self._turn(GLOBAL, f"{EMERGENCY}{alert.key}", on=True)
                self._look_up(self._to.flattener).tell(Flatten())
            case _:
                pass  # safe mode is held, not begun

    def _turn(self, scope: str, by: str, *, on: bool, whose: str | None = None) -> None:
        self._look_up(self._to.kill_switch).tell(TurnKillSwitch(scope, on=on, by=by, whose=whose))

    def _lift(self, pauses: Mapping[str, str]) -> None:
        """Turn off the switches of alerts that are over; one that another alert wants goes over to that."""
        for scope, by in self._kill.on.items():
            if by.startswith(BY_ALERT) and by.removeprefix(BY_ALERT) not in pauses.values():
                heir = pauses.get(scope)
                self._turn(scope, by if heir is None else f"{BY_ALERT}{heir}", on=heir is not None, whose=by)

    def _hold(self, wanted: Mapping[str, str | None]) -> None:
        """Said again at every look: whoever keeps the balances may have been restarted."""
        balances = self._look_up(self._to.balances)
        for key, venue in wanted.items():
            balances.tell(HoldSafeMode(by=f"{BY_ALERT}{key}", on=True, venue=venue))
        for key in self._holding - wanted.keys():
            balances.tell(HoldSafeMode(by=f"{BY_ALERT}{key}", on=False))
        self._holding = set(wanted)


def _of_kind(wanted: Iterable[tuple[Alert, Rule, Action]], kind: ActionKind) -> Iterator[tuple[Alert, Rule, Action]]:
    return (each for each in wanted if each[2].kind is kind)


def _scope(rule: Rule, alert: Alert) -> str:
    return venue_of(rule, alert) or GLOBAL
