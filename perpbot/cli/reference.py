"""The page of all commands and options, made from the commands themselves: the second part of docs/cli.md."""

from collections.abc import Iterator
from typing import Any

import click

BEGIN = "<!-- What follows is written by `python -m perpbot.cli`; do not change it by hand. -->\n"


def markdown(command: click.Group) -> str:
    """Every command below `command`, with its arguments, options and defaults."""
    sections = [_section(path, each) for path, each in _walk(command, "perpbot")]
    return f"{BEGIN}\n## Every command and option\n\n" + "\n".join(sections)


def _walk(group: click.Group, path: str) -> Iterator[tuple[str, click.Command]]:
    for name, each in sorted(group.commands.items()):
        if isinstance(each, click.Group):
            yield from _walk(each, f"{path} {name}")
        else:
            yield f"{path} {name}", each


def _section(path: str, command: click.Command) -> str:
    with click.Context(command, info_name=path) as context:
        shown = [each for each in command.params if not getattr(each, "hidden", False)]
        usage = " ".join([path, *(each.make_metavar(context) for each in shown if isinstance(each, click.Argument))])
        rows = [_row(each, context) for each in shown if isinstance(each, click.Option)]
    text = f"### `{usage}`\n\n{_help(command)}\n"
    if rows:
        text += "\n| option | default | meaning |\n|---|---|---|\n" + "".join(rows)
    return text


def _help(command: click.Command) -> str:
    paragraphs = (command.help or "").strip().split("\n\n")
    return "\n\n".join(" ".join(each.split()) for each in paragraphs)


def _row(option: click.Option, context: click.Context) -> str:
    names = ", ".join(f"`{each}`" for each in (*option.opts, *option.secondary_opts))
    value = "" if option.is_flag else f" {_cell(option.make_metavar(context))}"
    return f"| {names}{value} | {_default(option, context)} | {_cell(option.help or '')} |\n"


def _default(option: click.Option, context: click.Context) -> str:
    value: Any = option.get_default(context, call=False)
    shown = option.show_default and value is not None and not option.is_flag
    return f"`{value}`" if shown else "-"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
