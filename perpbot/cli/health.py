"""`perpbot health`: is it alive, and how much of it works."""

from pathlib import Path

import click

from perpbot.cli.asking import EXIT_NO, ask, json_option, print_json, state_option
from perpbot.cli.wording import clean


@click.command()
@json_option
@state_option
def health(*, as_json: bool, state: Path | None) -> None:
    """Show how well each component does; the exit code is 0 while the process may be left alone, and 1 otherwise.

    A venue that is away lowers the score and is no reason to restart anything; `perpbot status` tells of it.
    """
    answer = ask(state, "health")
    if as_json:
        print_json(answer)
    else:
        for name, score in {"all": answer["score"], **answer["components"]}.items():
            click.echo(f"{name:<12}{score:>5.0%}")
        for problem in answer["problems"]:
            click.echo(clean(problem))
    click.get_current_context().exit(0 if answer["alive"] else EXIT_NO)
