"""Ctrl-C: once stops in order, twice ends at once, whatever the program is doing."""

import os
import signal
import sys
from types import FrameType

import gevent

from perpbot.beginning import EXIT_INTERRUPTED
from perpbot.program import Program


def heed_interrupts(program: Program) -> None:
    """Have the first SIGINT stop `program` in order, and the next end the process."""

    def stop() -> None:
        first.cancel()
        # a plain handler: it is obeyed in the middle of a handler, too, that keeps the hub busy
        signal.signal(signal.SIGINT, end)
        program.log.warning("stopping in order", hint="Ctrl-C once more ends at once")
        program.over_asked()

    def end(_number: int, _frame: FrameType | None) -> None:
        for each in program.give_back:
            each()
        sys.stderr.flush()
        os.write(2, f"{_goodbye(program.trades_in_progress())}\n".encode())
        os._exit(EXIT_INTERRUPTED)

    first = gevent.signal_handler(signal.SIGINT, stop)


def _goodbye(trades: int) -> str:
    ended = "Ended at once, on the second Ctrl-C."
    if not trades:
        return f"{ended} No trade was in progress."
    what = "A trade was" if trades == 1 else f"{trades} trades were"
    return f"{ended} {what} in progress; what is open stays open, unwatched, until the next start takes it up again."
