import ssl
import urllib.request
from collections.abc import Callable
from typing import Any

import gevent
import pytest
import requests
from gevent.pywsgi import WSGIServer
from world_servers import http, serve

from perpbot.simulation.world import RealWorldError, World, in_world

pytestmark = pytest.mark.simulated

PORT = 9100
URL = f"http://127.0.0.1:{PORT}"


def shout(target: str, body: bytes) -> bytes:
    return target.encode() + b" " + body.upper()


@in_world()
def test_requests_against_h11(world: World) -> None:
    serve(PORT, http(shout))
    with requests.Session() as session:
        assert session.get(f"{URL}/time", timeout=5).text == "/time "
        assert session.post(f"{URL}/order", data="buy " * 20_000, timeout=5).text == "/order " + "BUY " * 20_000
        assert world.network.connections == 1
    with urllib.request.urlopen(f"{URL}/plain", timeout=5) as reply:  # noqa: S310 - http
        assert reply.read() == b"/plain "


@in_world()
def test_many_sessions_at_once(world: World) -> None:
    serve(PORT, http(shout))
    with requests.Session() as session:
        calls = [gevent.spawn(session.get, f"{URL}/{number}", timeout=5) for number in range(20)]
        assert [call.get().text for call in calls] == [f"/{number} " for number in range(20)]
    assert 1 < world.network.connections <= 20


@in_world()
def test_connection_that_the_server_closed_is_not_used_again(world: World) -> None:
    serve(PORT, http(shout, requests_each=1))
    with requests.Session() as session:
        for number in range(3):
            assert session.get(f"{URL}/{number}", timeout=5).ok
            gevent.sleep(1)
    assert world.network.connections == 3


@in_world()
def test_faults_are_the_errors_that_requests_knows(world: World) -> None:
    serve(PORT, http(shout))
    with pytest.raises(requests.ConnectionError, match="Connection refused"):
        requests.get("http://127.0.0.1:1/", timeout=5)
    with pytest.raises(requests.ConnectionError, match="Failed to resolve"):
        requests.get("http://unknown.example/", timeout=5)
    with requests.Session() as session:
        session.get(URL, timeout=5)
        world.network.partition(PORT)
        begin = world.now()
        with pytest.raises(requests.ReadTimeout):
            session.get(URL, timeout=(1, 2))
        with pytest.raises(requests.ConnectTimeout):
            session.get(URL, timeout=(1, 2))
        assert world.now() - begin == pytest.approx(3)
        world.network.heal(PORT)
        call = gevent.spawn(session.get, URL, timeout=5)
        gevent.spawn_later(0.0021, world.network.reset, PORT)
        with pytest.raises(requests.ConnectionError):
            call.get()
        assert session.get(URL, timeout=5).ok


@in_world()
def test_tls_is_refused_by_name() -> None:
    serve(PORT, http(shout))
    with pytest.raises(RealWorldError, match="TLS"):
        requests.get(f"https://127.0.0.1:{PORT}/", timeout=5)
    assert ssl.RAND_bytes(4) != ssl.RAND_bytes(4)


@in_world()
def test_gevents_own_server_serves_too(world: World) -> None:
    def application(environ: dict[str, Any], start_response: Callable[..., object]) -> list[bytes]:
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [environ["PATH_INFO"].encode(), b" from ", environ["REMOTE_ADDR"].encode()]

    server = WSGIServer(("127.0.0.1", PORT), application, log=None)
    server.start()
    with requests.Session() as session:
        calls = [gevent.spawn(session.get, f"{URL}/{number}", timeout=5) for number in range(5)]
        assert [call.get().text for call in calls] == [f"/{number} from 127.0.0.1" for number in range(5)]
    server.stop()
    with pytest.raises(requests.ConnectionError, match="refused"):
        requests.get(URL, timeout=5)
    assert 0 < world.now() < 1
