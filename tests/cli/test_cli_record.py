"""`perpbot record`, `replay` and `backtest` as they are called."""

import json
import signal
import subprocess
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from running_system import PATIENCE_S, PERPBOT, Commands, environment, in_process
from test_cli_venues import INSTRUMENTS
from three_venues import NAMES

from perpbot.children import ended
from perpbot.clock import NS_PER_SECOND, monotonic_ns
from perpbot.venues.lines import read_header


def live_config(venues: Path, folder: Path) -> Path:
    """A configuration with the served venues in place of the real ones; it names credentials that are not there."""
    details = json.loads(venues.read_text())
    exchanges: dict[str, Any] = {}
    for name in NAMES:
        streams = {"public_ws": details[name]["ws"]["public"], "private_ws": details[name]["ws"]["private"]}
        trading = {"trade_enabled": True, "api_key_env": "NOT_SET", "private_key_env": "NOT_SET"}
        exchanges[name] = {"endpoints": {"rest": details[name]["rest"], **streams}, "trading": trading}
    path = folder / "live.yaml"
    path.write_text(json.dumps({"mode": "live", "symbols": ["BTC", "ETH"], "exchanges": exchanges}))
    return path


def frames_come(path: Path) -> None:
    """Wait until a few are in the recording."""
    deadline_ns, pause = monotonic_ns() + int(2 * PATIENCE_S * NS_PER_SECOND), Event()
    while not path.exists() or path.read_text().count('"action"') < 10:
        assert monotonic_ns() < deadline_ns, "nothing is recorded"
        pause.wait(0.1)


@pytest.mark.process
def test_a_simulated_venue_is_recorded_over_real_sockets_until_ctrl_c(perpbot: Commands, tmp_path: Path) -> None:
    path = tmp_path / "okx.rec"
    command = [*PERPBOT, "record", "okx", "--symbol", "BTC", "--out", str(path)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment())
    with ended(process):
        frames_come(path)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, err) == (0, f"Recording okx into {tmp_path}. Ctrl-C ends it.\n"), out
    assert path.read_text().endswith("the recording ends\n")
    types = [json.loads(line)["type"] for line in perpbot("venues", "decode", "okx", path).out.splitlines()]
    assert "book" in types
    assert "error" not in types
    replayed = json.loads(perpbot("replay", path, "--json").out.splitlines()[-1])
    assert replayed["quotes"] + replayed["held_back"] == types.count("book")


def test_a_venue_that_cannot_be_reached_is_told_and_leaves_no_file(perpbot: Commands, tmp_path: Path) -> None:
    config = tmp_path / "live.yaml"
    nowhere = {"endpoints": {"rest": "http://127.0.0.1:1"}}
    exchanges = {"okx": nowhere, "aster": nowhere}
    config.write_text(json.dumps({"mode": "paper", "symbols": ["BTC"], "exchanges": exchanges}))
    out = tmp_path / "out"
    shown = perpbot("record", "okx", "--live", "--config", config, "--seconds", "0.5", "--out", out, "--json")
    assert shown.code == 1
    (row,) = shown.json["venues"]
    assert (row["frames"], row["file"]) == (0, None)
    assert row["trouble"] == "okx: cannot connect to 127.0.0.1:1"
    assert [*out.iterdir()] == []


@pytest.mark.process
@pytest.mark.full
def test_what_venues_send_is_recorded_without_credentials_and_can_be_decoded(venues: Path, tmp_path: Path) -> None:
    config, out = live_config(venues, tmp_path), tmp_path / "out"
    shown = in_process(["record", "--live", "--config", config, "--seconds", "3", "--out", out, "--json"])
    assert shown.code == 0, shown.out + shown.err
    assert [each["venue"] for each in shown.json["venues"]] == [*NAMES]
    for each in shown.json["venues"]:
        path = Path(each["file"])
        assert path == out / f"{each['venue']}.rec"
        assert each["bytes"] == path.stat().st_size
        assert each["frames"] > 0
        header = read_header(path.read_text().splitlines()[0])
        assert header is not None
        assert header.symbols == ("BTC-PERP", "ETH-PERP")
        decoded = in_process(["venues", "decode", each["venue"], path])
        types = [json.loads(line)["type"] for line in decoded.out.splitlines()]
        assert "book" in types
        assert "error" not in types
    again = in_process(["record", "okx", "--live", "--config", config, "--out", out / "okx.rec"])
    assert (again.code, again.err) == (78, f"{out / 'okx.rec'} is there already; give another --out\n")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["binance"], 2, "no venue is called 'binance'"),
        (["okx", "aster", "--out", "x.rec"], 2, "x.rec is the file of one venue"),
        (["--config", "nothing.yaml"], 78, "nothing.yaml"),
    ],
)
def test_wrong_usage_of_record(perpbot: Commands, arguments: list[str], code: int, said: str) -> None:
    refused = perpbot("record", "--live", *arguments)
    assert (refused.code, refused.out) == (code, "")
    assert said in refused.err


