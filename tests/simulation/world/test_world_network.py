import select
import socket
import threading
import time
from pathlib import Path

import gevent
import pytest
from gevent.exceptions import LoopExit
from world_servers import serve

from perpbot.simulation.world import Latency, RealWorldError, Side, World, in_world

pytestmark = pytest.mark.simulated

PORT = 9000


def echo(connection: socket.socket) -> None:
    while data := connection.recv(65536):
        connection.sendall(data)


def dial(timeout_s: float | None = 10.0) -> socket.socket:
    return socket.create_connection(("127.0.0.1", PORT), timeout=timeout_s)


def ask(connection: socket.socket, text: bytes = b"ping") -> bytes:
    connection.sendall(text)
    return connection.recv(len(text))


@in_world()
def test_bytes_arrive_in_order_and_take_time(world: World) -> None:
    serve(PORT, echo)
    with dial() as client:
        begin = world.now()
        numbers = b"".join(b"%05d" % number for number in range(2000))
        for start in range(0, len(numbers), 7):
            client.sendall(numbers[start : start + 7])
        received = bytearray()
        while len(received) < len(numbers):
            received += client.recv(11)
        assert received == numbers
        assert 0.002 < world.now() - begin < 0.1


@in_world()
def test_what_is_long_arrives_in_parts() -> None:
    serve(PORT, lambda connection: connection.sendall(b"x" * 100_000))
    with dial() as client:
        parts = [len(client.recv(100_000)) for _ in range(2)]
    assert 0 < parts[0] < 100_000
    assert parts[1] > 0


@in_world(latency=Latency(base_s=0.2, jitter_s=0.0), quantum_s=1e-9)
def test_latency_is_what_was_asked_for(world: World) -> None:
    serve(PORT, echo)
    with dial() as client:
        assert world.now() == pytest.approx(0.4)
        assert ask(client) == b"ping"
        assert world.now() == pytest.approx(0.8)
        world.network.slow(PORT, 1.0)
        assert ask(client) == b"ping"
        assert world.now() == pytest.approx(3.2)
        world.network.heal(PORT)
        ask(client)
        assert world.now() == pytest.approx(3.6)


@in_world()
def test_partition_is_silent_and_heals(world: World) -> None:
    serve(PORT, echo)
    client = dial(timeout_s=5)
    world.network.partition(PORT)
    begin = world.now()
    with pytest.raises(TimeoutError, match="timed out"):
        ask(client)
    assert world.now() - begin == pytest.approx(5)
    client.sendall(b"!")
    with pytest.raises(TimeoutError):
        dial(timeout_s=3)
    assert world.now() - begin == pytest.approx(8)
    gevent.spawn_later(2, world.network.heal, PORT)
    assert client.recv(100) == b"ping!"
    assert world.now() - begin == pytest.approx(10, abs=0.1)
    assert ask(client) == b"ping"


@in_world()
def test_connecting_waits_for_a_partition_to_heal(world: World) -> None:
    serve(PORT, echo)
    world.network.partition(PORT)
    gevent.spawn_later(2, world.network.heal, PORT)
    assert ask(dial()) == b"ping"
    assert world.now() > 2


@in_world()
def test_connecting_gives_up_on_a_partition_by_itself(world: World) -> None:
    serve(PORT, echo)
    world.network.partition(PORT)
    with pytest.raises(TimeoutError) as caught:
        dial(timeout_s=None)
    assert caught.value.errno == 110
    assert world.now() == 127


@in_world()
def test_nothing_left_but_a_partition_is_a_deadlock(world: World) -> None:
    serve(PORT, echo)
    client = dial(timeout_s=None)
    world.network.partition(PORT)
    with pytest.raises(LoopExit):
        ask(client)


@in_world()
def test_stall_towards_the_client_loses_answers_only(world: World) -> None:
    heard: list[bytes] = []

    def listen(connection: socket.socket) -> None:
        while data := connection.recv(100):
            heard.append(data)
            connection.sendall(b"thanks")

    serve(PORT, listen)
    client = dial(timeout_s=1)
    world.network.stall(PORT, Side.CLIENT)
    with pytest.raises(TimeoutError):
        ask(client, b"order")
    assert heard == [b"order"]
    world.network.heal(PORT)
    assert client.recv(100) == b"thanks"


