"""The operator's password as a scrypt hash, and the key that tokens are signed with: one file, for us alone."""

import hashlib
import hmac
import json
import os
from base64 import b64decode, b64encode
from pathlib import Path
from typing import Any

import attrs

from perpbot.chance import secret

NAME, PASSWORD_NAME = "operator.json", "operator.password"
SECRETS = ("salt", "digest", "key")
COST, BLOCK, PARALLEL = 2**15, 8, 1
"""Of scrypt: 32 MB and about a twentieth of a second for each guess."""
MEMORY = 128 * COST * BLOCK * PARALLEL + 2**20
LONGEST = 200
"""Characters of a password; what is longer is none."""
PASSWORD_BYTES = 12


class OperatorFileError(Exception):
    """The operator's file cannot be used; the text says which, why, and what to do."""


@attrs.frozen(kw_only=True)
class Operator:
    """Who may sign in."""

    salt: bytes
    digest: bytes = attrs.field(repr=False)
    cost: int = COST
    """Of scrypt, a power of two."""
    key: bytes = attrs.field(repr=False)
    """Tokens are signed with it."""

    def knows(self, password: str) -> bool:
        """Whether `password` is the right one. Takes its time on purpose: call it in a thread."""
        return len(password) <= LONGEST and hmac.compare_digest(_digest(password, self.salt, self.cost), self.digest)


def find_operator(state: Path, cost: int = COST) -> tuple[Operator, str | None]:
    """The operator of the state directory. Where there was none, one is made, and the password comes with it, once.

    Raises:
        OperatorFileError: the file cannot be read, written or understood.
    """
    path = state / NAME
    try:
        if path.exists():
            return _read(path), None
        password = secret(PASSWORD_BYTES)
        salt = secret().encode()
        operator = Operator(salt=salt, digest=_digest(password, salt, cost), cost=cost, key=secret().encode())
        _write(path, operator)
    except OSError as error:
        raise OperatorFileError(
            f"{path} cannot be used: {error.strerror}; mend that, or start with --no-web"
        ) from error
    return operator, password


def keep_password(state: Path, password: str) -> Path:
    """Leave a new password in a file of its own in the state directory, for us alone; returns where.

    Raises:
        OperatorFileError: the file cannot be written.
    """
    path = forget_password(state)
    try:
        _create(path, password)
    except OSError as error:
        raise OperatorFileError(f"{path} cannot be written: {error.strerror}; mend that, or use --no-web") from error
    return path


def forget_password(state: Path) -> Path:
    """Remove the file in which an earlier password was left, if there is one; returns where it was.

    Raises:
        OperatorFileError: it cannot be removed.
    """
    path = state / PASSWORD_NAME
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise OperatorFileError(f"{path} cannot be removed: {error.strerror}; mend that, or use --no-web") from error
    return path


def _digest(password: str, salt: bytes, cost: int) -> bytes:
    data = password.encode("utf-8", "surrogatepass")
    return hashlib.scrypt(data, salt=salt, n=cost, r=BLOCK, p=PARALLEL, maxmem=MEMORY)


def _read(path: Path) -> Operator:
    if path.stat().st_mode & 0o077:
        raise OperatorFileError(f"{path} can be read by others; chmod 600 {path}, or remove it for a new password")
    try:
        data: dict[str, Any] = json.loads(path.read_bytes())
        return Operator(cost=int(data["cost"]), **{name: b64decode(data[name], validate=True) for name in SECRETS})
    except (ValueError, KeyError, TypeError) as error:
        raise OperatorFileError(f"{path} is not an operator's file; remove it for a new password") from error


def _write(path: Path, operator: Operator) -> None:
    secrets = {name: b64encode(getattr(operator, name)).decode() for name in SECRETS}
    text = json.dumps({"cost": operator.cost, **secrets})
    _create(path, text)


def _create(path: Path, text: str) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(text + "\n")
