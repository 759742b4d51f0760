"""Merge patches lead from one state to the next."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perpbot.sections.differences import difference, merged

VALUES = st.recursive(
    st.booleans() | st.integers() | st.text(max_size=3) | st.lists(st.integers(), max_size=2),
    lambda inner: st.dictionaries(st.text(max_size=2), inner, max_size=3),
    max_leaves=12,
)
OBJECTS = st.dictionaries(st.text(max_size=2), VALUES, max_size=4)


@given(OBJECTS, OBJECTS)
def test_a_difference_merged_into_one_state_gives_the_other(before: dict[str, Any], after: dict[str, Any]) -> None:
    assert merged(before, difference(before, after)) == after


@given(OBJECTS)
def test_there_is_no_difference_between_equal_states(state: dict[str, Any]) -> None:
    assert difference(state, dict(state)) == {}


@pytest.mark.parametrize(
    ("target", "patch", "result"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
        (["c"], {"a": 1}, {"a": 1}),
    ],
)
def test_merging_follows_the_examples_of_rfc_7396(target: object, patch: object, result: object) -> None:
    assert merged(target, patch) == result


def test_a_difference_names_only_what_changed() -> None:
    before = {"quotes": {"okx": {"BTC": {"bid": "1", "ask": "2"}}, "aster": {}}, "mode": "live"}
    after = {"quotes": {"okx": {"BTC": {"bid": "1", "ask": "3"}}, "aster": {}}, "mode": "live"}
    assert difference(before, after) == {"quotes": {"okx": {"BTC": {"ask": "3"}}}}
