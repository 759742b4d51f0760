"""Names in the simulated world: one host, which every known name stands for. There is no DNS."""

from __future__ import annotations

import ipaddress
import socket
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

HOST: Final = "127.0.0.1"
HOSTNAME: Final = "simulated"

_SERVICES = {"http": 80, "https": 443}


def resolve(host: str | bytes | None, known: Collection[str]) -> str:
    """The IPv4 address of `host`: of a number itself, of a known name this host's.

    Raises:
        socket.gaierror: nobody knows the name.
    """
    name = host.decode("ascii") if isinstance(host, bytes) else host
    if not name:
        return HOST
    if name in known:
        return HOST
    try:
        return str(ipaddress.IPv4Address(name))
    except ValueError:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known") from None


def _port(service: Any) -> int:
    if service is None:
        return 0
    text = service.decode("ascii") if isinstance(service, bytes) else str(service)
    if text in _SERVICES:
        return _SERVICES[text]
    if text.isdecimal():
        return int(text)
    raise socket.gaierror(socket.EAI_SERVICE, "Servname not supported for ai_socktype")


def replacements(known: Collection[str]) -> dict[str, Callable[..., Any]]:
    """What stands in for the functions of `socket` that ask for names, by their names there."""

    def getaddrinfo(host: Any, port: Any, family: int = 0, *_: int, **__: int) -> list[tuple[Any, ...]]:
        if family not in {0, socket.AF_INET}:
            raise socket.gaierror(socket.EAI_FAMILY, "ai_family not supported")
        address = (resolve(host, known), _port(port))
        return [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", address)]

    def gethostbyname(host: str) -> str:
        return resolve(host, known)

    def gethostbyname_ex(host: str) -> tuple[str, list[str], list[str]]:
        return host, [], [resolve(host, known)]

    def gethostbyaddr(host: str) -> tuple[str, list[str], list[str]]:
        return HOSTNAME, [], [resolve(host, known)]

    def getnameinfo(address: tuple[str, int], _: int) -> tuple[str, str]:
        return HOSTNAME, str(address[1])

    def gethostname() -> str:
        return HOSTNAME

    def getfqdn(name: str = "") -> str:
        return name or HOSTNAME

    return {
        function.__name__: function
        for function in (
            getaddrinfo, gethostbyname, gethostbyname_ex, gethostbyaddr, getnameinfo, gethostname, getfqdn
        )
    }  # fmt: skip
