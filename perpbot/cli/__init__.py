"""The `perpbot` command. Nothing heavy is imported before a command needs it: help and completion answer at once."""

import io
import os
import sys
from collections.abc import Sequence
from typing import Any

import click

from perpbot import __version__
from perpbot.beginning import EXIT_INTERRUPTED
from perpbot.cli.accounts import ACCOUNTS
from perpbot.cli.actor import inspect
from perpbot.cli.alerts import alerts
from perpbot.cli.asking import EXIT_IO, EXIT_NO, Failure
from perpbot.cli.awake import awake
from perpbot.cli.backtest import backtest
from perpbot.cli.bench import bench
from perpbot.cli.chaos import chaos
from perpbot.cli.commands import Commands
from perpbot.cli.dashboard import dashboard
from perpbot.cli.demo import demo
from perpbot.cli.doctor import doctor
from perpbot.cli.exporting import export
from perpbot.cli.failures import FAILURES
from perpbot.cli.handling import HANDS
from perpbot.cli.health import health
from perpbot.cli.installing import INSTALLING
from perpbot.cli.looking import LOOKING
from perpbot.cli.record import record
from perpbot.cli.replay import replay
from perpbot.cli.risk import risk
from perpbot.cli.running import RUNNING
from perpbot.cli.stacks import stacks
from perpbot.cli.steering import STEERING
from perpbot.cli.stopping import stop
from perpbot.cli.top import top
from perpbot.cli.tracing import trace
from perpbot.cli.trees import tree
from perpbot.cli.validation import validate
from perpbot.cli.venues import venues
from perpbot.cli.waiting import wait


class _PerpBot(Commands):
    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            # whoever read the output has enough; click would make an error of it
            _drop_output()
            raise click.exceptions.Exit(0) from None
        except KeyboardInterrupt:
            raise click.exceptions.Exit(EXIT_INTERRUPTED) from None


def _drop_output() -> None:
    """Nothing more is written, not even by Python at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@click.group(cls=_PerpBot, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="perpbot")
def command() -> None:
    """Run PerpBot, look into a running one, and steer it."""


for _each in (
    *(*RUNNING, stop, wait),
    *(*LOOKING, *ACCOUNTS, dashboard, tree, top, inspect, trace, stacks, *FAILURES),
    *(*STEERING, alerts, risk, export, *HANDS),
    *(venues, record, replay, backtest, chaos, bench, awake, demo, validate, doctor, health, *INSTALLING),
):
    command.add_command(_each)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line, that of the process where none is given; returns the exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that lacks a character still shows the rest
    try:
        code = command.main(arguments, "perpbot", standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as error:
        error.show()
        return error.code if isinstance(error, Failure) else error.exit_code
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except click.Abort:
        click.echo("Not done.", err=True)
        return EXIT_NO
    except BrokenPipeError:
        _drop_output()
        return 0
    except OSError as error:
        _drop_output()
        click.echo(str(error), err=True)
        return EXIT_IO
    return code if isinstance(code, int) else 0
