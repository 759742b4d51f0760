"""The end in order, in the middle of trades: nothing new, equal legs or none, nothing waits, what stays is named."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs
import gevent
import pytest
from scene import again, at_place, crash_all, ended, ended_after_restarts, net, positions, serving, started
from whole import Whole, settings

from perpbot import clock
from perpbot.config.decisions import OnStop
from perpbot.simulation.venues.orders import Lifetime, Refusal, RefusedError, Ticket, VenueOrder
from perpbot.simulation.venues.venue import ACCOUNT
from perpbot.simulation.world import World, run_forked

pytest_plugins = ["whole"]
pytestmark = pytest.mark.simulated

FAR = Decimal("0.03")
LIMIT_S = 8.0
AT_VENUES_S = 20.0
"""What cancelling, funding and the dead man's switches may take beside the trades, where a venue does not answer."""


def trading(world: World, state: Path, **changes: Any) -> Whole:
    """A program with an open trade."""
    usual = settings()
    execution = attrs.evolve(usual.execution, stop_timeout_sec=LIMIT_S, **changes)
    whole = started(world, state, settings=attrs.evolve(usual, execution=execution))
    whole.wait_until(lambda: any(each.phase == "open" for each in whole.ledger.trades()), 120.0, "an open trade")
    return whole


def note_openings(whole: Whole) -> list[Ticket]:
    """Orders that open, from now on."""
    found: list[Ticket] = []

    def noting(ticket: Ticket, now_ns: int, usual: Any) -> VenueOrder:
        if not ticket.reduce_only:
            found.append(ticket)
        return usual(ticket, now_ns)  # type: ignore[no-any-return]

    for venue in whole.settings.exchanges:
        at_place(serving(whole, venue), noting)
    return found


# -- left hedged, or closed when asked -------------------------------------------------------------------------------


def left_hedged(world: World, state: Path) -> dict[str, Any]:
    """Stopped while the configuration leaves trades open, then begun again and stopped with `--flatten`."""
    whole = trading(world, state, on_stop=OnStop.LEAVE)
    openings = note_openings(whole)
    whole.program.over_asked()
    began = clock.monotonic_ns()
    first = whole.program.stop()
    took_s = (clock.monotonic_ns() - began) / clock.NS_PER_SECOND
    between = {"naked": net(whole), "held": len(positions(whole)), "openings": len(openings), "took_s": took_s}
    gevent.sleep(5.0)
    again(whole)
    whole.program.over_asked(flatten=True)
    second = ended_after_restarts(whole)
    return {"first": first, "between": between, "second": second}


def test_trades_are_left_hedged_where_that_is_configured_and_closed_where_that_is_asked_for(state: Path) -> None:
    report = run_forked(left_hedged, 31, state)
    first, between, second = report["first"], report["between"], report["second"]
    assert first["clean"] is True
    assert any(each.startswith("trade ") and " at " in each for each in first["left_open"])
    assert between["naked"] == {}, "what is left is hedged"
    assert between["held"] >= 2
    assert between["openings"] == 0
    assert between["took_s"] < LIMIT_S, "it does not wait for what stays"
    assert second["clean"] is True
    assert second["left_open"] == []
    assert second["exposure"]["positions"] == {}


# -- within the limit ------------------------------------------------------------------------------------------------


def away_at_the_end(world: World, state: Path) -> dict[str, Any]:
    whole = trading(world, state)
    (trade, *_) = (each for each in whole.ledger.trades() if each.phase == "open")
    whole.venues.admin.stop(trade.plan.buy.venue)
    began = clock.monotonic_ns()
    report = whole.program.stop()
    took_s = (clock.monotonic_ns() - began) / clock.NS_PER_SECOND
    whole.venues.admin.start(trade.plan.buy.venue)
    again(whole)
    after = ended_whatever_was_left(whole)
    told = [each for each in whole.log if str(each.get("event", "")).startswith("trades did not finish in time")]
    return {"report": report, "took_s": took_s, "trade": trade.plan.trade_id, "after": after, "told": told}


def ended_whatever_was_left(whole: Whole) -> dict[str, Any]:
    whole.wait_until(lambda: not any(not each.settled for each in whole.ledger.unsettled()), 30.0, "orders known")
    return whole.stop()


@pytest.mark.full
def test_a_stop_takes_no_longer_than_its_limit_and_names_what_a_dead_venue_keeps(state: Path) -> None:
    found = run_forked(away_at_the_end, 37, state)
    report = found["report"]
    assert found["took_s"] < LIMIT_S + AT_VENUES_S
    assert report["clean"] is False
    assert any(found["trade"] in each for each in report["left_open"])
    assert found["told"]
    assert found["after"]["clean"] is True, "the next start takes it up"


def nobody_looks_after_them(world: World, state: Path) -> dict[str, Any]:
    whole = trading(world, state)
    crash_all(whole, "/trades/")
    return ended(whole)


@pytest.mark.full
def test_trades_whose_actors_are_dead_are_closed_within_the_limit_too(state: Path) -> None:
    report = run_forked(nobody_looks_after_them, 41, state)
    assert report["clean"] is True
    assert report["left_open"] == []


# -- the dead man's switch -------------------------------------------------------------------------------------------


def cannot_be_cancelled(world: World, state: Path) -> dict[str, Any]:
    """One order of ours waits at OKX, which refuses to cancel it."""
    whole = trading(world, state)
    okx = serving(whole, "okx")
    account = okx.engine.accounts[ACCOUNT]

    def rest(ticket: Ticket, now_ns: int, usual: Any) -> VenueOrder:
        if ticket.reduce_only or account.open_orders:
            return usual(ticket, now_ns)  # type: ignore[no-any-return]
        far = okx.engine.marks[ticket.symbol] * (1 - ticket.side.sign * FAR)
        price = okx.instrument(ticket.symbol).round_price(far, ticket.side, outward=False)
        return usual(attrs.evolve(ticket, price=price, lifetime=Lifetime.GTC), now_ns)  # type: ignore[no-any-return]

    def refuse(*_: object) -> VenueOrder:
        raise RefusedError(Refusal.LEVERAGE)

    at_place(okx, rest)
    honest, okx.engine.cancel = okx.engine.cancel, refuse  # type: ignore[method-assign, assignment]
    whole.wait_until(lambda: bool(account.open_orders), 240.0, "an order that waits")
    report = whole.program.stop()
    okx.engine.cancel = honest  # type: ignore[method-assign]
    before = len(account.open_orders)
    gevent.sleep(whole.settings.exchanges["okx"].trading.dead_man_sec + 30.0)
    return {"report": report, "before": before, "after": len(account.open_orders)}


@pytest.mark.full
def test_where_an_order_still_waits_the_dead_mans_switch_stays_set_and_the_venue_cancels_it(state: Path) -> None:
    found = run_forked(cannot_be_cancelled, 43, state)
    assert found["report"]["clean"] is False
    assert any("orders that wait at okx" in each for each in found["report"]["left_open"])
    assert (found["before"], found["after"]) == (1, 0)
