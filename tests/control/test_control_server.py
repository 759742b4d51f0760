"""The control socket's end of a connection."""

import socket

import pytest

from perpbot.control import server


def test_who_stops_reading_is_hung_up_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "SEND_S", 0.05)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        server._send(ours, b"small enough\n")
        assert ours.gettimeout() is None, "waiting for a request has no end"
        with pytest.raises(TimeoutError):
            server._send(ours, b"x" * 10_000_000)
