"""Three actors misbehave in a real system: what a new user sees of it, and what can be done about it."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pseudo_terminal import ENTERED, LEFT, on_terminal, terminal_of
from running_system import PATIENCE_S, Commands, Output, Running, environment, in_process, trading_at

from perpbot.children import ended
from supervisors.inspection import MOST_COUNTED

pytestmark = pytest.mark.process

HIDDEN = "nobody may see this"
SICK = {("/lab/slow", "busy"), ("/lab/hoarder", "growing mailbox"), ("/lab/looper", "crash loop")}


@pytest.fixture(scope="module")
def sick(venues: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A system in which everything has been going wrong for long enough to be seen."""
    with misbehaving(venues, tmp_path_factory.mktemp("sick")) as running:
        running.output.wait_for("trouble=")
        with running.client() as client:
            while not {(each["address"], each["kind"]) for each in client.ask("top")["troubles"]} >= SICK:
                threading.Event().wait(0.5)  # who asks without a pause keeps the system from what it is asked about
        yield running


@contextmanager
def misbehaving(venues: Path, state: Path) -> Iterator[Running]:
    """PerpBot with the lab of `misbehaving.py`."""
    command = [sys.executable, str(Path(__file__).with_name("misbehaving.py")), *trading_at(venues)]
    process = subprocess.Popen([*command, "--state", str(state)], stderr=subprocess.PIPE, text=True, env=environment())
    assert process.stderr is not None
    with ended(process):
        yield Running(process, Output(process.stderr), state)


def ask(system: Running, verb: str, **arguments: Any) -> Any:
    with system.client() as client:
        return client.ask(verb, **arguments)


# -- which, why, since when: three commands --------------------------------------------------------------------------


def test_top_names_who_is_in_trouble_and_since_when(sick: Running, perpbot: Commands) -> None:
    head, *lines = perpbot("top", "--state", sick.state).out.splitlines()
    assert " actors  " in head
    blank = lines.index("")
    troubles = "\n".join(lines[:blank])
    for address, kind in (("/lab/slow", "busy"), ("/lab/hoarder", "growing mailbox"), ("/lab/looper", "crash loop")):
        named = troubles[troubles.index(f"! {address}\n") :]
        assert f"    {kind} since " in named
    assert re.search(r"\d% of the time in handlers, \d+% with Price, ", troubles)
    assert " more each second" in troubles
    assert "failed in Price: ValueError: price " in troubles
    assert "/lab/calm\n" not in troubles
    title, first, second, *_ = lines[blank + 1 :]
    assert title.split()[:3] == ["actor", "busy", "msg/s"]
    assert {first.split()[0], second.split()[0]} == {"/lab/slow", "/lab/hoarder"}


def test_inspect_tells_what_waits_how_long_and_what_it_is_at(sick: Running, perpbot: Commands) -> None:
    shown = perpbot("inspect", "/lab/hoarder", "--state", sick.state).out
    assert "\nTrouble       growing mailbox since " in shown
    assert "\nHandles now   Price for " in shown
    actor = perpbot("inspect", "/lab/hoarder", "--json", "--state", sick.state).json
    assert actor["mailbox"]["waiting"]["Price"] == min(actor["mailbox"]["depth"], MOST_COUNTED) >= 50
    assert actor["mailbox"]["oldest_s"] >= 0.5
    assert actor["doing"]["message"] == "Price"
    assert 0 <= actor["doing"]["seconds"] < 1
    assert actor["supervisor"]["address"] == "/lab"
    assert actor["handlers"]["Price"]["p50_us"] >= 20_000
    assert actor["crashes"] == []


def test_crashes_tell_what_fails_where_how_often_and_from_when_to_when(sick: Running, perpbot: Commands) -> None:
    (history,) = perpbot("crashes", "/lab/looper", "--json", "--state", sick.state).json
    assert history["count"] >= 3
    assert history["first"] < history["last"]
    assert history["reason"].startswith("failed in Price: ValueError: price ")
    assert history["where"].startswith("misbehaving.py:")
    assert history["decision"].startswith("restart in ")
    shown = perpbot("crashes", "--state", sick.state).out
    assert shown.startswith("/lab/looper  (Looper): ")
    assert "ValueError: price" in shown


