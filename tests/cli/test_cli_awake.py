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
    path = tmp_path / "cpu_dma_latency"
    monkeypatch.setattr(awake, "DEVICE", path)
    assert main(["awake"]) == 1
    told = f"{path} cannot be opened (No such file or directory): this system cannot be told\n"
    assert capsys.readouterr().err == told
    assert not path.exists()


def test_who_is_not_allowed_is_told_to_use_sudo(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refused)
    with pytest.raises(AwakeError, match=r"cannot be opened \(Permission denied\): use sudo"), kept_awake():
        pass


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
    return path.exists() and stat.S_ISCHR(path.stat().st_mode) and os.access(path, os.W_OK)


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
