"""`perpbot bench`: what it measures, what it says of where, and how it ends."""

import json
import subprocess
import threading
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import attrs
import pytest
from running_system import PATIENCE_S, PERPBOT, Commands

from perpbot.bench.components import COMPONENTS
from perpbot.bench.machine import Machine
from perpbot.bench.measured import Measured
from perpbot.bench.report import HEADINGS, Report, Result, cells, markdown, number, plain, verdict
from perpbot.bench.runs import drift, over
from perpbot.bench.scenario import SCENARIOS
from perpbot.children import ended
from perpbot.cli.bench import NAMES
from perpbot.clock import NS_PER_SECOND, monotonic_ns

PAGE = Path(__file__).parents[2] / "docs" / "benchmarks.md"
QUIET = Machine(
    cpu="8086", cores=2, system="Linux 6", python="CPython 3.11", load=(0.1, 0.2, 0.3), disk="/disk",
    decoder="compiled", fdatasync_p50_ms=0.5, fdatasync_p99_ms=2.0,
)  # fmt: skip
GOOD = Measured("a step", 2.0, "µs", 3.0, detail="one of them", ratio=4.0, ratio_to="a breath")
SLOW = Measured("a leap", 9.0, "ms", 3.0)


def report(*results: Result, **changes: Any) -> Report:
    usual: dict[str, Any] = {
        "version": "1",
        "at_ns": 0,
        "scenario": SCENARIOS["smoke"],
        "machine": QUIET,
        "others": 0.0,
    }
    return Report(**{**usual, **changes}, results=results)


def result(*figures: Measured, error: str = "") -> Result:
    return Result(name="legs", about="how they walk", seconds=3.0, figures=figures, error=error)


@pytest.mark.process
def test_chosen_components_are_measured_and_told_of_in_json_and_in_a_report(perpbot: Commands, tmp_path: Path) -> None:
    page = tmp_path / "report.md"
    options = ("--scenario", "smoke", "--disk", tmp_path, "--report", page, "--json")
    shown = perpbot("bench", "books", "risk", *options)
    told = shown.json
    assert shown.code == (0 if told["ok"] else 1)
    assert [each["name"] for each in told["components"]] == ["books", "risk"]
    for component in told["components"]:
        assert component["error"] == ""
        assert all(each["value"] > 0 and each["unit"] for each in component["figures"])
    assert told["machine"]["fdatasync_p50_ms"] > 0
    assert told["machine"]["disk"] == str(tmp_path)
    assert told["scenario"]["name"] == "smoke"
    assert {"## books", "## risk"} <= {*page.read_text(encoding="utf-8").splitlines()}
    assert list(tmp_path.iterdir()) == [page], "nothing else is left behind"


@pytest.mark.full
@pytest.mark.process
def test_every_component_can_be_measured(perpbot: Commands, tmp_path: Path) -> None:
    told = perpbot("bench", "--scenario", "smoke", "--disk", tmp_path, "--json").json
    assert {each["name"]: each["error"] for each in told["components"]} == dict.fromkeys(COMPONENTS, "")


@pytest.mark.process
def test_a_component_that_cannot_be_measured_says_why_and_the_exit_code_is_one(
    perpbot: Commands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(COMPONENTS, "nothing", "what is not there")
    shown = perpbot("bench", "nothing", "--scenario", "smoke", "--disk", tmp_path)
    assert shown.code == 1
    assert "not measured: ModuleNotFoundError: No module named 'perpbot.bench.nothing'" in shown.out
    assert "Not measured: nothing." in shown.out


@pytest.mark.full
@pytest.mark.process
def test_a_measurement_that_is_ended_leaves_nothing_behind(tmp_path: Path) -> None:
    options = ["bench", "journal", "--scenario", "stress", "--disk", str(tmp_path)]
    with subprocess.Popen([*PERPBOT, *options], stdout=subprocess.DEVNULL) as process, ended(process):
        until(lambda: [*tmp_path.glob("*/journal.sqlite")], "it measures")
    until(lambda: not [*tmp_path.iterdir()], "its journal is gone")


def until(holds: Callable[[], object], what: str) -> None:
    deadline, pause = monotonic_ns() + int(PATIENCE_S * NS_PER_SECOND), threading.Event()
    while not holds():
        assert monotonic_ns() < deadline, what
        pause.wait(0.05)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nobody"], "there is no nobody; there are runtime, trading, "),
        (["--scenario", "leisure"], "'leisure' is not one of"),
        (["--disk", "nowhere"], "nowhere"),
        (["--minutes", "-1"], "-1"),
    ],
)
def test_what_cannot_be_measured_is_refused(perpbot: Commands, arguments: list[str], words: str) -> None:
    refused = perpbot("bench", *arguments)
    assert refused.code == 2
    assert words in refused.err


