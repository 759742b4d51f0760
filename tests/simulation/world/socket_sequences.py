"""Random sequences of calls on the two ends of a connection, for real and for simulated sockets."""

import select
import socket
from collections.abc import Callable
from typing import Any

from socket_scenarios import NO_LINGER, Settle, attempt, connect

from perpbot.chance import Chance


def abort(end: socket.socket) -> None:
    """Close without farewell."""
    attempt(end.setsockopt, socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
    end.close()


CALLS: dict[str, Callable[[socket.socket], Any]] = {
    "send": lambda end: attempt(end.send, b"abcdef"),
    "receive": lambda end: attempt(end.recv, 100),
    "receive a little": lambda end: attempt(end.recv, 2),
    "peek": lambda end: attempt(end.recv, 2, socket.MSG_PEEK),
    "finish": lambda end: attempt(end.shutdown, socket.SHUT_WR),
    "turn deaf": lambda end: attempt(end.shutdown, socket.SHUT_RD),
    "shut down": lambda end: attempt(end.shutdown, socket.SHUT_RDWR),
    "close": lambda end: end.close(),
    "abort": abort,
    "name of the peer": lambda end: attempt(lambda: bool(end.getpeername())),
    "error": lambda end: attempt(end.getsockopt, socket.SOL_SOCKET, socket.SO_ERROR),
    "ready": lambda end: end.fileno() >= 0 and [bool(some) for some in select.select([end], [end], [], 0)],
}


def play(number: int, settle: Settle) -> list[tuple[str, int, Any]]:
    """What each call of sequence `number` answered."""
    random = Chance(number).stream("sequence")
    ends = connect()
    answers = []
    for end in ends:
        end.setblocking(False)
    for _ in range(random.randint(3, 14)):
        name, side = random.choice(list(CALLS)), random.randrange(2)
        answers.append((name, side, CALLS[name](ends[side])))
        settle()
    for end in ends:
        end.close()
    return answers
