"""Settings of the web console and its API: where it listens, and for how many."""

from collections.abc import Iterator
from ipaddress import ip_address

import attrs

from perpbot.config.section import Fault, Section, address, count, rule, word

_FILE = "[^\\x00-\\x1f]{1,200}"


@attrs.frozen(kw_only=True)
class Web(Section):
    """The web console and its API. Off with `--no-web`."""

    host: str = word(
        "127.0.0.1", "Address it listens at; other machines reach only what is not loopback.", "[0-9a-fA-F.:]{2,45}",
        "an IP address, as in 127.0.0.1",
    )  # fmt: skip
    port: int = count(8000, "Port it listens at, where `--port` gives no other; 0 for any free one.", 0, 65_535)
    public_url: str | None = address(
        "Where a proxy that adds TLS serves it to others; its name is then allowed in requests.", "https", "http"
    )
    tls_cert: str | None = word(None, "File of the certificate for TLS, PEM.", _FILE, "a file name")
    tls_key: str | None = word(None, "File of its private key, PEM.", _FILE, "a file name")
    stream_clients: int = count(50, "Event streams that are served at the same time.", 1, 1000, "streams")
    connections: int = count(300, "Connections that are served at the same time, streams among them.", 10, 5000)

    @property
    def local(self) -> bool:
        """Whether only this machine reaches it."""
        return ip_address(self.host).is_loopback

    @rule
    def _is_address(self) -> Iterator[Fault]:
        try:
            ip_address(self.host)
        except ValueError:
            yield Fault(("host",), f"{self.host} is not an IP address; 127.0.0.1 is this machine alone")

    @rule
    def _certificate_with_key(self) -> Iterator[Fault]:
        if (self.tls_cert is None) is not (self.tls_key is None):
            yield Fault(("tls_cert",), "a certificate and its key go together: give tls_cert and tls_key, or neither")

    @rule
    def _wide_only_encrypted(self) -> Iterator[Fault]:
        try:
            local = self.local
        except ValueError:
            return  # said above
        if not local and self.tls_cert is None and self.public_url is None:
            text = (
                f"{self.host} is reached from other machines, and the operator's password would travel unencrypted: "
                f"give tls_cert and tls_key, or public_url where a proxy adds TLS"
            )
            yield Fault(("host",), text)

    @rule
    def _streams_fit(self) -> Iterator[Fault]:
        if self.stream_clients >= self.connections:
            yield Fault(
                ("stream_clients",), f"must be less than connections, which is {self.connections}", ("connections",)
            )
