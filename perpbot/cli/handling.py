"""`perpbot restart`, `suspend`, `resume` and `kill`: hands laid on one actor, after having said what that means."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

from perpbot.cli.asking import (
    complete_address,
    confirm,
    json_option,
    print_json,
    state_option,
    system,
    who,
    yes_option,
)
from perpbot.cli.wording import clean
from perpbot.ranges import Number

PATIENCE_S, ANSWER_MARGIN_S = 10.0, 15.0
Hand = Callable[..., None]


def _hand(action: str, help_text: str) -> click.Command:
    @click.command(action, help=help_text, short_help=help_text.partition("\n")[0])
    @click.argument("address", shell_complete=complete_address)
    @click.option(
        "--timeout",
        type=Number(0.1, 600),
        default=PATIENCE_S,
        show_default=True,
        metavar="SECONDS",
        help="How long to wait until it is done.",
    )
    @yes_option
    @json_option
    @state_option
    def command(*, address: str, timeout: float, yes: bool, as_json: bool, state: Path | None) -> None:
        with system(state) as client:
            patience = timeout * 2 + ANSWER_MARGIN_S
            answer = client.ask(action, patience, address=address, by=who(), timeout=timeout, yes=yes)
            if not answer["done"]:
                _explain(answer)
                confirm(f"{action.capitalize()} {answer['address']}?", yes=False)
                answer = client.ask(action, patience, address=address, by=who(), timeout=timeout, yes=True)
        if as_json:
            print_json(answer)
        else:
            click.echo(clean(answer["said"]))

    return command


def _explain(answer: Mapping[str, Any]) -> None:
    """Say what it would do, on stderr: the output is for the answer."""
    if answer["danger"]:
        text = clean(f"DANGER  {answer['address']}: {answer['danger']}.")
        click.secho(text, fg="red", bold=True, err=True)
    for each in answer["effects"]:
        click.echo(clean(f"- {each}"), err=True)


HANDS = (
    _hand(
        "restart",
        "Restart the actor at ADDRESS in order.\n\n"
        "It ends after the message it is at. Its supervisor starts it again by its rules, and whoever depends on it.",
    ),
    _hand(
        "suspend",
        "Have the actor at ADDRESS read no more messages.\n\n"
        "What it is sent waits in its mailbox until it is resumed. A restart loses what waits, and so does a full "
        "mailbox. Who asks it gets no answer.",
    ),
    _hand("resume", "Have the suspended actor at ADDRESS go on."),
    _hand(
        "kill",
        "End the actor at ADDRESS at once, without clean-up.\n\n"
        "For one that does not obey any more. Its supervisor starts it again by its rules.",
    ),
)
