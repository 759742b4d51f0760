"""Tables, trees and words of the command line, from made-up answers."""

import io
import sys
from collections.abc import Callable
from typing import Any

import pytest
from rich.console import Console

from perpbot.cli import trees
from perpbot.cli.details import show_status
from perpbot.cli.outline import in_a_line, outline
from perpbot.cli.risk import limit_row
from perpbot.cli.tables import Cell, Column, Row, plain_table, rich_table
from perpbot.cli.wording import amount, clean, duration, fees, microseconds, rate, share, time, uptime

COLUMNS = (
    Column("name", flexible=True),
    Column("net", right=True),
    Column("note", from_width=100),
)
ROWS: list[Row] = [["a", Cell("+1.5", "green"), "x"], ["a much longer name", "-12.25", "\x1b[2J"]]


def rich_lines(width: int, columns: Any, rows: Any) -> list[str]:
    console = Console(file=io.StringIO(), width=width, force_terminal=True, color_system=None)
    with console.capture() as captured:
        console.print(rich_table(columns, rows, width))
    return captured.get().splitlines()


def test_plain_tables_are_aligned_and_whole() -> None:
    assert plain_table(COLUMNS, ROWS).splitlines() == [
        "name                   net  note",
        "a                     +1.5  x",
        "a much longer name  -12.25   [2J",
    ]


@pytest.mark.parametrize("width", [20, 40, 80, 200])
def test_rich_tables_never_wrap(width: int) -> None:
    lines = rich_lines(width, COLUMNS, ROWS)
    assert len(lines) == 3
    assert all(len(line) <= width for line in lines)
    assert ("note" in lines[0]) == (width >= 100)
    assert "+1.5" in lines[1]
    assert "-12.25" in lines[2]


def node(name: str, *children: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {
        "address": f"/{name}",
        "name": name,
        "kind": "supervisor" if children else "actor",
        "type": "Actor",
        "state": "running",
        "uptime_s": 1.0,
        "restarts": 0,
        "mailbox": {"depth": 0, "capacity": 10, "high_water": 3, "dropped": 0},
        "messages": 1_234,
        "latency_us": {"p50": 20.0, "p99": 8_400.0},
        "last_failure": None,
        "circuit": None,
        "strategy": None,
        "children": list(children),
        **changes,
    }


def test_a_line_of_the_tree_that_begins_with_a_slash_is_an_address_and_names_below_are_added_to_it() -> None:
    orders = node("orders", address="/books/orders")
    tree = node("perpbot", node("trading", node("books", orders, address="/books"), address="/trading"))
    cells = [row[0] for row in trees.tree_rows(tree)]
    texts = [cell.text for cell in cells if isinstance(cell, Cell)]
    assert texts == ["/perpbot", "└─ /trading", "   └─ /books", "      └─ orders"]


FAILED = {"at": "2020-01-02T03:04:05.678Z", "reason": "ValueError: no\nmore"}


def test_failures_stand_below_the_tree_newest_first() -> None:
    later = {"at": "2020-01-02T03:04:06.000Z", "reason": "TimeoutError"}
    tree = node("root", node("first", last_failure=FAILED, restarts=2), node("second", last_failure=later))
    texts = plain_table(trees.COLUMNS, trees.tree_rows(tree)).splitlines()
    assert [line.split("  ")[0].strip() for line in texts[1:]] == ["/root", "├─ /first", "└─ /second"]
    assert plain_table(trees.FAILURES, trees.failure_rows(tree)).splitlines()[1:] == [
        "2020-01-02 03:04:06  /second  TimeoutError",
        "2020-01-02 03:04:05  /first   ValueError: no more",
    ]


@pytest.mark.parametrize(
    ("changes", "column", "style"),
    [
        ({"state": "backing-off"}, 1, "bold red"),
        ({"state": "running"}, 1, "green"),
        ({"circuit": "CIRCUIT_OPEN"}, 2, "bold red"),
        ({"circuit": "DEGRADED"}, 2, "bold yellow"),
        ({"circuit": "CONNECTED"}, 2, "green"),
        ({"restarts": 1}, 3, "bold yellow"),
    ],
)
def test_what_is_not_calm_stands_out(changes: dict[str, Any], column: int, style: str) -> None:
    (row,) = trees.tree_rows(node("one", **changes))
    cell = row[column]
    assert isinstance(cell, Cell)
    assert cell.style == style


def test_a_tree_that_is_too_tall_is_folded_where_it_is_calm() -> None:
    venue = node("okx", node("quotes"), node("trading", circuit="CIRCUIT_OPEN"))
    calm = node("aster", node("quotes2"), node("trading2", circuit="CONNECTED"))
    tree = node("root", node("venues", venue, calm), node("books", *(node(f"book{n}") for n in range(5))))

    def names(height: int) -> list[str]:
        cells = [row[0] for row in trees.fitted_rows(tree, height)]
        return [cell.text.lstrip("├└│─ /") for cell in cells if isinstance(cell, Cell)]

    assert len(names(50)) == 14
    assert names(10)[-1] == "books (5 actors)"
    assert "trading2" in names(10)
    assert names(3) == ["root", "venues", "okx", "quotes", "trading", "aster (2 actors)", "books (5 actors)"]


def test_trees_are_drawn_in_ascii_where_there_is_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding="ascii"))
    rows = trees.tree_rows(node("root", node("a"), node("b")))
    assert [cell.text for cell in (row[0] for row in rows) if isinstance(cell, Cell)] == ["/root", "|- /a", "`- /b"]


