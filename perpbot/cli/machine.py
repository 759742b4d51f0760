"""What PerpBot needs of the machine: a clock that is right, free ports, private files, a way to each venue."""

import os
import resource
import socket
import stat
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from perpbot.cli.validation import Area

if TYPE_CHECKING:
    from perpbot.config.settings import Settings
    from perpbot.venues.venue import Venue

CLOCK_MS = 1_000
"""Orders expire within seconds by the venue's clock; a clock that is further off than this is to be set."""
FILES = 1_024
PRIVATE = ("journal.sqlite", "journal.ahead", "operator.json", "operator.password", "perpbot.sock")


def ports(settings: "Settings", running: Callable[[], bool]) -> Area:
    """Whether what is to listen can; what is taken while a system is `running` is its own."""
    web, metrics = settings.web, settings.metrics.listen
    wanted = {"web.port": (web.host, web.port)}
    if metrics is not None:
        host, _, port = metrics.rpartition(":")
        wanted["metrics.listen"] = (host.strip("[]"), int(port))
    note = ", ".join(f"{host}:{port}" for host, port in wanted.values())
    taken = {key: place for key, place in wanted.items() if place[1] and not _free(*place)}
    if taken and running():
        return Area(len(wanted), [], f"{note}: a system is running")
    problems = [f"{host}:{port} is taken; change {key}, or end who listens" for key, (host, port) in taken.items()]
    return Area(len(wanted), problems, note)


def _free(host: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with closing(socket.socket(family, socket.SOCK_STREAM)) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except OSError:
            return False
    return True


def permissions(state: Path, config: Path) -> Area:
    """Whether what is private can be read by nobody else."""
    open_to_others = [each for each in _private(state) if stat.S_IMODE(each.stat().st_mode) & 0o077]
    problems = [f"{each} can be read by others; chmod go-rwx {each}" for each in open_to_others]
    if config.exists() and stat.S_IMODE(config.stat().st_mode) & 0o022:
        problems.append(f"{config} can be written by others; chmod go-w {config}")
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if most != resource.RLIM_INFINITY and most < FILES:
        problems.append(f"only {most} files can be open at once; ulimit -n {FILES}, or LimitNOFILE= of the service")
    return Area(len([*_private(state)]) + 2, problems, f"{state.absolute()}, user {os.getuid()}")


def _private(state: Path) -> Iterator[Path]:
    if state.is_dir():
        yield state
        yield from (state / each for each in PRIVATE if (state / each).exists())


def venues(settings: "Settings", simulated: Mapping[str, Any] | None, environment: Mapping[str, str]) -> list[Area]:
    """Whether each venue answers, and what time it is there: two areas."""
    from perpbot.config.operation import Mode
    from perpbot.places import PlacesError, venue

    if settings.mode is Mode.SIMULATION and simulated is None:
        return [Area(0, [], "simulated: nothing to reach"), Area(0, [], "simulated: the venues' clock is this one")]
    paper = settings.mode is Mode.PAPER
    made, problems = [], []
    for name, exchange in settings.exchanges.items():
        try:
            made.append(venue(name, exchange, simulated, environment, paper=paper))
        except PlacesError as error:
            problems.append(str(error))
    with ThreadPoolExecutor(max(1, len(made))) as pool:
        troubles = dict(zip((each.name for each in made), pool.map(_trouble, made), strict=True))
    problems += [each for each in troubles.values() if each]
    answered = [each for each in made if not troubles[each.name]]
    reached = f"{', '.join(each.name for each in answered) or 'nobody'} answered"
    return [Area(len(settings.exchanges), problems, reached), _clock(answered)]


def _trouble(venue: "Venue") -> str:
    """What is wrong with the way to a venue; empty when it answers."""
    from perpbot.venues.venue import VenueReadError

    try:
        return "" if venue.fetch_instruments() else f"{venue.name} lists nothing; is its URL right?"
    except VenueReadError as error:
        return f"{error}; look at the network, or set `proxy` for it"


def _clock(answered: list["Venue"]) -> Area:
    """The middle one of the venues is right: one alone may be wrong."""
    if not answered:
        return Area(0, [], "not known: no venue answered")
    ahead = sorted(each.http.venue_clock.ahead_ms for each in answered)[len(answered) // 2]
    note = f"{abs(ahead) / 1000:.1f} s {'behind' if ahead > 0 else 'ahead of'} the venues"
    wrong = [f"this clock is {note}; set it: timedatectl set-ntp true"] if abs(ahead) > CLOCK_MS else []
    return Area(1, wrong, note)
