"""`perpbot awake`: the device that keeps processors from sleeping is held as long as the command runs."""

import os
import signal
import stat
import subprocess
from pathlib import Path

import pytest
from running_system import PATIENCE_S, PERPBOT

from perpbot import awake
from perpbot.awake import AwakeError, kept_awake
from perpbot.bench.trading import kept_awake_if_allowed
from perpbot.children import ended
from perpbot.cli import main


@pytest.fixture
def device(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """In place of the real one, a pipe: it tells what is written, and whether anybody still holds it."""
    path = tmp_path / "cpu_dma_latency"
    os.mkfifo(path)
    monkeypatch.setattr(awake, "DEVICE", path)
    return path


@pytest.fixture(autouse=True)
def driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Names what decides how processors sleep."""
    path = tmp_path / "current_driver"
    path.write_text("haltpoll\n")
    monkeypatch.setattr(awake, "DRIVER", path)
    return path


def test_the_device_is_told_zero_microseconds_and_held_until_the_end(device: Path) -> None:
    listening = os.open(device, os.O_RDONLY | os.O_NONBLOCK)
    try:
        with kept_awake():
            assert os.read(listening, 100) == bytes(4)
            with pytest.raises(BlockingIOError):  # nothing more is written, and it is open
                os.read(listening, 100)
        assert os.read(listening, 100) == b""  # nobody holds it any more
    finally:
        os.close(listening)


def test_a_failure_in_between_lets_go_of_the_device(device: Path) -> None:
    listening = os.open(device, os.O_RDONLY | os.O_NONBLOCK)
    try:
        with pytest.raises(ZeroDivisionError), kept_awake():
            raise ZeroDivisionError
        assert os.read(listening, 100) == bytes(4)
        assert os.read(listening, 100) == b""
    finally:
        os.close(listening)


def test_a_device_that_is_not_there_is_not_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path, blocked = tmp_path / "cpu_dma_latency", signal.pthread_sigmask(signal.SIG_BLOCK, ())
    monkeypatch.setattr(awake, "DEVICE", path)
    assert main(["awake"]) == 1
    told = f"{path} cannot be opened (No such file or directory): this system does not let it be used\n"
    assert capsys.readouterr().err == told
    assert not path.exists()
    assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == blocked, "signals are as they were"


@pytest.mark.parametrize(("user", "cure"), [(1_000, "use sudo"), (0, "this system does not let it be used")])
def test_who_is_not_allowed_is_told_what_helps(monkeypatch: pytest.MonkeyPatch, user: int, cure: str) -> None:
    def refused(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refused)
    monkeypatch.setattr(os, "geteuid", lambda: user)
    with pytest.raises(AwakeError, match=rf"cannot be opened \(Permission denied\): {cure}"), kept_awake():
        pass


def test_a_device_that_takes_no_number_is_one_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(awake, "DEVICE", Path("/dev/full"))
    with pytest.raises(AwakeError, match="/dev/full takes no number"), kept_awake():
        pass


@pytest.mark.parametrize("named", ["none\n", None])
def test_where_nothing_decides_how_processors_sleep_nobody_pretends(
    device: Path, driver: Path, named: str | None
) -> None:
    if named is None:
        driver.unlink()
    else:
        driver.write_text(named)
    with pytest.raises(AwakeError, match="this system decides by itself"), kept_awake():
        pass
    assert device.exists()


def test_a_benchmark_says_whether_processors_may_sleep(device: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listening = os.open(device, os.O_RDONLY | os.O_NONBLOCK)
    try:
        with kept_awake_if_allowed() as remark:
            assert remark == "processors kept awake"
    finally:
        os.close(listening)
    monkeypatch.setattr(awake, "DEVICE", device / "none")
    with kept_awake_if_allowed() as remark:
        assert remark == "processors may sleep: see `perpbot awake`"


def _may_use(path: Path) -> bool:
    decided = awake.DRIVER.exists() and awake.DRIVER.read_text().strip() != "none"
    return decided and path.exists() and stat.S_ISCHR(path.stat().st_mode) and os.access(path, os.W_OK)


@pytest.mark.process
@pytest.mark.skipif(not _may_use(awake.DEVICE), reason="the processors of this machine are not ours to keep awake")
@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_the_command_holds_the_device_until_it_is_ended_in_order(end: signal.Signals) -> None:
    command = subprocess.Popen([*PERPBOT, "awake"], stdout=subprocess.PIPE, text=True)
    with command, ended(command):
        assert command.stdout is not None
        assert command.stdout.readline() == "No processor sleeps until this ends.\n"
        held = {str(each.readlink()) for each in Path(f"/proc/{command.pid}/fd").iterdir()}
        assert str(awake.DEVICE) in held
        command.send_signal(end)
        assert command.wait(PATIENCE_S) == 0