# -- looking closer --------------------------------------------------------------------------------------------------


def test_top_sorts_by_what_is_asked_for(sick: Running, perpbot: Commands) -> None:
    by_crashes = perpbot("top", "--sort", "crashes", "--limit", "1", "--state", sick.state).out.splitlines()
    assert by_crashes[-2].split()[0] == "/lab/looper"
    assert by_crashes[-1].startswith("and ")
    by_mailbox = perpbot("top", "--sort", "mailbox", "--limit", "1", "--state", sick.state).out.splitlines()
    assert by_mailbox[-2].split()[0] == "/lab/hoarder"


@pytest.mark.parametrize("columns", [80, 140])
def test_top_on_a_terminal_fits_sorts_by_key_and_gives_it_back(sick: Running, columns: int) -> None:
    with (
        terminal_of(columns, 24) as terminal,
        on_terminal(terminal, "perpbot", ["top", "--state", sick.state]) as process,
    ):
        terminal.wait_for(re.escape(ENTERED))
        assert b"/lab/looper" in terminal.wait_for(rb"by busy.*crashes.*\n")
        terminal.type(b"c")
        terminal.wait_for(rb"by crashes")
        terminal.type(b"q")
        terminal.wait_for(re.escape(LEFT))
        assert process.wait(PATIENCE_S) == 0


def test_a_sick_system_is_not_healthy_and_says_why(sick: Running, perpbot: Commands) -> None:
    status = perpbot("status", "--state", sick.state)
    assert status.code == 1
    assert "! /lab/hoarder, growing mailbox since " in status.out


def test_stacks_show_the_line_where_an_actor_stands(sick: Running, perpbot: Commands) -> None:
    asked = (perpbot("stacks", "--json", "--state", sick.state).json for _ in range(50))  # it rests between messages
    answers = ((answer, {each["address"]: each for each in answer["actors"]}) for answer in asked)
    in_handler = (each for each in answers if each[1]["/lab/hoarder"]["stack"][0]["in"] == "Hoarder.on_price")
    answer, actors = next(in_handler)
    assert actors["/lab/hoarder"]["stack"][0]["text"] == "gevent.sleep(0.025)"
    assert actors["/lab"]["stack"] == []
    assert any(task["name"] == "Stream.run" for task in actors["/venues/okx/trading"]["tasks"])
    assert sum(thread["actors"] for thread in answer["threads"]) == 1
    shown = (perpbot("stacks", "--state", sick.state).out for _ in range(50))
    assert "actors wait for a message:" in next(each for each in shown if "gevent.sleep(0.025)" in each)


def test_dead_letters_are_counted_by_sort(sick: Running, perpbot: Commands) -> None:
    answer = perpbot("dead-letters", "/lab/looper", "--json", "--state", sick.state).json
    (sort,) = answer["sorts"]
    assert (sort["type"], sort["from"], sort["why"]) == ("Price", "/lab/looper-sender", "nobody")
    assert sort["count"] == answer["kept"] >= 1


# -- tracing ---------------------------------------------------------------------------------------------------------


def test_a_trace_shows_messages_both_ways_and_stops_by_itself(sick: Running, perpbot: Commands) -> None:
    traced = perpbot("trace", "/lab/calm-sender", "--limit", "4", "--for", "30", "--json", "--state", sick.state)
    first, *items, last = [json.loads(line) for line in traced.out.splitlines()]
    assert (traced.code, first["address"], last["shown"]) == (0, "/lab/calm-sender", 4)
    messages = [item for item in items if "way" in item]
    assert {(each["way"], each["message"]) for each in messages} == {("in", "Send"), ("out", "Price")}
    assert {each["to"] for each in messages if each["way"] == "out"} == {"/lab/calm"}
    assert all(each["took_us"] > 0 for each in messages if each["way"] == "in")


