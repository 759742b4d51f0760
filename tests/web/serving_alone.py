"""A child of the tests: the web server with TLS and an application of one page. `STATE CERTIFICATE KEY CONNECTIONS`."""

if __name__ == "__main__":
    from gevent import monkey

    monkey.patch_all()

import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import gevent

from perpbot.config.web import Web
from perpbot.web.server import Server
from perpbot.web.site import open_site


def page(_environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
    """Answer everybody the same."""
    start("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "4")])
    return [b"here"]


def say(line: str) -> None:
    """Tell the parent."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main(state: str, certificate: str, key: str, connections: str) -> None:
    """Serve until the parent closes our input."""
    settings = Web(tls_cert=certificate, tls_key=key, connections=int(connections), stream_clients=1)
    site = open_site(settings, 0, Path(state))
    server = Server(site, page, lambda path, text: say(f"failed: {path} {text}"))
    server.start()
    say(site.url)
    gevent.get_hub().threadpool.apply(sys.stdin.read)
    server.stop(timeout=1)


if __name__ == "__main__":
    main(*sys.argv[1:])
