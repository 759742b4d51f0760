"""`perpbot doctor` and `perpbot cycle`: what is in the way, and one trade from the beginning to its end."""

import json
import os
import socket
from contextlib import closing
from pathlib import Path

import pytest
from running_system import Commands, in_process, trading_at
from three_venues import three_venues

from perpbot.cli.validation import Area, show_areas
from perpbot.storage.database import hold

pytestmark = pytest.mark.process


def config_with(directory: Path, port: int) -> Path:
    path = three_venues(directory)
    text = path.read_text()
    assert "  port: 8000 " in text
    path.write_text(text.replace("  port: 8000 ", f"  port: {port} "))
    return path


def test_nothing_is_in_the_way_of_a_simulation(tmp_path: Path, perpbot: Commands) -> None:
    said = perpbot("doctor", "--config", config_with(tmp_path, 0), "--state", tmp_path / "state")
    assert said.code == 0
    for area in ("configuration", "credentials", "state directory", "permissions", "ports", "venues", "clock"):
        assert f"\n{area:<16}" in f"\n{said.out}"
    assert said.out.splitlines()[-1].startswith("Nothing is in the way.")


def test_what_is_in_the_way_is_told_with_what_to_do(tmp_path: Path, perpbot: Commands) -> None:
    state = tmp_path / "state"
    state.mkdir(mode=0o755)
    (state / "operator.json").write_text("{}")
    (state / "operator.json").chmod(0o644)
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        said = perpbot("doctor", "--config", config_with(tmp_path, port), "--state", state)
    assert said.code == 1
    for line in (
        f"{state} can be read by others; chmod go-rwx {state}",
        f"{state}/operator.json can be read by others; chmod go-rwx {state}/operator.json",
        f"127.0.0.1:{port} is taken; change web.port, or end who listens",
    ):
        assert line in said.out.splitlines()


def test_what_a_system_takes_that_is_about_to_run_is_its_own(tmp_path: Path, perpbot: Commands) -> None:
    state = tmp_path / "state"
    handle = hold(state)
    try:
        with closing(socket.create_server(("127.0.0.1", 0))) as taken:
            port = taken.getsockname()[1]
            said = perpbot("doctor", "--config", config_with(tmp_path, port), "--state", state, "--offline")
    finally:
        os.close(handle)
    assert f"127.0.0.1:{port}: a system is running" in said.out
    assert "is taken" not in said.out


def test_venues_are_asked_and_the_clock_is_held_against_theirs(venues: Path, tmp_path: Path, perpbot: Commands) -> None:
    options = ("--config", config_with(tmp_path, 0), "--state", tmp_path / "state")
    said = perpbot("doctor", *options, "--venues", venues, "--json")
    assert said.code == 0, said.out
    assert said.json["areas"]["venues"]["passed"] == 3
    assert said.json["areas"]["clock"] == {"passed": 1, "checked": 1, "problems": []} | {
        "note": said.json["areas"]["clock"]["note"]
    }
    where = json.loads(venues.read_text())
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        nowhere = f"http://127.0.0.1:{silent.getsockname()[1]}"
    away = tmp_path / "away.json"
    away.write_text(json.dumps({**where, "okx": {**where["okx"], "rest": nowhere}}))
    said = perpbot("doctor", *options, "--venues", away)
    assert said.code == 1
    assert "okx: cannot connect to 127.0.0.1" in said.out
    assert "hyperliquid, aster answered" in said.out


def test_a_cycle_is_one_trade_and_its_end(venues: Path, tmp_path: Path) -> None:
    summary = tmp_path / "summary.json"
    options: list[str | Path] = ["cycle", *trading_at(venues), "--state", tmp_path / "state", "--summary", summary]
    done = in_process(options)
    assert done.code == 0, done.err
    assert "One cycle is over." in done.err
    report = json.loads(summary.read_text())
    assert report["clean"]
    assert report["trades"]["opened"] == 1
    assert report["exposure"]["positions"] == {}


def test_what_is_in_the_way_of_two_areas_is_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    show_areas({name: Area(1, ["okx has no key"], "") for name in ("credentials", "venues")})
    assert capsys.readouterr().out.count("okx has no key") == 1


@pytest.mark.full
def test_a_cycle_without_an_opportunity_says_so(venues: Path, tmp_path: Path) -> None:
    done = in_process(["cycle", *trading_at(venues), "--state", tmp_path / "state", "--within", "0.001"])
    assert done.code == 0, done.err
    assert "No opportunity was taken within 0.001 s." in done.err
