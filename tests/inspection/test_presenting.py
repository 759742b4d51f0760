"""Dumps of any state: bounded, JSON-able, and without secrets."""

import json
from collections import deque
from decimal import Decimal
from enum import Enum
from typing import Any

import attrs
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perpbot.masking import Mask
from supervisors.presenting import MAX_ITEMS, MAX_TEXT, MAX_VALUES, presentable


class Side(Enum):
    BUY = "buy"


@attrs.frozen
class Login:
    user: str
    api_secret: str
    passphrase: str | None = None
    hidden: str = attrs.field(default="never shown", repr=False)


class Tick(msgspec.Struct):
    price: Decimal
    token: str


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (Decimal("1.50"), "1.5"),
        (Side.BUY, "buy"),
        ((1, None, True), [1, None, True]),
        ({("a", 1): 2}, {"a/1": 2}),
        (deque([1, 2]), [1, 2]),
        (Login, "Login"),
        (b"abc", "3 bytes"),
        (Tick(Decimal("1.50"), "t0ken"), {"price": "1.5", "token": "***"}),
        (Login("me", "s3cr3t"), {"user": "me", "api_secret": "***", "passphrase": None}),
        (
            {"headers": {"OK-ACCESS-SIGNATURE": "abc", "Authorization": "Bearer x"}},
            {"headers": {"OK-ACCESS-SIGNATURE": "***", "Authorization": "***"}},
        ),
        (
            {"privateKey": "0xabc", "listen_key": "k", "tokens": 3},
            {"privateKey": "***", "listen_key": "***", "tokens": 3},
        ),
    ],
)
def test_values_as_they_are_shown(value: Any, shown: Any) -> None:
    assert presentable(value) == shown


def test_depth_length_and_text_are_limited() -> None:
    deep: Any = "bottom"
    for _ in range(50):
        deep = {"below": deep}
    assert json.dumps(presentable(deep)).count("below") == 6
    assert len(presentable(list(range(10_000)))) == MAX_ITEMS + 1
    assert presentable(list(range(10_000)))[-1] == f"… and {10_000 - MAX_ITEMS} more"
    assert len(presentable("x" * 100_000)) == MAX_TEXT + 1


def test_a_wide_and_deep_value_is_limited_as_a_whole() -> None:
    wide = {str(a): {str(b): list(range(150)) for b in range(150)} for a in range(150)}
    assert len(json.dumps(presentable(wide))) < 40 * MAX_VALUES


def test_what_contains_itself_ends() -> None:
    value: dict[str, Any] = {}
    value["itself"] = value
    assert 1 < json.dumps(presentable(value)).count("itself") < 100


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.decimals(allow_nan=False) | st.binary(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=5), inner, max_size=5),
    max_leaves=10,
)


@settings(max_examples=40)
@given(VALUES)
def test_everything_can_be_written_as_json(value: Any) -> None:
    json.dumps(presentable(value))


@given(st.text(min_size=6), st.text(), st.text())
def test_a_known_secret_never_leaves_whatever_it_stands_in(secret: str, before: str, after: str) -> None:
    mask = Mask([secret])
    assert secret not in mask(before + secret + after) or secret in "*" * 100 or secret in before + "***" + after
    text = mask(json.dumps({"a": secret}))
    if not set(secret) <= set('*{}": a'):
        assert json.loads(text) == {"a": "***"}


def test_short_words_are_no_secrets_and_hexadecimal_ones_are_found_bare() -> None:
    assert Mask(["abc"])("abc") == "abc"
    assert Mask(["0x1234567890"])("key 1234567890!") == "key ***!"


class Unshowable:
    def __repr__(self) -> str:
        raise RuntimeError("no")


def test_what_cannot_show_itself_is_named() -> None:
    assert presentable({"a": Unshowable(), "b": 1}) == {"a": "<Unshowable, whose repr raised RuntimeError>", "b": 1}
