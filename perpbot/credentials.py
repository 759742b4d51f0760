"""Secrets that come as files: each file of ``$CREDENTIALS_DIRECTORY`` stands for the variable it is named after.

systemd puts there what the unit loads (``LoadCredential=perpbot:/etc/perpbot/credentials`` makes of the file
``OKX_API_KEY`` one called ``perpbot_OKX_API_KEY``, see systemd.exec(5)); containers mount a directory.
"""

from collections.abc import Mapping
from pathlib import Path

PREFIX = "perpbot_"
LARGEST = 65_536
"""Bytes; a secret is a line or a key, and anything larger is another file."""


class CredentialsError(Exception):
    """A secret cannot be read; the text says which file, why, and what to do."""


def with_credentials(environment: Mapping[str, str]) -> dict[str, str]:
    """`environment` and what the files say, without white space around it; a variable that is set comes first.

    Raises:
        CredentialsError: the directory, or a file in it, cannot be read.
    """
    found = {}
    directory = environment.get("CREDENTIALS_DIRECTORY")
    if directory:
        for path in _files(Path(directory)):
            found[path.name.removeprefix(PREFIX)] = _text(path)
    return found | dict(environment)


def file_of(directory: Path, name: str) -> Path:
    """The file of `directory` that holds the secret called `name`, as the unit loads it or as it was mounted."""
    loaded = directory / f"{PREFIX}{name}"
    return loaded if loaded.exists() else directory / name


def _files(directory: Path) -> list[Path]:
    try:
        return sorted(path for path in directory.iterdir() if path.is_file() and not path.name.startswith("."))
    except OSError as error:
        text = f"$CREDENTIALS_DIRECTORY is {directory}, which cannot be read: {error.strerror}"
        raise CredentialsError(f"{text}; make it readable, or unset the variable") from error


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > LARGEST:
            raise CredentialsError(f"{path} is larger than {LARGEST} bytes, which no secret is; take it away")
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise CredentialsError(f"{path} cannot be read: {error.strerror}; give it to who runs PerpBot") from error
    except UnicodeDecodeError as error:
        raise CredentialsError(f"{path} is not text; a secret is one line of it") from error
