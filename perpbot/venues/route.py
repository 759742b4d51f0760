"""The way to a venue: straight or through a proxy, and whose certificates are believed. REST and streams share it."""

import socket
import ssl
from collections.abc import Mapping
from functools import cache
from typing import Any
from urllib.parse import urlsplit
from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined]

import attrs
from python_socks import ProxyError
from python_socks.sync import Proxy
from urllib3 import PoolManager, ProxyManager
from urllib3.contrib.socks import SOCKSProxyManager

from perpbot import __version__

USER_AGENT = f"perpbot/{__version__}"
"""Some venues take no stream that does not say who it is."""
_PORTS = {"ws": 80, "wss": 443}
_ENVIRONMENT = ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")
_EXCEPTIONS = ("no_proxy", "NO_PROXY")


@attrs.frozen
class Route:
    """How connections to one venue are made. A proxy's URL may hold a password: it shows nowhere."""

    proxy: str | None = attrs.field(default=None, repr=False)
    """``http://``, ``socks5://`` or ``socks5h://`` (names are looked up by the proxy), with the port."""
    ca_file: str | None = None
    """A PEM file with the only certificate authorities that are believed; None for the system's."""

    @property
    def trust(self) -> ssl.SSLContext:
        """Verifies certificates and names; `OSError` or `ssl.SSLError` when the file cannot be read."""
        return _trust(self.ca_file)

    def pool(self, **options: Any) -> PoolManager:
        """urllib3's pool of connections along this way."""
        options["ssl_context"] = self.trust
        if self.proxy is None:
            return PoolManager(**options)
        if self.proxy.startswith("socks"):
            return SOCKSProxyManager(self.proxy, **options)
        return ProxyManager(self.proxy, **options)

    def websocket_options(self, url: str, timeout_s: float) -> dict[str, Any]:
        """What websocket-client's `create_connection` takes to go this way; connects when a proxy is between.

        The library's own idea of a proxy, from the environment, is turned off: it would go another way than REST.

        Raises:
            OSError: the proxy, or the venue behind it, cannot be reached, or its certificate is not believed.
        """
        if self.proxy is None:
            return {"sslopt": {"context": self.trust}, "http_no_proxy": ["*"]}
        return {"socket": self._through(self.proxy, url, timeout_s)}

    def _through(self, proxy: str, url: str, timeout_s: float) -> socket.socket:
        target = urlsplit(url)
        host, port = target.hostname or "", target.port or _PORTS[target.scheme]
        remote_names = proxy.startswith("socks5h://")
        way = Proxy.from_url(proxy.replace("socks5h://", "socks5://", 1), **({"rdns": True} if remote_names else {}))
        try:
            made: socket.socket = way.connect(host, port, timeout=timeout_s)
        except ProxyError as error:
            raise ConnectionError(f"the proxy does not connect to {host}: {error}") from error
        if target.scheme != "wss":
            return made
        try:
            return self.trust.wrap_socket(made, server_hostname=host)
        except OSError:
            made.close()
            raise


DIRECT = Route()


def environment_proxy(environment: Mapping[str, str], url: str) -> str | None:
    """The proxy that the usual variables (``HTTPS_PROXY``, ``ALL_PROXY``, ``NO_PROXY``) ask for, or None."""
    proxy = next((environment[name] for name in _ENVIRONMENT if environment.get(name)), None)
    host = urlsplit(url).hostname or ""
    excepted = next((environment[name] for name in _EXCEPTIONS if environment.get(name)), "")
    if proxy is None or host in {"localhost", "127.0.0.1", "::1"}:
        return None
    return None if proxy_bypass_environment(host, {"no": excepted}) else proxy


@cache
def _trust(ca_file: str | None) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=ca_file)
