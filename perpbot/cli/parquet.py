"""Rows of text as a Parquet file: times and numbers have types there. Needs the extra `parquet`."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import Any

Rows = Iterable[Mapping[str, str]]

DIGITS, PLACES = 38, 18
"""Of a number in the file; what has more places is rounded to so many."""
LAST_PLACE = Decimal(1).scaleb(-PLACES)
ROWS_AT_ONCE = 10_000
TEXTS = frozenset(
    {
        *("account", "buy", "currencies", "currency", "day", "leg", "liquidity", "order", "phase", "pool", "purpose"),
        *(
            "buy_other_fees",
            "fee_currency",
            "other_fees",
            "reason",
            "sell",
            "sell_other_fees",
            "side",
            "symbol",
            "trade",
            "venue",
            "venue_payment",
            "venue_trade",
        ),
    }
)
"""Columns that stay text. What ends in ``_at``, or is called so, is a time; everything else is a number."""


class NoParquetError(Exception):
    """Parquet cannot be written here; the text says what is missing."""


def write_parquet(rows: Rows, path: Path) -> None:
    """Write `rows`, all of which have the columns of the first, to `path`.

    Raises:
        NoParquetError: the library that writes it is not installed.
        OSError: the file cannot be written.
    """
    try:
        arrow, parquet = import_module("pyarrow"), import_module("pyarrow.parquet")
    except ImportError:
        raise NoParquetError(
            "Parquet needs pyarrow, which is not installed here: pip install pyarrow, or take --format csv"
        ) from None
    left = iter(rows)
    batch = list(islice(left, ROWS_AT_ONCE))
    columns = list(batch[0]) if batch else []
    schema = arrow.schema([(name, _type(arrow, name)) for name in columns])
    with parquet.ParquetWriter(path, schema) as writer, localcontext(prec=2 * DIGITS):
        while batch:
            typed = {name: [_value(name, row[name]) for row in batch] for name in columns}
            writer.write_table(arrow.table(typed, schema=schema))
            batch = list(islice(left, ROWS_AT_ONCE))


def _is_time(name: str) -> bool:
    return name == "at" or name.endswith("_at")


def _type(arrow: Any, name: str) -> Any:
    if name in TEXTS:
        return arrow.string()
    return arrow.timestamp("ms", tz="UTC") if _is_time(name) else arrow.decimal128(DIGITS, PLACES)


def _value(name: str, text: str) -> str | datetime | Decimal | None:
    if name in TEXTS:
        return text
    if not text:
        return None
    if _is_time(name):
        return datetime.fromisoformat(text)
    return Decimal(text).quantize(LAST_PLACE, ROUND_HALF_EVEN)
