"""Commands that look into a running system, for people and for programs."""

import csv
import io
import json
import re
import signal
import subprocess
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from running_system import PATIENCE_S, PERPBOT, Commands, Output, Running, environment, in_process

from perpbot.children import ended

pytestmark = pytest.mark.process


def nodes(tree: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield tree
    for child in tree["children"]:
        yield from nodes(child)


def test_status_says_that_all_is_well(system: Running, perpbot: Commands) -> None:
    shown = perpbot("status", "--state", system.state)
    assert (shown.code, shown.err) == (0, "")
    head, *lines = shown.out.splitlines()
    assert head.startswith("PerpBot 0.1.0  SIMULATION  healthy  up 00:0")
    assert any(line.split()[:3] == ["okx", "CONNECTED", "CONNECTED"] for line in lines)
    assert any(line.startswith("PnL") and "after fees" in line for line in lines)


def test_status_for_programs_has_everything(system: Running, perpbot: Commands) -> None:
    status = perpbot("status", "--json", "--state", system.state).json
    assert (status["healthy"], status["mode"], status["stopping"]) == (True, "simulation", False)
    assert status["pid"] == system.process.pid
    assert status["trades"]["over"] >= 1
    assert {currency: Decimal(each["net"]) for currency, each in status["profit"].items()}


def test_a_system_is_found_by_the_environment_too(system: Running) -> None:
    assert in_process(["status"], PERPBOT_STATE=str(system.state)).code == 0
    assert in_process(["status"], STATE_DIRECTORY=str(system.state)).code == 0
    assert in_process(["status"], PERPBOT_SOCKET=str(system.socket)).code == 0
    assert in_process(["status", "--state", str(system.state)], PERPBOT_SOCKET="/nowhere").code == 0


def test_the_tree_shows_each_actor_under_its_supervisor(system: Running, perpbot: Commands) -> None:
    lines = perpbot("tree", "--state", system.state).out.splitlines()
    assert lines[0].split() == ["actor", "state", "circuit", "restarts", "mailbox", "messages", "p50", "p99"]
    okx = next(number for number, line in enumerate(lines) if "─ okx" in line)
    assert all(below.index("─") > lines[okx].index("─") for below in lines[okx + 1 : okx + 5])
    assert [name for line in lines if (name := line.strip("├└│─ ").split()[0]).startswith("/")][:3] == [
        "/perpbot",
        "/trading",
        "/journal",
    ]
    trading = next(line for line in lines[okx:] if "─ trading" in line)
    assert trading[trading.index("running") :].split()[:2] == ["running", "CONNECTED"]


def test_the_tree_for_programs_has_the_documented_fields(system: Running, perpbot: Commands) -> None:
    tree = perpbot("tree", "--json", "--state", system.state).json
    fields = {
        *("address", "name", "kind", "type", "state", "uptime_s", "restarts", "mailbox", "messages", "latency_us"),
        *("last_failure", "circuit", "circuit_s", "strategy", "children"),
    }
    assert all(node.keys() == fields for node in nodes(tree))
    addresses = {node["address"]: node for node in nodes(tree)}
    assert addresses["/venues/okx/trading"]["circuit"] == "CONNECTED"
    assert addresses["/books"]["strategy"] == "rest_for_one"


def test_a_part_of_the_tree(system: Running, perpbot: Commands) -> None:
    part = perpbot("tree", "/venues/okx", "--json", "--state", system.state).json
    assert [child["name"] for child in part["children"]] == [
        "instruments",
        "quotes",
        "market-data",
        "polling",
        "trading",
    ]
    assert len(perpbot("tree", "/venues/okx", "--state", system.state).out.splitlines()) == 7


def test_a_watched_tree_is_printed_again_and_again_until_it_is_interrupted(system: Running) -> None:
    command = [*PERPBOT, "tree", "/venues", "--watch", "--state", str(system.state)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment())
    assert process.stdout is not None
    with ended(process):
        Output(process.stdout).wait_for("\u251c\u2500 okx", 2)
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE_S) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""


def test_one_actor(system: Running, perpbot: Commands) -> None:
    shown = perpbot("inspect", "/venues/okx/trading", "--state", system.state).out
    assert shown.startswith("/venues/okx/trading  (TradingConnection, actor)\n")
    assert re.search(
        r"\nCircuit       CONNECTED for [0-9]+ m?s: connected \(\d+ transitions?\)\n", shown.replace(".", "")
    )
    assert "PlaceOrder" in shown
    actor = perpbot("inspect", "/venues/okx/trading", "--json", "--state", system.state).json
    assert actor["handlers"]["PlaceOrder"]["count"] >= 1
    assert actor["state_of_actor"]["venue"] == "okx"


def test_trades_have_their_profit_with_its_currency_newest_first(system: Running, perpbot: Commands) -> None:
    over = perpbot("trades", "--json", "--state", system.state).json["over"]
    assert over
    times = [datetime.fromisoformat(each["settled_at"]) for each in over]
    assert times == sorted(times, reverse=True)
    shown = perpbot("trades", "--state", system.state).out
    row = next(line for line in shown.splitlines() if over[-1]["id"] in line.split())
    net = Decimal(over[-1]["net"])
    assert f"{net:+.4f}" in row
    assert "+".join(over[-1]["currencies"]) in row


