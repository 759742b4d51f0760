"""Webhooks: a message as JSON to a URL, which must not lead into the network PerpBot lives in.

The name is resolved once; each of its addresses must be public, unless the host is allowed by name, and the request
goes to the address that was looked at, whatever the name means a moment later. Redirects are not followed.
"""

import socket
from collections.abc import Collection
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any
from urllib.parse import urlsplit

import attrs
import msgspec
import urllib3

from perpbot.alerts.wording import Message
from perpbot.delivery.errors import ChannelError, DeliveryError

TIMEOUT = urllib3.Timeout(connect=5, read=10)
MOST_READ = 65_536
"""Bytes of an answer."""
_NAT64 = IPv6Network("64:ff9b::/96")
_PORTS = {"https": 443, "http": 80}


@attrs.frozen(repr=False)
class Webhook:
    """One URL. Plain http is for hosts that are allowed by name."""

    name: str
    url: str
    allowed: Collection[str] = ()
    """Hosts that may be on this machine or in this network."""

    def __attrs_post_init__(self) -> None:
        """Refuse what can never be sent to; `ChannelError`."""
        try:
            parts = urlsplit(self.url)
            host, _ = parts.hostname, parts.port
        except ValueError:
            raise ChannelError(f"channel {self.name}: its URL is broken") from None
        if parts.scheme not in _PORTS or not host or "@" in parts.netloc:
            raise ChannelError(f"channel {self.name}: a webhook is https://host/…, without user and password")
        if parts.scheme == "http" and host not in self.allowed:
            raise ChannelError(
                f"channel {self.name}: a webhook without TLS is only for hosts of your own; name it in allow_private"
            )

    def send(self, message: Message) -> None:
        """POST `message`; `DeliveryError` when the answer is not 2xx."""
        parts = urlsplit(self.url)
        host = parts.hostname or ""
        port = parts.port or _PORTS[parts.scheme]
        body = msgspec.json.encode(
            {"title": message.title, "text": message.body, "severity": message.severity.value, "source": "perpbot"}
        )
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        headers = {"Host": parts.netloc, "Content-Type": "application/json", "User-Agent": "PerpBot"}
        with self._pool(parts.scheme, host, port) as pool:
            try:
                answer: Any = pool.urlopen(
                    "POST", path, body, headers, retries=False, redirect=False, timeout=TIMEOUT, preload_content=False
                )
                answer.read(MOST_READ)
                answer.close()
            except (urllib3.exceptions.HTTPError, OSError) as error:  # their texts have the URL in them
                raise DeliveryError(f"{host} cannot be reached ({type(error).__name__})") from None
        if not 200 <= answer.status < 300:  # noqa: PLR2004 - HTTP
            redirect = "; redirects are not followed" if 300 <= answer.status < 400 else ""  # noqa: PLR2004
            raise DeliveryError(f"{host} answered {answer.status}{redirect}")

    def _pool(self, scheme: str, host: str, port: int) -> urllib3.HTTPConnectionPool:
        address = self._address(host, port)
        if scheme == "http":
            return urllib3.HTTPConnectionPool(address, port)
        return urllib3.HTTPSConnectionPool(address, port, server_hostname=host, assert_hostname=host)

    def _address(self, host: str, port: int) -> str:
        try:
            found = [str(each[4][0]) for each in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
        except (OSError, UnicodeError):
            raise DeliveryError(f"nobody knows the name {host}") from None
        inside = [each for each in found if not is_public(each)]
        if inside and host not in self.allowed:
            raise DeliveryError(
                f"{host} is in this machine's own network ({inside[0]}); if that is meant, name it in allow_private"
            )
        return found[0]


def is_public(address: str) -> bool:
    """Whether `address` is one of the internet's: not private, link-local, loopback, multicast or reserved."""
    parsed = _embedded(ip_address(address.partition("%")[0]))
    return parsed.is_global and not parsed.is_multicast


def _embedded(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The IPv4 address that an IPv6 one leads to, or itself."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour or address