def test_a_trace_takes_only_the_type_that_is_asked_for(sick: Running, perpbot: Commands) -> None:
    traced = perpbot("trace", "/lab/calm", "--type", "Price", "--limit", "1", "--state", sick.state).out
    assert "← Price  from /lab/calm-sender  waited " in traced
    assert traced.splitlines()[-1].startswith("1 message shown")
    nothing = perpbot("trace", "/lab/calm", "--type", "Nothing", "--for", "0.2", "--state", sick.state).out
    assert "0 messages shown" in nothing


def test_secrets_are_in_no_trace(sick: Running, perpbot: Commands) -> None:
    traced = perpbot("trace", "/lab/calm", "--limit", "2", "--state", sick.state).out
    assert "api_secret ***" in traced
    assert HIDDEN not in traced


def test_a_trace_costs_nothing_any_more_when_it_is_over_or_its_listener_has_gone(sick: Running) -> None:
    with socket.socket(socket.AF_UNIX) as plain, plain.makefile("rb") as lines:
        plain.connect(str(sick.socket))
        request = {"v": 1, "id": 1, "verb": "trace", "args": {"address": "/lab/calm", "seconds": 600}}
        plain.sendall(json.dumps(request).encode() + b"\n")
        assert b'"address":"/lab/calm"' in lines.readline()
        with pytest.raises(Exception, match="somebody traces /lab/calm already"):
            _drain(sick, "/lab/calm")
    while True:  # the system notices at the next beat that nobody listens any more
        try:
            assert _drain(sick, "/lab/calm")["shown"] == 1
        except Exception as error:  # noqa: BLE001 - it has not noticed yet
            assert "somebody traces" in str(error)  # noqa: PT017
        else:
            return


def _drain(system: Running, address: str) -> Any:
    with system.client() as client:
        last = None
        for last in client.stream("trace", address=address, seconds=5, limit=1):  # noqa: B007
            pass
        return last


# -- laying hands on them --------------------------------------------------------------------------------------------


def test_a_restart_brings_another_incarnation(sick: Running, perpbot: Commands) -> None:
    before = ask(sick, "inspect", address="/lab/calm")["incarnation"]
    done = perpbot("restart", "/lab/calm", "--yes", "--state", sick.state)
    assert (done.code, done.out) == (0, f"/lab/calm was restarted and is up again, incarnation {before + 1}.\n")


def test_a_kill_does_not_wait_for_the_handler(sick: Running, perpbot: Commands) -> None:
    done = perpbot("kill", "/lab/slow", "--yes", "--json", "--state", sick.state).json
    assert (done["done"], done["state"]) == (True, "running")
    assert ask(sick, "inspect", address="/lab/slow")["last_failure"]["reason"] == "killed"


def test_a_suspended_actor_reads_nothing_until_it_is_resumed(sick: Running, perpbot: Commands) -> None:
    suspended = perpbot("suspend", "/lab/calm", "--yes", "--state", sick.state)
    assert suspended.out == "/lab/calm is suspended; `perpbot resume /lab/calm` has it go on.\n"
    assert perpbot("wait", "/lab/calm=suspended", "--state", sick.state).code == 0
    handled = ask(sick, "inspect", address="/lab/calm")["messages"]
    while ask(sick, "inspect", address="/lab/calm")["mailbox"]["depth"] < 2:
        pass
    assert ask(sick, "inspect", address="/lab/calm")["messages"] == handled
    resumed = perpbot("resume", "/lab/calm", "--state", sick.state)
    assert resumed.code == 0
    assert resumed.out.startswith("/lab/calm goes on, with ")
    again = perpbot("resume", "/lab/calm", "--state", sick.state)
    assert (again.code, again.err) == (1, "/lab/calm is running, not suspended\n")


