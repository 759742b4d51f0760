"""What the command line says of itself, how quickly, and what it refuses."""

import re
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from running_system import PERPBOT, Commands, environment, in_process

from perpbot.cli import command, main

HEAVY = ("gevent", "ccxt", "actors", "supervisors", "rich", "yaml", "attrs", "pykka", "requests", "msgspec")
BUDGET_S = 0.4
"""With the cold caches of a busy machine; on a quiet one it is half of that."""
TRIES = 7


def every_command(group: click.Group = command, *path: str) -> Iterator[tuple[str, ...]]:
    yield path
    for name, each in group.commands.items():
        if isinstance(each, click.Group):
            yield from every_command(each, *path, name)
        else:
            yield (*path, name)


@pytest.mark.parametrize("path", list(every_command()), ids=lambda path: " ".join(path) or "perpbot")
def test_every_command_has_help_that_is_a_sentence(perpbot: Commands, path: tuple[str, ...]) -> None:
    shown = perpbot(*path, "--help")
    assert shown.code == 0
    usage, _, rest = shown.out.partition("\n\n")
    assert usage.startswith(f"Usage: {' '.join(('perpbot', *path))} ")
    sentence = " ".join(rest.partition("\n\n")[0].split())
    assert sentence.endswith(".")
    assert sentence[0].isupper()
    assert all(option.help for option in _options(path)), "an option without help"
    assert perpbot(*path, "-h").out == shown.out


@pytest.mark.parametrize("name", [name for name, each in command.commands.items() if isinstance(each, click.Group)])
def test_no_sentence_of_a_command_is_cut_in_a_list(perpbot: Commands, name: str) -> None:
    _, _, listed = perpbot(name, "--help").out.partition("\nCommands:\n")
    assert listed
    assert "..." not in listed


def _options(path: tuple[str, ...]) -> Iterator[click.Option]:
    each: click.Command = command
    for name in path:
        assert isinstance(each, click.Group)
        each = each.commands[name]
    yield from (parameter for parameter in each.params if isinstance(parameter, click.Option))


WRITTEN = [Path("README.md"), *Path("config").glob("*.yaml"), *Path("docs").glob("*.md")]


@pytest.mark.parametrize("path", WRITTEN, ids=str)
def test_every_command_that_a_file_names_is_there(path: Path) -> None:
    for first, second in re.findall(r"\bperpbot ([a-z][a-z-]+)(?: ([a-z][a-z-]+))?", path.read_text(encoding="utf-8")):
        assert first in command.commands, f"{path} names perpbot {first}"
        found = command.commands[first]
        if isinstance(found, click.Group) and second:
            assert second in found.commands, f"{path} names perpbot {first} {second}"


def test_version(perpbot: Commands) -> None:
    assert perpbot("--version").out == "perpbot, version 0.1.0\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ["dance"],
        ["status", "--nope"],
        ["inspect"],
        ["trades", "--limit", "0"],
        ["trades", "--limit", "many"],
        ["kill-switch", "toggle"],
        ["run", "--duration", "nan"],
        ["run", "--duration", "-1"],
        ["run", "--port", "70000"],
        ["serve", "--seed", "x"],
        ["venues", "decode"],
        ["venues", "serve", "--port", "x"],
    ],
    ids=" ".join,
)
def test_usage_errors_end_with_two_and_say_what_is_wrong(perpbot: Commands, arguments: list[str]) -> None:
    refused = perpbot(*arguments)
    assert (refused.code, refused.out) == (2, "")
    assert "Usage: perpbot" in refused.err
    assert "Error: " in refused.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run", "--seed", "-1"], "-1 is not a whole number from 0 to 9007199254740992"),
        (["run", "--port", "http"], "http is not a whole number from 0 to 65535"),
        (["run", "--duration", "soon"], "soon is not a number"),
        (["stop", "--timeout", "nan"], "nan is not a number from 0.1 to 86400"),
        (["top", "--limit", "0"], "0 is not a whole number 1 or more"),
        (["venues", "serve", "--seed", "1.5"], "1.5 is not a whole number from 0 to 9007199254740992"),
    ],
)
def test_what_is_no_such_number_is_refused_in_plain_words(perpbot: Commands, arguments: list[str], said: str) -> None:
    assert said in perpbot(*arguments).err


def test_the_list_of_commands_cuts_no_sentence(perpbot: Commands) -> None:
    assert "..." not in perpbot("--help").out.partition("Commands:")[2]


def test_nothing_heavy_is_imported_before_a_command_needs_it() -> None:
    script = f"import sys, perpbot.cli; print([each for each in {HEAVY} if each in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.process
def test_help_comes_at_once() -> None:
    bare = min(_took([sys.executable, "-c", "pass"]) for _ in range(TRIES))
    full = min(_took([*PERPBOT, "--help"]) for _ in range(TRIES))
    assert full - bare < BUDGET_S


def _took(arguments: list[str]) -> float:
    """Seconds of a processor, which do not depend on what else runs."""
    began = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(arguments, check=True, stdout=subprocess.DEVNULL, env=environment())
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return ended.ru_utime + ended.ru_stime - began.ru_utime - began.ru_stime


@pytest.mark.process
def test_an_output_that_is_full_is_told_in_one_line() -> None:
    with open("/dev/full", "w") as full:  # noqa: PTH123 - a device
        done = subprocess.run([*PERPBOT, "--help"], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (74, "[Errno 28] No space left on device\n")


@pytest.mark.process
def test_run_becomes_the_program(tmp_path: str) -> None:
    refused = in_process(["run", "--config", f"{tmp_path}/none.yaml"])
    assert (refused.code, refused.out) == (78, "")
    assert refused.err == f"{tmp_path}/none.yaml: cannot be read: No such file or directory\n"


def test_run_and_serve_hand_on_what_they_were_given(monkeypatch: pytest.MonkeyPatch) -> None:
    became: list[list[str]] = []
    monkeypatch.setattr("os.execv", lambda _, arguments: became.append(arguments[1:]))
    main(["run", "--duration", "3", "--no-web"])
    main(["serve", "--config=x.yaml"])
    main(["venues", "serve", "okx", "--seed", "7"])
    assert became == [
        ["-m", "perpbot.main", "--duration", "3", "--no-web"],
        ["-m", "perpbot.main", "--no-console", "--config=x.yaml"],
        ["-m", "perpbot.simulation.venues", "okx", "--seed", "7"],
    ]
