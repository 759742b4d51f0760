"""What a client makes of a system that hangs up."""

import fcntl
import socket
import tempfile
from pathlib import Path

import pytest

from perpbot.control.client import Client, NotRunningError
from perpbot.statedir import LOCK_NAME


@pytest.mark.parametrize(
    ("runs", "told"), [(True, "still runs, and hung up before it answered"), (False, "ended before it answered")]
)
def test_only_a_system_that_let_go_of_its_state_has_ended(*, runs: bool, told: str) -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        (Path(folder) / LOCK_NAME).open("wb") as lock,
        socket.socket(socket.AF_UNIX) as listener,
    ):
        if runs:
            fcntl.flock(lock, fcntl.LOCK_EX)
        path = Path(folder) / "s"
        listener.bind(str(path))
        listener.listen()
        with Client(path) as client:
            accepted, _ = listener.accept()
            accepted.shutdown(socket.SHUT_WR)
            with pytest.raises(NotRunningError) as raised:
                client.ask("tree")
            accepted.close()
    assert str(raised.value) == f"the system at {path} {told}"