@pytest.mark.parametrize("command", ["replay", "backtest"])
def test_what_cannot_be_read_is_one_message_with_its_line(perpbot: Commands, command: str, tmp_path: Path) -> None:
    path = tmp_path / "okx.rec"
    path.write_text("# perpbot recording of okx: BTC-PERP\n12.5: {}\nhello\n")
    refused = perpbot(command, path)
    assert (refused.code, refused.out) == (65, "")
    assert refused.err == f"{path}:3: this is no line of a recording: 'hello'\n"
    unknown = perpbot(command, f"binance={path}")
    assert (unknown.code, unknown.err.partition(";")[0]) == (2, f"{path}:1: no venue is called 'binance'")
    missing = perpbot(command, tmp_path / "okx")
    assert (missing.code, missing.err) == (65, f"{tmp_path / 'okx'} cannot be read: No such file or directory\n")


def test_a_backtest_of_one_venue_is_wrong_usage(perpbot: Commands, tmp_path: Path) -> None:
    path = tmp_path / "okx.rec"
    path.write_text("# perpbot recording of okx: BTC-PERP\n12.5: {}\n")
    refused = perpbot("backtest", path)
    assert refused.code == 2
    assert "a backtest needs recordings of two venues, and there is only okx" in refused.err


def test_a_backtest_keeps_out_of_directories_that_are_in_use(perpbot: Commands, tmp_path: Path) -> None:
    files = []
    for name in ("okx", "aster"):
        files.append(tmp_path / f"{name}.rec")
        files[-1].write_text(f"# perpbot recording of {name}: BTC-PERP\n12.5: {{}}\n")
    refused = perpbot("backtest", *files, "--state", tmp_path)
    assert (refused.code, refused.err) == (78, f"{tmp_path} is not empty; a backtest needs a --state of its own\n")


def test_a_recording_is_replayed_as_json_and_as_text(perpbot: Commands, tmp_path: Path) -> None:
    path = tmp_path / "frames"
    book = {"bids": [["99", "200", "0", "1"]], "asks": [["101", "300", "0", "1"]], "ts": "12500", "seqId": 1}
    row = {"arg": {"channel": "books", "instId": "BTC-USDT-SWAP"}, "action": "snapshot"}
    frame = json.dumps({**row, "data": [{**book, "prevSeqId": -1, "checksum": 0}]})
    answer = json.dumps(INSTRUMENTS)
    path.write_text(f'https://okx/api/v5/public/instruments?instType=SWAP -> 12.4: {answer}\n12.5: {frame}\n13: {{"a\n')
    shown = perpbot("replay", f"okx={path}", "--json", "--speed", "1000")
    quote, error, end = [json.loads(line) for line in shown.out.splitlines()]
    assert (quote["type"], quote["venue"], quote["symbol"]) == ("quote", "okx", "BTC-PERP")
    assert (quote["bid"], quote["bid_size"], quote["time"]) == ("99", "2", "1970-01-01T00:00:12.500Z")
    assert (error["type"], error["at"]) == ("error", f"{path}:3")
    assert (end["type"], end["frames"], end["quotes"], end["unreadable"]) == ("end", 2, 1, 1)
    told = perpbot("replay", f"okx={path}").out.splitlines()
    assert told[0].split() == ["00:00:12.500", "okx", "BTC-PERP", "99", "101"]
    assert told[-1].startswith("2 frames of okx in 600 ms: 1 quote and 0 held back, 0 opportunities, no gap, 1 frame")
