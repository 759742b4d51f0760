"""Scenarios 8 to 16: what a start finds, and what a venue's words are worth."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs
import gevent
import pytest
from scene import (
    account,
    again,
    drained,
    ended,
    ended_after_restarts,
    first,
    native,
    net,
    orders,
    orders_of,
    positions,
    quiet,
    said,
    somebody_trades,
    started,
)
from whole import Whole, check_accounts

from perpbot.execution.entries import ForeignAdopted, OrderFilled, OrdersIntended, TradeOpened
from perpbot.model.instrument import Side
from perpbot.model.money import Quantity
from perpbot.model.order import Fill, OrderStatus, OrderUpdate, Position
from perpbot.simulation.world import World, run_forked

pytest_plugins = ["whole"]
pytestmark = pytest.mark.simulated


def restarts(world: World, state: Path) -> dict[str, Any]:
    """Killed five times, whenever a close is on its way; the venues' answers to the closes are lost."""
    whole = started(world, state)
    turned: list[str] = []
    opened: set[str] = set()
    for _ in range(5):
        whole.venues.admin.set_faults("okx", drop_answers=1, trading_only=True)
        whole.wait_until(lambda: _closing(whole), 120.0, "a close on its way")
        opened |= {each.plan.trade_id for each in whole.ledger.trades()}
        turned += [f"{place} {size}" for place, size in positions(whole).items() if _wrong_way(whole, place, size)]
        whole.end_abruptly()
        again(whole)
    drained(whole)
    lines = list(whole.program.journal.lines())
    fills = [line.entry.fill for line in lines if isinstance(line.entry, OrderFilled)]
    intended = [
        order for line in lines if isinstance(line.entry, TradeOpened | OrdersIntended) for order in line.entry.orders
    ]
    at_venues = sum(len(account(whole, venue).executions) for venue in whole.settings.exchanges)
    forgotten = opened - {each.trade_id for each in whole.records}
    report = ended_after_restarts(whole)
    return {
        **report,
        "turned": turned,
        "closes": [order.reduce_only for order in intended if order.purpose == "close"],
        "forgotten": forgotten,
        "fills": (len(fills), at_venues),
        "refs": len({(fill.venue, fill.trade_ref) for fill in fills}),
        "adopted": sum(isinstance(line.entry, ForeignAdopted) for line in lines),
    }


def _closing(whole: Whole) -> bool:
    return any(each.in_flight for each in whole.ledger.unsettled() if each.order.purpose == "close")


def _wrong_way(whole: Whole, place: tuple[str, str], size: Decimal) -> bool:
    """Whether a position stands another way than every trade that is or was in progress there opens it."""
    venue, coin = place
    sides = {
        leg.side.sign
        for trade in whole.ledger.trades()
        for leg in trade.plan.legs
        if (leg.venue, trade.plan.symbol.partition("-")[0]) == (venue, coin)
    }
    return bool(sides) and all(size * sign < 0 for sign in sides)


@pytest.fixture(scope="module")
def restarted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """One world for the four scenarios that want restarts."""
    found: dict[str, Any] = run_forked(restarts, 19, tmp_path_factory.mktemp("restarts"))
    return found


def test_08_a_close_is_not_sent_again_by_a_restart_and_never_opens_the_other_way(restarted: dict[str, Any]) -> None:
    assert restarted["turned"] == []
    assert set(restarted["closes"]) == {True}
    assert restarted["orders"]["duplicates"] == 0
    assert restarted["clean"] is True


def test_09_a_trade_that_was_open_at_a_crash_is_taken_up_and_finished(restarted: dict[str, Any]) -> None:
    assert restarted["forgotten"] == set()


