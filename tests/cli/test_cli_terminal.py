"""Programs on a real terminal: the live view, and the tree that is watched."""

import itertools
import re
import termios
from pathlib import Path

import pytest
from pseudo_terminal import CHARACTERS, ENTERED, LEFT, Terminal, on_terminal, terminal_of
from running_system import PATIENCE_S, Commands, Running, trading_at

from perpbot.clock import NS_PER_SECOND, monotonic_ns
from perpbot.control.client import Client

SURELY = 200
"""Looks in a row; together they last longer than painting does."""
Options = list[str | Path]
pytestmark = pytest.mark.process


def screen(painted: bytes, columns: int) -> list[str]:
    """What stands in each row that was painted, as long as it is."""
    text = re.sub(r"\x1b\[[0-9;?]*[a-zA-GI-Z]", "", painted.decode(errors="replace"))
    rows = dict(re.findall(r"\x1b\[(\d+);1H([^\x1b]*)", text))
    assert all(len(row) == columns for row in rows.values())
    return list(rows.values())


def test_the_live_view_from_start_to_end(venues: Path, tmp_path: Path, perpbot: Commands) -> None:
    with terminal_of(80, 24) as terminal:
        before = termios.tcgetattr(terminal.slave)
        options: Options = ["run", *trading_at(venues), "--state", tmp_path]
        with on_terminal(terminal, "perpbot", options) as process:
            said = terminal.wait_for(re.escape(ENTERED)).decode()
            assert f"perpbot status --state {tmp_path}" in said
            assert f"Control socket: {tmp_path}/perpbot.sock" in said
            rows = screen(terminal.wait_for(rb"actors.*?\x1b\[\?2026l"), 80)
            assert len(rows) == 24
            assert rows[0].startswith(" SIMULATION  PerpBot 0.1.0")
            terminal.wait_for(rb"All is well\.")
            terminal.wait_for(rb"target reached")
            assert terminal.quiet()
            assert perpbot("inspect", "/live-view", "--json", "--state", tmp_path).json["restarts"] == 0
            _it_can_be_resized_and_typed_at(terminal)
            terminal.type(b"\x03")
            terminal.wait_for(re.escape(LEFT))
            terminal.wait_for(b"Stopped cleanly: ")
            assert process.wait(PATIENCE_S) == 0
        assert termios.tcgetattr(terminal.slave) == before
    assert "\x1b" not in (tmp_path / "perpbot.log").read_text()


def _it_can_be_resized_and_typed_at(terminal: Terminal) -> None:
    terminal.resize(160, 50)
    assert (
        len(screen(terminal.wait_for(rb"\x1b\[2J.*?\x1b\[50;1H.*?\x1b\[\?2026l").partition(b"\x1b[2J")[2], 160)) == 50
    )
    terminal.resize(60, 12)
    assert len(screen(terminal.wait_for(rb"\x1b\[2J.*?\x1b\[12;1H.*?\x1b\[\?2026l").partition(b"\x1b[2J")[2], 60)) == 12
    # Ctrl-Z would freeze a process that has orders in flight
    assert termios.tcgetattr(terminal.slave)[CHARACTERS][termios.VSUSP] == b"\x00"
    terminal.type(b"hello\n\x1a")


def test_an_interrupt_while_it_starts_ends_it_without_a_traceback(venues: Path, tmp_path: Path) -> None:
    with terminal_of(80, 24) as terminal:
        with on_terminal(terminal, "perpbot", ["run", *trading_at(venues), "--state", tmp_path]) as process:
            terminal.wait_for(b"Starting PerpBot ...")
            terminal.type(b"\x03")
            terminal.wait_for(b"Interrupted while starting.")
            assert process.wait(PATIENCE_S) == 130
        assert b"Traceback" not in terminal.seen


