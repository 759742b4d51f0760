"""The control socket's actor: a Unix socket of mode 0600, one task a client."""

import os
import socket
import traceback
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from typing import Any

from actors.runtime import Actor, ActorDeadError, AskTimeoutError, Backoff, DomainError, MailboxFullError
from perpbot.control.arguments import BadRequestError
from perpbot.control.audit import Audit, carried_out, deed
from perpbot.control.protocol import MAX_LINE, MAX_PATH, VERSION, ProtocolError, decode, encode, readable
from perpbot.control.verbs import VERBS, AtEnd, Verb
from perpbot.execution.entries import OperatorActed
from perpbot.program import Program
from perpbot.statedir import SOCKET_NAME
from supervisors.spec import ChildSpec

CHUNK = 65_536
SEND_S = 10.0
"""Who reads nothing for so long is hung up on: what it asked for must not go on for nobody."""
SHOWN = 500
"""Of a request that failed, so much goes into the log."""


class SocketPathError(Exception):
    """The control socket cannot be where it should; the text says why and what to do."""


def refuse_long_path(state: Path) -> None:
    """Refuse a state directory that is too deep for a Unix socket; `SocketPathError`."""
    path = state / SOCKET_NAME
    excess = len(os.fsencode(path)) - MAX_PATH
    if excess > 0:
        raise SocketPathError(f"{path} is too long for a socket, by {excess} bytes; give another --state")


def control_socket(program: Program, audit: Audit) -> ChildSpec:
    """The child spec of the control socket of `program`; what operators do through it is written into `audit`."""
    path = program.setting.state / SOCKET_NAME
    return ChildSpec(
        name="control-socket",
        start=lambda: ControlSocket(program, path, audit),
        backoff=Backoff(min_s=0.5, max_s=10.0),
    )


class ControlSocket(Actor):
    """Answers the command line."""

    def __init__(self, program: Program, path: Path, audit: Audit) -> None:
        super().__init__()
        self._audit = audit
        self._program = program
        self._path = path
        self._clients = 0
        self._requests = 0

    def on_start(self) -> None:
        """Listen; the state directory is ours alone, so a socket that is there is a leftover."""
        self._path.unlink(missing_ok=True)
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        before = os.umask(0o177)
        try:
            self._listener.bind(str(self._path))
        finally:
            os.umask(before)
        self._listener.listen(16)
        self.spawn_task(self._accept)

    def _accept(self) -> None:
        while True:
            client, _ = self._listener.accept()
            self.spawn_task(self._serve, client)

    def _serve(self, client: socket.socket) -> None:
        self._clients += 1
        try:
            with client:
                for line in _lines(client):
                    with closing(self._answer(line, client)) as answers:
                        for answer in answers:
                            _send(client, self._line(answer))
        except OSError:
            pass  # the client is gone, and nobody waits for the rest
        finally:
            self._clients -= 1

    def _line(self, answer: dict[str, Any]) -> bytes:
        return self._program.mask(encode(answer).decode()).encode()

    def _answer(self, line: bytes | None, client: socket.socket) -> Generator[dict[str, Any], None, None]:
        self._requests += 1
        number: Any = None
        try:
            if line is None:
                raise ProtocolError(f"a line longer than {MAX_LINE} bytes")
            request = readable(decode(line))
            number = request.get("id")
            yield from self._carry_out(request, number, client)
        except (ProtocolError, BadRequestError) as error:
            yield {"id": number, "ok": False, "error": str(error), "code": "bad-request"}
        except AskTimeoutError as error:
            text = f"not done in time, and whether it will be is not known: {error}"
            yield {"id": number, "ok": False, "error": text, "code": "unavailable"}
        except (DomainError, ActorDeadError, MailboxFullError) as error:
            yield {"id": number, "ok": False, "error": str(error), "code": "unavailable"}
        except Exception as error:  # noqa: BLE001 - whoever asked gets it; one bad answer must not cut off the others
            shown = b"" if line is None else line[:SHOWN]
            self.log.error("request failed", request=shown.decode(errors="replace"), traceback=_text(error))
            reason = f"{type(error).__name__}: {error}; the log has the details"
            yield {"id": number, "ok": False, "error": reason, "code": "failed"}

    def _carry_out(self, request: dict[str, Any], number: Any, client: socket.socket) -> Iterator[dict[str, Any]]:
        if request.get("v") != VERSION:
            raise ProtocolError(f"version {request.get('v')!r} is not spoken here, {VERSION} is")
        verb = VERBS.get(str(request.get("verb")))
        if verb is None:
            raise BadRequestError(f"no verb {request.get('verb')!r}; there are {', '.join(VERBS)}")
        arguments = request.get("args", {})
        if not isinstance(arguments, dict):
            raise BadRequestError("args must be an object")
        answer = self._carried_out(str(request["verb"]), verb, arguments)
        if isinstance(answer, AtEnd):
            self._program.at_end.append(_last_answer(client, number))
            answer = answer.items
        if isinstance(answer, Iterator):
            for item in answer:
                yield {"id": number, "item": item}
            answer = None
        yield {"id": number, "ok": True, "data": answer}

    def _carried_out(self, name: str, verb: Verb, arguments: dict[str, Any]) -> Any:
        what = deed(name, arguments)
        if what is None:
            return verb(self._program, arguments)
        acted = partial(
            OperatorActed, who=str(arguments.get("by") or "operator"), source="control socket", action=name, what=what
        )

        def note(outcome: str) -> None:
            self.spawn_task(self._audit.note, acted(outcome=outcome))  # who asked does not wait for the disk

        return carried_out(lambda: verb(self._program, arguments), note)

    def on_stop(self) -> None:
        """Stop listening and take the socket away."""
        self._listener.close()
        self._path.unlink(missing_ok=True)

    def on_failure(self, *_: Any) -> None:
        """Let go of the socket too, so that the next incarnation finds a clean place."""
        self.on_stop()

    def describe(self) -> dict[str, Any]:
        """Where it listens, and how much it is used."""
        return {"path": str(self._path), "clients": self._clients, "requests": self._requests}


def _lines(client: socket.socket) -> Iterator[bytes | None]:
    """The lines a client sends; None, and then no more, for one that is too long."""
    waiting = b""
    while chunk := client.recv(CHUNK):
        *lines, waiting = (waiting + chunk).split(b"\n")
        yield from lines
        if len(waiting) > MAX_LINE:
            yield None
            return


def _send(client: socket.socket, line: bytes) -> None:
    """Send one line; `OSError` when the client does not take it in time."""
    client.settimeout(SEND_S)
    client.sendall(line)
    client.settimeout(None)


def _last_answer(client: socket.socket, number: Any) -> Callable[[Mapping[str, Any]], None]:
    """Answers `client` when this actor is gone and the program is over.

    The connection then stays, so that it ends with the process itself, and who waits for that knows it.
    """
    kept = os.dup(client.fileno())

    def answer(data: Mapping[str, Any]) -> None:
        with suppress(OSError):  # nobody waits any more
            os.write(kept, encode({"id": number, "ok": True, "data": data}))

    return answer


def _text(error: BaseException) -> str:
    return "".join(traceback.format_exception(error))
