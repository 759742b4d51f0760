"""What all commands share that ask a running system: where it is, how it is asked, and what is said when it is not."""

import getpass
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from perpbot.statedir import socket_path

if TYPE_CHECKING:
    from perpbot.control.client import Client

EXIT_NO, EXIT_USAGE, EXIT_NO_SYSTEM, EXIT_IO, EXIT_CONFIG = 1, 2, 69, 74, 78
SERVICE_STATE = Path("/var/lib/perpbot")
"""Where the service keeps its state. What root starts there itself leaves files that the service may not touch."""

state_option = click.option(
    "--state",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="State directory of the system; else $PERPBOT_SOCKET, $PERPBOT_STATE or ./run.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
yes_option = click.option("--yes", is_flag=True, help="Do not ask first.")


class Failure(click.ClickException):
    """An error the operator can do something about: one message, no usage, no traceback."""

    def __init__(self, text: str, exit_code: int = EXIT_NO) -> None:
        super().__init__(text)
        self.code = exit_code

    def show(self, file: Any = None) -> None:
        """Print the message alone."""
        click.echo(self.format_message(), err=file is None, file=file)


@contextmanager
def system(state: Path | None) -> Iterator["Client"]:
    """A connection to the running system; what goes wrong with it becomes a message and an exit code."""
    from perpbot.control.client import AbsentError, Client, NotRunningError, RefusedError

    path = socket_path(state, os.environ)
    try:
        with Client(path) as client:
            yield client
    except AbsentError as error:
        raise Failure(f"{error}; {_how_to_start(state)}", EXIT_NO_SYSTEM) from None
    except NotRunningError as error:
        raise Failure(str(error), EXIT_NO_SYSTEM) from None
    except RefusedError as error:
        raise Failure(str(error), EXIT_USAGE if error.code == "bad-request" else EXIT_NO) from None


def _how_to_start(state: Path | None) -> str:
    if state == SERVICE_STATE:
        return "start the service with `systemctl start perpbot`"
    if state is not None:
        return f"start one with `perpbot run --state {state}`"
    if os.environ.get("PERPBOT_SOCKET"):
        return "is $PERPBOT_SOCKET right?"
    return "start one with `perpbot run`, or say with --state where its state is"


def ask(state: Path | None, verb: str, **arguments: Any) -> Any:
    """The answer of the running system to one question."""
    with system(state) as client:
        return client.ask(verb, **arguments)


def complete_address(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """The addresses of the running system that begin so; none when there is no system."""
    try:
        node = ask(context.params.get("state"), "tree")
    except Failure:
        return []
    return [each for each in _addresses(node) if each.startswith(incomplete)]


def _addresses(node: dict[str, Any]) -> Iterator[str]:
    yield node["address"]
    for child in node["children"]:
        yield from _addresses(child)


def print_json(data: Any) -> None:
    """Print `data` for programs."""
    click.echo(json.dumps(data, indent=2, ensure_ascii=False))


def confirm(question: str, *, yes: bool) -> None:
    """Ask first, unless told not to; nobody can be asked where the input is no terminal."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise click.UsageError("Nobody can be asked here; give --yes to do it all the same.")
    click.confirm(question, abort=True)


def who() -> str:
    """Who speaks here, for the log of the system."""
    try:
        return f"{getpass.getuser()} at the command line"
    except (KeyError, OSError):  # a container's user may have no name
        return f"user {os.getuid()} at the command line"
