"""What `make dist` makes: a wheel with everything in it, which trades where there is no checkout."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tools import ROOT, run

from perpbot.shipped import SHIPPED

WHEEL = "perpbot-*.whl"


def tracked() -> list[str]:
    """The files a checkout has, and what is about to be added to it."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout.decode().split("\0")
    return [name for name in names if name and (ROOT / name).exists()]


def build(checkout: Path) -> Path:
    """A wheel of a copy of the checkout."""
    for name in tracked():
        target = checkout / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target, follow_symlinks=False)
    (checkout / "config" / "live.yaml").write_text("an operator's own")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "wheel"]
    environment = {**os.environ, "SOURCE_DATE_EPOCH": "1700000000", "PERPBOT_PURE": "1"}
    subprocess.run(
        [*pip, "--no-deps", "--no-build-isolation", "--wheel-dir", "dist", "."],
        cwd=checkout, env=environment, check=True, timeout=120,
    )  # fmt: skip
    return next((checkout / "dist").glob(WHEEL))


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("checkout"))


def files() -> Iterator[str]:
    """What the packages of the checkout hold, through the links in `perpbot/files`."""
    for name in tracked():
        if name.startswith(("perpbot/", "actors/", "supervisors/")):
            path = ROOT / name
            yield from (f"{name}/{each.name}" for each in path.iterdir()) if path.is_dir() else (name,)


def test_the_wheel_holds_every_file_of_the_packages(wheel: Path) -> None:
    held = set(zipfile.ZipFile(wheel).namelist())
    assert [each for each in files() if each not in held] == []
    assert not [each for each in held if each.startswith(("tests/", "scripts/"))]


def test_the_wheel_holds_no_configuration_of_an_operator(wheel: Path) -> None:
    held = {Path(each).name for each in zipfile.ZipFile(wheel).namelist() if "/files/config/" in each}
    assert held == set(SHIPPED)


def test_the_wheel_fits_every_machine(wheel: Path) -> None:
    assert wheel.name.endswith("-py3-none-any.whl")
    assert not [each for each in zipfile.ZipFile(wheel).namelist() if each.endswith((".so", ".c"))]


@pytest.mark.full
def test_the_same_checkout_makes_the_same_wheel(wheel: Path, tmp_path: Path) -> None:
    first, second = (hashlib.sha256(each.read_bytes()).hexdigest() for each in (wheel, build(tmp_path)))
    assert first == second


@pytest.mark.full
def test_an_installed_wheel_trades_in_a_directory_of_its_own(wheel: Path, tmp_path: Path) -> None:
    venv.create(tmp_path / "venv", with_pip=True)
    python = tmp_path / "venv/bin/python"
    pip = [python, "-m", "pip", "--quiet", "install", "--no-compile"]
    run(*pip, "--require-hashes", "-r", ROOT / "requirements/base.txt", timeout_s=600)
    run(*pip, "--no-deps", wheel)
    work = tmp_path / "work"
    work.mkdir()
    perpbot = tmp_path / "venv/bin/perpbot"
    run(perpbot, "init", cwd=work)
    run(perpbot, "validate", cwd=work)
    for_a_moment = ("--duration", "10", "--no-console", "--no-web", "--summary", "out.json")
    run(perpbot, "run", *for_a_moment, cwd=work, timeout_s=180)
    summary = json.loads((work / "out.json").read_text())
    assert summary["clean"] is True
    assert summary["trades"]["completed"] > 0