def test_all_scenarios_and_components_are_there_and_on_the_page() -> None:
    written = PAGE.read_text(encoding="utf-8")
    assert tuple(SCENARIOS) == NAMES
    for name in COMPONENTS:
        assert find_spec(f"perpbot.bench.{name}") is not None
        assert f"\n### {name}\n" in written
    for field in attrs.fields(type(SCENARIOS["smoke"])):
        if field.name not in {"name", "about", "disk"}:
            row = " | ".join(f"{getattr(each, field.name):,}" for each in SCENARIOS.values())
            assert f"| `{field.name}` | {row} |" in written


def test_a_report_that_could_not_be_written_is_refused_before_anything_is_measured(
    perpbot: Commands, tmp_path: Path
) -> None:
    shown = perpbot("bench", "books", "--report", tmp_path / "none" / "report.md")
    assert shown.code == 78
    assert shown.err == f"the report cannot be written: {tmp_path}/none is not there\n"
    assert shown.out == ""


# -- the report ------------------------------------------------------------------------------------------------------


def test_a_figure_beyond_its_limit_is_missed_and_named() -> None:
    found = report(result(GOOD, SLOW))
    assert (found.ok, found.missed) == (False, ["legs: a leap"])
    assert verdict(found) == "Missed: legs: a leap."
    assert dict(zip(HEADINGS, cells(SLOW), strict=True))["remark"] == "MISSED"


def test_what_was_not_measured_is_not_well() -> None:
    found = report(result(error="it broke"))
    assert (found.ok, verdict(found)) == (False, "Not measured: legs.")
    assert "Not measured: it broke" in markdown(found)


@pytest.mark.parametrize(
    ("others", "load", "busy"), [(0.0, 0.1, False), (None, 0.1, False), (0.5, 0.1, True), (0.0, 1.9, True)]
)
def test_figures_of_a_busy_machine_say_so(others: float | None, load: float, busy: bool) -> None:  # noqa: FBT001
    found = report(result(GOOD), others=others, machine=attrs.evolve(QUIET, load=(load, 0.0, 0.0)))
    assert plain(found)["machine"]["busy"] is busy
    assert ("BUSY" in markdown(found)) is busy


def test_the_report_survives_json_and_has_a_row_for_each_figure() -> None:
    found = report(result(GOOD, SLOW))
    assert json.loads(json.dumps(plain(found)))["components"][0]["figures"][1]["good"] is False
    assert "| a step | 2.00 µs | ≤ 3.00 | 4.00 x a breath |  | one of them |" in markdown(found)


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0, "0"), (0.01234, "0.0123"), (1.234, "1.23"), (12.34, "12.3"), (123.4, "123"), (12_345.6, "12,346")],
)
def test_numbers_have_three_digits(value: float, shown: str) -> None:
    assert number(value) == shown


# -- rounds ----------------------------------------------------------------------------------------------------------


def test_a_figure_over_several_rounds_is_its_median() -> None:
    rounds = [[attrs.evolve(GOOD, value=value, ratio=10 * value)] for value in (1.0, 9.0, 2.0)]
    (found,) = over(rounds)
    assert (found.value, found.ratio, found.drift) == (2.0, 20.0, None)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1.0] * 9, 1.0),
        ([1.0, 1.0, 1.0, 5.0, 5.0, 5.0, 2.0, 2.0, 2.0], 2.0),
        ([1.0] * 8, None),
        ([0.0] * 9, None),
    ],
)
def test_drift_is_the_end_against_the_beginning(values: list[float], expected: float | None) -> None:
    assert drift(values) == expected
