"""A write that was cut short at the end of a journal's write-ahead log, as a crash of the machine leaves it."""

from pathlib import Path

HEADER, FRAME = 32, 24
"""Bytes before the first frame, and before each page. Source: https://www.sqlite.org/fileformat2.html, 4.1."""


def frames_end(log: bytes) -> int:
    """Where the last frame of `log` ends; what lies behind it is left from earlier, or was never written."""
    step = FRAME + int.from_bytes(log[8:12], "big")
    end = HEADER
    while log[end + 8 : end + 16] == log[16:24] != b"":
        end += step
    return min(end, len(log))


def tear(log: Path, share: float) -> int:
    """Leave a piece of what `log` holds behind its last frame, `share` of it, from 0 to 1; its length in bytes.

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
