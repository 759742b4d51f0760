"""`perpbot chaos`: the whole program in a simulated world full of trouble, and whether the invariants held."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from perpbot.cli.asking import EXIT_NO, json_option, print_json
from perpbot.cli.configured import can_be_simulated, config_option, settings_of
from perpbot.cli.wording import clean
from perpbot.ranges import Number, WholeNumber

if TYPE_CHECKING:
    from perpbot.chaos.run import Result
    from perpbot.config.settings import Settings

REAL_S_PER_VIRTUAL_S = 30.0
"""A run that is slower than this has hung."""
LEAST_S = 600.0
LOG_LINES = 20


@click.command()
@click.option("--seed", type=WholeNumber(0, 2**53), metavar="NUMBER", help="Seed of the first run; else chance.")
@click.option(
    "--runs", type=WholeNumber(1, 1_000_000), default=1, show_default=True, help="How many; each has the next seed."
)
@click.option("--minutes", type=Number(0.5, 100_000), default=5.0, show_default=True, help="Virtual time of each run.")
@click.option("--hours", type=Number(0.01, 1_000), help="The same in hours.")
@click.option("--jobs", type=WholeNumber(1, 256), default=1, show_default=True, help="Runs at the same time.")
@config_option("The configuration: its venues and symbols, simulated.")
@json_option
def chaos(*, seed: int | None, runs: int, jobs: int, config: Path, as_json: bool, **length: float | None) -> None:
    """Run the program in a simulated world full of trouble, and see whether the invariants hold; exit code 1 if not.

    Virtual time passes as fast as the machine allows, nothing real is touched, and the same seed shows the same run.
    """
    from perpbot.chance import Chance

    settings = _settings(config)
    first = Chance().seed % 2**53 if seed is None else seed
    seconds = length["hours"] * 3_600 if length["hours"] is not None else (length["minutes"] or 0) * 60
    found: dict[int, Result | Exception] = {}
    for number, result in _results(settings, range(first, first + runs), seconds, jobs):
        found[number] = result
        if not as_json:
            _show(number, result)
    violated = [number for number, result in found.items() if isinstance(result, Exception) or result.violations]
    if as_json:
        print_json({"ok": not violated, "runs": [_plain(*each) for each in found.items()]})
    elif violated:
        click.echo(f"Violated with {', '.join(map(str, violated))}; perpbot chaos --seed {violated[0]} shows it again.")
    click.get_current_context().exit(EXIT_NO if violated else 0)


def _settings(config: Path) -> "Settings":
    from perpbot.venues.registry import venue_class

    settings = settings_of(config)
    can_be_simulated(settings.exchanges)
    for name in settings.exchanges:
        venue_class(name)  # everything heavy is loaded once, before the forks
    return settings


def _results(
    settings: "Settings", seeds: range, seconds: float, jobs: int
) -> Iterator[tuple[int, "Result | Exception"]]:
    from perpbot.chaos.run import run
    from perpbot.simulation.world import farm

    timeout_s = LEAST_S + REAL_S_PER_VIRTUAL_S * seconds
    yield from farm(run, seeds, settings, seconds, jobs=jobs, timeout_s=timeout_s)


def _plain(seed: int, result: "Result | Exception") -> dict[str, Any]:
    if isinstance(result, Exception):
        return {"seed": seed, "ok": False, "error": str(result)}
    import attrs

    return {"ok": not result.violations, **attrs.asdict(result)}


def _show(seed: int, result: "Result | Exception") -> None:
    if isinstance(result, Exception):
        click.echo(f"seed {seed}: THE RUN FAILED\n{result}")
        return
    click.echo(
        f"seed {seed}: {'VIOLATED' if result.violations else 'held'}; {result.seconds:.0f} s, {result.trades} trades, "
        f"{result.orders} orders, {result.fills} fills; {_troubles(result)}"
    )
    for each in result.violations:
        click.echo(f"  {clean(str(each))}")
    for line in result.log[-LOG_LINES:]:
        click.echo(f"  log: {clean(line)}")


def _troubles(result: "Result") -> str:
    return ", ".join(f"{count} {name}" for name, count in result.troubles.items()) or "no troubles"
