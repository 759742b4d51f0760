"""The service under a real systemd, booted as the first process of a container: start, reload, death, hang, stop."""

import json
import os
import re
import shutil
import subprocess
import sysconfig
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs
import pytest
from test_release import build
from tools import ROOT, run, tool

from perpbot.children import ended
from perpbot.clock import NS_PER_SECOND, monotonic_ns

pytestmark = [pytest.mark.full, pytest.mark.process]

PATIENCE_S = 120.0
PACKAGES = "systemd,systemd-sysv,dbus,python3,python3-venv,procps"
PYTHON = "/opt/perpbot/bin/python"
DEPENDENCIES = "/opt/dependencies"


@attrs.frozen
class Machine:
    """A booted container."""

    leader: int

    def try_(self, *command: str) -> subprocess.CompletedProcess[str]:
        line = ["nsenter", "-t", str(self.leader), "-a", *command]
        return subprocess.run(line, capture_output=True, text=True, timeout=PATIENCE_S, check=False)

    def run(self, *command: str) -> str:
        done = self.try_(*command)
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}\n{self.log()}"
        return done.stdout

    def log(self) -> str:
        return self.try_("journalctl", "-u", "perpbot", "--no-pager", "-o", "cat", "-n", "200").stdout

    def show(self, name: str) -> str:
        return self.run("systemctl", "show", "perpbot", "--value", "-p", name).strip()

    def ask(self, verb: str) -> Any:
        said = self.try_(PYTHON, "-m", "perpbot", verb, "--json", "--state", "/var/lib/perpbot").stdout
        return json.loads(said or "{}")

    def back(self, restarts: int) -> bool:
        """Whether it was started anew so often, and is ready: only then the watchdog looks after it."""
        return (self.show("NRestarts"), self.show("ActiveState")) == (str(restarts), "active")

    def wait_for(self, condition: Callable[[], Any], what: str) -> Any:
        deadline = monotonic_ns() + int(PATIENCE_S * NS_PER_SECOND)
        while not (found := condition()):
            if monotonic_ns() > deadline:
                pytest.fail(f"not within {PATIENCE_S:g} s: {what}\n{self.log()}")
            self.try_("sleep", "0.5")
        return found


def system_root(place: Path) -> Path:
    """A small Debian with this PerpBot in it; ``$PERPBOT_TEST_ROOT`` keeps the Debian for the next time."""
    root = Path(os.environ.get("PERPBOT_TEST_ROOT", place / "root"))
    if not (root / "etc").is_dir():
        run(tool("mmdebstrap", "Debian"), "--variant=minbase", f"--include={PACKAGES}", "bookworm", root, timeout_s=900)
    shutil.rmtree(root / "opt/perpbot", ignore_errors=True)
    shutil.rmtree(root / "var/lib/private/perpbot", ignore_errors=True)
    (root / DEPENDENCIES[1:]).mkdir(parents=True, exist_ok=True)
    run("chroot", root, "python3", "-m", "venv", "--without-pip", "/opt/perpbot")
    packages = next((root / "opt/perpbot/lib").glob("python3*/site-packages"))
    zipfile.ZipFile(build(place / "checkout")).extractall(packages)
    (packages / "dependencies.pth").write_text(DEPENDENCIES)
    config = (ROOT / "config/simulation.yaml").read_text()
    (root / "etc/perpbot/credentials").mkdir(parents=True, exist_ok=True)
    (root / "etc/perpbot/perpbot.yaml").write_text(config)
    return root


@contextmanager
def booted(root: Path, log: Path) -> Iterator[Machine]:
    nspawn = tool("systemd-nspawn", "systemd-container of Debian")
    there = f"--bind-ro={sysconfig.get_path('purelib')}:{DEPENDENCIES}"
    flags = ("--register=no", "--keep-unit", "--private-network", "--console=pipe", there)
    with log.open("wb") as output:
        process = subprocess.Popen(
            [nspawn, "-D", root, *flags, "-b"], stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
    with ended(process):  # by having systemd power off
        yield _leader(process, log)


def _leader(process: "subprocess.Popen[bytes]", log: Path) -> Machine:
    deadline = monotonic_ns() + int(PATIENCE_S * NS_PER_SECOND)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    while monotonic_ns() < deadline and process.poll() is None:
        for leader in children.read_text().split():
            machine = Machine(int(leader))
            if machine.try_("systemctl", "is-system-running", "--wait").stdout.strip() in {"running", "degraded"}:
                return machine
    pytest.fail(f"systemd did not come up:\n{log.read_text(errors='replace')}")


def test_the_service_starts_reloads_survives_death_and_a_hang_and_stops_in_order(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can boot a container")
    if sysconfig.get_python_version() != "3.11":
        pytest.skip("the packages of this Python are not for Debian 12's")
    with booted(system_root(tmp_path), tmp_path / "boot.log") as machine:
        machine.run(PYTHON, "-m", "perpbot", "install-service", "--write")
        machine.run("systemctl", "daemon-reload")
        machine.run("systemctl", "start", "perpbot")
        assert machine.ask("health")["alive"] is True
        first = machine.show("MainPID")
        assert machine.run("ps", "-o", "user=", "-p", first).strip() not in {"", "root"}
        assert re.match("drwx------", machine.run("stat", "-c", "%A", "/var/lib/private/perpbot"))

        machine.run("systemctl", "reload", "perpbot")
        machine.wait_for(lambda: machine.ask("health").get("alive"), "it is alive after a reload")
        assert machine.show("MainPID") == first

        machine.run("kill", "-9", first)
        machine.wait_for(lambda: machine.back(1), "back from death")
        assert machine.ask("health")["alive"] is True
        machine.run("kill", "-STOP", machine.show("MainPID"))
        machine.wait_for(lambda: machine.back(2), "back from a hang")
        assert "Watchdog timeout" in machine.log()

        machine.wait_for(lambda: machine.ask("trades").get("open"), "a trade is in progress")
        machine.run("systemctl", "stop", "perpbot")
        assert machine.show("Result") == "success"
        assert "Stopped cleanly: " in machine.log()

        machine.run("sh", "-c", "echo 'mode: simulation' > /etc/perpbot/perpbot.yaml")
        assert machine.try_("systemctl", "start", "perpbot").returncode != 0
        machine.wait_for(lambda: machine.show("ActiveState") == "failed", "it gives up")
        assert machine.show("ExecMainStatus") == "78"
        assert machine.show("NRestarts") == "0"