@in_world()
def test_stall_towards_the_server_loses_requests(world: World) -> None:
    serve(PORT, echo)
    client = dial(timeout_s=1)
    world.network.stall(PORT, Side.SERVER)
    with pytest.raises(TimeoutError):
        ask(client)
    world.network.heal(PORT)
    assert client.recv(100) == b"ping"


@in_world()
def test_reset_breaks_both_ends(world: World) -> None:
    errors: list[type[Exception]] = []

    def listen(connection: socket.socket) -> None:
        try:
            connection.recv(1)
        except ConnectionResetError as error:
            errors.append(type(error))

    serve(PORT, listen)
    clients = [dial() for _ in range(3)]
    gevent.sleep(0.1)
    gevent.spawn_later(1, world.network.reset, PORT)
    with pytest.raises(ConnectionResetError):
        clients[0].recv(1)
    with pytest.raises(ConnectionResetError):
        clients[1].sendall(b"x")
    with pytest.raises(BrokenPipeError):
        clients[1].sendall(b"x")
    assert clients[1].recv(1) == b""
    gevent.sleep(0.1)
    assert errors == [ConnectionResetError] * 3
    assert world.network.reset(PORT) == 3
    for client in clients:
        client.close()
    assert world.network.reset(PORT) == 0


@in_world()
def test_refuse_and_heal(world: World) -> None:
    serve(PORT, echo)
    client = dial()
    world.network.refuse(PORT)
    with pytest.raises(ConnectionRefusedError):
        dial()
    assert ask(client) == b"ping"
    world.network.heal(PORT)
    assert ask(dial()) == b"ping"


@in_world()
def test_slow_reader_holds_up_the_sender(world: World) -> None:
    total = 5_000_000
    received: list[int] = []

    def read_slowly(connection: socket.socket) -> None:
        while data := connection.recv(100_000):
            received.append(len(data))
            time.sleep(0.1)

    serve(PORT, read_slowly)
    with dial() as client:
        begin = world.now()
        client.sendall(b"x" * total)
        assert world.now() - begin > 4
        client.settimeout(0.05)
        with pytest.raises(TimeoutError):
            client.sendall(b"x" * total)
    gevent.sleep(60)
    assert total < sum(received) < 2 * total


@in_world()
def test_full_backlog_makes_callers_wait(world: World) -> None:
    listener = socket.socket()
    listener.bind(("127.0.0.1", PORT))
    listener.listen(0)
    first = dial(timeout_s=1)
    with pytest.raises(TimeoutError):
        dial(timeout_s=2)
    gevent.spawn_later(5, listener.accept)
    second = dial(timeout_s=10)
    assert world.now() > 5
    assert first.getsockname() != second.getsockname()


@in_world()
def test_caller_who_gave_up_leaves_a_reset_connection(world: World) -> None:
    outcome: list[object] = []

    def listen(connection: socket.socket) -> None:
        try:
            outcome.append(connection.recv(1))
        except ConnectionResetError as error:
            outcome.append(type(error))

    serve(PORT, listen)
    world.network.stall(PORT, Side.CLIENT)
    with pytest.raises(TimeoutError):
        dial(timeout_s=1)
    gevent.sleep(1)
    assert outcome == [ConnectionResetError]


@in_world()
def test_close_wakes_whoever_is_blocked() -> None:
    serve(PORT, lambda _: time.sleep(100))
    client = dial()
    listener = socket.create_server(("127.0.0.1", PORT + 1))
    errors: list[int | None] = []

    def block(action: object, *args: object) -> None:
        try:
            action(*args)  # type: ignore[operator]
        except OSError as error:
            errors.append(error.errno)

    blocked = [
        gevent.spawn(block, client.recv, 1),
        gevent.spawn(block, client.sendall, b"x" * 10_000_000),
        gevent.spawn(block, listener.accept),
    ]
    gevent.sleep(1)
    client.close()
    listener.close()
    gevent.joinall(blocked, timeout=1)
    assert errors == [9, 9, 9]
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", PORT + 1))


