import threading

import gevent
import pytest
import websocket
import world_servers
from wsproto.events import TextMessage

from perpbot.simulation.world import World, in_world

pytestmark = pytest.mark.simulated

PORT = 9200
URL = f"ws://127.0.0.1:{PORT}/feed"


def echo(send: world_servers.Send, text: str) -> None:
    send(TextMessage(text[::-1]))


def silent(_: world_servers.Send) -> None:
    return


def ticking(send: world_servers.Send) -> None:
    def tick() -> None:
        for number in range(10):
            send(TextMessage(f"tick {number} " + "x" * 500))
            gevent.sleep(0.5)

    threading.Thread(target=tick).start()


@in_world()
def test_frames_there_and_back() -> None:
    world_servers.serve(PORT, world_servers.websocket(echo, silent))
    client = websocket.create_connection(URL, timeout=5)
    for text in ("hello", "x" * 126, "ü" * 70_000):
        client.send(text)
        assert client.recv() == text[::-1]
    client.ping("still there?")
    opcode, frame = client.recv_data_frame(control_frame=True)
    assert opcode == websocket.ABNF.OPCODE_PONG
    assert frame.data == b"still there?"
    client.close()
    assert not client.connected


@in_world()
def test_feed_falls_silent_and_comes_back(world: World) -> None:
    world_servers.serve(PORT, world_servers.websocket(echo, ticking))
    client = websocket.create_connection(URL, timeout=2)
    assert [client.recv()[:6] for _ in range(3)] == ["tick 0", "tick 1", "tick 2"]
    world.network.partition(PORT)
    with pytest.raises(websocket.WebSocketTimeoutException):
        client.recv()
    world.network.heal(PORT)
    assert [client.recv()[:6] for _ in range(7)] == [f"tick {number}" for number in range(3, 10)]
    client.settimeout(0)
    with pytest.raises(BlockingIOError):
        client.recv()


@in_world()
def test_broken_connections(world: World) -> None:
    world_servers.serve(PORT, world_servers.websocket(echo, silent))
    with pytest.raises(ConnectionRefusedError):
        websocket.create_connection("ws://127.0.0.1:1/", timeout=5)
    client = websocket.create_connection(URL, timeout=5)
    gevent.spawn_later(1, world.network.reset, PORT)
    with pytest.raises(ConnectionResetError):
        client.recv()
    client = websocket.create_connection(URL, timeout=5)
    gevent.spawn_later(1, client.shutdown)
    with pytest.raises((websocket.WebSocketConnectionClosedException, OSError)):
        client.recv()


@in_world()
def test_app_with_pings_reconnects_by_itself(world: World) -> None:
    world_servers.serve(PORT, world_servers.websocket(echo, ticking))
    seen: list[str] = []
    errors: list[str] = []
    app = websocket.WebSocketApp(
        URL,
        on_message=lambda _, text: seen.append(text[:6]),
        on_error=lambda _, error: errors.append(type(error).__name__),
    )
    options = {"ping_interval": 2, "ping_timeout": 1, "reconnect": 3}
    runner = threading.Thread(target=app.run_forever, kwargs=options)
    runner.start()
    gevent.sleep(10)
    assert seen == [f"tick {number}" for number in range(10)]
    world.network.partition(PORT)
    gevent.sleep(10)
    assert "WebSocketTimeoutException" in errors
    world.network.heal(PORT)
    gevent.sleep(20)
    assert seen.count("tick 9") >= 2
    app.close()
    runner.join(timeout=30)
    assert not runner.is_alive()
