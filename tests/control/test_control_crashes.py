"""Histories of crashes that come back from a file, which anything may have been done to."""

from typing import Any

import pytest

from actors.runtime.crashes import Crash, CrashHistory
from perpbot.control.crashes import history_line, read_histories, shown
from perpbot.masking import Mask

CRASH = Crash(1, "/x", "X", 1, "failed", None, "", "restart", "x.py:1")
GOOD = history_line(CrashHistory("a", 1, 1, CRASH, 0), Mask())


def test_what_was_kept_comes_back() -> None:
    (history,) = read_histories([GOOD])
    assert history == CrashHistory("a", 1, 1, CRASH, 0)


@pytest.mark.parametrize(
    "change",
    [
        {"count": float("inf")},
        {"count": None},
        {"at_ns": "zz"},
        {"at_ns": None},
        {"at_ns": 10**40},
        {"first_ns": 10**40},
        {"address": 5},
        {"traceback": 5},
        {"reason": [1]},
        {"during": {}},
    ],
    ids=str,
)
def test_a_line_with_a_wrong_value_is_left_out_and_the_others_are_shown(change: dict[str, Any]) -> None:
    found = read_histories([{**GOOD, **change}, {**GOOD, "key": "b"}])
    assert [each.key for each in found] == ["b"]
    assert shown(found[0])["address"] == "/x"
