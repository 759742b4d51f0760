"""Telling systemd that the process is up and alive, as sd_notify(3) has it: datagrams to the socket it names."""

import socket
from collections.abc import Callable, Mapping


def notifier(environment: Mapping[str, str]) -> Callable[[], None]:
    """What to call for every sign of life: says READY=1 with the first, and WATCHDOG=1 with each.

    Does nothing where systemd does not ask for it. A socket that is gone is nobody's fault here: systemd would have
    started the process anew, or is not there any more.
    """
    path = environment.get("NOTIFY_SOCKET", "")
    if not path:
        return lambda: None
    address = "\0" + path[1:] if path.startswith("@") else path
    said = ["READY=1\nWATCHDOG=1"]

    def beat() -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
            sock.settimeout(1)
            try:
                sock.sendto((said.pop() if said else "WATCHDOG=1").encode(), address)
            except OSError:
                return

    return beat