def test_a_terminal_that_does_not_take_output_stops_no_trading(venues: Path, tmp_path: Path) -> None:
    with (
        terminal_of(80, 24) as terminal,
        on_terminal(terminal, "perpbot", ["run", *trading_at(venues), "--state", tmp_path]) as process,
    ):
        terminal.wait_for(rb"target reached")
        _stall(terminal, tmp_path)
        with Client(tmp_path / "perpbot.sock") as client:
            before = _quotes(client)
            deadline = monotonic_ns() + int(PATIENCE_S * NS_PER_SECOND)
            while _quotes(client) < before + 10:
                assert monotonic_ns() < deadline, "nothing is traded while the terminal stands still"
        terminal.type(b"\x03")
        terminal.wait_for(b"Stopped ")
        assert process.wait(PATIENCE_S) == 0


def _quotes(client: Client) -> int:
    return int(client.ask("status")["venues"]["okx"]["counts"]["quotes"])


def _stall(terminal: Terminal, state: Path) -> None:
    """Read nothing any more until the view waits for the terminal: large frames soon fill its buffer."""
    drawn, waiting = -1, 0
    with Client(state / "perpbot.sock") as client:
        for size in itertools.count(200):
            terminal.resize(size % 400, size % 400)
            view = client.ask("inspect", address="/live-view")
            stands = view["handling"] == "_Draw" and view["state_of_actor"]["drawn"] == drawn
            drawn, waiting = view["state_of_actor"]["drawn"], waiting + 1 if stands else 0
            if waiting > SURELY:
                return


@pytest.mark.parametrize("changes", [{"TERM": "dumb"}, pytest.param({"TERM": "unknown"}, marks=pytest.mark.full)])
def test_a_terminal_that_cannot_be_repainted_gets_lines(venues: Path, tmp_path: Path, changes: dict[str, str]) -> None:
    with terminal_of(80, 24) as terminal:
        options: Options = [*trading_at(venues), "--state", tmp_path]
        with on_terminal(terminal, "perpbot.main", options, **changes) as process:
            said = terminal.wait_for(rb"prices +BTC ")
            assert ENTERED not in said
            terminal.type(b"\x03")
            terminal.wait_for(b"Stopped cleanly: ")
            assert process.wait(PATIENCE_S) == 0


def test_a_watched_tree_fits_the_terminal_and_gives_it_back(system: Running) -> None:
    with terminal_of(80, 24) as terminal:
        options: Options = ["tree", "--watch", "--state", system.state]
        with on_terminal(terminal, "perpbot", options) as process:
            terminal.wait_for(re.escape(ENTERED))
            terminal.wait_for(rb"\x1b\[H.*messages.*\x1b\[H.*messages")
            terminal.type(b"\x03")
            terminal.wait_for(re.escape(LEFT))
            assert process.wait(PATIENCE_S) == 0


def test_tables_on_a_terminal_have_colours_and_do_not_wrap(system: Running) -> None:
    with (
        terminal_of(80, 24) as terminal,
        on_terminal(terminal, "perpbot", ["trades", "--limit", "3", "--state", system.state]) as process,
    ):
        assert process.wait(PATIENCE_S) == 0
        painted = terminal.wait_for(rb"over \(UTC\).*\r\n").decode()
    assert "\x1b[1m" in painted
    assert all(len(re.sub(r"\x1b\[[0-9;]*m", "", line)) <= 80 for line in painted.splitlines())


def test_turning_a_kill_switch_off_asks_on_a_terminal(system: Running, perpbot: Commands) -> None:
    perpbot("kill-switch", "on", "--venue", "aster", "--state", system.state)
    for answer, words in ((b"n\n", b"Not done"), (b"y\n", b"All kill switches are off")):
        with (
            terminal_of(80, 24) as terminal,
            on_terminal(terminal, "perpbot", ["kill-switch", "off", "--venue", "aster", "--state", system.state]),
        ):
            terminal.wait_for(rb"Turn the kill switch off for aster, which \S+ at the command line turned on\? \[y/N\]")
            terminal.type(answer)
            terminal.wait_for(words)
