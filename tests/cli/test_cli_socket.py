"""What the control socket does with requests that nobody should send, and the client without a system."""

import json
import os
import socket
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from running_system import PATIENCE_S, Commands, Running

from perpbot.cli import asking
from perpbot.control.client import AbsentError, Client, NotRunningError, RefusedError, _why_not
from perpbot.control.protocol import MAX_LINE


def talk(path: Path, sent: bytes, answers: int = 1) -> list[dict[str, Any]]:
    """Send bytes as they are; so many answers, or fewer when the system hangs up."""
    with socket.socket(socket.AF_UNIX) as plain:
        plain.settimeout(PATIENCE_S)
        plain.connect(str(path))
        plain.sendall(sent)
        with plain.makefile("rb") as lines:
            return [json.loads(line) for line in (lines.readline() for _ in range(answers)) if line]


def request(**fields: Any) -> bytes:
    return json.dumps({"v": 1, "id": 7, "verb": "status", **fields}).encode() + b"\n"


BAD = {
    "not JSON": (b"hello\n", "not JSON: "),
    "not UTF-8": (b"\xff\xfe\n", "not JSON: "),
    "not an object": (b"[1, 2]\n", "not an object"),
    "nested too deep": (b"[" * 200_000 + b"\n", "nested too deep"),
    "another version": (request(v=2), "version 2 is not spoken here, 1 is"),
    "no version": (b'{"id": 7, "verb": "status"}\n', "version None is not spoken here, 1 is"),
    "an unknown verb": (request(verb="dance"), "no verb 'dance'; there are tree, top, inspect, "),
    "a verb that is no text": (request(verb=["tree"]), "no verb ['tree']; there are "),
    "arguments that are a list": (request(args=[1]), "args must be an object"),
    "arguments that are null": (request(args=None), "args must be an object"),
    "an action that is a list": (request(verb="risk", args={"action": ["resume"]}), "risk takes status, resume"),
    "a limit that is no number": (
        request(verb="trades", args={"limit": "all"}),
        "limit must be a number from 1 to 200, not 'all'",
    ),
    "a limit below one": (request(verb="trades", args={"limit": 0}), "limit must be a number from 1 to 200, not 0"),
    "a limit that is not finite": (request(verb="trades", args={"limit": float("nan")}), "limit must be a number"),
    "an address that is no text": (request(verb="tree", args={"address": {"a": 1}}), "nobody lives at {'a': 1}; "),
    "a venue that is no text": (request(verb="flatten", args={"venue": ["okx"]}), "no venue ['okx'] here; there are "),
    "an action that is not there": (
        request(verb="kill-switch", args={"action": "toggle"}),
        "the kill switch takes status, on or off",
    ),
}


@pytest.mark.process
@pytest.mark.parametrize("name", BAD)
def test_a_bad_request_is_answered_and_harms_nobody(system: Running, name: str) -> None:
    sent, message = BAD[name]
    bad, good = talk(system.socket, sent + request(id="next"), 2)
    assert (bad["ok"], bad["code"]) == (False, "bad-request")
    assert bad["error"].startswith(message)
    assert (good["id"], good["ok"]) == ("next", True)


@pytest.mark.process
def test_half_a_character_does_not_keep_an_operator_from_turning_the_kill_switch(system: Running) -> None:
    for number, action in enumerate(("on", "off")):
        turn = request(id=number, verb="kill-switch", args={"action": action, "venue": "okx", "by": "caf\udce9"})
        (answer,) = talk(system.socket, turn)
        assert answer["data"]["on"] == ({"okx": "caf?"} if action == "on" else {})


@pytest.mark.process
def test_a_line_that_is_too_long_ends_the_conversation(system: Running) -> None:
    (answer,) = talk(system.socket, b"x" * (MAX_LINE + 1), 2)
    assert (answer["code"], answer["error"]) == ("bad-request", f"a line longer than {MAX_LINE} bytes")


@pytest.mark.process
def test_half_a_request_is_waited_for_and_forgotten(system: Running) -> None:
    with socket.socket(socket.AF_UNIX) as plain:
        plain.connect(str(system.socket))
        plain.sendall(request()[:10])
    with system.client() as client:
        assert client.ask("status")["healthy"]


@pytest.mark.process
def test_requests_are_answered_in_order(system: Running) -> None:
    answers = talk(system.socket, b"".join(request(id=number) for number in range(20)), 20)
    assert [answer["id"] for answer in answers] == list(range(20))


@pytest.mark.process
def test_clients_that_do_not_read_keep_nobody_waiting(system: Running) -> None:
    with socket.socket(socket.AF_UNIX) as deaf:
        deaf.connect(str(system.socket))
        deaf.sendall(request(verb="tree") * 200)
        with system.client() as client:
            assert client.ask("status")["healthy"]


@pytest.mark.process
def test_after_all_that_the_socket_has_not_failed_once(system: Running) -> None:
    with system.client() as client:
        actor = client.ask("inspect", address="/control-socket")
    assert (actor["state"], actor["restarts"], actor["crashes"]) == ("running", 0, [])