def test_what_is_dangerous_is_explained_and_not_done_without_yes(sick: Running) -> None:
    refused = in_process(["kill", "/journal", "--state", sick.state])
    assert (refused.code, refused.out) == (2, "")
    assert "DANGER  /journal: nothing can be ordered, closed or accounted for while it is away.\n" in refused.err
    assert (
        "- /trading is rest_for_one: kill-switch, venues, books, flattening, trades, strategies restart, too.\n"
        in refused.err
    )
    assert "give --yes" in refused.err
    assert ask(sick, "inspect", address="/journal")["restarts"] == 0


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["kill", "/perpbot"], "/perpbot is everything; `perpbot stop` ends it in order\n"),
        (["suspend", "/lab"], "/lab is a supervisor, and must be able to restart its actors; suspend those\n"),
        (["suspend", "/control-socket"], "/control-socket is what you speak to; nobody could resume it\n"),
    ],
)
def test_what_would_end_badly_is_refused(sick: Running, perpbot: Commands, command: list[str], said: str) -> None:
    refused = perpbot(*command, "--yes", "--state", sick.state)
    assert (refused.code, refused.out, refused.err) == (1, "", said)


def test_who_laid_hands_on_what_is_in_the_log(sick: Running, perpbot: Commands) -> None:
    perpbot("restart", "/lab/calm-sender", "--yes", "--state", sick.state)
    sick.output.wait_for("action=restart address=/lab/calm-sender by=")


# -- waiting ---------------------------------------------------------------------------------------------------------


def test_waiting_for_what_is_so_already(sick: Running, perpbot: Commands) -> None:
    for words in (["ready"], ["crashes>=3"], ["--until", "/lab/calm=running"], ["circuit", "okx", "connected"]):
        done = perpbot("wait", *words, "--timeout", "20", "--state", sick.state)
        assert (done.code, done.out, done.err) == (0, "", "")


def test_waiting_in_vain_says_how_it_stands(sick: Running, perpbot: Commands) -> None:
    done = perpbot("wait", "circuit okx/trading open", "--timeout", "0", "--state", sick.state)
    assert (done.code, done.err) == (1, "not within 0 ms: okx trading is CONNECTED\n")


def test_waiting_for_nobody(perpbot: Commands, tmp_path: Path) -> None:
    assert perpbot("wait", "stopped", "--timeout", "0", "--state", tmp_path).code == 0
    gone = perpbot("wait", "ready", "--timeout", "0", "--state", tmp_path)
    assert (gone.code, gone.err) == (69, f"not within 0 ms: no system is running at {tmp_path}/perpbot.sock\n")
    assert perpbot("wait", "for", "a", "bus", "--state", tmp_path).code == 2


# -- the end, and what is left of it ---------------------------------------------------------------------------------


def test_crashes_outlive_the_process_and_a_second_interrupt_ends_it_at_once(
    sick: Running, venues: Path, perpbot: Commands
) -> None:
    stopped = perpbot("stop", "--state", sick.state)
    assert stopped.code == 0
    assert stopped.out.startswith("Stopped cleanly: ")
    assert sick.process.wait(PATIENCE_S) == 0
    kept = [json.loads(line) for line in (sick.state / "crashes.jsonl").read_text().splitlines()]
    assert kept
    assert all(HIDDEN not in json.dumps(line) for line in kept)
    assert (sick.state / "crashes.jsonl").stat().st_mode & 0o777 == 0o600
    with misbehaving(venues, sick.state) as again:
        assert perpbot("wait", "running", "--state", sick.state).code == 0
        (history, *_) = ask(again, "crashes", address="/lab/looper")
        assert history["count"] >= kept[-1]["count"]
        os.kill(again.process.pid, signal.SIGINT)
        again.output.wait_for("stopping in order")
        os.kill(again.process.pid, signal.SIGINT)
        assert again.process.wait(PATIENCE_S) in {130, 0}
        assert ("Ended at once, on the second Ctrl-C. " in again.output.text()) == (again.process.returncode == 130)
