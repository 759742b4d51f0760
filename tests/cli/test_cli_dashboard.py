"""`perpbot dashboard` on a real terminal, at a control socket that goes away and comes back."""

import re
import socket
import termios
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from dashboard_states import BUSY
from pseudo_terminal import ENTERED, LEFT, Terminal, on_terminal, terminal_of
from running_system import PATIENCE_S, Running, in_process

from perpbot.cli.keys import keys
from perpbot.control.protocol import decode, encode

pytestmark = pytest.mark.process


@contextmanager
def answering(path: Path) -> Iterator[None]:
    """A control socket where the state is always the same."""
    path.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        thread = threading.Thread(target=_answer, args=(listener,))
        thread.start()
        try:
            yield
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(PATIENCE_S)
            path.unlink()


def _answer(listener: socket.socket) -> None:
    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            return
        with client, client.makefile("rb") as lines:
            for line in lines:
                request = decode(line)
                names = request["args"].get("sections", list(BUSY))
                client.sendall(encode({"id": request["id"], "ok": True, "data": {each: BUSY[each] for each in names}}))


def screen(painted: bytes) -> dict[str, str]:
    """The last of what was painted in each row."""
    text = re.sub(r"\x1b\[[0-9;?]*[a-zA-GI-Z]", "", painted.decode(errors="replace"))
    return dict(re.findall(r"\x1b\[(\d+);1H([^\x1b]*)", text))


def turned_to(terminal: Terminal, key: bytes, wanted: str) -> None:
    terminal.type(key)
    terminal.wait_for(wanted.encode())


def test_pages_turn_the_window_is_resized_and_the_terminal_comes_back(tmp_path: Path) -> None:
    with answering(tmp_path / "perpbot.sock"), terminal_of(100, 30) as terminal:
        before = termios.tcgetattr(terminal.slave)
        with on_terminal(terminal, "perpbot", ["dashboard", "--state", tmp_path]) as process:
            terminal.wait_for(re.escape(ENTERED))
            rows = screen(terminal.wait_for(rb"30;1H.*?\x1b\[\?2026l"))
            assert len(rows) == 30
            assert rows["1"].startswith(" LIVE ")
            turned_to(terminal, b"9", "growing mailbox")
            turned_to(terminal, b"\x1b[C", "unhedged 1")
            turned_to(terminal, b"\x1b[D", "growing mailbox")
            turned_to(terminal, b"l", "监督|邮箱|紧急开关已开")
            turned_to(terminal, b"p", "已暂停刷新")
            terminal.resize(60, 12)
            assert len(screen(terminal.wait_for(rb"\x1b\[2J.*?12;1H.*?\x1b\[\?2026l").partition(b"\x1b[2J")[2])) == 12
            terminal.type(b"q")
            terminal.wait_for(re.escape(LEFT))
            assert process.wait(PATIENCE_S) == 0
        assert termios.tcgetattr(terminal.slave) == before


def test_a_system_that_goes_away_is_waited_for(tmp_path: Path) -> None:
    with terminal_of(100, 30) as terminal:
        with answering(tmp_path / "perpbot.sock"):
            process = on_terminal(terminal, "perpbot", ["dashboard", "--state", tmp_path])
            ended = process.__enter__()
            terminal.wait_for(rb"30;1H")
        try:
            terminal.wait_for(rb"NO ANSWER, trying again: no system is running at ")
            with answering(tmp_path / "perpbot.sock"):
                terminal.wait_for(rb"\x1b\[1;1H[^\n]*? LIVE ")
                terminal.type(b"\x03")
                assert ended.wait(PATIENCE_S) == 0
        finally:
            process.__exit__(None, None, None)


def test_a_terminal_that_cannot_be_repainted_gets_it_once(tmp_path: Path) -> None:
    with answering(tmp_path / "perpbot.sock"), terminal_of(100, 30) as terminal:
        options: list[str | Path] = ["dashboard", "--state", tmp_path, "--page", "positions"]
        with on_terminal(terminal, "perpbot", options, TERM="dumb") as process:
            assert process.wait(PATIENCE_S) == 0
        painted = terminal.wait_for(rb"venue says.*-0\.01")
    assert b"\x1b[?1049h" not in painted


def test_the_dashboard_of_a_system_that_trades(system: Running) -> None:
    for page in ("all", "venues", "actors", "profit"):
        shown = in_process(["dashboard", "--page", page, "--state", system.state])
        assert shown.code == 0, shown.err
        assert "SIMULATION" in shown.out
    found = in_process(["dashboard", "--json", "--state", system.state]).json
    assert BUSY.keys() <= found.keys()


def test_without_a_system_it_says_so(tmp_path: Path) -> None:
    done = in_process(["dashboard", "--state", tmp_path])
    assert done.code == 69
    assert "no system is running" in done.err


@pytest.mark.parametrize(
    ("sent", "typed"),
    [
        ("q", ["q"]),
        ("\x1b", ["\x1b"]),
        ("\x1b[A\x1bOBj", ["up", "down", "j"]),
        ("\x1b[5~\x1b[6~\x1b[H", ["page up", "page down", "home"]),
        ("\x1b[99~x", ["x"]),
        ("\x1b[1;5", []),
    ],
)
def test_what_terminals_send_is_read_as_keys(sent: str, typed: list[str]) -> None:
    assert list(keys(sent)) == typed
