"""The page of refusals is the code's own."""

import inspect
import re
from pathlib import Path
from typing import Any

import attrs
import pytest

from perpbot.config.section import section_in
from perpbot.config.settings import Settings
from perpbot.risk.reference import markdown
from perpbot.risk.rule import Rule
from perpbot.risk.rules import OPENING_RULES

PAGE = Path(__file__).parents[2] / "docs" / "risk.md"


def test_the_page_is_what_the_rules_say() -> None:
    assert PAGE.read_text() == markdown(), "run python -m perpbot.risk"


@pytest.mark.parametrize("rule", OPENING_RULES, ids=lambda each: each.name)
def test_a_rule_names_the_keys_it_reads_and_they_are_there(rule: Rule) -> None:
    read = {f"risk.{key}" for key in re.findall(r"limits\.(\w+)", inspect.getsource(type(rule)))}
    assert read <= set(rule.keys)
    for key in rule.keys:
        assert exists(Settings, key.split(".")), key


def exists(section: type[Any], path: list[str]) -> bool:
    found = next((each for each in attrs.fields(section) if each.name == path[0]), None)
    if found is None or len(path) == 1:
        return found is not None
    inner = section_in(found)
    return inner is not None and exists(inner, path[1:])


def test_every_rule_says_what_can_be_done() -> None:
    assert all(each.cure and not each.cure.endswith(".") for each in OPENING_RULES)