@pytest.mark.parametrize(
    ("made", "text"),
    [
        (lambda: clean("a\x1b[31mb\nc"), "a [31mb c"),
        (lambda: uptime(93_784.9), "1 d 02:03:04"),
        (lambda: uptime(0), "00:00:00"),
        (lambda: duration(0.0404), "40 ms"),
        (lambda: duration(4.25), "4.2 s"),
        (lambda: duration(59.9), "59 s"),
        (lambda: duration(60), "1 min"),
        (lambda: duration(7_384), "2 h 3 min"),
        (lambda: duration(90_061), "1 d 1 h"),
        (lambda: rate(0), "·"),
        (lambda: rate(0.21), "0.2"),
        (lambda: rate(1234.5), "1,234"),
        (lambda: rate(None), "-"),
        (lambda: share(0.004), "·"),
        (lambda: share(0.991), "99%"),
        (lambda: microseconds(None), "-"),
        (lambda: microseconds(12.4), "12 µs"),
        (lambda: microseconds(8_388.6), "8.4 ms"),
        (lambda: microseconds(2_500_000), "2.5 s"),
        (lambda: amount("12345.67891", signed=True), "+12,345.6789"),
        (lambda: amount("-0.5", signed=True), "-0.5000"),
        (lambda: amount("0", signed=True), "0"),
        (lambda: amount("0E-8"), "0"),
        (lambda: amount("-0.00002", signed=True), "-0.00002000"),
        (lambda: fees({"fees": "0.2", "other_fees": {}}), "0.2000"),
        (lambda: fees({"fees": "0.2", "other_fees": {"BNB": "0.003"}}), "0.2000 + 0.003 BNB"),
        (lambda: amount(None), "-"),
        (lambda: amount("1E+400"), "1E+400"),
        (lambda: time("2020-01-02T03:04:05.678Z"), "2020-01-02 03:04:05"),
    ],
)
def test_values_as_people_read_them(made: Callable[[], str], text: str) -> None:
    assert made() == text


def test_nested_values_are_indented() -> None:
    value = {"a": 1, "b": {"c": [1, 2], "d": None}, "e": [], "f": [{"g": {"h": True}}], "i": "x\ny"}
    assert list(outline(value)) == [
        "a: 1",
        "b:",
        "  c: 1, 2",
        "  d: -",
        "e: none",
        "f:",
        "  -",
        "    g: h yes",
        "i: x y",
    ]


@pytest.mark.parametrize(
    ("given", "shown"),
    [("0", "0"), ("3", "3"), ("1000", "1,000"), ("0.00810", "0.0081"), ("90145.42512", "90,145.4251")],
)
def test_limits_have_no_zeros_behind_them(given: str, shown: str) -> None:
    row = {"level": "account", "rule": "r", "used": given, "limit": given, "unit": "count", "share": 0, "about": ""}
    assert limit_row(row)[2:4] == [shown, shown]


def test_nested_values_fit_into_a_line() -> None:
    assert (
        in_a_line({"a": 1, "b": {"c": [1, 2], "d": None}, "e": [{"f": True}]}) == "a 1, b (c (1, 2), d -), e ((f yes))"
    )


def test_addresses_that_are_too_long_keep_their_end() -> None:
    columns = (Column("actor", flexible=True, keep_end=True), Column("busy", right=True))
    lines = rich_lines(24, columns, [["/strategies/scanner-BTC-PERP", "12%"]])
    assert lines[1] == "…canner-BTC-PERP   12%"


def test_a_status_without_anything_can_be_shown(capsys: pytest.CaptureFixture[str]) -> None:
    show_status(
        {
            "version": "0.1.0",
            "mode": "live",
            "config": "x.yaml",
            "state_directory": "/s",
            "pid": 1,
            "uptime_s": 0,
            "stopping": True,
            "healthy": False,
            "problems": ["/books/orders does not answer"],
            "process": {"blocked": {"total": 0, "longest_ms": 0.0, "newest": []}},
            "venues": {},
            "profit": {},
            "trades": {"open": 0, "over": 0},
            "orders": None,
            "equity": "0",
            "exposure": None,
            "kill_switch": {},
            "restarts": 1,
            "crashes": 1,
            "dead_letters": 1,
            "log_lines_lost": 0,
            "low": [],
            "actors": 3,
        }
    )
    shown = capsys.readouterr().out
    assert shown.startswith("PerpBot 0.1.0  LIVE  stopping  up 00:00:00")
    assert "PnL in all    nothing traded yet\nEquity        0   net -, gross -\n" in shown
    assert "3 up, 1 restart, 1 crash, 1 dead letter" in shown
    assert shown.endswith("! /books/orders does not answer\n")
