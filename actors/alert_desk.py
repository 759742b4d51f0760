"""Looks at every alert rule once a second, acts, has people told, and answers operators."""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import attrs
import cattrs

from actors.alert_doors import Doors
from actors.alert_requests import (
    ALERTS,
    Acknowledge,
    AlertRow,
    AlertsView,
    Announce,
    NotThereError,
    ReadAlerts,
    SilenceRule,
    TryChannels,
)
from actors.alert_values import Watch
from actors.deliveries import Deliver, Flush, TryChannel
from actors.heartbeat import ReadHealth
from actors.journal import OutboxError, UseOutbox
from actors.runtime import Actor, ActorDeadError, AskTimeoutError, handles
from actors.state import ReadState, State
from perpbot.alerts.action import EVERY_CHANNEL, ActionKind
from perpbot.alerts.alert import Alert, Moment, Severity, Timing
from perpbot.alerts.book import Book, Event, Kind, NoSuchAlertError, Rule, Silence
from perpbot.alerts.digest import Batch, Digest, Notice, Telling
from perpbot.alerts.quiet import is_quiet
from perpbot.alerts.wording import Message, compose
from perpbot.clock import NS_PER_SECOND, monotonic_ns, wall_ns
from perpbot.config.alerts import AlertRule, Alerts, Channel
from perpbot.delivery.errors import DeliveryError
from perpbot.delivery.sound import play
from perpbot.health import Health

KEPT = "alerts"
"""Under which name the book is kept in the outbox."""
LOOK_EVERY_S = 1.0
STATE_PATIENCE_S = 3.0
SOUND_EVERY_NS = 60 * NS_PER_SECOND
HISTORY = 200
FLUSH_S = 3.0


@attrs.frozen
class _Look:
    """It is time."""


@attrs.frozen
class _Beat:
    """It is time to tell that PerpBot runs."""


@attrs.frozen(kw_only=True)
class Neighbours:
    """Whom the desk speaks to, by address."""

    state: str
    heartbeat: str
    journal: str
    deliveries: str