def test_no_more_trades_than_asked_for(system: Running, perpbot: Commands) -> None:
    assert len(perpbot("trades", "--limit", "1", "--json", "--state", system.state).json["over"]) == 1


def test_positions(system: Running, perpbot: Commands) -> None:
    answer = perpbot("positions", "--json", "--state", system.state).json
    assert answer["known"]
    assert all(each["currency"] in {"USDT", "USDC"} for each in answer["positions"])
    shown = perpbot("positions", "--state", system.state).out
    assert shown.startswith(("venue", "No positions: nothing is held."))


def test_opportunities_say_what_became_of_them(system: Running, perpbot: Commands) -> None:
    answer = perpbot("opportunities", "--json", "--state", system.state).json
    assert answer
    assert all(each["verdict"] for each in answer)
    shown = perpbot("opportunities", "--state", system.state).out
    assert shown.splitlines()[0].split()[:4] == ["since", "(UTC)", "quotes", "symbol"]
    again = [(each["symbol"], each["buy"], each["sell"], each["at"]) for each in answer]
    assert len(again) == len(set(again))


def test_nothing_has_crashed(system: Running, perpbot: Commands) -> None:
    assert perpbot("crashes", "--json", "--state", system.state).json == []
    assert perpbot("crashes", "--state", system.state).out == "Nothing has crashed.\n"


def test_dead_letters(system: Running, perpbot: Commands) -> None:
    answer = perpbot("dead-letters", "--json", "--state", system.state).json
    assert answer["total"] >= len(answer["newest"])
    assert sum(each["count"] for each in answer["sorts"]) == answer["kept"]
    shown = perpbot("dead-letters", "--state", system.state).out
    assert shown.startswith(("times", "No message was lost."))
    shown = perpbot("dead-letters", "--each", "--state", system.state).out
    assert shown.startswith(("time (UTC)", "No message was lost."))


@pytest.mark.parametrize(
    "command", [["tree"], ["inspect"], ["trace"], ["stacks"], ["crashes"], ["dead-letters"], ["restart"], ["resume"]]
)
def test_nobody_lives_there(system: Running, perpbot: Commands, command: list[str]) -> None:
    refused = perpbot(*command, "/nowhere", "--state", system.state)
    assert (refused.code, refused.out) == (2, "")
    assert refused.err == "nobody lives at /nowhere; `perpbot tree` shows who lives where\n"


@pytest.mark.parametrize(
    ("wrong", "meant"),
    [
        ("/venues/okx/tradin", "/venues/okx/trading or "),
        ("orders", "/books/orders?"),
        ("/scanner-BTC", "/strategies/scanner-BTC-PERP?"),
        ("/BOOKS/ORDERS", "/books/orders?"),
    ],
)
def test_near_addresses_are_suggested(system: Running, perpbot: Commands, wrong: str, meant: str) -> None:
    refused = perpbot("inspect", wrong, "--state", system.state)
    assert refused.err.startswith(f"nobody lives at {wrong}; did you mean {meant}")


def test_addresses_complete(system: Running) -> None:
    words = {"COMP_WORDS": "perpbot inspect /venues/okx/t", "COMP_CWORD": "2", "_PERPBOT_COMPLETE": "bash_complete"}
    completed = in_process([], PERPBOT_STATE=str(system.state), **words)
    assert completed.out == "plain,/venues/okx/trading\n"


def test_every_answer_is_json_without_anything_around_it(system: Running, perpbot: Commands) -> None:
    for command in (
        "status",
        "tree",
        "top",
        "stacks",
        "trades",
        "positions",
        "opportunities",
        "crashes",
        "dead-letters",
    ):
        json.loads(perpbot(command, "--json", "--state", system.state).out)


# -- money -------------------------------------------------------------------------------------------------------------


def test_profit_adds_up_by_every_facet_and_to_what_status_says(system: Running, perpbot: Commands) -> None:
    pnl = perpbot("pnl", "--json", "--state", system.state).json
    assert pnl["statistics"]["trades"] >= 1
    for currency, each in pnl["currencies"].items():
        for facet in ("day", "pool", "venue", "symbol"):
            cuts = [Decimal(cut[currency]["net"]) for cut in pnl["by"][facet].values() if currency in cut]
            assert sum(cuts) + Decimal(pnl["open"][currency]) == Decimal(each["net"])
    assert set(pnl["by"]["pool"]) == {"arb"}


