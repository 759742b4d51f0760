"""No order reaches a venue but through the risk rules: read from the code, call by call."""

import ast
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("actors", "supervisors", "perpbot")
SIMULATED = ROOT / "perpbot" / "simulation"
TRIAL = "perpbot/trial/client.py"
"""`perpbot venues test` trades at simulated venues that it starts itself; the running program does not import it."""
WORDS = r"\bplace\b|perpbot\.trial|PlaceOrder|Approval\(|OpenTrade|SubmitOrders"


@cache
def sources() -> tuple[tuple[str, ast.Module], ...]:
    """What could place an order: each file that names one of these things, read."""
    return tuple(_read())


def _read() -> Iterator[tuple[str, ast.Module]]:
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            text = path.read_text(encoding="utf-8")
            if SIMULATED not in path.parents and re.search(WORDS, text):
                yield str(path.relative_to(ROOT)), ast.parse(text)


def users_of(attribute: str, owners: frozenset[str]) -> set[str]:
    """Files that take `attribute` of something that is called like one of `owners`, called or not."""
    found = set()
    for name, tree in sources():
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and node.attr == attribute and last_name(node.value) in owners:
                found.add(name)
    return found


def last_name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def makers_of(name: str) -> set[str]:
    return {
        file
        for file, tree in sources()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and last_name(node.func) == name
    }


def test_one_module_alone_makes_the_requests_that_place_orders() -> None:
    assert users_of("place", frozenset({"venue", "_venue"})) == {"actors/order_sender.py", TRIAL}


def test_the_trial_of_venues_is_no_part_of_the_running_program() -> None:
    users = {
        file
        for file, tree in sources()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("perpbot.trial")
    }
    assert not {each for each in users if not each.startswith(("perpbot/trial/", "perpbot/cli/"))}


def test_the_sender_asks_for_the_refusal_before_anything_else() -> None:
    (tree,) = (tree for file, tree in sources() if file == "actors/order_sender.py")
    methods = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    assert ast.unparse(methods["_may_leave"].body[1]) == "refusal = self._refusal(place)"  # after the docstring
    assert ast.unparse(methods["_may_leave"].body[2]).startswith("if refusal is not None:")
    assert callers("_begin", methods) == {"place", "depart"}
    for name in ("place", "depart"):
        asks, *rest = ast.unparse(methods[name]).split("if not self._may_leave(place):")
        assert len(rest) == 1
        assert "_begin" not in asks
        assert rest[0].split()[0] in {"return", "self._held.leave()"}
    users = {
        name
        for name, method in methods.items()
        for node in ast.walk(method)
        if isinstance(node, ast.Attribute) and ast.unparse(node) == "self._venue.place"
    }
    assert users == {"_begin", "_sign_and_send"}
    assert callers("_sign_and_send", methods) == {"_sign_in_turn"}
    assert callers("_sign_in_turn", methods) == {"_begin"}


def callers(of: str, methods: Mapping[str, ast.FunctionDef]) -> set[str]:
    """Names of the methods that speak of the method called `of`."""
    return {
        name
        for name, method in methods.items()
        if any(isinstance(node, ast.Attribute) and node.attr == of for node in ast.walk(method))
    }


@pytest.mark.parametrize(
    ("message", "files"),
    [
        ("PlaceOrder", {"actors/orders.py"}),
        ("Approval", {"actors/risk.py"}),
        ("OpenTrade", {"actors/executor.py"}),
        ("SubmitOrders", {"actors/trade.py"}),
    ],
)
def test_only_one_place_makes(message: str, files: set[str]) -> None:
    assert makers_of(message) == files
