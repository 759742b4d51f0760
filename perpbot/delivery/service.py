"""Services that apprise knows: Telegram, Lark, PushPlus, email and many more; one apprise object a channel.

apprise takes half a second to load, so it is imported when the first channel is made.
"""

import logging
from typing import TYPE_CHECKING

from perpbot.alerts.alert import Severity
from perpbot.alerts.wording import Message
from perpbot.delivery.errors import ChannelError, DeliveryError

if TYPE_CHECKING:
    from apprise import NotifyType

WEBHOOKS = frozenset({"json", "jsons", "xml", "xmls", "form", "forms", "apprise", "apprises", "http"})
"""What apprise would send to any address; ours knows which it may."""
_KINDS = {Severity.INFO: "info", Severity.WARNING: "warning"}


class Service:
    """One apprise URL."""

    def __init__(self, name: str, url: str) -> None:
        """Make the channel called `name`; `ChannelError` when apprise cannot do anything with `url`."""
        from apprise import Apprise

        scheme = url.partition(":")[0].lower()
        if scheme in WEBHOOKS:
            raise ChannelError(f"channel {name}: a webhook is written https://…, not {scheme}://")
        plugin = Apprise.instantiate(url, suppress_exceptions=True)
        if plugin is None:
            raise ChannelError(
                f"channel {name}: apprise does not understand its URL (scheme {scheme[:20]!r}); see docs/alerts.md"
            )
        self.name = name
        plugin.redirects = False
        self._why = _Reasons()
        plugin.logger = logging.Logger(name, logging.WARNING)  # noqa: LOG001 - its own, and nobody else hears it
        plugin.logger.addHandler(self._why)
        self._plugin = plugin

    def send(self, message: Message) -> None:
        """Send `message`; `DeliveryError`."""
        self._why.texts.clear()
        kind: NotifyType = _KINDS.get(message.severity, "failure")  # type: ignore[assignment]
        if not self._plugin.notify(body=message.body, title=message.title, notify_type=kind):
            raise DeliveryError("; ".join(self._why.texts)[:300] or "the service did not take it")


class _Reasons(logging.Handler):
    """Remembers what a plugin said went wrong."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Take it in."""
        self.texts.append(record.getMessage())
