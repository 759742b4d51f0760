"""Orders that take risk away: only an absurd price or a dead connection stops them."""

from typing import Any

import pytest
from msgspec.structs import replace
from risk_accounts import BTC, LIMITS, OPEN_GATE, WORST, d, leg, quote, request, view

from perpbot.model.instrument import Side
from perpbot.model.money import Price
from perpbot.risk.approval import Level
from perpbot.risk.rules import check_opening, check_reduction
from perpbot.risk.view import Gate, LegRequest

CLOSE = leg("a", Side.SELL, margin=d(0))


def said(changes: dict[str, Any], asked: LegRequest = CLOSE) -> str | None:
    refusal = check_reduction(asked, view(**changes), LIMITS)
    return None if refusal is None else str(refusal)


@pytest.mark.parametrize("what", [*WORST, "all of it"])
def test_nothing_that_forbids_an_opening_forbids_a_close(what: str) -> None:
    changes = WORST if what == "all of it" else {what: WORST[what]}
    assert said(changes) is None


def test_what_forbids_an_opening_here_does_forbid_one() -> None:
    harmless = {"failures_in_row", "peak_equity"}
    for what, value in WORST.items():
        assert (check_opening(request(), view(**{what: value}), LIMITS) is None) is (what in harmless), what


def test_a_connection_that_is_down_stops_a_close() -> None:
    down = Gate(open_refusal=None, reduce_refusal="a is CIRCUIT_OPEN: errors", generation=1)
    assert said({"gates": {"a": down}}) == (
        "execution/connection: a is CIRCUIT_OPEN: errors, allowed a connection that is up"
    )
    assert said({"gates": {"b": OPEN_GATE}}) == (
        "execution/connection: a has no trading connection, allowed a connection that is up"
    )


@pytest.mark.parametrize(
    ("price", "allowed"),
    [("99", True), ("101", True), ("98.999", False), ("101.001", False), ("1000", False), ("10", False), ("0", False)],
)
def test_a_close_keeps_to_the_collar(price: str, *, allowed: bool) -> None:
    refused = check_reduction(replace(CLOSE, limit=Price(d(price))), view(), LIMITS)
    assert (refused is None) is allowed
    if refused is not None:
        assert (refused.level, refused.rule) == (Level.EXECUTION, "price-collar")


def test_without_a_fresh_quote_there_is_no_fair_price_to_close_at() -> None:
    assert said({"quotes": {"b": quote("b")}}) == (
        "execution/price-collar: no fresh quote of a, allowed a price to compare with"
    )


def test_the_other_venue_does_not_matter() -> None:
    down = Gate(open_refusal="down", reduce_refusal="down", generation=1)
    assert said({"gates": {"a": OPEN_GATE, "b": down}, "quotes": {"a": quote("a")}}) is None
    assert said({"exposure": WORST["exposure"], "open_sides": {"a": Side.BUY}}) is None
    assert BTC in view(**WORST).frozen_until_ns
