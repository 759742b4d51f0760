"""What a benchmark found, for programs and for people."""

from collections.abc import Iterator, Sequence
from typing import Any

import attrs

from perpbot.bench.machine import BUSY, Machine
from perpbot.bench.measured import Measured
from perpbot.bench.scenario import Scenario
from perpbot.clock import iso


@attrs.frozen(kw_only=True)
class Result:
    """One component."""

    name: str
    about: str
    seconds: float
    """How long it took, everything included."""
    figures: Sequence[Measured] = ()
    error: str = ""
    """Why there are no figures."""

    @property
    def missed(self) -> list[str]:
        """Figures beyond their limits."""
        return [f"{self.name}: {each.name}" for each in self.figures if not each.good]


@attrs.frozen(kw_only=True)
class Report:
    """All of it."""

    version: str
    at_ns: int
    """When it began, since the epoch."""
    scenario: Scenario
    machine: Machine
    others: float | None
    """Part of the processors that somebody else used meanwhile; None where that is not known."""
    results: Sequence[Result]

    @property
    def missed(self) -> list[str]:
        """Figures beyond their limits."""
        return [name for each in self.results for name in each.missed]

    @property
    def ok(self) -> bool:
        """Whether everything could be measured and keeps to its limits."""
        return not self.missed and not any(each.error for each in self.results)

    @property
    def busy(self) -> bool:
        """Whether the machine had so much else to do that figures are worse than they need be."""
        return (self.others or 0) > BUSY or self.machine.load[0] > self.machine.cores / 2


def plain(report: Report) -> dict[str, Any]:
    """The report as JSON-able values."""
    scenario = attrs.asdict(report.scenario, filter=attrs.filters.exclude("disk"))
    return {
        "ok": report.ok,
        "version": report.version,
        "at": iso(report.at_ns),
        "scenario": scenario,
        "machine": {**attrs.asdict(report.machine), "others": report.others, "busy": report.busy},
        "missed": report.missed,
        "components": [_plain(each) for each in report.results],
    }


def _plain(result: Result) -> dict[str, Any]:
    figures = [{**attrs.asdict(each), "good": each.good} for each in result.figures]
    return {**attrs.asdict(result, recurse=False), "figures": figures}


def about(report: Report) -> list[tuple[str, str]]:
    """Where and how it was measured: what and which."""
    machine, scenario = report.machine, report.scenario
    load = " ".join(f"{each:.2f}" for each in machine.load)
    others = "" if report.others is None else f"; others used {report.others:.0%} of the processors meanwhile"
    return [
        ("PerpBot", f"{report.version}, {iso(report.at_ns)}"),
        ("scenario", f"{scenario.name}: {scenario.about}"),
        ("processor", f"{machine.cpu}, {machine.cores} cores"),
        ("system", f"{machine.system}, {machine.python}, decoder: {machine.decoder}"),
        ("load before", f"{load}{others}" + (". BUSY: the figures are worse than they need be" if report.busy else "")),
        ("disk", f"fdatasync {machine.fdatasync_p50_ms:.2f} ms, p99 {machine.fdatasync_p99_ms:.2f} ms: {machine.disk}"),
    ]


HEADINGS = ("figure", "value", "limit", "ratio", "drift", "remark")


def cells(figure: Measured) -> tuple[str, ...]:
    """A figure in words, as `HEADINGS` has them."""
    bound = "" if figure.limit is None else f"{'≥' if figure.at_least else '≤'} {number(figure.limit)}"
    ratio = "" if figure.ratio is None else f"{number(figure.ratio)} x {figure.ratio_to}"
    drift = "" if figure.drift is None else f"{figure.drift:.2f}"
    verdict = "" if figure.good else "MISSED"
    remark = "; ".join(filter(None, (verdict, figure.detail)))
    return figure.name, f"{number(figure.value)} {figure.unit}", bound, ratio, drift, remark


def number(value: float) -> str:
    """Three digits of it, and never fewer than stand before the point."""
    size = abs(value)
    if not size or size >= 100:  # noqa: PLR2004 - three digits
        return f"{value:,.0f}"
    return f"{value:.1f}" if size >= 10 else f"{value:.2f}" if size >= 1 else f"{value:.3g}"  # noqa: PLR2004 - likewise


def verdict(report: Report) -> str:
    """The whole in one sentence."""
    failed = [each.name for each in report.results if each.error]
    parts = [
        f"Not measured: {', '.join(failed)}." if failed else "",
        f"Missed: {', '.join(report.missed)}." if report.missed else "",
    ]
    return " ".join(filter(None, parts)) or "Every figure keeps to its limit."


def markdown(report: Report) -> str:
    """The report as a page."""
    return "\n".join(_page(report)) + "\n"


def _page(report: Report) -> Iterator[str]:
    yield "# Benchmark\n"
    yield from _table(("", ""), about(report))
    yield f"\n{verdict(report)}"
    for result in report.results:
        yield f"\n## {result.name}\n"
        yield f"{result.about[0].upper()}{result.about[1:]}. It took {result.seconds:.0f} s.\n"
        if result.error:
            yield f"Not measured: {result.error}"
        else:
            yield from _table(HEADINGS, [cells(each) for each in result.figures])


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    for row in (headings, ["---"] * len(headings), *rows):
        yield f"| {' | '.join(each.replace('|', '/') for each in row)} |"
