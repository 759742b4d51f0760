"""``python -m perpbot.main``: run PerpBot.

Exit codes: 0 after a clean stop, 1 when something was left open, 2 for usage, 70 when the root supervisor gave up,
78 for a configuration or a state that cannot be run with, 130 when Ctrl-C ended it at once.
"""

if __name__ == "__main__":
    from perpbot.beginning import quiet_interrupts, say_starting

    quiet_interrupts()
    say_starting()
    # before anything else is imported; only this program and the simulated venues' do it
    from gevent import monkey

    monkey.patch_all()

import json
import os
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, redirect_stderr, suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs
import click
import gevent

from actors.runtime import StartError
from actors.runtime.crashes import MOST_HISTORIES
from perpbot import logs
from perpbot.beginning import SWITCH_INTERVAL_S
from perpbot.config.alerts import load_alerts
from perpbot.config.changing import ChangeRefusedError
from perpbot.config.loader import ConfigError
from perpbot.config.operation import Log, Mode
from perpbot.config.settings import Settings, load_settings
from perpbot.control.audit import Audit
from perpbot.control.crashes import CRASHES_NAME, history_line, read_histories
from perpbot.control.server import SocketPathError, control_socket, refuse_long_path
from perpbot.credentials import CredentialsError, with_credentials
from perpbot.cycle import one_cycle
from perpbot.delivery.errors import ChannelError
from perpbot.embedded import EmbeddedVenues, EmbeddedVenuesError
from perpbot.interrupts import heed_interrupts
from perpbot.masking import Mask
from perpbot.metrics.listener import metrics_listener
from perpbot.places import PlacesError
from perpbot.program import Program, Setting, open_journal
from perpbot.sections.feed import Feed
from perpbot.sections.observer import state_feed
from perpbot.shipped import alert_rules, chosen_config
from perpbot.statedir import SOCKET_NAME, state_directory
from perpbot.storage.database import JournalAwayError, JournalError
from perpbot.storage.journal import Journal
from perpbot.storage.ring_file import RingFile
from perpbot.terminal.options import run_options
from perpbot.terminal.plain import plain_view
from perpbot.terminal.view import fits_terminal, how_to_look, live_view
from perpbot.venues.registry import venue_names
from perpbot.web.log_tail import LogTail
from perpbot.web.server import web_console
from perpbot.web.signing_in import SIGN_IN
from perpbot.web.site import Site, SiteError, open_site
from supervisors.spec import ChildSpec

ON_PAPER = "PAPER: prices are the venues', orders stay on paper. Nothing is bought or sold, and profits are not real."
BYTES_PER_MB = 1_000_000
EXIT_OK, EXIT_UNCLEAN, EXIT_USAGE, EXIT_GAVE_UP, EXIT_CONFIG = 0, 1, 2, 70, 78


class FilesError(Exception):
    """The state or the summary cannot be written; the text says where and why."""


@attrs.frozen(kw_only=True)
class Options:
    """The command line."""

    config: Path
    duration: float | None
    summary: Path | None
    seed: int | None
    console: bool
    web: bool
    port: int | None
    """None where the configuration decides."""
    venues: Path | None
    state: Path | None
    within: float | None
    """One cycle, where given: how long an opportunity is waited for."""


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@run_options
@click.option("--within", type=float, hidden=True)
def main(**options: Any) -> None:
    """Run PerpBot until it is told to stop."""
    os.umask(0o077)  # journal, logs and socket are ours alone
    sys.exit(run(Options(**options), os.environ))


def run(options: Options, environment: Mapping[str, str]) -> int:
    """Run by `options`; returns the exit code. What went wrong is said in one message on stderr."""
    try:
        environment = with_credentials(environment)
        options = attrs.evolve(options, config=chosen_config(options.config))
        settings = load_settings(options.config, environment, tuple(venue_names()))
        refuse_what_cannot_run(settings, served=options.venues is not None)
        if options.within is not None:
            settings = attrs.evolve(
                settings, execution=attrs.evolve(settings.execution, max_open_trades=1, trades_per_symbol=1)
            )
        state = state_directory(options.state, environment)
        _make_places(state, options.summary)
        journal = open_journal(state)
        try:
            site = open_site(settings.web, options.port, state) if options.web else None
            return _with_venues(options, settings, environment, journal, site)
        finally:
            journal.close()
    except (
        ChannelError,
        ConfigError,
        CredentialsError,
        PlacesError,
        JournalError,
        EmbeddedVenuesError,
        FilesError,
        SiteError,
    ) as error:
        click.echo(str(error), err=True)
        return EXIT_GAVE_UP if isinstance(error, JournalAwayError) else EXIT_CONFIG


def refuse_what_cannot_run(settings: Settings, *, served: bool) -> None:
    """Refuse settings that are right in themselves but cannot be run; `PlacesError` says why.

    Mode simulation without simulated venues would send real orders to real venues, so it is among them. `served`:
    whether the simulated venues are given by ``--venues``.
    """
    if settings.mode is Mode.LIVE and served:
        raise PlacesError("mode live trades at the real venues; --venues is for mode simulation")
    if settings.mode is Mode.SIMULATION and not (settings.simulation.enabled or served):
        text = "mode simulation needs simulated venues: set simulation.enabled: true, or give --venues"
        raise PlacesError(f"{text}. Real venues are traded at in mode live only")


