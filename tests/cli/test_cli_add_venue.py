"""`docs/venues/add-a-venue.md` is followed with a tenth venue that PerpBot does not know of."""

import json
import re
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest
from running_system import PATIENCE_S, environment

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/venues/add-a-venue.md").read_text(encoding="utf-8")
TOY = ROOT / "tests/toy"
BLOCKS = [dedent(each).strip() for each in re.findall(r"(?:^    .*\n|^\n(?=    ))+", PAGE, re.MULTILINE)]


def block(begins: str) -> str:
    (found,) = (each for each in BLOCKS if each.startswith(begins))
    return found + "\n"


def test_the_page_registers_toy_as_its_package_does() -> None:
    assert block("[perpbot.venues]") == (TOY / "toy_venue-1.0.dist-info/entry_points.txt").read_text()


@pytest.mark.process
def test_what_the_page_says_can_be_done_can_be_done(tmp_path: Path) -> None:
    (tmp_path / "toy.yaml").write_text(block("mode: simulation"))
    commands = re.findall(r"^ *\$ perpbot (.*)$", PAGE, re.MULTILINE)
    assert len(commands) == 4
    said = {}
    for each in commands:
        done = subprocess.run(
            [sys.executable, "-m", "perpbot", *each.split()],
            cwd=tmp_path,
            env=environment(PYTHONPATH=f"{TOY}:{ROOT}"),
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE_S,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        said[each] = done.stdout
    assert re.search(r"^toy +stream ", said["venues list"], re.MULTILINE)
    assert "reconnect       ok" in said["venues test toy"]
    report = json.loads((tmp_path / "toy.json").read_text())
    assert report["clean"] is True
    assert report["trades"]["completed"] >= 1
    assert set(report["venues"]) == {"okx", "toy"}
    assert report["supervision"]["restarts"] == 0


@pytest.mark.process
def test_without_the_package_the_name_is_unknown() -> None:
    command = [sys.executable, "-m", "perpbot", "venues", "test", "toy"]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, check=False, timeout=PATIENCE_S)
    assert done.returncode == 2
    assert "no venue is called 'toy'" in done.stderr
