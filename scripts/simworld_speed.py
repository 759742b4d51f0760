"""How fast the simulated world is on this machine.

Prints steps of the loop per second, the cost of a 500-byte frame from `sendall` to the `recv` of its last byte, read
in the small pieces that websocket-client asks for, and how many frames per second pass through websocket-client
and wsproto. Usage: python scripts/simworld_speed.py [SECONDS OF VIRTUAL TIME]
"""

import socket
import sys
import threading
import time
from collections.abc import Callable

import gevent
import gevent.queue
import websocket
import wsproto
from wsproto.events import AcceptConnection, Request, TextMessage

from perpbot.simulation.world import World, real_seconds, run_forked

CONNECTIONS = 9
FRAMES_PER_S = 2
PAYLOAD = "x" * 500


def main() -> None:
    """Measure everything and print it."""
    span_s = float(sys.argv[1]) if len(sys.argv) > 1 else 600.0
    for name, program in (("yield", _yield), ("sleep", _sleep), ("two queues", _queues)):
        steps, seconds = run_forked(_timed, 1, program)
        print(f"{name:24} {steps / seconds:>10,.0f} steps/s")
    for name, feed in (("bare sockets", _bare), ("websocket-client", _websocket)):
        (frames, idle_s), seconds = run_forked(_measured, 1, feed, span_s, timeout_s=600.0)
        cost = (seconds - idle_s) / frames * 1e6
        print(f"{name:24} {frames / seconds:>10,.0f} frames/s, {cost:.0f} us each without the sender's pauses")


def _timed(world: World, program: Callable[[], None]) -> tuple[int, float]:
    begin_s, begin = real_seconds(), world.loop.steps
    program()
    gevent.sleep(1)
    return world.loop.steps - begin, real_seconds() - begin_s


def _measured(world: World, program: Callable[[World, float], int], span_s: float) -> tuple[tuple[int, float], float]:
    begin_s = real_seconds()
    gevent.joinall([gevent.spawn(_pause, span_s) for _ in range(CONNECTIONS)])
    idle_s = real_seconds() - begin_s
    begin_s = real_seconds()
    frames = program(world, span_s)
    return (frames, idle_s), real_seconds() - begin_s


def _pause(span_s: float) -> None:
    for _ in range(int(span_s * FRAMES_PER_S)):
        time.sleep(1 / FRAMES_PER_S)


def _yield() -> None:
    gevent.joinall([gevent.spawn(_repeat, 1000, gevent.sleep, 0) for _ in range(100)])


def _sleep() -> None:
    gevent.joinall([gevent.spawn(_repeat, 1000, gevent.sleep, 0.01 * k) for k in range(1, 101)])


def _repeat(count: int, action: Callable[[float], None], argument: float) -> None:
    for _ in range(count):
        action(argument)


def _queues() -> None:
    there: gevent.queue.Queue[int] = gevent.queue.Queue()
    back: gevent.queue.Queue[int] = gevent.queue.Queue()

    def answer() -> None:
        for _ in range(50_000):
            back.put(there.get())

    gevent.spawn(answer)
    for number in range(50_000):
        there.put(number)
        back.get()


def _serve(port: int, handle: Callable[[socket.socket], None]) -> None:
    listener = socket.create_server(("127.0.0.1", port))

    def accept() -> None:
        while True:
            threading.Thread(target=handle, args=(listener.accept()[0],)).start()

    threading.Thread(target=accept).start()


def _bare(_: World, span_s: float) -> int:
    frame = b"hhll" + PAYLOAD.encode()

    def handle(connection: socket.socket) -> None:
        for _ in range(int(span_s * FRAMES_PER_S)):
            connection.sendall(frame)
            time.sleep(1 / FRAMES_PER_S)
        connection.close()

    def read() -> int:
        count = 0
        with socket.create_connection(("127.0.0.1", 9001), timeout=10) as connection:
            while connection.recv(2) and connection.recv(2) and connection.recv(len(PAYLOAD)):
                count += 1
        return count

    _serve(9001, handle)
    readers = [gevent.spawn(read) for _ in range(CONNECTIONS)]
    return sum(reader.get() for reader in readers)


def _websocket(_: World, span_s: float) -> int:
    def handle(connection: socket.socket) -> None:
        peer = wsproto.WSConnection(wsproto.ConnectionType.SERVER)
        while not any(isinstance(event, Request) for event in peer.events()):
            peer.receive_data(connection.recv(4096))
        connection.sendall(peer.send(AcceptConnection()))
        for _ in range(int(span_s * FRAMES_PER_S)):
            connection.sendall(peer.send(TextMessage(PAYLOAD)))
            time.sleep(1 / FRAMES_PER_S)
        connection.close()

    def read() -> int:
        client = websocket.create_connection("ws://127.0.0.1:9001/", timeout=10, skip_utf8_validation=True)
        count = 0
        try:
            while client.recv():
                count += 1
        except websocket.WebSocketConnectionClosedException:
            return count
        return count

    _serve(9001, handle)
    readers = [gevent.spawn(read) for _ in range(CONNECTIONS)]
    return sum(reader.get() for reader in readers)


if __name__ == "__main__":
    main()
