"""What PerpBot says in sentences of its own reads in Chinese in the Chinese console: the code's texts are listed."""

import ast
import re
from collections.abc import Iterator

import console_tools
import pytest

from perpbot.alerts.signals import SIGNALS
from perpbot.control.handling import DANGERS

ROOT = console_tools.CONSOLE.parents[2]
SENTENCE = re.compile(r'^  "((?:[^"\\]|\\.)*)":\s+"((?:[^"\\]|\\.)*)",$', re.MULTILINE)
BLANK = re.compile(r"{\w+}")
RAISED = {
    "Problem": 2, "BadRequestError": 0, "NotDoneError": 0, "NoTokenError": 0, "ChangeRefusedError": 0,
    "_move": 1, "_open": 0, "_count": 0,
}  # fmt: skip
"""What the API answers with when it does not do as asked, and what moves a circuit: which argument is the text."""
ASKED = [
    *(f"perpbot/web/{each}.py" for each in (
        "application", "desk", "log_pages", "looking", "signing_in", "static", "tokens", "trades",
    )),
    *(f"perpbot/control/{each}.py" for each in ("adopting", "alerting", "arguments", "handling", "verbs")),
    "perpbot/config/changing.py",
    "supervisors/breaker.py",
]  # fmt: skip
COMMAND_LINE_ONLY = {"kill", "suspend", "resume", "_outlived"}
"""Hands that only the command line lays on actors."""


def known() -> dict[str, str]:
    text = (console_tools.CONSOLE / "words" / "sentences.js").read_text()
    return dict(SENTENCE.findall(text))


def raised(path: str) -> Iterator[str]:
    for function in ast.walk(ast.parse((ROOT / path).read_text())):
        if not isinstance(function, ast.FunctionDef) or function.name in COMMAND_LINE_ONLY:
            continue
        for call in ast.walk(function):
            at = RAISED.get(called(call.func)) if isinstance(call, ast.Call) else None
            if isinstance(call, ast.Call) and at is not None:
                yield from texts(call.args[at])


def called(function: ast.expr) -> str:
    return ast.unparse(function).removeprefix("self.")


def returned(path: str, name: str) -> Iterator[str]:
    for function in ast.walk(ast.parse((ROOT / path).read_text())):
        if isinstance(function, ast.FunctionDef) and function.name == name:
            for each in ast.walk(function):
                if isinstance(each, ast.Return) and isinstance(each.value, ast.Constant) and each.value.value:
                    yield str(each.value.value)


def texts(node: ast.expr) -> Iterator[str]:
    """The sentences that an expression may be, with empty blanks; what comes from elsewhere is not looked into."""
    if isinstance(node, ast.Constant):
        yield str(node.value)
    elif isinstance(node, ast.JoinedStr):
        yield "".join(str(each.value) if isinstance(each, ast.Constant) else "{}" for each in node.values)
    elif isinstance(node, ast.IfExp):
        yield from texts(node.body)
        yield from texts(node.orelse)


def test_why_an_opportunity_was_left_is_on_the_list() -> None:
    said = {*returned("actors/executor.py", "_no_room")}
    assert said
    assert said - known().keys() == set()


@pytest.mark.parametrize("path", ASKED)
def test_what_the_api_refuses_with_is_on_the_list(path: str) -> None:
    said = [*raised(path)]
    assert said, "there is something to look at"
    whole = [pattern(each) for each in known()]
    assert [each for each in said if not any(one.fullmatch(each.replace("{}", "…")) for one in whole)] == []


def pattern(english: str) -> "re.Pattern[str]":
    return re.compile("(.+?)".join(map(re.escape, BLANK.split(english))))


def test_what_it_costs_to_take_an_actor_away_is_on_the_list() -> None:
    assert set(DANGERS.values()) - known().keys() == set()


def test_the_chinese_side_of_a_sentence_has_no_blank_that_the_english_has_not() -> None:
    wrong = [each for each, chinese in known().items() if {*BLANK.findall(chinese)} - {*BLANK.findall(each)}]
    assert wrong == []


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_signal_of_alerts_has_a_word(language: str) -> None:
    text = (console_tools.CONSOLE / "words" / f"{language}.js").read_text()
    assert [each for each in SIGNALS if f'"signal.{each}"' not in text] == []
