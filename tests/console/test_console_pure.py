"""What the console decides without a browser, run by node; its arithmetic is held against `Decimal`."""

import decimal
import json
import subprocess
from decimal import Decimal
from pathlib import Path

import console_tools
from hypothesis import given, settings
from hypothesis import strategies as st

HERE = Path(__file__).parent
DECIMALS = st.decimals(min_value=-(10**15), max_value=10**15, places=8) | st.decimals(-1000, 1000, places=2)
CASES = st.lists(st.tuples(st.lists(DECIMALS, min_size=1, max_size=4), st.integers(0, 8)), min_size=200, max_size=200)


def test_its_pure_modules() -> None:
    done = subprocess.run(
        [console_tools.node(), "--test", HERE / "pure.test.mjs", HERE / "told.test.mjs"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout


@given(CASES)
@settings(max_examples=1, deadline=None)
def test_amounts_are_rounded_and_added_as_decimals_are(cases: list[tuple[list[Decimal], int]]) -> None:
    asked = "".join(json.dumps({"texts": [f"{each:f}" for each in texts], "digits": n}) + "\n" for texts, n in cases)
    done = subprocess.run(
        [console_tools.node(), HERE / "rounding.mjs"],
        input=asked,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    for (texts, digits), line in zip(cases, done.stdout.splitlines(), strict=True):
        answer = json.loads(line)
        assert answer["fixed"] == shown(texts[0], digits)
        assert Decimal(answer["sum"]) == sum(texts)


def shown(value: Decimal, digits: int) -> str:
    with decimal.localcontext() as context:
        context.prec = 60
        rounded = value.quantize(Decimal(1).scaleb(-digits), decimal.ROUND_HALF_UP)
    return f"{rounded or abs(rounded):,f}".replace("-", "\N{MINUS SIGN}")
