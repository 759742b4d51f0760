"""What a session says of its end: what the venue or the network did, or that we gave it up."""

from typing import Any

import pytest

from actors.stream import Stream, StreamClosed
from perpbot.venues.venue import Heartbeat


class Socket:
    """One whose reader fails, perhaps because somebody has closed it meanwhile."""

    def __init__(self, before: Any) -> None:
        self._before = before

    def recv_data(self, *, control_frame: bool) -> tuple[int, bytes]:
        assert control_frame
        self._before()
        raise OSError(9, "File descriptor was closed in another greenlet")

    def shutdown(self) -> None:
        """Nothing to end."""


class Owner:
    def __init__(self) -> None:
        self.told: list[Any] = []

    def tell(self, message: Any) -> None:
        self.told.append(message)


@pytest.mark.parametrize(
    ("closed_by_us", "reason"),
    [(True, "given up by us"), (False, "OSError: [Errno 9] File descriptor was closed in another greenlet")],
)
def test_a_session_that_we_give_up_says_so(*, closed_by_us: bool, reason: str, monkeypatch: pytest.MonkeyPatch) -> None:
    owner: Any = Owner()
    stream = Stream(1, owner, Heartbeat(frame=None, interval_s=10.0, silence_s=30.0), lambda *_: None, lambda *_: None)
    socket = Socket(stream.close if closed_by_us else lambda: None)
    monkeypatch.setattr(stream, "_connect", lambda *_: setattr(stream, "_socket", socket))
    stream.run("wss://venue")
    assert owner.told[-1] == StreamClosed(1, reason)
