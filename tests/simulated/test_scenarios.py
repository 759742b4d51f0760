"""Every numbered scenario of what this field's users suffer from has its test."""

import re
from pathlib import Path

SCENARIOS = range(1, 34)
_NUMBERED = re.compile(r"^def test_(\d\d)_\w+", re.MULTILINE)


def test_each_of_the_thirty_three_scenarios_has_a_test_of_its_number() -> None:
    files = sorted(Path(__file__).parent.glob("test_scenarios_*.py"))
    numbers = [int(number) for file in files for number in _NUMBERED.findall(file.read_text())]
    assert sorted(numbers) == list(SCENARIOS)
