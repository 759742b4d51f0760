"""Environments for what others have written: made by the tests, never part of PerpBot's own.

Versions are fixed, so that a test fails for what we changed and not for what somebody else released.
"""

import json
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
PACKAGES: dict[str, tuple[str, ...]] = {
    "hyperliquid": ("hyperliquid-python-sdk==0.24.0",),
    "edgex": ("edgex-python-sdk==2.0.1",),
    "backpack": ("bpx-py==2.0.11",),
    "grvt": ("grvt-pysdk==0.2.1",),
    "extended": ("x10-python-trading-starknet==2.6.0", "websockets<14"),  # as its client needs, and does not say
    "lighter": ("lighter-sdk==1.1.8",),
    "aster": ("eth-account==0.13.7",),
    "cryptofeed": ("cryptofeed==2.4.1",),
}
_INSTALL_S, _RUN_S = 300, 120


class Environments:
    """One environment for each kit, made when it is first asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.python = cache(self._make)

    def run(self, kit: str, script: str, given: object, *arguments: str) -> Any:
        """What a script of ours beside this file tells about `given`, run by the Python of a kit."""
        command = [str(self.python(kit)), str(HERE / script), *arguments]
        done = subprocess.run(
            command, input=json.dumps(given), capture_output=True, text=True, check=False, timeout=_RUN_S
        )
        if done.returncode:
            pytest.fail(f"{script} ended with {done.returncode}:\n{done.stderr[-4_000:]}")
        return json.loads(done.stdout.splitlines()[-1])

    def file(self, kit: str, name: str) -> Path:
        """The one file called `name` that a kit brings."""
        (found,) = self.python(kit).parents[1].rglob(name)
        return found

    def _make(self, kit: str) -> Path:
        python = self._folder / kit / "bin" / "python"
        uv = str(Path(sys.executable).with_name("uv"))
        for command in (
            [uv, "venv", "--quiet", "--python", sys.executable, str(self._folder / kit)],
            [uv, "pip", "install", "--quiet", "--python", str(python), *PACKAGES[kit]],
        ):
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_INSTALL_S)
            if done.returncode:
                wanted = " ".join(PACKAGES[kit])
                pytest.fail(
                    f"{wanted} cannot be installed, so nothing is compared; pip's index is needed:\n{done.stderr}"
                )
        return python
