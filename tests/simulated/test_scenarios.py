"""Every numbered scenario of what this field's users suffer from has its test, and `docs/scenarios.md` names it."""

import re
from collections.abc import Iterator
from pathlib import Path

SCENARIOS = range(1, 34)
OVER_SOCKETS = (1, 20, 21, 22, 23, 29, 32)
"""Those about connections and requests under way, which are tried over real sockets, too."""
_TESTS = Path(__file__).parents[1]
_NUMBERED = re.compile(r"^def test_(\d\d)_(\w+)", re.MULTILINE)


def numbered(folder: str, pattern: str) -> Iterator[tuple[int, str, Path]]:
    """Number, sentence and file of each scenario's test."""
    for file in sorted((_TESTS / folder).glob(pattern)):
        for number, name in _NUMBERED.findall(file.read_text()):
            yield int(number), name.replace("_", " ").capitalize(), file


def simulated() -> list[tuple[int, str, Path]]:
    return sorted(numbered("simulated", "test_scenarios_*.py"))


def over_sockets() -> list[tuple[int, str, Path]]:
    return sorted(numbered("process", "test_scenarios_over_sockets.py"))


def row(number: int, sentence: str, file: Path) -> str:
    there = [each for each, _, _ in over_sockets()]
    sockets = "[yes](../tests/process/test_scenarios_over_sockets.py)" if number in there else ""
    return f"| {number} | {sentence} | [{file.stem}](../tests/simulated/{file.name}) | {sockets} |"


def test_each_of_the_thirty_three_scenarios_has_a_test_of_its_number() -> None:
    assert [number for number, _, _ in simulated()] == list(SCENARIOS)


def test_those_that_concern_connections_are_tried_over_real_sockets_too() -> None:
    assert tuple(number for number, _, _ in over_sockets()) == OVER_SOCKETS


def test_the_table_in_the_documentation_names_the_test_of_each() -> None:
    page = (_TESTS.parent / "docs" / "scenarios.md").read_text()
    assert [line for line in page.splitlines() if line.startswith("| ") and line[2].isdigit()] == [
        row(*each) for each in simulated()
    ]
