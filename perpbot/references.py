"""Secrets that are only referred to in files, resolved at the moment they are needed."""

from collections.abc import Mapping
from pathlib import Path

from perpbot.config.source import expand
from perpbot.credentials import file_of

LONGEST = 4_096


class UnresolvedError(ValueError):
    """A secret is not where it should be; the text says where that is, and never what it is."""


def resolve(reference: str, environment: Mapping[str, str]) -> str:
    """The secret that `reference` stands for.

    ``env:NAME`` is a variable of `environment`, ``cred:NAME`` a file in its ``$CREDENTIALS_DIRECTORY`` (systemd's
    LoadCredential), ``file:/path`` a file, and ``${NAME}`` in any other text a variable.

    Raises:
        UnresolvedError: it is not there, or empty.
    """
    kind, _, place = reference.partition(":")
    if kind == "env":
        return _given(environment.get(place), f"the environment has no {place}")
    if kind == "cred":
        directory = environment.get("CREDENTIALS_DIRECTORY")
        if not directory:
            raise UnresolvedError(
                f"there is no $CREDENTIALS_DIRECTORY for {reference}; systemd's LoadCredential sets it"
            )
        return _read(file_of(Path(directory), place))
    if kind == "file":
        return _read(Path(place))
    text, wrong = expand(reference, environment)
    if wrong:
        raise UnresolvedError("; ".join(wrong))
    return _given(text, "it is empty")


def _read(path: Path) -> str:
    try:
        with path.open(encoding="utf-8") as file:
            return _given(file.read(LONGEST).strip(), f"{path} is empty")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise UnresolvedError(f"{path} cannot be read: {why}") from None


def _given(value: str | None, otherwise: str) -> str:
    if not value:
        raise UnresolvedError(otherwise)
    return value
