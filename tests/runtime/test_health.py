"""Signs of life: what they come to, who gathers them, and what systemd is told."""

import socket
from pathlib import Path

import gevent
import pytest
from runtime_actors import Notebook, Sleep, quiet_system

from actors.heartbeat import Heartbeat, ReadHealth
from perpbot.clock import NS_PER_SECOND
from perpbot.health import Signs, judge
from perpbot.simulation.world import in_world
from perpbot.systemd import notifier


def after(seconds: float) -> int:
    return int(seconds * NS_PER_SECOND)


@pytest.mark.parametrize(
    ("signs", "problems"),
    [
        (Signs(hub_ns=after(99), answered_ns={"/journal": after(99)}), ()),
        (Signs(hub_ns=after(95), answered_ns={"/journal": after(85)}), ()),
        (Signs(hub_ns=after(94.9), answered_ns={}), ("the hub has not turned for 5.1 s",)),
        (
            Signs(hub_ns=after(100), answered_ns={"/journal": after(84.9), "/books/risk": after(100)}),
            ("/journal has not answered for 15.1 s",),
        ),
        (
            Signs(hub_ns=after(100), answered_ns={}, unkillable=("/venues/okx",)),
            ("/venues/okx could not be killed; only a new process ends it",),
        ),
    ],
)
def test_silences_beyond_their_limits_and_the_unkillable_are_problems(signs: Signs, problems: tuple[str, ...]) -> None:
    health = judge(signs, after(100))
    assert health.problems == problems
    assert health.alive is not bool(problems)


@in_world()
def test_the_heart_beats_while_everybody_answers_and_again_when_they_do_again() -> None:
    system = quiet_system()
    beats: list[int] = []
    system.spawn(Notebook, "/journal")
    heart = system.spawn(lambda: Heartbeat(["/journal"], lambda: beats.append(1)), "/heartbeat")
    gevent.sleep(10.5)
    assert len(beats) == 10
    system.ref("/journal").tell(Sleep(60))
    gevent.sleep(30)
    assert heart.ask(ReadHealth()).problems[0].startswith("/journal has not answered for")
    before = len(beats)
    gevent.sleep(20)
    assert len(beats) == before
    gevent.sleep(15)
    assert heart.ask(ReadHealth()).alive
    assert len(beats) > before


@in_world()
def test_the_heart_stops_when_somebody_who_must_answer_is_gone() -> None:
    system = quiet_system()
    system.spawn(Notebook, "/journal")
    heart = system.spawn(lambda: Heartbeat(["/journal"]), "/heartbeat")
    gevent.sleep(5)
    assert heart.ask(ReadHealth()).alive
    system.stop("/journal")
    gevent.sleep(20)
    assert not heart.ask(ReadHealth()).alive


def test_systemd_is_told_once_that_the_process_is_up_and_then_that_it_is_alive(tmp_path: Path) -> None:
    path = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(path)
        beat = notifier({"NOTIFY_SOCKET": path})
        beat()
        beat()
        assert [systemd.recv(100), systemd.recv(100)] == [b"READY=1\nWATCHDOG=1", b"WATCHDOG=1"]
    beat()  # systemd is gone, and that is nobody's fault here


def test_nothing_is_said_where_systemd_does_not_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[object] = []
    monkeypatch.setattr(socket, "socket", lambda *kind: opened.append(kind))
    notifier({})()
    assert opened == []