def taken_away(world: World, state: Path, share: str) -> dict[str, Any]:
    """Somebody closes a leg of ours by hand, or the venue liquidates it."""
    whole = started(world, state)
    whole.wait_until(lambda: any(each.phase == "open" for each in whole.ledger.trades()), 120.0, "an open trade")
    trade = next(each for each in whole.ledger.trades() if each.phase == "open")
    leg = trade.plan.buy
    natives = {each.symbol: each.native for each in whole.program.parts.venues[leg.venue].instruments}
    lot = next(each for each in whole.program.parts.venues[leg.venue].instruments if each.symbol == trade.plan.symbol)
    size = lot.round_quantity(trade.plan.quantity * Decimal(share))
    somebody_trades(whole, leg.venue, natives[trade.plan.symbol], Side.SELL, size)
    whole.wait_until(lambda: whole.ledger.trade(trade.plan.trade_id) is None, 30.0, "the trade is over")
    sent = [each.order.purpose for each in orders_of(whole, trade.plan.trade_id)]
    (record,) = (each for each in whole.records if each.trade_id == trade.plan.trade_id)
    report = whole.stop()
    check_accounts(whole, report)
    return {**report, "sent": sent, "reason": record.reason, "told": len(said(whole, "a fill that is not ours"))}


@pytest.mark.parametrize("share", ["1", "0.4"])
def test_10_a_leg_that_somebody_else_closes_ends_its_trade_and_the_account_agrees_to_the_last_unit(
    share: str, state: Path
) -> None:
    report = run_forked(taken_away, 41, state, share)
    assert report["told"] == 1
    assert report["reason"] == "somebody else traded in its position"
    assert report["sent"].count("hedge") == 0, "what somebody took away is not put back"
    assert report["clean"] is True


def forgetful_venue(world: World, state: Path) -> dict[str, Any]:
    """Days later the venues know no fill any more, and the trade is still open."""
    whole = started(world, state)
    patient = attrs.evolve(whole.settings.execution, max_hold_sec=6e5, close_profit_pct=Decimal(5))
    whole.wait_until(lambda: any(each.phase == "open" for each in whole.ledger.trades()), 120.0, "an open trade")
    whole.end_abruptly()
    held = positions(whole)
    spoken = {venue: list(account(whole, venue).executions) for venue in whole.settings.exchanges}
    for venue in whole.settings.exchanges:
        account(whole, venue).executions.clear()
    world.step_wall_clock(10 * 86_400.0)
    gevent.sleep(1.0)  # what was settled meanwhile is in the venues' books
    usual = whole.settings
    whole.settings = attrs.evolve(usual, execution=patient)
    again(whole)
    whole.wait_until(lambda: _known(whole) == positions(whole), 3.0, "our positions are the venues'")
    gevent.sleep(6.0)
    differ = len(said(whole, "position differs"))
    for venue, executions in spoken.items():
        account(whole, venue).executions[:0] = executions
    return {
        "held": held,
        "differ": differ,
        **ended_after_restarts(whole),
    }


def _known(whole: Whole) -> dict[tuple[str, str], Decimal]:
    """What our fills come to, by venue and coin."""
    ours = whole.program.state().positions
    assert ours is not None
    return {
        (venue, symbol.partition("-")[0]): each.quantity
        for (venue, _, symbol), each in ours.holdings.items()
        if each.quantity
    }


def test_11_a_position_whose_fills_the_venue_has_forgotten_is_known_from_the_journal(state: Path) -> None:
    report = run_forked(forgetful_venue, 23, state)
    assert report["held"]
    assert report["differ"] == 0


def test_12_a_restart_books_no_fill_that_the_venue_did_not_make(restarted: dict[str, Any]) -> None:
    ours, theirs = restarted["fills"]
    assert ours == theirs
    assert restarted["adopted"] == 0


def test_13_every_fill_has_one_id_however_often_the_program_is_started(restarted: dict[str, Any]) -> None:
    assert restarted["refs"] == restarted["fills"][0]


