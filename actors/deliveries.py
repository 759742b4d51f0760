"""Delivers messages: each channel on its own, from the outbox, until they are there or too old."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs

from actors.journal import UseOutbox
from actors.runtime import LATER, Actor, DomainError, Slot, handles
from perpbot.alerts.alert import Severity
from perpbot.alerts.wording import Message
from perpbot.clock import NS_PER_SECOND, iso, wall_ns
from perpbot.delivery.channels import Channel
from perpbot.delivery.errors import DeliveryError
from perpbot.storage.outbox import Letter, Outbox

FIRST_PAUSE_S, LONGEST_PAUSE_S = 5.0, 600.0
OVERDUE_NS = 300 * NS_PER_SECOND


class NoSuchChannelError(DomainError):
    """There is no channel of that name; the text says which there are."""


@attrs.frozen
class Deliver:
    """Deliver a message to each of `channels`. Answered when the outbox has it, from where it is not lost any more."""

    message: Message
    channels: Sequence[str]


@attrs.frozen
class TryChannel:
    """Send `message` now, past the outbox. The answer is None, or why it was not delivered."""

    channel: str
    message: Message


@attrs.frozen
class Flush:
    """Answered when everything that waits was tried at least once."""


@attrs.frozen
class ReadChannels:
    """The answer is a tuple of `ChannelView`."""


@attrs.frozen(kw_only=True)
class ChannelView:
    """One channel at one moment."""

    name: str
    waiting: int
    delivered: int
    """Since the start."""
    failed: int
    """Tries that failed since the start."""
    error: str
    """Why the last try failed; empty when it did not."""


@attrs.frozen
class _Look:
    """Look whether something is due in a channel."""

    channel: str


@attrs.frozen
class _Tried:
    """A letter was tried; `error` says why it was not delivered."""

    letter: Letter
    error: str | None


@attrs.define
class _Lane:
    """One channel and what it is at."""

    channel: Channel
    head: Letter | None = None
    """The oldest letter that waits."""
    busy: bool = False
    delivered: int = 0
    failed: int = 0
    error: str = ""


class Deliveries(Actor):
    """One task a channel, so that none waits for another."""

    def __init__(self, channels: Mapping[str, Channel], *, journal: str, give_up_s: float) -> None:
        super().__init__()
        self._lanes = {name: _Lane(channel) for name, channel in channels.items()}
        self._journal_address = journal
        self._give_up_ns = int(give_up_s * NS_PER_SECOND)
        self._flushing: list[Slot] = []

    def on_start(self) -> None:
        """Take up what an earlier run left."""
        self._journal = self.look_up(self._journal_address)
        now = wall_ns()
        lost = self._outbox(lambda box: box.drop_unknown(self._lanes, now))
        if lost:
            self.log.warning("messages given up", count=lost, why="their channels are not there any more")
        for name in self._lanes:
            self._look(name)

    def _outbox(self, work: Callable[[Outbox], Any]) -> Any:
        return self._journal.ask(UseOutbox(work))

    @property
    def overdue(self) -> int:
        """How many channels have a message that waits for longer than it should."""
        now = wall_ns()
        heads = [lane.head for lane in self._lanes.values()]
        return sum(head is not None and now - head.at_ns > OVERDUE_NS for head in heads)

    # -- letters -------------------------------------------------------------------------------------------------

    @handles(Deliver)
    def on_deliver(self, request: Deliver) -> None:
        """Put it into the outbox, then see to it."""
        now, message = wall_ns(), request.message
        letters = [
            Letter(
                at_ns=now,
                channel=name,
                severity=message.severity.value,
                title=message.title,
                body=message.body,
                next_ns=now,
            )
            for name in request.channels
            if name in self._lanes
        ]
        self._outbox(lambda box: box.put(letters))
        for letter in letters:
            self._look(letter.channel)

    @handles(_Look)
    def on_look(self, request: _Look) -> None:
        """Time has passed."""
        self._look(request.channel)

    def _look(self, name: str) -> None:
        lane = self._lanes[name]
        if lane.busy:
            return
        lane.head = letter = self._outbox(lambda box: box.next(name))
        if letter is not None:
            wait_ns = letter.next_ns - wall_ns()
            if wait_ns > 0:
                # a clock that was set back must not keep anything for ever
                self.timers.after(min(wait_ns / NS_PER_SECOND, LONGEST_PAUSE_S), _Look(name), key=name)
            else:
                lane.busy = True
                self.spawn_task(self._try, lane.channel, letter)
        self._flushed()

    def _try(self, channel: Channel, letter: Letter) -> None:
        message = Message(title=letter.title, body=letter.body, severity=Severity(letter.severity))
        self.ref.tell(_Tried(letter, self._send(channel, message)))

    def _send(self, channel: Channel, message: Message) -> str | None:
        """Deliver; why not, where that failed. Whatever a channel raises must not stop the others."""
        try:
            channel.send(message)
        except DeliveryError as error:
            return self.system.mask(str(error))
        except Exception as error:  # noqa: BLE001 - a bug in one channel; its text may hold a secret
            return f"{type(error).__name__} in channel {channel.name}"
        return None

    @handles(_Tried)
    def on_tried(self, tried: _Tried) -> None:
        """Note what became of it, and go on to the next."""
        letter, now = tried.letter, wall_ns()
        lane = self._lanes[letter.channel]
        lane.busy = False
        lane.error = tried.error or ""
        if tried.error is None:
            lane.delivered += 1
            self._outbox(lambda box: box.sent(letter.id, now))
        else:
            lane.failed += 1
            self._failed(letter, tried.error, now)
        self._look(letter.channel)

    def _failed(self, letter: Letter, error: str, now: int) -> None:
        if now - letter.at_ns >= self._give_up_ns:
            self.log.error("message given up", channel=letter.channel, title=letter.title, why=error)
            self._outbox(lambda box: box.give_up(letter.id, error, now))
            return
        pause_s = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2 ** min(letter.tries, 20))
        self.log.warning("message not delivered", channel=letter.channel, why=error, again_in_s=pause_s)
        self._outbox(lambda box: box.failed(letter.id, error, now + int(pause_s * NS_PER_SECOND)))

    # -- questions -----------------------------------------------------------------------------------------------

    @handles(TryChannel)
    def on_try(self, request: TryChannel) -> object:
        """Send in a task of its own; the answer comes when that is over."""
        lane = self._lanes.get(request.channel)
        if lane is None:
            raise NoSuchChannelError(f"no channel {request.channel!r}; there are {', '.join(self._lanes) or 'none'}")
        slot = self.defer()
        self.spawn_task(lambda: slot.set(self._send(lane.channel, request.message)))
        return LATER

    @handles(Flush)
    def on_flush(self, _: Flush) -> object:
        """Answer when every channel has been tried."""
        self._flushing.append(self.defer())
        self._flushed()
        return LATER

    def _flushed(self) -> None:
        if any(lane.busy or (lane.head is not None and not lane.head.tries) for lane in self._lanes.values()):
            return
        waiting, self._flushing = self._flushing, []
        for slot in waiting:
            slot.set(None)

    @handles(ReadChannels)
    def on_read(self, _: ReadChannels) -> tuple[ChannelView, ...]:
        """How every channel is."""
        waiting = self._outbox(lambda box: box.waiting())
        return tuple(
            ChannelView(
                name=name,
                waiting=waiting.get(name, (0, 0))[0],
                delivered=lane.delivered,
                failed=lane.failed,
                error=lane.error,
            )
            for name, lane in self._lanes.items()
        )

    def describe(self) -> dict[str, Any]:
        """Every channel, and since when its oldest message waits."""
        return {
            name: {
                "busy": lane.busy,
                "delivered": lane.delivered,
                "failed": lane.failed,
                "error": lane.error,
                "oldest": None if lane.head is None else iso(lane.head.at_ns),
            }
            for name, lane in self._lanes.items()
        }
