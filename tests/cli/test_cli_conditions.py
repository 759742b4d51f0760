"""What `perpbot wait` understands, on made-up answers."""

from typing import Any

import pytest

from perpbot.cli.conditions import ConditionError, condition


def node(address: str, *children: dict[str, Any], state: str = "running", circuit: str | None = None) -> dict[str, Any]:
    return {"address": address, "state": state, "circuit": circuit, "children": list(children)}


TREE = node(
    "/perpbot",
    node("/books/orders"),
    node("/venues/okx/trading", circuit="CIRCUIT_OPEN"),
    node("/venues/okx/market-data", state="backing-off", circuit="CONNECTED"),
)
STATUS: dict[str, Any] = {
    "stopping": False,
    "healthy": False,
    "problems": ["a leg is open"],
    "trades": {"over": 3, "open": 1},
    "orders": None,
    "actors": 40,
    "restarts": 0,
    "crashes": 2,
    "dead_letters": 7,
    "uptime_s": 12.5,
    "venues": {
        "okx": {"circuits": {"market-data": "CONNECTED", "trading": "CIRCUIT_OPEN"}},
        "aster": {"circuits": {"market-data": "CONNECTED"}},
    },
}
ANSWERS = {"tree": TREE, "status": STATUS}


@pytest.mark.parametrize(
    ("words", "holds", "now"),
    [
        ("running", False, "not up: /venues/okx/market-data"),
        ("ready", False, "okx trading is CIRCUIT_OPEN"),
        ("healthy", False, "a leg is open"),
        ("stopped", False, "it still runs"),
        ("/books/orders=running", True, ""),
        ("/books/orders = running", True, ""),
        ("/venues/okx/trading=CIRCUIT_OPEN", True, ""),
        ("/venues/okx/market-data=backing-off", True, ""),
        ("/venues/okx/market-data=running", False, "/venues/okx/market-data is backing-off"),
        ("/nowhere=running", False, "/nowhere is not there"),
        ("circuit okx open", True, ""),
        ("circuit okx/trading open", True, ""),
        ("circuit okx trading half-open", False, "okx trading is CIRCUIT_OPEN"),
        ("circuit okx connected", False, "okx market-data is CONNECTED, okx trading is CIRCUIT_OPEN"),
        ("circuit aster connected", True, ""),
        ("trades>=3", True, ""),
        ("trades > 3", False, "trades is 3"),
        ("open=1", True, ""),
        ("orders>=1", False, "orders is 0"),
        ("uptime<20", True, ""),
        ("dead-letters<=6", False, "dead-letters is 7"),
    ],
)
def test_a_condition_holds_or_says_how_it_stands(words: str, *, holds: bool, now: str) -> None:
    made = condition(words)
    answer = ANSWERS[made.verb]
    assert made.holds(answer) is holds
    if not holds:
        assert made.now(answer) == now


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("dance", "'dance' is nothing to wait for; there is running, ready,"),
        ("circuit okx ajar", "a circuit is never 'ajar'; it is open, closed,"),
        ("/books=happy", "no actor is ever 'happy'; it is starting, running,"),
        ("cats>=3", "nobody counts 'cats'; there are trades, open,"),
        ("circuit mars open", "no venue 'mars' here; there are okx, aster"),
        ("circuit aster/trading open", "aster has no connection 'trading'; it has market-data"),
    ],
)
def test_words_that_mean_nothing_are_refused_with_what_does(words: str, said: str) -> None:
    with pytest.raises(ConditionError) as error:
        condition(words).holds(STATUS)
    assert str(error.value).startswith(said)