class AlertDesk(Actor):
    """Keeps the book of alerts."""

    def __init__(
        self, settings: Alerts, channels: Iterable[str], watch: Watch, doors: Doors, to: Neighbours, *, mode: str
    ) -> None:
        super().__init__()
        self._settings = settings
        self._mode = mode
        self._watch = watch
        self._doors = doors
        self._to = to
        self._book = Book(rule_of(each, settings) for each in settings.active.values())
        wait_ns = int(settings.group_wait_sec * NS_PER_SECOND)
        self._digests = {name: Digest(wait_ns=wait_ns, per_hour=settings.messages_per_hour) for name in channels}
        self._channels: Mapping[str, Channel] = {each.name: each for each in settings.channels}
        self._recent: deque[AlertRow] = deque(maxlen=HISTORY)
        self._sounded_ns = -SOUND_EVERY_NS
        self._kept: Any = None
        self._view: AlertsView | None = None

    def on_start(self) -> None:
        """Take up what fired before, then look once a second."""
        self._kept = self._outbox(lambda box: box.kept(KEPT))
        if self._kept is not None:
            self._restore()
        for missing in self._settings.missing_channels:
            self.log.warning("no such channel", channel=missing, hint="rules name it; alerts.yaml does not have it")
        if self._book.rules or self._digests:
            self.timers.every(LOOK_EVERY_S, _Look())
        if self._settings.heartbeat_sec:
            self.timers.every(self._settings.heartbeat_sec, _Beat())
        if self.cell.incarnation == 1:
            self._note(_RUNS, Telling.HEARTBEAT)
        self._publish()

    def _restore(self) -> None:
        try:
            kept = _converter.structure(self._kept, _Kept)
        except (cattrs.BaseValidationError, ValueError) as error:  # another version wrote it
            self.log.warning("what alerts were before is not known", why=type(error).__name__)
            return
        self._book.restore(kept.alerts, kept.silences, _now())
        self._doors.done = set(kept.done)

    def _outbox(self, work: Any) -> Any:
        return self.look_up(self._to.journal).ask(UseOutbox(work))

    # -- looking -------------------------------------------------------------------------------------------------

    @handles(_Look)
    def on_look(self, _: _Look) -> None:
        """Hold every rule against the values of this moment; act first, tell then."""
        now = _now()
        if self._book.rules:
            state, health = (
                self._ask(self._to.state, ReadState(LOOK_EVERY_S)),
                self._ask(self._to.heartbeat, ReadHealth()),
            )
            overdue = getattr(self.system.cell(self._to.deliveries).actor, "overdue", 0)
            values = self._watch.values(state, health, state_address=self._to.state, undelivered=overdue)
            events = self._book.look(values, now)
            self._act()
            for event in events:
                self._tell(event, now)
        self._send(now)
        self._keep()
        self._publish()

    def _ask(self, address: str, question: Any) -> Any:
        """The answer, or None: that somebody does not answer is a value like any other."""
        try:
            found: State | Health = self.look_up(address).ask(question, timeout_s=STATE_PATIENCE_S)
        except (ActorDeadError, AskTimeoutError):
            return None
        return found

    def _act(self) -> None:
        rules = self._settings.active
        firing = [(alert, self._book.rules[alert.rule], rules[alert.rule].actions) for alert in self._book.firing]
        for alert, action in self._doors.act(firing):
            self.log.warning("alert acts", alert=alert.key, action=str(action), reading=alert.reading)

    def _tell(self, event: Event, now: Moment) -> None:
        alert, rule = event.alert, self._settings.active[event.alert.rule]
        grave = event.kind is not Kind.RESOLVED and rule.severity.rank >= Severity.ERROR.rank
        log = self.log.error if grave else self.log.warning if event.kind is Kind.FIRED else self.log.info
        log("alert", alert=alert.key, what=event.kind.value, severity=rule.severity.value, reading=alert.reading)
        if event.kind in {Kind.FIRED, Kind.RESOLVED}:
            self._recent.appendleft(self._row(alert))
        if self._book.silenced(alert.rule, now.wall_ns):
            return
        title = rule.called(self._settings.language)
        notice = Notice(
            key=alert.key,
            kind=event.kind,
            severity=rule.severity,
            title=f"{title} ({alert.about})" if alert.about else title,
            reading=alert.reading,
            runbook=rule.runbook or "",
            at_ns=now.wall_ns,
        )
        self._spread(notice, self._wanted(rule, event.kind), now)
        if event.kind in {Kind.FIRED, Kind.ESCALATED} and _sounds(rule):
            self._sound(now)

    def _wanted(self, rule: AlertRule, kind: Kind) -> Iterator[str]:
        """The channels that are told."""
        named = {each.channel for each in rule.actions if each.kind is ActionKind.NOTIFY}
        everyone = EVERY_CHANNEL in named or kind is Kind.ESCALATED
        for name in self._digests:
            least = self._channels[name].min_severity
            if (everyone or name in named) and rule.severity.rank >= least.rank:
                yield name

    def _spread(self, notice: Notice, channels: Iterable[str], now: Moment) -> None:
        for name in channels:
            self._digests[name].add(notice, now.ns)

    def _sound(self, now: Moment) -> None:
        if self._settings.sound and now.ns - self._sounded_ns >= SOUND_EVERY_NS:
            self._sounded_ns = now.ns
            self.spawn_task(self._play)

    def _play(self) -> None:
        try:
            play(self._settings.sound)
        except DeliveryError as error:
            self.log.warning("no sound", why=str(error))

    # -- telling -------------------------------------------------------------------------------------------------

    def _send(self, now: Moment) -> None:
        """Hand over what is due; channels with the same text have it in one commit."""
        hours = self._settings.quiet_hours
        quiet = hours is not None and is_quiet(hours.begin, hours.end, hours.time_zone, now.wall_ns)
        due: dict[Batch, list[str]] = {}
        for name, digest in self._digests.items():
            batch = digest.due(now.ns, quiet=quiet)
            if batch is not None:
                due.setdefault(batch, []).append(name)
        for batch, channels in due.items():
            try:
                self.look_up(self._to.deliveries).ask(Deliver(self._message(batch), channels))
            except (ActorDeadError, AskTimeoutError, OutboxError) as error:
                self.log.warning("messages not handed over", why=str(error), hint="they are, with the next ones")
                for notice in batch.notices:
                    self._spread(notice, channels, now)

    def _message(self, batch: Batch) -> Message:
        return compose(batch, self._settings.language.value, self._mode)

    def _note(self, texts: tuple[str, str], telling: Telling) -> None:
        now = _now()
        self._spread(self._notice(texts, telling, now), self._all_channels(Severity.INFO), now)

    def _all_channels(self, severity: Severity) -> list[str]:
        return [name for name in self._digests if severity.rank >= self._channels[name].min_severity.rank]

    def _notice(self, texts: tuple[str, str], telling: Telling, now: Moment) -> Notice:
        return Notice(
            key=telling.value,
            kind=telling,
            severity=Severity.INFO,
            title=texts[self._settings.language.value == "zh"],
            reading=f"{len(self._book.firing)} alerts fire" if self._book.firing else "",
            at_ns=now.wall_ns,
        )

    @handles(_Beat)
    def on_beat(self, _: _Beat) -> None:
        """Tell that PerpBot runs."""
        self._note(_RUNS, Telling.HEARTBEAT)

    @handles(Announce)
    def on_announce(self, request: Announce) -> None:
        """At once, past grouping and quiet hours."""
        now = _now()
        notice = self._notice((request.text, request.text_zh), Telling.NOTE, now)
        channels = self._all_channels(Severity.INFO)
        if not channels:
            return
        deliveries = self.look_up(self._to.deliveries)
        try:
            deliveries.ask(Deliver(self._message(Batch(notices=(notice,), left_out=0, seen=1)), channels))
            deliveries.ask(Flush(), timeout_s=FLUSH_S)
        except (ActorDeadError, AskTimeoutError, OutboxError) as error:
            self.log.warning("not announced", text=request.text, why=str(error))

    # -- operators -----------------------------------------------------------------------------------------------

    @handles(Acknowledge)
    def on_acknowledge(self, request: Acknowledge) -> list[str]:
        """It is not told again and does not escalate."""
        try:
            found = self._book.acknowledge(request.name, request.by)
        except NoSuchAlertError as error:
            raise NotThereError(str(error)) from None
        self.log.warning("alert acknowledged", alerts=[each.key for each in found], by=request.by)
        self._keep()
        self._publish()
        return [each.key for each in found]

    @handles(SilenceRule)
    def on_silence(self, request: SilenceRule) -> None:
        """Its actions are done all the same."""
        now_ns = wall_ns()
        until_ns = now_ns + int(request.seconds * NS_PER_SECOND)
        try:
            self._book.silence(Silence(rule=request.rule, until_ns=until_ns, by=request.by), now_ns)
        except NoSuchAlertError as error:
            raise NotThereError(str(error)) from None
        self.log.warning("alert silenced", rule=request.rule, seconds=request.seconds, by=request.by)
        self._keep()
        self._publish()

    @handles(TryChannels)
    def on_test(self, request: TryChannels) -> dict[str, str | None]:
        """All at once; each answers for itself."""
        names = list(self._digests) if request.channel is None else [request.channel]
        texts = (f"This is a test, asked for by {request.by}", f"这是一条测试消息, 由 {request.by} 发起")
        batch = Batch(notices=(self._notice(texts, Telling.NOTE, _now()),), left_out=0, seen=1)
        deliveries = self.look_up(self._to.deliveries)
        slots = {name: deliveries.post(TryChannel(name, self._message(batch)), TEST_S) for name in names}
        found: dict[str, str | None] = {}
        for name, slot in slots.items():
            try:
                found[name] = slot.wait(TEST_S)
            except AskTimeoutError:
                found[name] = f"no answer within {TEST_S:g} s"
        return found

    @handles(ReadAlerts)
    def on_read(self, _: ReadAlerts) -> AlertsView:
        """Everything that surfaces show."""
        return self._made_view()

    # -- showing and keeping -----------------------------------------------------------------------------------------

    def _row(self, alert: Alert) -> AlertRow:
        rule = self._settings.active[alert.rule]
        return AlertRow(
            id=alert.key,
            rule=alert.rule,
            about=alert.about,
            severity=rule.severity.value,
            phase=alert.phase.value,
            title=rule.called(self._settings.language),
            titles=rule.titles,
            reading=alert.reading,
            at_ns=alert.at_ns,
            acknowledged_by=alert.acknowledged_by,
            silenced=self._book.silenced(alert.rule, wall_ns()),
            runbook=rule.runbook or "",
            actions=tuple(map(str, rule.actions)),
            sound=_sounds(rule),
        )

    def _made_view(self) -> AlertsView:
        return AlertsView(
            alerts=tuple(map(self._row, self._book.alerts)),
            recent=tuple(self._recent),
            silences=self._book.silences,
            rules=len(self._book.rules),
            channels=tuple(self._digests),
            missing_channels=self._settings.missing_channels,
        )

    def _publish(self) -> None:
        view = self._made_view()
        if view != self._view:
            self._view = view
            self.publish(ALERTS, view, retain=True)

    def _keep(self) -> None:
        """Write down what a restart must not forget, when it is not what it was."""
        kept = _Kept(
            alerts=[attrs.evolve(each, since_ns=0, reading="") for each in self._book.firing],
            silences=list(self._book.silences),
            done=sorted(self._doors.done),
        )
        plain = _converter.unstructure(kept)
        if plain == self._kept:
            return
        try:
            self._outbox(lambda box: box.keep(KEPT, plain))
        except (ActorDeadError, AskTimeoutError, OutboxError) as error:
            self.log.warning("alerts not kept", why=str(error), hint="a restart would tell of them again")
        else:
            self._kept = plain

    def describe(self) -> dict[str, Any]:
        """What fires, and what waits to be told."""
        return {
            "rules": len(self._book.rules),
            "alerts": {each.key: f"{each.phase.value} {each.reading}".strip() for each in self._book.alerts},
            "silenced": [each.rule for each in self._book.silences],
            "waiting": {name: digest.waiting for name, digest in self._digests.items()},
        }


TEST_S = 30.0
_RUNS = ("PerpBot runs", "PerpBot 正在运行")


@attrs.frozen(kw_only=True)
class _Kept:
    """What a restart must not forget."""

    alerts: list[Alert]
    silences: list[Silence]
    done: list[tuple[str, str]]


_converter = cattrs.Converter()


def _now() -> Moment:
    return Moment(monotonic_ns(), wall_ns())


def _sounds(rule: AlertRule) -> bool:
    return any(each.kind is ActionKind.SOUND for each in rule.actions)


def rule_of(rule: AlertRule, settings: Alerts) -> Rule:
    """A configured rule as the book takes it."""
    critical = rule.severity is Severity.CRITICAL
    return Rule(
        name=rule.name,
        condition=rule.condition,
        clear=rule.clear,
        severity=rule.severity,
        timing=Timing(hold_ns=int(rule.for_sec * NS_PER_SECOND), keep_ns=int(rule.keep_sec * NS_PER_SECOND)),
        escalate_ns=int(settings.escalate_sec * NS_PER_SECOND) if critical else 0,
        repeat_ns=int(settings.repeat_sec * NS_PER_SECOND),
    )
