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
from collections.abc import Iterable, Iterator
from contextlib import suppress
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


Placed = tuple[int, int, Batch]
"""Where a batch begins in the file, in bytes, its journal's epoch, and the batch."""


class WriteAheadLog:
    """The file at `path`. Batches are written by one thread at a time; `free` may be called by another meanwhile.

    Places are counted on and on, in blocks; where one is in the file is its rest modulo `BLOCKS`.
    """

    def __init__(self, path: Path, epoch: int, last: int) -> None:
        """Open the file, or make it, and go on behind what was written last.

        What is older is written over only a whole round later, also where the database had it already: of a machine
        that crashed then, the database may lose what it showed before.

        Raises:
            OSError: the file cannot be made or used.
            ValueError: a batch is of another journal.
        """
        self._epoch = epoch
        self._file = _opened(path)
        self._buffer = mmap.mmap(-1, LENGTH)  # whole pages, as a direct write wants them
        self._view = memoryview(self._buffer)
        self._spoilt: int | None = None
        """Where a write failed that may have been made all the same."""
        placed = _of_journal(epoch, whole_batches(path.read_bytes()))
        self._written = self._freed = _end(placed[-1]) if placed else 0
        self.left = self._take_up([each for each in placed if each[2].first > last])
        """What is beyond `last`, and where each batch ends, for `free`."""

    def _take_up(self, placed: list[Placed]) -> list[tuple[Batch, int]]:
        """Have the newest batches, in order, count as written and not free."""
        ends: list[tuple[Batch, int]] = []
        for each in reversed(placed):
            end = _end(each)
            while end > self._freed:
                end -= BLOCKS
            ends.append((each[2], end))
            self._freed = end - _length(each)
        return ends[::-1]

    def write(self, batch: Batch) -> int | None:
        """Make `batch` durable; returns where it ends, for `free`, or None when there is no room for it now.

        Raises:
            OSError: the disk does not take it. It does not count as written, and is written over with zeros, at the
                latest before the next one.
        """
        self._clean()
        data = encoded(batch, self._epoch)
        blocks = -(-len(data) // BLOCK)
        begin = self._written
        if begin % BLOCKS + blocks > BLOCKS:  # it has to be in one piece
            begin += BLOCKS - begin % BLOCKS
        if begin + blocks - self._freed > BLOCKS:
            return None
        self._buffer[: len(data)] = data
        try:
            self._put(begin, blocks)
        except OSError:
            self._spoilt = begin
            with suppress(OSError):  # else before the next write
                self._clean()
            raise
        self._written = begin + blocks
        return self._written

    def _put(self, begin: int, blocks: int) -> None:
        length = os.pwrite(self._file, self._view[: blocks * BLOCK], begin % BLOCKS * BLOCK)
        if length != blocks * BLOCK:
            raise OSError(errno.EIO, f"only {length} of {blocks * BLOCK} bytes were written")

    def _clean(self) -> None:
        """Make sure that what could not be written is not there."""
        if self._spoilt is not None:
            self._buffer[:BLOCK] = bytes(BLOCK)
            self._put(self._spoilt, 1)
            self._spoilt = None

    def prove(self) -> None:
        """Write zeros where the next batch will be; raises `OSError` when the disk does not take them."""
        self._clean()
        if self.filled < 1:
            self._buffer[:BLOCK] = bytes(BLOCK)
            self._put(self._written, 1)

    def free(self, end: int) -> None:
        """What was written up to `end` is kept elsewhere now."""
        self._freed = end

    @property
    def filled(self) -> float:
        """The share of the file that is not free."""
        return (self._written - self._freed) / BLOCKS

    def clear(self) -> None:
        """Leave nothing in the file; all of it is kept elsewhere. Raises `OSError`."""
        self._buffer[:] = bytes(LENGTH)
        self._put(0, BLOCKS)
        self._written = self._freed = 0
        self._spoilt = None

    def close(self) -> None:
        """Let go of the file; once closed, it stays closed."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def _end(placed: Placed) -> int:
    return placed[0] // BLOCK + _length(placed)


def _length(placed: Placed) -> int:
    """Of a batch, in blocks."""
    _, epoch, batch = placed
    return -(-len(encoded(batch, epoch)) // BLOCK)


def encoded(batch: Batch, epoch: int) -> bytes:
    """`batch` as it is written."""
    body = _ENCODER.encode(batch.rows)
    head = _HEAD.pack(len(body), epoch, batch.first, batch.at_ns)
    return _CRC.pack(crc32(body, crc32(head))) + head + body


def batches_beyond(last: int, log: bytes, epoch: int) -> list[Batch]:
    """The batches in `log` whose entries have numbers beyond `last`, in order.

    Raises:
        ValueError: one of them is of another journal.
    """
    return [batch for _, _, batch in _of_journal(epoch, whole_batches(log, last))]


def _of_journal(epoch: int, found: Iterable[Placed]) -> list[Placed]:
    placed = sorted(found, key=lambda each: each[2].first)
    for _, of, _ in placed:
        if of != epoch:
            raise ValueError(f"it belongs to journal {of}, not to {epoch}")
    return placed


def in_a_row(batches: list[Batch], last: int) -> list[Batch]:
    """Those of `batches` that go on where `last` ends, without a gap."""
    kept = []
    for batch in batches:
        if batch.first != last + 1:
            break
        kept.append(batch)
        last = batch.last
    return kept


def whole_batches(log: bytes, last: int = 0) -> Iterator[Placed]:
    """Whatever was written as a whole and begins beyond number `last`.

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
    flags = os.O_RDWR | os.O_CLOEXEC | os.O_DSYNC
    try:
        return _tried(path, flags | getattr(os, "O_DIRECT", 0))
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        return _tried(path, flags)


def _tried(path: Path, flags: int) -> int:
    """Open it, and write what stands there: some file systems allow direct writes and refuse them when they come."""
    file = os.open(path, flags)
    try:
        with path.open("rb") as reader, mmap.mmap(-1, BLOCK) as block:
            reader.readinto(block)
            os.pwrite(file, block, 0)
    except BaseException:
        os.close(file)
        raise
    return file


def _fill(path: Path) -> None:
    """Write zeros behind what is there, and make them and the file's name durable."""
    with open(path, "ab", opener=partial(os.open, mode=0o600)) as file:
        file.write(bytes(max(0, LENGTH - file.tell())))
        file.truncate(LENGTH)
        file.flush()
        os.fsync(file.fileno())
    folder = os.open(path.parent, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