def _make_places(state: Path, summary: Path | None) -> None:
    """Make sure before anything starts that what is written can be; `FilesError` says what cannot."""
    try:
        refuse_long_path(state)
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not os.access(state, os.W_OK | os.X_OK):
            raise FilesError(f"{state} cannot be written to; give another --state")
        if summary is not None:
            if not summary.parent.is_dir():
                raise FilesError(f"{summary.parent} is not a directory; make it, or give another --summary")
            summary.touch()
    except SocketPathError as error:
        raise FilesError(str(error)) from error
    except OSError as error:
        option = "--summary" if str(error.filename) == str(summary) else "--state"
        raise FilesError(f"{error.filename} cannot be made: {error.strerror}; give another {option}") from error


def _with_venues(
    options: Options, settings: Settings, environment: Mapping[str, str], journal: Journal, site: Site | None
) -> int:
    if options.venues is not None:
        return _trade(options, settings, environment, journal, read_venues(options.venues), site)
    if not settings.simulation.enabled:
        return _trade(options, settings, environment, journal, None, site)
    seed = options.seed if options.seed is not None else settings.simulation.seed
    place = journal.path.parent / "venues"
    embedded = EmbeddedVenues(list(settings.exchanges), settings.simulation, seed, place)
    try:
        return _trade(options, settings, environment, journal, embedded.details, site)
    finally:
        embedded.stop()


def read_venues(path: Path) -> dict[str, Any]:
    """What `perpbot venues serve` printed into a file; `PlacesError` when it is something else."""
    try:
        details: dict[str, Any] = json.loads(path.read_text().splitlines()[0])
    except OSError as error:
        raise PlacesError(
            f"{path} cannot be read: {error.strerror}; `perpbot venues serve > {path}` makes it"
        ) from error
    except (ValueError, IndexError) as error:
        raise PlacesError(f"{path} does not hold what `perpbot venues serve` prints: {error}") from error
    return details


def _trade(
    options: Options,
    settings: Settings,
    environment: Mapping[str, str],
    journal: Journal,
    simulated: Mapping[str, Any] | None,
    site: Site | None,
) -> int:
    state = journal.path.parent
    live = options.console and fits_terminal()
    terminal = logs.Background(logs.terminal_writer(sys.stderr))
    writers = [] if live else [terminal.write]
    file = None if settings.log.file is None else logs.Background(log_file(settings.log, state).write)
    if file is not None:
        writers.append(file.write)
    tail = LogTail()
    if site is not None:
        writers.append(tail.write)
    mask = Mask()
    log = logs.make_log(settings.log.level.value, *writers, mask=mask)
    setting = Setting(
        settings=settings,
        config=str(options.config),
        state=state,
        simulated=simulated,
        environment=environment,
        seed=options.seed if options.seed is not None else settings.simulation.seed,
        alerts=load_alerts(alert_rules(options.config), environment),
    )

    def surfaces(program: Program) -> Sequence[ChildSpec]:
        listen = settings.metrics.listen
        audit, feed = Audit(program), Feed()
        return [
            control_socket(program, audit),
            _live_view(program, site, audit) if live else plain_view(program, say),
            *([] if listen is None else [metrics_listener(program, listen)]),
            state_feed(program, feed, {"audit": audit.section}),
            *([] if site is None else [web_console(program, site, tail, audit, feed)]),
        ]

    def say(event: logs.Event) -> None:
        terminal.write(mask.event(event))

    program = Program(setting, journal, log, surfaces, mask)
    crashes = _keep_crashes(program)
    program.writers = [each for each in (crashes, terminal, file) if each is not None]
    _say_where(setting, site)
    try:
        with _strays(state / "stderr.log") if live else nullcontext():
            code, last_words, report = _run(program, options, live=live)
    finally:
        for writer in program.writers:
            writer.finish()
    with suppress(OSError):  # the terminal may be gone
        click.echo(last_words, err=True)
    for tell in program.at_end:
        tell({"code": code, "clean": report.get("clean", False), "said": last_words})
    return code


def _live_view(program: Program, site: Site | None, audit: Audit) -> ChildSpec:
    if site is None:
        return live_view(program)
    return live_view(program, site.url, lambda: "" if audit.done(SIGN_IN) else site.invitation)


def log_file(log: Log, state: Path) -> logs.LogFile:
    """The log file of a system, as large and as old as its settings say."""
    return logs.LogFile(state / (log.file or ""), log.max_size_mb * BYTES_PER_MB, log.keep_files)


def _keep_crashes(program: Program) -> logs.Background:
    """Take up the crashes that earlier runs had, and keep this one's beside them."""
    log = program.log.bind(actor="crashes")
    path = program.setting.state / CRASHES_NAME
    file = RingFile(path, MOST_HISTORIES, lambda why: log.error("crashes are not kept", why=why))
    program.system.crashes.remember(read_histories(file.values))
    writer = logs.Background(lambda event: file.write({**event}))
    program.system.crashes.on_change = lambda history: writer.write(history_line(history, program.mask))
    return writer