@pytest.mark.parametrize("by", ["day", "pool", "venue", "symbol"])
def test_profit_is_shown_by_one_facet_with_how_well_trading_went(system: Running, perpbot: Commands, by: str) -> None:
    shown = perpbot("pnl", "--by", by, "--state", system.state)
    assert shown.out.split()[:6] == [by, "currency", "prices", "fees", "funding", "net"]
    assert re.search(r"^Win rate +\d", shown.out, re.MULTILINE)
    currencies = re.findall(r"^In all +[+-]?\d", shown.out, re.MULTILINE)
    assert currencies
    assert ("different dollars count one to one" in shown.out) is (len(currencies) > 1)


def test_balances_show_accounts_and_pools(system: Running, perpbot: Commands) -> None:
    answer = perpbot("balances", "--json", "--state", system.state).json
    assert {each["venue"] for each in answer["balances"]} == set(answer["venues"])
    arb = answer["pools"]["arb"]
    assert all(
        Decimal(each["available"]) <= Decimal(each["total"]) + Decimal(each["borrowed"]) for each in arb.values()
    )
    assert answer["allocation"]["efficiency"]
    shown = perpbot("balances", "--state", system.state).out
    assert re.search(r"^okx +main +USDT ", shown, re.MULTILINE)
    assert re.search(r"^BTC-PERP ", shown, re.MULTILINE)


def test_orders_of_trades_in_progress_are_shown(system: Running, perpbot: Commands) -> None:
    found: list[dict[str, Any]] = []
    while not found:  # between two looks all trades may be over
        assert perpbot("wait", "open>=1", "--state", system.state).code == 0
        found = perpbot("orders", "--json", "--state", system.state).json["orders"]
    assert {each["standing"] for each in found} <= {"unknown", "waiting", "over"}
    assert perpbot("orders", "--state", system.state).code == 0


def test_risk_shows_each_limit_and_lifts_the_pause_and_begins_drawdowns_anew(
    system: Running, perpbot: Commands
) -> None:
    answer = perpbot("risk", "status", "--json", "--state", system.state).json
    assert {"drawdown", "daily-loss", "concentration"} <= {each["rule"] for each in answer["limits"]}
    assert answer["approved"] >= 1
    assert "drawdown" in perpbot("risk", "status", "--state", system.state).out
    assert perpbot("risk", "resume", "--yes", "--state", system.state).out == "The pause is over.\n"
    rebased = perpbot("risk", "rebase", "--venue", "okx", "--yes", "--state", system.state)
    assert re.fullmatch(r"okx: drawdowns are measured from [\d,.]+\.\n", rebased.out)
    wrong = perpbot("risk", "rebase", "--venue", "nowhere", "--yes", "--state", system.state)
    assert (wrong.code, wrong.err.startswith("nothing is traded at 'nowhere'; there are ")) == (2, True)


@pytest.mark.parametrize("table", ["trades", "fills", "funding", "pnl"])
def test_a_table_is_exported_for_other_programs(system: Running, perpbot: Commands, table: str) -> None:
    rows = list(csv.DictReader(io.StringIO(perpbot("export", table, "--state", system.state).out)))
    lines = [
        json.loads(line)
        for line in perpbot("export", table, "--format", "jsonl", "--state", system.state).out.splitlines()
    ]
    assert rows == lines[: len(rows)], "it may have gone on trading in between"
    assert rows or table == "funding"


def test_what_is_exported_adds_up(system: Running, perpbot: Commands) -> None:
    trades = perpbot("export", "trades", "--state", system.state).out
    fills = list(csv.DictReader(io.StringIO(perpbot("export", "fills", "--state", system.state).out)))
    for each in csv.DictReader(io.StringIO(trades)):
        mine = [fill for fill in fills if fill["trade"] == each["trade"]]
        sign = {"buy": -1, "sell": 1}
        cash = sum(sign[fill["side"]] * Decimal(fill["quantity"]) * Decimal(fill["price"]) for fill in mine)
        assert cash == Decimal(each["trading"])
        assert sum(Decimal(fill["fee"]) for fill in mine) == Decimal(each["fees"])
        assert sum(Decimal(fill["quantity"]) * Decimal(fill["price"]) for fill in mine) == Decimal(each["volume"])


def test_an_export_without_a_journal_says_where_it_looked(perpbot: Commands, tmp_path: Path) -> None:
    shown = perpbot("export", "trades", "--state", tmp_path)
    assert (shown.code, shown.out) == (78, "")
    assert str(tmp_path) in shown.err


def test_an_export_to_where_nothing_can_be_written(system: Running, perpbot: Commands, tmp_path: Path) -> None:
    output = tmp_path / "none" / "trades.csv"
    shown = perpbot("export", "trades", "--output", output, "--state", system.state)
    said = f"{output} cannot be written: No such file or directory; give another --output\n"
    assert (shown.code, shown.out, shown.err) == (74, "", said)


def test_a_completed_trade_says_how_long_each_of_its_phases_took(system: Running, perpbot: Commands) -> None:
    over = perpbot("trades", "--json", "--state", system.state).json["over"]
    phases = next(each["phases_ms"] for each in over if each["phase"] == "completed")
    assert list(phases) == ["prepare", "check", "place", "opening", "open", "closing"]
    assert all(took >= 0 for took in phases.values())
