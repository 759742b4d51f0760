"""A symbol that its venue has settled and delisted while PerpBot was down: told, booked by the operator, and closed."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs
import gevent
import pytest
from msgspec.structs import replace
from scene import account, native, orders, positions, said, started
from whole import Whole, settings

from actors.flattener import Flatten
from actors.journal import Append
from perpbot.control.arguments import BadRequestError
from perpbot.control.verbs import VERBS
from perpbot.execution.entries import OrdersIntended
from perpbot.execution.views import TradeView
from perpbot.simulation.venues.market import MarketSettings
from perpbot.simulation.world import World, run_forked
from supervisors import addresses

pytest_plugins = ["whole"]
pytestmark = pytest.mark.simulated


def delisted_while_down(world: World, state: Path) -> dict[str, Any]:
    made = settings(("okx", "extended"))
    made = attrs.evolve(made, symbols=made.symbols[:2], execution=attrs.evolve(made.execution, max_hold_sec=600.0))
    whole = started(world, state, settings=made, market=MarketSettings(frames_per_second=1.0, edge_every_s=2.0))
    whole.wait_until(lambda: len({each.plan.symbol for each in _open(whole)}) == 2, 600.0, "two open trades")
    symbol = _open(whole)[0].plan.symbol
    in_flight = _intend(whole, symbol)
    whole.end_abruptly()
    price = _settle(whole, native(whole, "okx", symbol).native)
    whole.program = whole.make_program()
    venue = whole.program.parts.venues["okx"]
    listed = venue.fetch_instruments
    venue.fetch_instruments = lambda: [each for each in listed() if each.symbol != symbol]  # type: ignore[method-assign]
    whole.program.start()
    whole.wait_until(whole.all_connected, 30.0, "all connections up")
    whole.program.kill.set("global", on=True, by="the test")
    slot = whole.program.system.ref(addresses.FLATTENER).post(Flatten(), 600.0)
    whole.wait_until(lambda: all(each.plan.symbol == symbol for each in whole.ledger.trades()), 60.0, "others closed")
    gone, held = [each.plan.trade_id for each in whole.ledger.trades()], positions(whole)
    told = said(whole, "a leg cannot be traded")
    whole.wait_until(lambda: _differs(whole), 120.0, "the position differs")
    adopt = {"venue": "okx", "symbol": symbol, "price": str(price), "yes": True}
    nonsense = _refused(whole, {**adopt, "price": "-1"})
    answer = VERBS["adopt"](whole.program, adopt)
    gevent.sleep(15.0)  # now no request can still be on its way
    again = VERBS["adopt"](whole.program, {"venue": "okx", "symbol": symbol, "yes": True})
    closed = slot.wait(60.0)
    asked = said(whole, "an order cannot be asked for")
    booked = {fill.price for each in orders(whole, "foreign") for fill in each.fills.values()}
    reasons = {each.reason for each in whole.records if each.trade_id in gone}
    report = whole.stop()
    return {
        **report, "symbol": symbol, "gone": gone, "held": held, "told": told, "nonsense": nonsense, "answer": answer,
        "closed": closed, "reasons": reasons, "booked": booked, "price": price, "left": positions(whole),
        "in_flight": in_flight, "asked": asked, "again": again,
    }  # fmt: skip


def _open(whole: Whole) -> list[TradeView]:
    return [each for each in whole.ledger.trades() if each.phase == "open"]


def _intend(whole: Whole, symbol: str) -> list[str]:
    """Orders that close the legs at okx are on disk when PerpBot dies; nobody knows whether they left."""
    legs = [order for each in _open(whole) if each.plan.symbol == symbol for order in each.orders]
    last = [
        replace(view.order, client_id=f"{view.order.client_id}00",
                     wire_id=f"{view.order.wire_id[:-4]}{number:02}00", side=view.order.side.opposite,
                     reduce_only=True, purpose="close")
        for number, view in enumerate(legs) if view.order.venue == "okx"
    ]  # fmt: skip
    whole.program.system.ref(addresses.JOURNAL).ask(Append([OrdersIntended(orders=last)]))
    return [each.client_id for each in last]


def _settle(whole: Whole, coin: str) -> Decimal:
    """The venue settles our position at its mark, without a fill; the cash is what it brought."""
    served = whole.venues.venues["okx"]
    with served.lock:
        price, ours = served.engine.marks[coin], account(whole, "okx")
        position = ours.position(coin)
        ours.settle(position.unrealised(price))
        position.size = position.cost = Decimal(0)
    return price


def _differs(whole: Whole) -> bool:
    view = whole.program.state().positions
    return view is not None and bool(view.mismatches)


def _refused(whole: Whole, arguments: dict[str, Any]) -> str:
    try:
        VERBS["adopt"](whole.program, arguments)
    except BadRequestError as error:
        return str(error)
    raise AssertionError("it was not refused")


def test_what_a_venue_settled_and_delisted_is_told_and_booked_and_keeps_no_other_trade_open(state: Path) -> None:
    report = run_forked(delisted_while_down, 3, state)
    gone = set(report["gone"])
    assert gone
    assert [each for each, _ in report["held"]] == ["extended"], "the leg that hedged it waits for the operator"
    assert {each["trade"] for each in report["told"]} == gone
    assert f"perpbot adopt okx {report['symbol']} --price" in report["told"][0]["hint"]
    assert "above zero" in report["nonsense"]
    assert set(report["answer"]["trades"]) == gone
    in_flight = report["in_flight"]
    assert (report["answer"]["in_flight"], report["answer"]["ended"]) == (in_flight, []), "they might still arrive"
    assert (report["again"]["ended"], report["again"]["trades"]) == (in_flight, [])
    assert "perpbot adopt okx" in report["asked"][0]["hint"]
    assert gone < set(report["closed"])
    assert report["booked"] == {report["price"]}
    assert (report["reasons"], report["left"]) == ({"somebody else traded in its position"}, {})
    assert report["clean"] is True
