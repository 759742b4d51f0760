"""What counts as something an operator did."""

from typing import Any

import pytest

from perpbot.control.audit import deed

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
