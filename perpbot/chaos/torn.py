"""Writes to a journal that were cut short, as a crash of the machine leaves them."""

from pathlib import Path

from perpbot.storage.database import ahead_of
from perpbot.storage.write_ahead import BLOCK, LENGTH, Batch, encoded, whole_batches

HEADER, FRAME = 32, 24
"""Bytes before the first frame, and before each page. Source: https://www.sqlite.org/fileformat2.html, 4.1."""


def frames_end(log: bytes) -> int:
    """Where the last frame of `log` ends; what lies behind it is left from earlier, or was never written."""
    step = FRAME + int.from_bytes(log[8:12], "big")
    end = HEADER
    while log[end + 8 : end + 16] == log[16:24] != b"":
        end += step
    return min(end, len(log))


def tear(journal: Path, share: float) -> int:
    """Leave pieces of writes at the ends of both logs of `journal`, as `tear_ahead` and `tear_wal`; their bytes."""
    wal = journal.with_name(f"{journal.name}-wal")
    return tear_ahead(ahead_of(journal), share) + tear_wal(wal, share)


def tear_ahead(log: Path, share: float) -> int:
    """Leave `share` (0 to 1) of what would come next in the log ahead of the database; its length in bytes.

    It is a byte at least, and never all of it. Where the log is empty, or ends just there, nothing is done: 0.
    """
    held = log.read_bytes() if log.exists() else b""
    written = list(whole_batches(held))
    if not written:
        return 0
    start, epoch, newest = max(written, key=lambda each: each[2].first)
    data = encoded(Batch(newest.last + 1, newest.at_ns, newest.rows), epoch)
    end = start + -(-len(data) // BLOCK) * BLOCK
    if end + len(data) > LENGTH:
        return 0
    piece = data[: 1 + int(share * (len(data) - 2))]
    with log.open("r+b") as file:
        file.seek(end)
        file.write(piece)
    return len(piece)


def tear_wal(log: Path, share: float) -> int:
    """Leave `share` (0 to 1) of what SQLite's `log` holds once more behind its last frame; its length in bytes.

    It is a byte at least. Where nothing was written nothing is done: 0.
    """
    held = log.read_bytes() if log.exists() else b""
    written = held[HEADER : frames_end(held)]
    if not any(written):
        return 0
    piece = written[: 1 + int(share * (len(written) - 1))]
    with log.open("r+b") as file:
        file.seek(HEADER + len(written))
        file.write(piece)
    return len(piece)
