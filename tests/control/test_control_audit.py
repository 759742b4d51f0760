"""What counts as something an operator did."""

from typing import Any

import pytest

from actors.runtime import ActorDeadError, AskTimeoutError
from perpbot.control.arguments import BadRequestError, meant
from perpbot.control.audit import carried_out, deed
from perpbot.control.handling import NotDoneError

CASES: list[tuple[str, dict[str, Any], str | None]] = [
    ("tree", {"address": "/books"}, None),
    ("kill-switch", {"action": "status"}, None),
    ("kill-switch", {"action": "on", "venue": "okx"}, "on okx"),
    ("kill-switch", {"action": "off"}, "off"),
    ("flatten", {}, "everywhere"),
    ("cancel-all", {"venue": "okx"}, "okx"),
    ("adopt", {"venue": "okx", "symbol": "BTC-PERP", "yes": True}, "okx BTC-PERP"),
    ("adopt", {"venue": "okx", "symbol": "BTC-PERP"}, None),
    ("restart", {"address": "/books/risk"}, None),
    ("restart", {"address": "/books/risk", "yes": True}, "/books/risk"),
    ("resume", {"address": "/books/risk"}, "/books/risk"),
    ("alerts", {"action": "list"}, None),
    ("alerts", {"action": "silence", "name": "*"}, "silence *"),
    ("risk", {}, None),
    ("risk", {"action": "resume"}, "resume"),
    ("stop", {"wait": True}, "everywhere"),
]


@pytest.mark.parametrize(("verb", "args", "what"), CASES)
def test_looking_is_no_deed_and_acting_is(verb: str, args: dict[str, Any], what: str | None) -> None:
    assert deed(verb, args) == what


GONE = {"venue": "okx", "gone": ["7-1"], "left": (), "trouble": ""}
ANSWERS: list[tuple[Any, str]] = [
    ({"closed": []}, "done"),
    ({"venues": [GONE], "cancelled": None}, "done"),
    ({"venues": [GONE, {**GONE, "left": ("7-2",)}]}, "not all done: okx: 1 orders may still wait"),
    ({"cancelled": {**GONE, "trouble": "no answer"}}, "not all done: okx: 0 orders may still wait: no answer"),
]


@pytest.mark.parametrize(("answer", "outcome"), ANSWERS)
def test_what_was_only_partly_done_is_not_written_down_as_done(answer: Any, outcome: str) -> None:
    noted: list[str] = []
    assert carried_out(lambda: answer, noted.append) is answer
    assert noted == [outcome]


@pytest.mark.parametrize(
    ("error", "noted"),
    [
        (BadRequestError("no"), []),
        (NotDoneError("look again"), ["not done: look again"]),
        (ActorDeadError("/books ended"), ["not done: /books ended"]),
        (AskTimeoutError("no answer"), ["not known: no answer"]),
        (KeyError("venue"), ["not known: KeyError('venue')"]),
    ],
)
def test_what_went_wrong_is_written_down_unless_nothing_was_done(error: Exception, noted: list[str]) -> None:
    found: list[str] = []

    def fail() -> None:
        raise error

    with pytest.raises(type(error)):
        carried_out(fail, found.append)
    assert found == noted


@pytest.mark.parametrize(("args", "answer"), [({}, False), ({"yes": None}, False), ({"yes": True}, True)])
def test_only_a_plain_yes_is_meant(args: dict[str, Any], answer: object) -> None:
    assert meant(args) is answer


@pytest.mark.parametrize("value", ["no", "false", "yes", 1, []])
def test_what_is_neither_yes_nor_no_is_refused(value: object) -> None:
    with pytest.raises(BadRequestError, match="yes must be true or false"):
        meant({"yes": value})
