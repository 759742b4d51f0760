"""What somebody else did in our account: left alone until an operator has it adopted, then closed and cancelled."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs
import pytest
from scene import account, native, positions, said, serving, somebody_trades, started
from whole import Whole, settings

from perpbot import clock
from perpbot.control.arguments import BadRequestError
from perpbot.control.verbs import VERBS
from perpbot.model.instrument import Side
from perpbot.simulation.venues.market import MarketSettings
from perpbot.simulation.venues.orders import Lifetime, Ticket, VenueOrder
from perpbot.simulation.venues.venue import ACCOUNT
from perpbot.simulation.world import World, run_forked

pytest_plugins = ["whole"]
pytestmark = pytest.mark.simulated

BTC = "BTC-PERP"


def somebody_waits(whole: Whole, venue: str, side: Side) -> VenueOrder:
    """An order of somebody else in our account, far from the market."""
    served, found = serving(whole, venue), native(whole, venue, BTC)
    far = served.engine.marks[found.native] * (Decimal("0.97") if side is Side.BUY else Decimal("1.03"))
    ticket = Ticket(account=ACCOUNT, symbol=found.native, side=side, size=found.min_quantity,
                    price=found.round_price(far, side, outward=False), lifetime=Lifetime.GTC)  # fmt: skip
    with served.lock:
        return served.engine.place(ticket, clock.wall_ns())


def adopt(whole: Whole, venue: str, symbol: str = BTC, **more: Any) -> Any:
    return VERBS["adopt"](whole.program, {"venue": venue, "symbol": symbol, **more})


def refused(whole: Whole, venue: str, symbol: str = BTC) -> str:
    try:
        adopt(whole, venue, symbol, yes=True)
    except BadRequestError as error:
        return str(error)
    raise AssertionError("it was not refused")


def differs(whole: Whole) -> bool:
    view = whole.program.state().positions
    return view is not None and bool(view.mismatches)


def adopted(world: World, state: Path) -> dict[str, Any]:
    made = settings(("okx", "aster"))
    made = attrs.evolve(made, symbols=made.symbols[:1])
    whole = started(world, state, settings=made, market=MarketSettings(frames_per_second=2.0))
    whole.program.kill.set("global", on=True, by="the test")
    noes = [refused(whole, "okx"), refused(whole, "nowhere"), refused(whole, "okx", "DOGE-PERP")]
    somebody_trades(whole, "okx", native(whole, "okx", BTC).native, Side.BUY, Decimal("0.0001"))
    somebody_waits(whole, "okx", Side.SELL)
    whole.wait_until(lambda: differs(whole), 60.0, "the difference seen")
    left_alone = dict(positions(whole))
    looked = adopt(whole, "okx")
    still = dict(positions(whole))
    answer = adopt(whole, "okx", yes=True)
    whole.wait_until(lambda: not positions(whole) and whole.open_trades == 0, 60.0, "it is closed")
    again = refused(whole, "okx")
    (record,) = whole.records
    waiting = len(account(whole, "okx").open_orders)
    doubts = differs(whole)
    report = whole.stop()
    return {
        **report, "noes": noes, "left_alone": left_alone, "looked": looked, "still": still, "answer": answer,
        "again": again, "record": record, "waiting": waiting, "doubts": doubts,
        "contradictions": said(whole, "contradiction"),
    }  # fmt: skip


def test_a_foreign_position_is_left_alone_until_it_is_adopted_and_then_closed(state: Path) -> None:
    report = run_forked(adopted, 9, state)
    nothing, nowhere, unknown = report["noes"]
    assert nothing.startswith("nothing foreign at okx in BTC-PERP")
    assert "nothing is traded at 'nowhere'" in nowhere
    assert "'DOGE-PERP' is not traded here" in unknown
    assert report["left_alone"] == report["still"] == {("okx", "BTC"): Decimal("0.0001")}
    assert (report["looked"]["done"], report["looked"]["quantity"]) == (False, "0.0001")
    assert len(report["looked"]["orders"]) == 1
    assert report["answer"]["trades"] == [report["record"].trade_id]
    assert (len(report["answer"]["cancelled"]["gone"]), report["answer"]["cancelled"]["left"]) == (1, ())
    assert (report["record"].phase, report["record"].reason) == ("completed", "adopted from somebody else")
    assert (report["waiting"], report["doubts"], report["contradictions"]) == (0, False, [])
    assert report["again"].startswith("nothing foreign")
    assert report["exposure"]["positions"] == {}
    assert report["clean"] is True
