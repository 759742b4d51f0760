"""Tables as Parquet: exact where eighteen places are enough, times with their zone, nothing where nothing is known."""

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perpbot.cli.parquet import NoParquetError, _value, write_parquet
from perpbot.clock import iso
from perpbot.execution.exports import TABLES

ROW = {
    "trade": "7-t1",
    "opened_at": "2026-11-20T12:00:00.250Z",
    "net": "-0.123456789012345678",
    "sent_ms": "",
    "leg": "",
}


@pytest.fixture
def read() -> Callable[[Path], list[dict[str, Any]]]:
    parquet = import_module("pyarrow.parquet")
    return lambda path: parquet.read_table(path).to_pylist()


def test_a_row_is_read_back_with_its_types(tmp_path: Path, read: Callable[[Path], list[dict[str, Any]]]) -> None:
    path = tmp_path / "trades.parquet"
    write_parquet([ROW, {**ROW, "net": "3", "sent_ms": "1.5"}], path)
    first, second = read(path)
    assert first == {
        "trade": "7-t1",
        "opened_at": datetime(2026, 11, 20, 12, 0, 0, 250_000, tzinfo=UTC),
        "net": Decimal("-0.123456789012345678"),
        "sent_ms": None,
        "leg": "",
    }
    assert (second["net"], second["sent_ms"]) == (3, Decimal("1.5"))


def test_a_table_without_rows_is_a_file_all_the_same(
    tmp_path: Path, read: Callable[[Path], list[dict[str, Any]]]
) -> None:
    path = tmp_path / "none.parquet"
    write_parquet([], path)
    assert read(path) == []


def test_without_the_library_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(NoParquetError, match="pip install pyarrow"):
        write_parquet([ROW], tmp_path / "trades.parquet")


@given(ns=st.integers(0, 4 * 10**18))
def test_a_time_is_the_one_that_was_written(ns: int) -> None:
    found = _value("settled_at", iso(ns))
    assert isinstance(found, datetime)
    assert found.tzinfo is not None
    assert round(found.timestamp() * 1_000) == ns // 1_000_000


def test_there_are_rows_for_every_table_that_can_be_exported() -> None:
    assert set(TABLES) == {"trades", "fills", "funding", "pnl"}
