"""A PerpBot of its own for the tests in a browser, trading at simulated venues that can be stopped."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import console_tools
import pytest
from console_serving import Browse, Served, child, drained
from three_venues import NAMES, three_venues

MODULE = [sys.executable, "-m"]
CONSOLE_AT = re.compile(r"Web console: (http://\S+)")
PASSWORD_AT = re.compile(r"the password in (\S+);")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    console_tools.node(), console_tools.chromium()
    directory = tmp_path_factory.mktemp("console")
    serve = [*MODULE, "perpbot", "venues", "serve", *NAMES, "--seed", "1", "--edge-every", "1", "--die-with-parent"]
    with child(serve, stdout=subprocess.PIPE) as venues:
        assert venues.stdout is not None
        where = venues.stdout.readline()
        (directory / "venues.json").write_text(where)
        run = [*MODULE, "perpbot.main", "--no-console", "--port", "0", "--state", str(directory / "state")]
        options = ["--venues", str(directory / "venues.json"), "--config", str(three_venues(directory))]
        with child([*run, *options], stderr=subprocess.PIPE) as perpbot:
            assert perpbot.stderr is not None
            with drained(perpbot.stderr) as said:
                yield Served(
                    said(CONSOLE_AT),
                    Path(said(PASSWORD_AT)).read_text().strip(),
                    str(directory / "state"),
                    json.loads(where)["admin"]["url"],
                )


@pytest.fixture
def browse(served: Served, tmp_path: Path) -> Browse:
    """Run a scenario in a browser of its own; the answer is what it measured."""

    def run(scenario: str, timeout_s: float = 300.0, **more: Any) -> Any:
        picture = tmp_path / f"{scenario}.png"
        given = {**attrs.asdict(served), "chromium": console_tools.chromium(), "picture": str(picture), **more}
        command = [console_tools.node(), "run.mjs", scenario, json.dumps(given)]
        done = subprocess.run(
            command, cwd=console_tools.BROWSER, capture_output=True, text=True, timeout=timeout_s, check=False
        )
        assert done.returncode == 0, f"{done.stderr}\nas it looked then: {picture}"
        return json.loads(done.stdout)

    return run
