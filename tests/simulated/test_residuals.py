"""What a venue fills short of, too small to be sold there: kept in a ledger, shown, and closed by the next trade."""

from pathlib import Path
from typing import Any

import attrs
import pytest
from scene import at_place, drained, ended, positions, serving, started
from whole import Whole, settings

from perpbot.control.pages import positions as page
from perpbot.execution.entries import ResidualLeft, ResidualTaken
from perpbot.sections.money import residuals
from perpbot.simulation.venues.market import MarketSettings
from perpbot.simulation.venues.orders import Ticket
from perpbot.simulation.world import World, run_forked
from perpbot.storage.reading import read

pytest_plugins = ["whole"]
pytestmark = pytest.mark.simulated


def leave_one_lot(whole: Whole, venue: str) -> list[Ticket]:
    """The venue fills all of our next close but one lot, which is less than it takes."""
    short: list[Ticket] = []
    served = serving(whole, venue)

    def place(ticket: Ticket, now_ns: int, usual: Any) -> Any:
        if short or not ticket.reduce_only:
            return usual(ticket, now_ns)
        short.append(ticket)
        return served.engine.place(ticket, now_ns, ticket.size - served.instrument(ticket.symbol).lot)

    at_place(served, place)
    return short


def left_and_taken(world: World, state: Path) -> dict[str, Any]:
    made = settings(("okx", "extended"))
    made = attrs.evolve(
        made, symbols=made.symbols[:1], risk=attrs.evolve(made.risk, symbol_cooldown_sec=1.0),
        execution=attrs.evolve(made.execution, max_hold_sec=10.0),
    )  # fmt: skip
    whole = started(world, state, settings=made, market=MarketSettings(frames_per_second=2.0, edge_every_s=2.0))
    short = leave_one_lot(whole, "extended")
    whole.wait_until(lambda: bool(whole.ledger.residuals), 300.0, "a residual")
    (left,) = whole.ledger.residuals.values()
    shown, section = page(whole.program.state()), residuals(whole.program.state())
    beside = {key: size for key, size in positions(whole).items() if key == (left.venue, left.symbol.partition("-")[0])}
    whole.wait_until(lambda: not whole.ledger.residuals, 300.0, "a trade that takes it on")
    drained(whole)
    report = ended(whole)
    entries = [line.entry for line in read(whole.state / "journal.sqlite", (ResidualLeft, ResidualTaken))]
    return {
        **report, "short": len(short), "left": left, "shown": shown["residuals"], "section": section, "beside": beside,
        "entries": entries,
    }  # fmt: skip


def test_what_is_too_small_to_be_closed_is_shown_and_closed_by_the_next_trade_there(state: Path) -> None:
    report = run_forked(left_and_taken, 5, state)
    left = report["left"]
    assert report["short"] == 1
    assert [each["trade"] for each in report["shown"]] == [left.trade_id]
    assert report["section"] == {left.id: report["shown"][0]}
    assert report["shown"][0]["quantity"] == str(left.quantity.normalize())
    assert [type(each) for each in report["entries"]] == [ResidualLeft, ResidualTaken]
    assert report["entries"][1].order.trade_id != left.trade_id
    assert report["exposure"]["positions"] == {}
    assert report["clean"] is True
