"""`perpbot bench`: what the parts of PerpBot cost on this machine, and whether that keeps to the limits."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from perpbot.cli.asking import EXIT_CONFIG, EXIT_IO, EXIT_NO, Failure, json_option, print_json
from perpbot.cli.tables import Cell, Column, show_table
from perpbot.ranges import Number

if TYPE_CHECKING:
    from perpbot.bench.report import Report, Result

NAMES = ("smoke", "standard", "stress", "endurance")


def _known(_context: click.Context, _parameter: click.Parameter, names: tuple[str, ...]) -> tuple[str, ...]:
    from perpbot.bench.components import COMPONENTS

    unknown = [name for name in names if name not in COMPONENTS]
    if unknown:
        raise click.BadParameter(f"there is no {', '.join(unknown)}; there are {', '.join(COMPONENTS)}")
    return tuple(dict.fromkeys(names)) or tuple(COMPONENTS)


def _complete(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    from perpbot.bench.components import COMPONENTS

    return [name for name in COMPONENTS if name.startswith(incomplete)]


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME]...", callback=_known, shell_complete=_complete)
@click.option(
    "--scenario", type=click.Choice(NAMES), default="standard", show_default=True, help="How much, and for how long."
)
@click.option(
    "--minutes", type=Number(0, 10_000), help="Measure each component for so long; else as the scenario has it."
)
@click.option(
    "--disk",
    type=click.Path(path_type=Path, exists=True, file_okay=False, writable=True),
    default=".",
    show_default=True,
    metavar="DIR",
    help="Where durable writes are measured: the disk that the state directory is on.",
)
@click.option(
    "--report",
    "reports",
    type=click.Path(path_type=Path, dir_okay=False, writable=True),
    multiple=True,
    metavar="FILE",
    help="Write the report there: JSON where the name ends in .json, else Markdown.",
)
@json_option
def bench(
    *, names: tuple[str, ...], scenario: str, minutes: float | None, disk: Path, reports: Sequence[Path], as_json: bool
) -> None:
    """Measure each component called NAME, or all; exit code 1 when a figure misses its limit.

    docs/benchmarks.md says what each figure means. Nothing real is touched. Leave the machine alone meanwhile: what
    others did is measured, too, and the report says so.
    """
    for each in reports:
        if not each.absolute().parent.is_dir():
            raise Failure(f"the report cannot be written: {each.parent} is not there", EXIT_CONFIG)
    report = _measured(names, scenario, minutes, disk, shown=not as_json)
    for each in reports:
        _write(report, each)
    if as_json:
        from perpbot.bench.report import plain

        print_json(plain(report))
    click.get_current_context().exit(0 if report.ok else EXIT_NO)


def _measured(names: Sequence[str], scenario: str, minutes: float | None, disk: Path, *, shown: bool) -> "Report":
    import attrs

    from perpbot import __version__
    from perpbot.bench.machine import Others, machine
    from perpbot.bench.measuring import result
    from perpbot.bench.report import Report, about, verdict
    from perpbot.bench.scenario import SCENARIOS
    from perpbot.clock import wall_ns

    chosen = attrs.evolve(SCENARIOS[scenario], disk=disk)
    if minutes is not None:
        chosen = attrs.evolve(chosen, seconds=60 * minutes)
    at_ns, where, others, results = wall_ns(), machine(disk), Others(), []
    for name in names:
        results.append(result(name, chosen))
        if shown:
            _show(results[-1])
    report = Report(
        version=__version__, at_ns=at_ns, scenario=chosen, machine=where, others=others.share(), results=results
    )
    if shown:
        show_table([Column(""), Column("", flexible=True)], about(report), "")
        click.echo(f"\n{verdict(report)}")
    return report


def _show(result: "Result") -> None:
    from perpbot.bench.report import HEADINGS, cells

    click.secho(f"{result.name}: {result.about}; {result.seconds:.0f} s", bold=True)
    if result.error:
        click.secho(f"not measured: {result.error}\n", fg="red")
        return
    rows = [[Cell(text, "" if each.good else "red") for text in cells(each)] for each in result.figures]
    shown = [number for number in range(len(HEADINGS)) if any(row[number].text for row in rows)]
    columns = [Column(HEADINGS[number], right=HEADINGS[number] == "value") for number in shown]
    show_table(columns, [[row[number] for number in shown] for row in rows], "")
    click.echo()


def _write(report: "Report", path: Path) -> None:
    from perpbot.bench.report import markdown, plain

    text: Any = markdown(report)
    if path.suffix == ".json":
        text = json.dumps(plain(report), indent=2, ensure_ascii=False) + "\n"
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise Failure(f"the report cannot be written: {path}: {error.strerror}", EXIT_IO) from None
