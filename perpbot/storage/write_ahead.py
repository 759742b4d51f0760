"""The log ahead of the journal's database: a file of fixed length in which a commit is one write to the disk.

A commit of SQLite computes pages, takes locks, and writes several pages before it waits for the disk; now and then it
waits for a checkpoint, too. A batch here is one piece of bytes, written past the page cache (O_DIRECT) and durable when
the write returns (O_DSYNC). What a batch holds goes into the database later, in the background; its blocks are written
over only after that is durable.

Each batch begins a block. First comes its head, little-endian: CRC-32 of all that follows (4 bytes), length of what
follows the head (4), the journal's epoch (8), the number of its first entry (8), when it was written (8); then its
entries in MessagePack, kind and body of each. What was written in part, or was never written, has another CRC.
"""

import errno
import mmap
import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from struct import Struct
from zlib import crc32

import msgspec

BLOCK = 4096
"""What disks write at once; direct writes are to be multiples of it."""
BLOCKS = 512
LENGTH = BLOCK * BLOCKS
_CRC, _HEAD = Struct("<I"), Struct("<IQQq")
_BEGIN = _CRC.size + _HEAD.size

Rows = list[tuple[str, bytes]]
"""Kind and body of each entry."""
_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(Rows)


class Batch(msgspec.Struct, frozen=True, gc=False):
    """Entries that are one commit, with numbers in a row from `first` on."""

    first: int
    at_ns: int
    """Wall clock, when it was written."""
    rows: Rows

    @property
    def last(self) -> int:
        """Number of its last entry."""
        return self.first + len(self.rows) - 1


class WriteAheadLog:
    """The file at `path`. Batches are written by one thread at a time; `free` may be called by another meanwhile."""

    def __init__(self, path: Path, epoch: int) -> None:
        """Open the file, or make it. What it holds is given up: see `batches_beyond`. Raises `OSError`."""
        self._epoch = epoch
        self._file = _opened(path)
        self._buffer = mmap.mmap(-1, LENGTH)  # whole pages, as a direct write wants them
        self._view = memoryview(self._buffer)
        self._written = self._freed = 0

    def write(self, batch: Batch) -> int | None:
        """Make `batch` durable; returns where it ends, for `free`, or None when there is no room for it now.

        Raises:
            OSError: the disk does not take it. Nothing counts as written then, and the next batch takes its place.
        """
        data = encoded(batch, self._epoch)
        blocks = -(-len(data) // BLOCK)
        begin = self._written
        if begin % BLOCKS + blocks > BLOCKS:  # it has to be in one piece
            begin += BLOCKS - begin % BLOCKS
        if begin + blocks - self._freed > BLOCKS:
            return None
        self._buffer[: len(data)] = data
        self._written = begin  # so that the next batch takes this one's place, whatever becomes of it
        length = os.pwrite(self._file, self._view[: blocks * BLOCK], begin % BLOCKS * BLOCK)
        if length != blocks * BLOCK:
            raise OSError(errno.EIO, f"only {length} of {blocks * BLOCK} bytes were written")
        self._written = begin + blocks
        return self._written

    def free(self, end: int) -> None:
        """What was written up to `end` is kept elsewhere now."""
        self._freed = end

    @property
    def filled(self) -> float:
        """The share of the file that is not free."""
        return (self._written - self._freed) / BLOCKS

    def clear(self) -> None:
        """Leave nothing in the file; all of it is kept elsewhere. Raises `OSError`."""
        used = min(self._written, BLOCKS) * BLOCK
        self._buffer[:used] = bytes(used)
        os.pwrite(self._file, self._view[:used], 0)
        self._written = self._freed = 0

    def close(self) -> None:
        """Let go of the file; once closed, it stays closed."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def encoded(batch: Batch, epoch: int) -> bytes:
    """`batch` as it is written."""
    body = _ENCODER.encode(batch.rows)
    head = _HEAD.pack(len(body), epoch, batch.first, batch.at_ns)
    return _CRC.pack(crc32(body, crc32(head))) + head + body


def batches_beyond(last: int, log: bytes, epoch: int) -> list[Batch]:
    """The batches in `log` whose entries have numbers beyond `last`, in order.

    Raises:
        ValueError: a batch is of another journal.
    """
    found = []
    for _, of, batch in whole_batches(log, last):
        if of != epoch:
            raise ValueError(f"it belongs to journal {of}, not to {epoch}")
        if batch.rows:
            found.append(batch)
    return sorted(found, key=lambda each: each.first)


def in_a_row(batches: list[Batch], last: int) -> list[Batch]:
    """Those of `batches` that go on where `last` ends, without a gap."""
    kept = []
    for batch in batches:
        if batch.first != last + 1:
            break
        kept.append(batch)
        last = batch.last
    return kept


def whole_batches(log: bytes, last: int = 0) -> Iterator[tuple[int, int, Batch]]:
    """Where it begins, its journal's epoch, and the batch: of whatever was written as a whole and begins beyond `last`.

    What was moved on is found, too, until it is written over.
    """
    for start in range(0, len(log) - _BEGIN, BLOCK):
        (crc,) = _CRC.unpack_from(log, start)
        length, epoch, first, at_ns = _HEAD.unpack_from(log, start + _CRC.size)
        end = start + _BEGIN + length
        if first > last and length and end <= len(log) and crc32(log[start + _CRC.size : end]) == crc:
            yield start, epoch, Batch(first, at_ns, _DECODER.decode(log[start + _BEGIN : end]))


def _opened(path: Path) -> int:
    """The file, of its full length: what makes no file longer is durable sooner, as nothing but itself is written."""
    if not path.exists() or path.stat().st_size != LENGTH:
        _fill(path)
    direct = getattr(os, "O_DIRECT", 0)
    for flags in (os.O_DSYNC | direct, os.O_DSYNC):
        try:
            return _tried(path, os.O_RDWR | os.O_CLOEXEC | flags)
        except OSError as error:
            if error.errno != errno.EINVAL or not flags & direct:
                raise
    raise AssertionError("unreachable")


def _tried(path: Path, flags: int) -> int:
    """Some file systems let a file be opened for direct writes and refuse the writes."""
    file = os.open(path, flags)
    try:
        with mmap.mmap(-1, BLOCK) as nothing:
            os.pwrite(file, nothing, 0)
    except BaseException:
        os.close(file)
        raise
    return file


def _fill(path: Path) -> None:
    """Write zeros behind what is there, and make them durable."""
    with open(path, "ab", opener=partial(os.open, mode=0o600)) as file:
        file.write(bytes(max(0, LENGTH - file.tell())))
        file.truncate(LENGTH)
        file.flush()
        os.fsync(file.fileno())