@contextmanager
def _strays(path: Path) -> Iterator[None]:
    """Keep in a file what libraries write to stderr, which would be painted over by the live view."""
    with path.open("a", encoding="utf-8") as file:
        before = file.tell()
        with redirect_stderr(file):
            yield
        strays = file.tell() > before
    with suppress(OSError):
        if strays:
            click.echo(f"Something was written to stderr meanwhile; see {path}", err=True)


def _live(settings: Settings) -> str:
    names = ", ".join(name for name, each in settings.exchanges.items() if each.trading.trade_enabled)
    testnets = any(each.testnet for each in settings.exchanges.values())
    return f"LIVE: orders are sent to {names}; {'these are testnets' if testnets else 'this is real money'}."


def _say_where(setting: Setting, site: Site | None) -> None:
    for warning in setting.settings.capital.warnings():
        click.echo(f"Warning: {warning}.", err=True)
    if setting.settings.mode is Mode.PAPER:
        click.echo(ON_PAPER, err=True)
    if setting.settings.mode is Mode.LIVE:
        click.echo(_live(setting.settings), err=True)
    if setting.simulated is not None:
        click.echo(_world(setting.simulated["world"], setting.state), err=True)
    click.echo(f"Look inside from another terminal: {how_to_look(setting.state)}", err=True)
    click.echo(f"Control socket: {setting.state / SOCKET_NAME}", err=True)
    if site is not None:
        click.echo(f"Web console: {site.url}", err=True)
        for note in site.notes:
            click.echo(note, err=True)


def _world(world: Mapping[str, Any], state: Path) -> str:
    if not world["resumed"]:
        return f"Simulated world {world['id']} is new."
    return (
        f"Simulated world {world['id']} goes on: prices and balances are where they were. `seed` and "
        f"`starting_balance` are for a new one; that begins after: rm -r {state}"
    )


def _run(program: Program, options: Options, *, live: bool) -> tuple[int, str, Mapping[str, Any]]:
    gevent.signal_handler(signal.SIGTERM, program.over_asked)
    # of a terminal it means that the terminal is gone, of a service that its configuration is to be read again
    gevent.signal_handler(signal.SIGHUP, program.over_asked if live else lambda: reload(program, options))
    heed_interrupts(program)
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    program.watch_hub()
    try:
        program.start()
    except StartError as error:
        return EXIT_GAVE_UP, f"PerpBot could not start: {error}", {}
    if options.within is None:
        program.ended.wait(options.duration)
    else:
        program.log.info(one_cycle(program, options.within))
    program.over_asked()  # so that everybody can see that it stops
    gave_up = program.gave_up
    report = program.stop()
    if options.summary is not None:
        options.summary.write_text(program.mask(json.dumps(report, indent=2)) + "\n")
    code = EXIT_OK if report["clean"] else EXIT_UNCLEAN
    return EXIT_GAVE_UP if gave_up else code, _last_words(report), report


def reload(program: Program, options: Options) -> None:
    """Read the configuration again and go by what of it may change while PerpBot runs; the log says what came of it."""
    try:
        settings = load_settings(options.config, program.setting.environment, tuple(venue_names()))
        done = program.reconfigure(settings)
    except (ConfigError, ChangeRefusedError) as error:
        program.log.error("configuration not reloaded: nothing is changed", why=str(error))
        return
    program.log.info("configuration reloaded", file=str(options.config), changed=len(done))


def _last_words(report: Mapping[str, Any]) -> str:
    """The run in one sentence; more of it is in the summary."""
    paper = " (PAPER)" if report.get("mode") == Mode.PAPER else ""
    ended = f"Stopped {'cleanly' if report['clean'] else 'NOT cleanly'}{paper}:"
    if "trades" not in report:
        return f"{ended} what it did is not known: {report.get('error', 'the state could not be read')}."
    trades = report["trades"]
    completed = "1 trade" if trades["completed"] == 1 else f"{trades['completed']} trades"
    early = f" ({trades['closed_at_stop']} early, because of the stop)" if trades["closed_at_stop"] else ""
    others = f"{trades['unwound']} unwound, {trades['failed']} failed"
    left = report.get("left_open", ())
    open_ = f" Left open: {'; '.join(left)}. It is taken up at the next start." if left else ""
    return f"{ended} this run {completed} completed{early}, {others}; {_earned(report['pnl'])}.{open_}"


def _earned(pnl: Mapping[str, Any]) -> str:
    """Rounded, and by currency: different dollars are not added."""
    by_currency = pnl.get("by_currency", {})
    others = pnl.get("other_fees", {})
    nets = {currency: each["net"] for currency, each in by_currency.items() if currency not in others}
    texts = [f"{round(Decimal(net), 2) + 0:+,.2f} {currency}" for currency, net in nets.items()]
    texts += [f"-{paid} {coin}" for coin, paid in others.items()]
    return f"{', '.join(texts)} after fees" if texts else "nothing earned"


if __name__ == "__main__":
    main()
