"""`perpbot run`, `serve` and `cycle`: become ``python -m perpbot.main``, which gevent patches before all else."""

import os
import sys
from collections.abc import Sequence
from typing import Any

import click

from perpbot.ranges import Number
from perpbot.terminal.options import YEAR_S, run_options


class BecomingCommand(click.Command):
    """A command that checks its arguments here and hands them on as they are."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Keep the arguments before they are taken apart."""
        ctx.meta["arguments"] = list(args)
        return super().parse_args(ctx, args)


def become(module: str, arguments: Sequence[str]) -> None:
    """Run a module in place of this process."""
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", module, *arguments])  # noqa: S606 - a fixed program, no shell


@click.command(cls=BecomingCommand)
@run_options
@click.pass_context
def run(context: click.Context, /, **_: Any) -> None:
    """Run PerpBot until it is told to stop, with a live view where there is a terminal."""
    become("perpbot.main", context.meta["arguments"])


@click.command(cls=BecomingCommand)
@run_options
@click.pass_context
def serve(context: click.Context, /, **_: Any) -> None:
    """Run PerpBot as a service: log lines, no live view."""
    become("perpbot.main", ["--no-console", *context.meta["arguments"]])


@click.command(cls=BecomingCommand)
@run_options
@click.option(
    "--within", type=Number(0.001, YEAR_S), default=60.0, show_default=True, help="Wait so long for an opportunity."
)
@click.pass_context
def cycle(context: click.Context, /, within: float, **_: Any) -> None:
    """Go through one cycle and end: take one opportunity, and look after its trade until it is over."""
    become("perpbot.main", ["--no-console", "--no-web", "--within", str(within), *context.meta["arguments"]])


RUNNING = (run, serve, cycle)
