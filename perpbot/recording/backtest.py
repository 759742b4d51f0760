"""PerpBot as a whole in a simulated world, where recordings stand in the place of the venues and accounts are on paper.

It is the program that trades live: its connections, feeds, scanners, risk, capital, orders, journal. The clock is that
of the recordings, and goes as fast as the machine computes. What happens to orders is mode paper's
(`perpbot.simulation.paper`): they arrive after a latency and take what the recorded books show.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import attrs

from perpbot import logs
from perpbot.clock import NS_PER_SECOND, iso
from perpbot.config.exchanges import Exchange
from perpbot.config.operation import Mode, Simulation
from perpbot.config.settings import Settings
from perpbot.program import Program, Setting, open_journal
from perpbot.recording.answers import offline
from perpbot.recording.reading import Recording, RecordingError
from perpbot.recording.serving import RecordedVenues
from perpbot.simulation.world import Latency, World, run_forked
from perpbot.venues.registry import venue_class
from perpbot.venues.venue import VenueReadError

LEAD_S = 2.0
"""So long before the first frame the program starts: its connections are up when the recordings begin."""
CLOSING_SHARE = 4
"""At most this part of the time is left for closing: the last quarter."""
TWO = 2
LOG_NAME, LOG_BYTES, LOG_FILES = "perpbot.log", 100_000_000, 10
LEAST_TIMEOUT_S, REAL_S_PER_VIRTUAL_S = 600.0, 60.0
"""A run that is slower than this has hung."""


@attrs.frozen(kw_only=True)
class Backtest:
    """What is run."""

    recordings: tuple[Recording, ...]
    settings: Settings
    config: str
    """Name of the configuration, for the summary."""
    seed: int
    state: Path
    """An empty directory, for journal and log."""

    @property
    def first_ns(self) -> int:
        """When the recordings begin."""
        return min(each.first_ns for each in self.recordings)

    @property
    def last_ns(self) -> int:
        """When they end."""
        return max(each.last_ns for each in self.recordings)

    @property
    def closing_ns(self) -> int:
        """When the program is told to stop, so that there still are prices to close at."""
        closing_ns = int(self.settings.execution.stop_timeout_sec * NS_PER_SECOND)
        return self.last_ns - min(closing_ns, (self.last_ns - self.first_ns) // CLOSING_SHARE)


def settings_for(recordings: Sequence[Recording], settings: Settings, latency_ms: float | None) -> Settings:
    """`settings` on paper, at the recorded venues and with the recorded symbols; `RecordingError` when that is nothing.

    A venue that is not configured is as it is by itself; all trade.
    """
    if len(recordings) < TWO:
        raise RecordingError(f"a backtest needs recordings of two venues, and there is only {recordings[0].venue}")
    recorded = {symbol for each in recordings for symbol in each.symbols}
    symbols = tuple(each for each in settings.symbols if not recorded or each in recorded)
    if not symbols:
        raise RecordingError(f"none of {', '.join(settings.symbols)} was recorded, but {', '.join(sorted(recorded))}")
    names = [each.venue for each in recordings]
    pairs = tuple(pair for pair in settings.scanner.priority_exchange_pairs if {*pair} <= {*names})
    return attrs.evolve(
        settings,
        mode=Mode.PAPER,
        symbols=symbols,
        exchanges={name: _on_paper(settings.exchanges.get(name, Exchange())) for name in names},
        scanner=attrs.evolve(settings.scanner, priority_exchange_pairs=pairs),
        simulation=Simulation(enabled=False),
        paper=settings.paper if latency_ms is None else attrs.evolve(settings.paper, latency_ms=latency_ms),
    )


def _on_paper(exchange: Exchange) -> Exchange:
    """The same venue, which trades, and is near."""
    trading = attrs.evolve(exchange.trading, trade_enabled=True)
    return attrs.evolve(exchange, trading=trading, testnet=False, proxy=None, proxy_env=None, ca_file=None)


def run(test: Backtest) -> dict[str, Any]:
    """Run it in a fork of this process; returns the summary, which the same recordings and seed give again.

    Raises:
        RecordingError: recordings are of different times, or one lacks what the program asks a venue first.
        ForkedProgramError: the program failed.
    """
    for each in test.recordings:
        _check_overlap(each, test.recordings)
        _check_instruments(each)
    seconds = (test.last_ns - test.first_ns) / NS_PER_SECOND
    return run_forked(
        _trade,
        test.seed,
        test,
        timeout_s=LEAST_TIMEOUT_S + REAL_S_PER_VIRTUAL_S * seconds,
        wall_ns=test.first_ns - int(LEAD_S * NS_PER_SECOND),
        latency=Latency(0.0, 0.0),
    )


def _check_overlap(recording: Recording, every: Sequence[Recording]) -> None:
    others = [each for each in every if each is not recording]
    if not any(each.first_ns < recording.last_ns and recording.first_ns < each.last_ns for each in others):
        when = f"from {iso(recording.first_ns)} until {iso(recording.last_ns)}"
        raise RecordingError(
            f"{recording.paths[0]}: {recording.venue} was recorded {when}, and no other venue was then"
        )


def _check_instruments(recording: Recording) -> None:
    try:
        made = offline(venue_class(recording.venue), recording.answers, recording.symbols)
        made.fetch_instruments()
    except VenueReadError as error:
        text = f"{recording.paths[0]}: {error}; it can be replayed, but nothing can be traded on it"
        raise RecordingError(text) from error


def _trade(world: World, test: Backtest) -> dict[str, Any]:
    del world  # it is in force
    venues = RecordedVenues(test.recordings)
    file = logs.LogFile(test.state / LOG_NAME, LOG_BYTES, LOG_FILES)
    setting = Setting(
        settings=test.settings,
        config=test.config,
        state=test.state,
        simulated=venues.start(),
        environment={},
        seed=test.seed,
    )
    program = Program(setting, open_journal(test.state), logs.make_log("INFO", file.write))
    program.start()
    program.ended.wait(LEAD_S + (test.closing_ns - test.first_ns) / NS_PER_SECOND)
    gave_up = program.gave_up
    report = program.stop()
    venues.stop()
    file.close()
    return {**report, "gave_up": gave_up, "recording": _told(test)}


def _told(test: Backtest) -> dict[str, Any]:
    return {
        "from": iso(test.first_ns),
        "until": iso(test.last_ns),
        "closing_from": iso(test.closing_ns),
        "frames": {each.venue: each.frames for each in test.recordings},
        "cut_off": [str(path) for each in test.recordings for path in each.cut_off],
        "latency_ms": test.settings.paper.latency_ms,
    }
