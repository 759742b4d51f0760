"""``python -m perpbot.simulation.venues [NAME…]``: serve the simulated venues on loopback until stopped.

The first line on stdout is JSON: where each venue is, how to sign there, where the administration is, and which
world it is. Exit codes: 0 after SIGTERM or SIGINT or the parent's death, 1 when a port is taken
or the market broke, 2 for usage.
"""

from gevent import monkey

monkey.patch_all()

import argparse  # noqa: E402 - gevent patches before anything else is imported
import json  # noqa: E402
import os  # noqa: E402
import signal  # noqa: E402
import ssl  # noqa: E402
import sys  # noqa: E402
from decimal import Decimal  # noqa: E402
from pathlib import Path  # noqa: E402

from gevent import signal_handler  # noqa: E402

from perpbot.children import die_with_parent  # noqa: E402
from perpbot.simulation.venues.market import MarketSettings  # noqa: E402
from perpbot.simulation.venues.serving import VENUES, SimulatedVenues  # noqa: E402
from perpbot.simulation.venues.venue import DEPOSIT  # noqa: E402

_PARENT_CHECK_S = 1.0


def main() -> int:
    """Serve until told to stop."""
    options = _options()
    parent = os.getppid()
    if options.die_with_parent:
        die_with_parent()  # elsewhere than on Linux the check once a second notices
    venues = SimulatedVenues(
        options.names or tuple(VENUES),
        seed=options.seed,
        settings=MarketSettings(
            frames_per_second=options.frames_per_second,
            edge_every_s=options.edge_every,
            edge_bps=(options.edge_pct * 60, options.edge_pct * 140),
        ),
        state=options.state,
        port=options.port,
        deposit=options.deposit,
        latency_ms=options.latency_ms,
        tls=options.tls,
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        signal_handler(number, venues.over.set)
    try:
        served = venues.start()
    except OSError as error:
        sys.stderr.write(f"cannot serve the simulated venues: {error}\n")
        return 1
    sys.stdout.write(json.dumps(served) + "\n")
    sys.stdout.flush()
    while not venues.over.wait(_PARENT_CHECK_S):
        if options.die_with_parent and os.getppid() != parent:
            break
    venues.stop()
    return 1 if venues.failure else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="perpbot venues serve", description="Serve simulated venues on loopback.")
    parser.add_argument("names", nargs="*", metavar="NAME", choices=[[], *VENUES], help=", ".join(VENUES))
    parser.add_argument("--port", type=int, default=0, help="first port; the venues take one each, then the admin")
    parser.add_argument("--seed", type=int, help="seed of the market's chance")
    parser.add_argument("--state", type=Path, help="directory in which the world goes on from run to run")
    parser.add_argument("--frames-per-second", type=float, default=MarketSettings().frames_per_second)
    parser.add_argument("--edge-every", type=float, default=MarketSettings().edge_every_s, metavar="SECONDS")
    parser.add_argument("--edge-pct", type=float, default=0.42, help="how far an edge is from the rest, on average")
    parser.add_argument("--latency-ms", type=int, default=0, help="how long every request waits before it is read")
    parser.add_argument("--deposit", type=Decimal, default=DEPOSIT, help="what a new account starts with")
    parser.add_argument("--die-with-parent", action="store_true", help="end when the parent process does")
    parser.add_argument("--tls-cert", type=Path, help="serve over TLS and show this certificate, a PEM file")
    parser.add_argument("--tls-key", type=Path, help="the certificate's private key, where it is not in the same file")
    options = parser.parse_args()
    try:
        options.tls = None if options.tls_cert is None else _certificate(options.tls_cert, options.tls_key)
    except OSError as error:
        parser.error(f"{options.tls_cert} cannot be used as a certificate: {error.strerror or error}")
    return options


def _certificate(path: Path, key: Path | None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path, key)
    return context


if __name__ == "__main__":
    sys.exit(main())
