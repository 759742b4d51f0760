"""The channels of a configuration, each with its secret resolved."""

import re
from collections.abc import Mapping
from typing import Protocol

from perpbot.alerts.wording import Message
from perpbot.config.alerts import Alerts
from perpbot.delivery.errors import ChannelError
from perpbot.delivery.service import Service
from perpbot.delivery.webhook import Webhook
from perpbot.masking import Mask
from perpbot.references import UnresolvedError, resolve

LONG_PIECE = 8
"""What is as long as that in a URL may be a secret by itself."""
_HOST = re.compile(r"[0-9.]+|([a-z0-9-]{1,63}\.)+[a-z]{2,20}")
"""A name or an address; the errors that an operator needs speak of it."""
_PIECES = re.compile(r"[/:@?&=#,+]+")


class Channel(Protocol):
    """One way to somebody."""

    @property
    def name(self) -> str:
        """What it is called."""

    def send(self, message: Message) -> None:
        """Deliver `message` now; `DeliveryError` says why it was not."""


def open_channels(alerts: Alerts, environment: Mapping[str, str], mask: Mask) -> dict[str, Channel]:
    """The channels that are switched on, by name. `mask` learns their secrets.

    Raises:
        ChannelError: a secret is not there, or a URL cannot be used.
    """
    channels: dict[str, Channel] = {}
    for each in alerts.channels:
        if each.enabled:
            try:
                url = resolve(each.url, environment)
            except UnresolvedError as error:
                raise ChannelError(
                    f"alert channel {each.name}: {error}; without it, give the channel `enabled: false` in alerts.yaml"
                ) from None
            mask.learn(_secrets(url))
            web = url.startswith(("https:", "http:"))
            channels[each.name] = Webhook(each.name, url, each.allow_private) if web else Service(each.name, url)
    return channels


def _secrets(url: str) -> list[str]:
    """What must not show of `url`: all of it, and its parts but the name of a host."""
    pieces = [each for each in _PIECES.split(url)[1:] if len(each) >= LONG_PIECE]
    return [url, *(each for each in pieces if not _HOST.fullmatch(each))]
