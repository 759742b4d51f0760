"""Times cryptofeed: the first line holds instruments, books and frames; each further line names what is timed
next, over the second half of the frames.

The feed is made anew for each round and driven by one coroutine without an event loop, which only favours it.
"""

import json
import sys
import time
from decimal import Decimal

from cryptofeed.defines import L2_BOOK, TICKER
from cryptofeed.exchanges.binance_futures import BinanceFutures
from cryptofeed.symbols import Symbols
from driving import tell

given = json.loads(sys.stdin.readline())
Symbols.set(BinanceFutures.id, *BinanceFutures._parse_symbol_data(json.loads(given["instruments"])))
names = [f"{pair.removesuffix('USDT')}-USDT-PERP" for pair in given["books"]]


async def heard(_event: object, _at: float) -> None:
    """What a program would do with an event: nothing."""


def finish(coroutine: object) -> None:
    """Run a coroutine that never waits."""
    try:
        coroutine.send(None)
    except StopIteration:
        return
    raise RuntimeError("it waited")


async def handle_all(handle: object, frames: list[str]) -> None:
    """Hand the feed one frame after the other, as its connection does."""
    for frame in frames:
        await handle(frame, None, 0.0)


class Books:
    """Takes the place of the connection that snapshots come through."""

    async def read(self, url: str, **_more: object) -> str:
        """The book that was recorded."""
        return next(text for pair, text in given["books"].items() if f"symbol={pair}&" in url)


def best(feed: BinanceFutures) -> dict[str, list[str]]:
    """The touch of every book."""
    books = {pair: feed._l2_book[f"{pair.removesuffix('USDT')}-USDT-PERP"].book for pair in given["books"]}
    return {
        pair: [format(Decimal(side.index(0)[0]).normalize(), "f") for side in (book.bids, book.asks)]
        for pair, book in books.items()
    }


for line in sys.stdin:
    feed = BinanceFutures(symbols=names, channels=[L2_BOOK, TICKER], callbacks={L2_BOOK: heard, TICKER: heard})
    feed.http_conn = Books()
    feed._reset()
    for pair in given["books"]:
        finish(feed._snapshot(pair))
    frames = given["frames"][line.strip()]
    half = len(frames) // 2
    finish(handle_all(feed.message_handler, frames[:half]))
    began = time.thread_time()
    finish(handle_all(feed.message_handler, frames[half:]))
    tell(seconds=time.thread_time() - began, books=best(feed))
