"""The `perpbot` command. Nothing heavy is imported before a command needs it: help and completion answer at once."""

import io
import os
import sys
from typing import Any

import click

from perpbot import __version__
from perpbot.cli.asking import Failure
from perpbot.cli.looking import LOOKING
from perpbot.cli.running import RUNNING
from perpbot.cli.steering import STEERING
from perpbot.cli.trees import tree
from perpbot.cli.validation import validate
from perpbot.cli.venues import venues


class _Commands(click.Group):
    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:  # before click makes an exit code of 1 of it
            raise _ReaderGoneError from None


class _ReaderGoneError(Exception):
    """Whoever read the output has enough."""


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="perpbot")
def command() -> None:
    """Run PerpBot, look into a running one, and steer it."""


for _each in (*RUNNING, tree, *LOOKING, *STEERING, venues, validate):
    command.add_command(_each)


def main() -> int:
    """Run the command line; returns the exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that lacks a character still shows the rest
    try:
        try:
            command.main(prog_name="perpbot", standalone_mode=False)
            sys.stdout.flush()
        except click.ClickException as error:
            error.show()
            return error.code if isinstance(error, Failure) else error.exit_code
        except click.Abort:
            click.echo("Not done.", err=True)
            return 1
        except click.exceptions.Exit as over:
            return over.exit_code
    except (_ReaderGoneError, BrokenPipeError):
        # Python must not try to write the rest at its end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except KeyboardInterrupt:
        return 130
    return 0
