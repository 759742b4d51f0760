"""`perpbot stop`: end the running system in order, and wait until it is over."""

from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any

import click

from perpbot.cli.asking import EXIT_NO, Failure, ask, json_option, print_json, state_option, system
from perpbot.cli.wording import clean, counted, duration
from perpbot.clock import NS_PER_SECOND, monotonic_ns
from perpbot.ranges import Number

SILENCE_S = 60.0
"""Nothing is heard while connections are closed and the journal is finished; longer than this is too long."""
END_S = 30.0
DEFAULT_S = 600.0


@click.command()
@click.option("--no-wait", is_flag=True, help="Ask it to stop, and do not wait until it has.")
@click.option(
    "--timeout",
    type=Number(0.1, 86_400),
    default=DEFAULT_S,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait; it goes on stopping after that.",
)
@click.option("--flatten", is_flag=True, help="Close what is open, also where `execution.on_stop` is `leave`.")
@json_option
@state_option
def stop(*, no_wait: bool, timeout: float, flatten: bool, as_json: bool, state: Path | None) -> None:
    """Stop the running system in order: no new trades, then what is in progress is finished; wait until it is over.

    Trades are closed, or left hedged, as `execution.on_stop` says, for `execution.stop_timeout_sec` at most; the last
    word names what stays open after that. The exit code is 0 when it stopped cleanly, and 1 when it did not or it takes
    longer.
    """
    if no_wait:
        ask(state, "stop", flatten=flatten)
        click.echo("Stopping: no new trades; what is in progress is finished first.")
        return
    from perpbot.control.client import NotRunningError

    with system(state) as client:
        said = client.stream("stop", min(timeout, SILENCE_S), wait=True, flatten=flatten)
        try:
            end = _follow(said, timeout, quiet=as_json)
        except NotRunningError as error:
            raise Failure(clean(f"{error}, without a last word; its log says what happened"), EXIT_NO) from None
        if not client.wait_for_end(END_S):
            raise Failure("It stopped, but its process does not end.", EXIT_NO)
    if as_json:
        print_json(end)
    else:
        click.echo(clean(end["said"]))
    click.get_current_context().exit(0 if end["code"] == 0 and end["clean"] else EXIT_NO)


def _follow(said: Generator[Mapping[str, Any], None, Any], timeout_s: float, *, quiet: bool) -> Mapping[str, Any]:
    """Tell how many trades still go on, until it is over; returns how it ended."""
    deadline = monotonic_ns() + int(timeout_s * NS_PER_SECOND)
    before: int | None = None
    while True:
        try:
            item = next(said)
        except StopIteration as over:
            end: Mapping[str, Any] = over.value
            return end
        if not quiet and item["trades"] != before:
            first = "Stopping: no new trades. " if before is None else ""
            before = item["trades"]
            what = counted(item["trades"], "trade") if item["trades"] else "No trade"
            most = f", at most {duration(item['patience_s'])}" if before else ""
            click.echo(f"{first}{what} in progress{most}.", err=True)
        if monotonic_ns() >= deadline:
            raise Failure(f"Not within {duration(timeout_s)}; it goes on stopping. `perpbot wait stopped` waits on.")
