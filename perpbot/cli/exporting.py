"""`perpbot export`: the journal's trades, fills, funding payments and profits for other programs."""

import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import click

from perpbot.cli.asking import EXIT_CONFIG, EXIT_IO, Failure, state_option
from perpbot.statedir import state_directory

TABLES = ("trades", "fills", "funding", "pnl")
FORMATS = ("csv", "jsonl", "parquet")
FORMULA = ("=", "+", "-", "@")


@click.command()
@click.argument("table", type=click.Choice(TABLES))
@click.option("--format", "as_format", type=click.Choice(FORMATS), default="csv", show_default=True, help="The form.")
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False, writable=True),
    metavar="FILE",
    help="Where to write; else standard output. Parquet needs a file.",
)
@state_option
def export(*, table: str, as_format: str, output: Path | None, state: Path | None) -> None:
    """Write a table of all trades, fills, funding payments or profits, whether the system runs or not.

    Amounts are exact decimal text, in Parquet decimals of 18 places; times are UTC. Profits are by day, pool, venue,
    symbol and currency.
    """
    if as_format == "parquet" and output is None:
        raise click.UsageError("--format parquet needs --output FILE")
    from perpbot.cli.parquet import NoParquetError, write_parquet
    from perpbot.execution.exports import TABLES as ROWS
    from perpbot.storage.database import JournalError
    from perpbot.storage.reading import read

    path = state_directory(state, os.environ) / "journal.sqlite"
    if not path.is_file():
        raise Failure(f"there is no journal at {path}; say with --state where the state is", EXIT_CONFIG)
    try:
        rows = ROWS[table](line.entry for line in read(path))
        if as_format == "parquet" and output is not None:
            write_parquet(rows, output)
            return
        with _opened(output) as file:
            (_write_csv if as_format == "csv" else _write_jsonl)(rows, file)
    except (JournalError, NoParquetError) as error:
        raise Failure(str(error), EXIT_CONFIG) from None


@contextmanager
def _opened(output: Path | None) -> Iterator[TextIO]:
    if output is None:
        yield sys.stdout
    else:
        try:
            file = output.open("w", encoding="utf-8", newline="")
        except OSError as error:
            raise Failure(f"{output} cannot be written: {error.strerror}; give another --output", EXIT_IO) from None
        with file:
            yield file


def _write_csv(rows: Iterable[Mapping[str, str]], file: TextIO) -> None:
    import csv

    writer: csv.DictWriter[str] | None = None
    for row in rows:
        if writer is None:
            writer = csv.DictWriter(file, list(row), lineterminator="\n")
            writer.writeheader()
        writer.writerow({name: _harmless(text) for name, text in row.items()})


def _harmless(text: str) -> str:
    """Text from a venue that a spreadsheet would take for a formula; numbers stay as they are."""
    if not text.startswith(FORMULA) or text[1:].replace(".", "", 1).isdigit():
        return text
    return f"'{text}"


def _write_jsonl(rows: Iterable[Mapping[str, str]], file: TextIO) -> None:
    file.writelines(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows)
