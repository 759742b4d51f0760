import os
import signal
import sys
import threading
from pathlib import Path

import gevent
import pytest
from gevent import _hub_local

from perpbot.simulation.world import ForkedProgramError, ForkTimeoutError, World, WorldError, farm, in_world, run_forked

pytestmark = pytest.mark.simulated


def test_result_comes_back() -> None:
    local = "closures need not be picklable"
    assert run_forked(lambda world, *rest: (world.seed, world.now(), local, rest), 7, 1, 2) == (7, 0.0, local, (1, 2))
    assert len(run_forked(lambda _: b"x" * 5_000_000, 1)) == 5_000_000
    assert run_forked(lambda _: os.getpid(), 1) != os.getpid()
    assert _hub_local.get_hub_if_exists() is None


def test_error_comes_back_with_its_traceback() -> None:
    def program(_: World) -> None:
        nested: dict[str, str] = {}
        nested["missing"]

    with pytest.raises(ForkedProgramError, match=r"with seed 3:\n(.*\n)*.*nested\[\"missing\"\](.*\n)*.*KeyError"):
        run_forked(program, 3)


def test_result_that_cannot_be_sent() -> None:
    with pytest.raises(ForkedProgramError, match="pickle"):
        run_forked(lambda _: threading.Lock(), 1)


def test_deadlock_shows_who_waited() -> None:
    def waits_for_nothing() -> None:
        gevent.event.Event().wait()

    def program(_: World) -> None:
        gevent.spawn(waits_for_nothing).join()

    with pytest.raises(ForkedProgramError, match=r"LoopExit(.*\n)*.*in waits_for_nothing"):
        run_forked(program, 1)


def test_hanging_program_is_killed_with_its_stacks() -> None:
    def hangs(_: World) -> None:
        while True:
            pass

    with pytest.raises(ForkTimeoutError, match="in hangs"):
        run_forked(hangs, 1, timeout_s=2)


def test_process_that_dies() -> None:
    with pytest.raises(ForkedProgramError, match="status -15"):
        run_forked(lambda _: os.kill(os.getpid(), signal.SIGTERM), 1)
    with pytest.raises(ForkedProgramError, match="status 4"):
        run_forked(lambda _: os._exit(4), 1)
    with pytest.raises(ForkedProgramError, match="SystemExit"):
        run_forked(lambda _: sys.exit(2), 1)


def test_no_exit_handler_of_the_parent_runs_in_the_child(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    try:
        run_forked(lambda _: None, 1)
    finally:
        with mark.open("a") as file:
            file.write(f"{os.getpid()}\n")
    assert mark.read_text() == f"{os.getpid()}\n"


def test_parent_with_threads_is_refused() -> None:
    gate = threading.Event()
    thread = threading.Thread(target=gate.wait)
    thread.start()
    try:
        with pytest.raises(WorldError, match="other threads run in this process, begun in threading"):
            run_forked(lambda _: None, 1)
    finally:
        gate.set()
        thread.join()


@in_world()
def test_parent_with_a_hub_is_refused() -> None:
    with pytest.raises(WorldError, match="hub was started"):
        run_forked(lambda _: None, 1)


def test_farm_yields_results_and_errors_in_order() -> None:
    def program(world: World, divisor: int) -> float:
        gevent.sleep(1)
        if world.seed % divisor == 0:
            raise ValueError(f"seed {world.seed} does not please")
        return world.chance.stream("result").random()

    outcomes = list(farm(program, range(1, 8), 3, jobs=3))
    assert [seed for seed, _ in outcomes] == list(range(1, 8))
    failed = {seed for seed, outcome in outcomes if isinstance(outcome, ForkedProgramError)}
    assert failed == {3, 6}
    assert "seed 3 does not please" in str(outcomes[2][1])
    assert outcomes[:2] == list(farm(program, [1, 2], 3, jobs=1))


def test_farm_that_is_left_early_ends_its_children() -> None:
    for seed, pid in farm(lambda _: os.getpid(), iter(range(1000)), jobs=2):
        assert pid != os.getpid()
        if seed == 2:
            break
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_coverage_of_the_child_is_saved(tmp_path: Path) -> None:
    import coverage

    program = tmp_path / "measured.py"
    program.write_text("def body(world):\n    return world.seed\n")
    script = tmp_path / "script.py"
    script.write_text(
        "from measured import body\nfrom perpbot.simulation.world import run_forked\nassert run_forked(body, 5) == 5\n"
    )
    settings = tmp_path / "settings"
    settings.write_text(
        f"[run]\nsource = {tmp_path}\nparallel = true\nconcurrency = gevent, thread, multiprocessing\n"
        f"data_file = {tmp_path}/data\n"
    )
    import subprocess

    command = [sys.executable, "-m", "coverage", "run", f"--rcfile={settings}", str(script)]
    subprocess.run(command, check=True, cwd=Path(__file__).parents[3], env={**os.environ, "PYTHONPATH": str(tmp_path)})
    files = sorted(tmp_path.glob("data.*"))
    assert len(files) == 2
    lines: set[int] = set()
    for file in files:
        data = coverage.CoverageData(str(file))
        data.read()
        lines |= set(data.lines(str(program)) or ())
    assert lines == {1, 2}
