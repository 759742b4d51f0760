"""Runs pykka's own tests on our actors, futures and events, and compares with what is known to differ.

The tests are those of the version that is installed; its source comes from the package index and stays outside of this
repository. Exit code 0 says that all tests pass but for those in `DIVERGENCES`, and that each of those still differs.

Usage: python scripts/pykka_suite.py [--source DIRECTORY]
"""

import argparse
import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

PIP = (sys.executable, "-m", "pip", "--quiet", "--quiet", "--disable-pip-version-check")
ONE_ONLY = "an error that is no Exception ends the actor it was raised in, and nobody else"
DIVERGENCES = {
    "tests/test_actor.py::test_all_actors_are_stopped_on_base_exception[perpbot]": ONE_ONLY,
    "tests/test_logging.py::test_base_exception_is_logged[perpbot]": ONE_ONLY,
}
"""Tests that do not pass, and why not; docs/actors.md says more."""

RUNTIME = """
from gevent import monkey

monkey.patch_all()
import gevent, gevent.event
from actors.runtime.standalone import Promise, StandaloneActor

RUNTIMES = {
    "perpbot": pytest.param(
        Runtime(
            name="perpbot",
            actor_class=StandaloneActor,
            event_class=gevent.event.Event,
            future_class=Promise,
            sleep_func=gevent.sleep,
        ),
        id="perpbot",
    )
}
"""


def main() -> int:
    """Run the suite; the exit code says whether it differs only where it may."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--source", type=Path, help="pykka's source, unpacked; by default it is downloaded")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        source = options.source or download(Path(scratch))
        install_mocker(Path(scratch) / "extra")
        failed, summary = run(source, Path(scratch))
    print(summary)
    for name in sorted(failed & DIVERGENCES.keys()):
        print(f"differs: {name}: {DIVERGENCES[name]}")
    unexpected, healed = failed - DIVERGENCES.keys(), DIVERGENCES.keys() - failed
    for name in sorted(unexpected):
        print(f"FAILS, and should not: {name}")
    for name in sorted(healed):
        print(f"PASSES, and is listed as a divergence: {name}")
    return 1 if unexpected or healed or "passed" not in summary else 0


def download(scratch: Path) -> Path:
    """The source of the installed version, from the package index."""
    version = importlib.metadata.version("pykka")
    wanted = ["--no-deps", "--no-binary", "pykka", f"pykka=={version}"]
    subprocess.run([*PIP, "download", *wanted, "--dest", str(scratch)], check=True)
    with tarfile.open(next(scratch.glob("pykka-*.tar.gz"))) as archive:
        archive.extractall(scratch, filter="data")
    return scratch / f"pykka-{version}"


def install_mocker(directory: Path) -> None:
    """Put the plugin that pykka's tests need, and ours do not, into `directory`."""
    subprocess.run([*PIP, "install", "--no-deps", "--target", str(directory), "pytest-mock"], check=True)


def run(source: Path, scratch: Path) -> tuple[set[str], str]:
    """Run the tests of `source` on our runtime: the names of those that failed, and pytest's last line."""
    shutil.copytree(source / "tests", scratch / "tests")
    conftest = scratch / "tests" / "conftest.py"
    text = conftest.read_text(encoding="utf-8")
    replaced = re.sub(r"^RUNTIMES = \{.*?^\}\n", lambda _: RUNTIME, text, count=1, flags=re.DOTALL | re.MULTILINE)
    if replaced == text:
        raise SystemExit("pykka's tests name their runtimes in another way than before; see tests/conftest.py there")
    conftest.write_text(replaced, encoding="utf-8")
    (scratch / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    repository = Path(__file__).resolve().parent.parent
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-rfE", "-p", "no:cacheprovider", "-p", "pytest_mock", "tests"],
        cwd=scratch,
        env={**os.environ, "PYTHONPATH": f"{repository}:{scratch / 'extra'}"},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    failed = set(re.findall(r"^(?:FAILED|ERROR) (\S+)", done.stdout, flags=re.MULTILINE))
    return failed, done.stdout.splitlines()[-1] if done.stdout else done.stderr


if __name__ == "__main__":
    sys.exit(main())