@in_world()
def test_shutdown_wakes_whoever_is_blocked() -> None:
    serve(PORT, lambda connection: connection.recv(1))
    client = dial()
    reader = gevent.spawn(client.recv, 1)
    gevent.sleep(1)
    client.shutdown(socket.SHUT_WR)
    with pytest.raises(gevent.Timeout):
        reader.get(timeout=0.001)
    assert reader.get() == b""
    client = dial()
    reader = gevent.spawn(client.recv, 1)
    gevent.sleep(1)
    client.shutdown(socket.SHUT_RDWR)
    with pytest.raises(OSError, match="closed in another greenlet"):
        reader.get()
    assert client.recv(1) == b""


@in_world()
def test_two_greenlets_may_read_and_write_one_socket() -> None:
    serve(PORT, echo)
    client = dial()
    got: list[bytes] = []
    reader = threading.Thread(target=lambda: got.append(client.recv(10)))
    reader.start()
    threading.Thread(target=client.sendall, args=(b"both ways",)).start()
    reader.join()
    assert got == [b"both ways"]


@in_world()
def test_killed_reader_leaves_the_socket_usable() -> None:
    serve(PORT, echo)
    client = dial()
    reader = gevent.spawn(client.recv, 1)
    gevent.sleep(0.1)
    reader.kill()
    assert ask(client) == b"ping"
    with gevent.Timeout(1, False):  # type: ignore[arg-type]
        client.recv(1)
    assert ask(client) == b"ping"


@in_world()
def test_forgotten_socket_is_closed() -> None:
    ended: list[bytes] = []
    serve(PORT, lambda connection: ended.append(connection.recv(1)))
    client = dial()
    del client
    gevent.sleep(1)
    assert ended == [b""]


@in_world()
def test_select_waits_for_several_sockets(world: World) -> None:
    def answer_later(connection: socket.socket) -> None:
        delay = connection.recv(1)
        time.sleep(int(delay))
        connection.sendall(delay)

    serve(PORT, answer_later)
    clients = [dial() for _ in range(3)]
    for delay, client in zip((3, 1, 2), clients, strict=True):
        client.sendall(b"%d" % delay)
    begin = world.now()
    assert select.select(clients, [], [], 10) == ([clients[1]], [], [])
    assert world.now() - begin == pytest.approx(1, abs=0.1)
    assert select.select(clients[::2], [], [], 0.5) == ([], [], [])
    poll = select.poll()
    poll.register(clients[2])
    poll.modify(clients[2], select.POLLIN)
    assert poll.poll(5000) == [(clients[2].fileno(), select.POLLIN)]
    with Path("/dev/null").open("rb") as file, pytest.raises(RealWorldError, match="polling descriptor"):
        select.select([file], [], [], 0)
    with pytest.raises(RealWorldError, match="epoll"):
        select.epoll()


@in_world()
def test_names_resolve_only_when_known(world: World) -> None:
    serve(PORT, echo)
    with pytest.raises(socket.gaierror, match="not known"):
        socket.create_connection(("venue.example", PORT))
    world.network.hosts.add("venue.example")
    with socket.create_connection(("venue.example", PORT)) as client:
        assert ask(client) == b"ping"
    assert socket.gethostname() == socket.getfqdn() == "simulated"


@in_world()
def test_what_the_network_does_not_have_is_refused_by_name() -> None:
    with pytest.raises(RealWorldError, match="SOCK_DGRAM"):
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with pytest.raises(OSError, match="Address family not supported"):
        socket.socket(socket.AF_INET6)
    with pytest.raises(RealWorldError, match="descriptor 5"):
        socket.socket(fileno=5)


@in_world()
def test_detached_socket_lives_on_in_another(world: World) -> None:
    serve(PORT, echo)
    first = dial()
    number = first.detach()
    assert first.fileno() == -1
    with pytest.raises(OSError, match="Bad file descriptor"):
        first.send(b"x")
    second = socket.socket(fileno=number)
    assert ask(second) == b"ping"
    with pytest.raises(RealWorldError):
        socket.socket(fileno=number)
    assert world.network.connections == 1