def old_snapshot(world: World, state: Path) -> dict[str, Any]:
    """The venue's answer about positions takes so long that fills overtake it every time."""
    whole = started(world, state)
    okx = whole.program.parts.venues["okx"]
    usual = okx.fetch_positions
    overtaken: list[int] = []

    def fetch_positions() -> list[Position]:
        answer = usual()
        before = len(account(whole, "okx").executions)
        gevent.sleep(1.5)
        overtaken.append(len(account(whole, "okx").executions) - before)
        return answer

    okx.fetch_positions = fetch_positions  # type: ignore[method-assign]
    whole.wait_until(lambda: sum(map(bool, overtaken)) >= 3, 240.0, "readings that are older than fills")
    drained(whole)
    strange = [each for each in orders(whole) if each.order.purpose not in {"open", "hedge", "unwind", "close"}]
    told = len(said(whole, "position differs"))
    return {**ended(whole), "strange": len(strange), "told": told}


def test_14_a_reading_that_fills_have_overtaken_is_no_surprise_and_nothing_is_sent_for_it(state: Path) -> None:
    report = run_forked(old_snapshot, 29, state)
    assert report["strange"] == 0
    assert report["told"] == 0
    assert report["clean"] is True


def deleted_row(world: World, state: Path) -> dict[str, Any]:
    """The venue says cancelled with nothing filled, and knows the order no more; its fills come three seconds late."""
    whole = started(world, state)
    okx = whole.program.parts.venues["okx"]
    decode, ask, fills = okx.decode_private, okx.fetch_order, okx.fetch_fills
    late: list[Fill] = []
    hidden: list[str] = []

    def decode_private(frame: str | bytes, received_ns: int) -> list[Any]:
        kept: list[Any] = []
        for event in decode(frame, received_ns):
            if isinstance(event, Fill) and (not hidden or event.client_id in hidden):
                hidden.append(event.client_id)
                late.append(event)
            elif isinstance(event, OrderUpdate) and hidden and event.client_id in hidden:
                kept.append(attrs.evolve(event, status=OrderStatus.CANCELLED, filled=Quantity(Decimal(0))))
            else:
                kept.append(event)
        return kept

    def fetch_order(order: Any, instrument: Any) -> OrderUpdate | None:
        return None if order.wire_id in hidden else ask(order, instrument)

    def fetch_fills(since_ms: int) -> list[Fill]:
        return [each for each in fills(since_ms) if each.client_id not in hidden]

    okx.decode_private, okx.fetch_order, okx.fetch_fills = decode_private, fetch_order, fetch_fills  # type: ignore[method-assign]
    whole.wait_until(lambda: bool(hidden), 120.0, "a fill that is hidden")
    gevent.sleep(3.0)
    okx.decode_private, okx.fetch_order, okx.fetch_fills = decode, ask, fills  # type: ignore[method-assign]
    whole.venues.admin.disconnect("okx")  # the connection that comes back asks for everything it missed
    record = first(whole, lambda each: each.order.wire_id == hidden[0])
    whole.wait_until(lambda: bool(record.fills), 30.0, "the fill found")
    drained(whole)
    held = sum(each.held for each in orders_of(whole, record.order.trade_id))
    return {**ended(whole), "held": held}


def test_15_an_order_that_the_venue_calls_cancelled_and_forgets_is_kept_and_its_late_fills_count(state: Path) -> None:
    report = run_forked(deleted_row, 31, state)
    assert report["held"] == 0
    assert report["clean"] is True


def wrong_reading(world: World, state: Path, times: int) -> dict[str, Any]:
    whole = started(world, state)
    whole.wait_until(lambda: bool(whole.records), 60.0, "a first trade")
    okx = whole.program.parts.venues["okx"]
    usual = okx.fetch_positions
    wrong: list[int] = []

    def fetch_positions() -> list[Position]:
        answer = usual()
        if len(wrong) >= times:
            return answer
        wrong.append(1)
        stray = Position(venue="okx", account=okx.account, symbol="BTC-PERP", quantity=Quantity(Decimal(7)))
        return [*(each for each in answer if each.symbol != "BTC-PERP"), stray]

    okx.fetch_positions = fetch_positions  # type: ignore[method-assign]
    whole.wait_until(lambda: len(wrong) == times, 60.0, "wrong readings")
    gevent.sleep(10.0)
    told, better = len(said(whole, "position differs")), len(said(whole, "position agrees again"))
    drained(whole)
    quiet(whole)
    strange = [each for each in orders(whole) if each.order.quantity >= Decimal(7) and "BTC" in each.order.symbol]
    return {**ended(whole), "told": (told, better), "strange": len(strange), "gave_up": whole.program.gave_up}