@pytest.mark.process
def test_only_the_owner_may_ask(system: Running) -> None:
    assert stat.S_IMODE(system.socket.stat().st_mode) == 0o600


@pytest.mark.process
def test_a_second_system_on_the_same_state_is_refused(system: Running, venues: Path, perpbot: Commands) -> None:
    from running_system import in_process, trading_at

    refused = in_process(["serve", *trading_at(venues), "--state", system.state])
    assert refused.code == 78
    assert perpbot("status", "--state", system.state).code == 0


# -- systems that are not there --------------------------------------------------------------------------------------

READS = ("status", "tree", "trades", "positions", "opportunities", "crashes", "dead-letters", "stop", "flatten")


@pytest.mark.parametrize("command", READS)
def test_no_system_is_running(perpbot: Commands, tmp_path: Path, command: str) -> None:
    gone = perpbot(command, "--state", tmp_path)
    assert (gone.code, gone.out) == (69, "")
    expected = f"no system is running at {tmp_path}/perpbot.sock; start one with `perpbot run --state {tmp_path}`\n"
    assert gone.err == expected


def test_no_system_is_running_in_the_usual_place(
    perpbot: Commands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    gone = perpbot("inspect", "/books")
    assert gone.code == 69
    assert gone.err.splitlines() == [
        "no system is running at run/perpbot.sock; start one with `perpbot run`, or say with --state where its state is"
    ]


def test_where_the_service_has_its_state_the_service_is_to_be_started(monkeypatch: pytest.MonkeyPatch) -> None:
    assert asking._how_to_start(Path("/var/lib/perpbot")) == "start the service with `systemctl start perpbot`"
    monkeypatch.setenv("PERPBOT_SOCKET", "/elsewhere")
    assert asking._how_to_start(None) == "is $PERPBOT_SOCKET right?"


def test_a_system_of_another_user_is_not_said_to_be_away() -> None:
    refused = _why_not(Path("run/perpbot.sock"), PermissionError())
    assert not isinstance(refused, AbsentError)
    assert str(refused) == "run/perpbot.sock is another user's; ask as the user who runs PerpBot, or with sudo"


def test_a_socket_that_was_left_behind(perpbot: Commands, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "perpbot.sock"))
    assert perpbot("status", "--state", tmp_path).code == 69


def test_a_path_that_is_too_long_for_a_socket(perpbot: Commands, tmp_path: Path) -> None:
    deep = tmp_path / ("x" * 120)
    deep.mkdir()
    gone = perpbot("status", "--state", deep)
    assert gone.code == 69
    assert "AF_UNIX path too long" in gone.err


@contextmanager
def answering(path: Path, answer: bytes | None) -> Iterator[None]:
    """Something that listens, takes one request, and answers so; None answers nothing and stays."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        over = threading.Event()

        def serve() -> None:
            client, _ = listener.accept()
            with client:
                client.recv(65_536)
                if answer is None:
                    over.wait(PATIENCE_S)
                else:
                    client.sendall(answer)

        server = threading.Thread(target=serve)
        server.start()
        try:
            yield
        finally:
            over.set()
            server.join(PATIENCE_S)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (b"", "the system at {} ended before it answered"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "what listens at {} is not PerpBot: not JSON: "),
        (None, "the system at {} does not answer"),
    ],
)
def test_a_system_that_does_not_answer(tmp_path: Path, answer: bytes | None, message: str) -> None:
    path = tmp_path / "socket"
    with answering(path, answer), Client(path, timeout_s=0.2) as client:
        with pytest.raises(NotRunningError) as error:
            client.ask("status")
        assert str(error.value).startswith(message.format(path))


def test_an_answer_may_come_in_pieces_and_be_long(tmp_path: Path) -> None:
    path = tmp_path / "socket"
    data = "x" * 300_000
    with answering(path, json.dumps({"id": 1, "ok": True, "data": data}).encode() + b"\n"), Client(path) as client:
        assert client.ask("status") == data


def test_a_refusal_has_its_code(tmp_path: Path) -> None:
    path = tmp_path / "socket"
    answer = {"id": 1, "ok": False, "error": "the books are away", "code": "unavailable"}
    with answering(path, json.dumps(answer).encode() + b"\n"), Client(path) as client:
        with pytest.raises(RefusedError, match="the books are away") as error:
            client.ask("status")
        assert error.value.code == "unavailable"


def test_what_is_unavailable_is_told_and_ends_with_one(perpbot: Commands, tmp_path: Path) -> None:
    answer = {"id": 1, "ok": False, "error": "the books are away", "code": "unavailable"}
    with answering(tmp_path / "perpbot.sock", json.dumps(answer).encode() + b"\n"):
        refused = perpbot("positions", "--state", tmp_path)
    assert (refused.code, refused.err) == (1, "the books are away\n")


def test_a_socket_of_another_user(perpbot: Commands, tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("nothing is forbidden to root")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "perpbot.sock"))
        (tmp_path / "perpbot.sock").chmod(0)
        gone = perpbot("status", "--state", tmp_path)
    assert gone.code == 69
    assert "is another user's; ask as the user who runs PerpBot, or with sudo\n" in gone.err