@pytest.mark.parametrize(("times", "told"), [(1, (0, 0)), (3, (1, 1))])
def test_16_a_wrong_reading_of_a_position_is_read_again_before_it_counts_and_ends_nothing(
    times: int, told: tuple[int, int], state: Path
) -> None:
    report = run_forked(wrong_reading, 37, state, times)
    assert report["told"] == told
    assert report["strange"] == 0
    assert report["gave_up"] is False
    assert report["clean"] is True


def begun_on_a_wrong_clock(world: World, state: Path) -> list[str]:
    """The journal began while our clock was an hour ahead; then somebody closes a leg of ours."""
    world.step_wall_clock(3_600.0)
    whole = Whole(world, state)
    world.step_wall_clock(-3_600.0)
    whole.program.start()
    whole.wait_until(lambda: any(each.phase == "open" for each in whole.ledger.trades()), 120.0, "an open trade")
    trade = next(each for each in whole.ledger.trades() if each.phase == "open")
    coin = native(whole, trade.plan.buy.venue, trade.plan.symbol).native
    somebody_trades(whole, trade.plan.buy.venue, coin, Side.SELL, trade.plan.quantity)
    whole.wait_until(lambda: whole.ledger.trade(trade.plan.trade_id) is None, 30.0, "the trade is over")
    reasons = [each.reason for each in whole.records if each.trade_id == trade.plan.trade_id]
    ended(whole)
    return reasons


def test_what_somebody_else_does_is_told_also_where_the_journal_began_on_a_clock_that_was_ahead(state: Path) -> None:
    assert run_forked(begun_on_a_wrong_clock, 41, state) == ["somebody else traded in its position"]


def closed_and_replaced(world: World, state: Path) -> dict[str, Any]:
    """While we are dead somebody closes our trade, and opens one of their own there and at the third venue.

    So it looks to a journal that was put back from a copy, too: then somebody is ourselves.
    """
    whole = started(world, state)
    whole.wait_until(lambda: any(each.phase == "open" for each in whole.ledger.trades()), 120.0, "an open trade")
    whole.program.kill.set("global", on=True, by="the test")
    gevent.sleep(2.0)
    trade = next(each for each in whole.ledger.trades() if each.phase == "open")
    size, bought, sold = trade.plan.quantity, trade.plan.buy.venue, trade.plan.sell.venue
    (third,) = set(whole.settings.exchanges) - {bought, sold}
    coins = {name: native(whole, name, trade.plan.symbol).native for name in whole.settings.exchanges}
    whole.end_abruptly()
    steps = ((bought, Side.SELL, 1), (sold, Side.BUY, 1), (bought, Side.BUY, 2), (third, Side.SELL, 2))
    for venue, side, times in steps:
        somebody_trades(whole, venue, coins[venue], side, size * times)
    world.step_wall_clock(3_600.0)  # our trade is held for long enough
    again(whole)
    whole.wait_until(lambda: whole.ledger.trade(trade.plan.trade_id) is None, 60.0, "our trade is over")
    return {"net": net(whole), "sent": [each.order.purpose for each in orders_of(whole, trade.plan.trade_id)]}


def test_what_somebody_closed_while_we_were_dead_is_known_before_anything_is_closed_there(state: Path) -> None:
    report = run_forked(closed_and_replaced, 41, state)
    assert report["net"] == {}
    assert "close" not in report["sent"]
