"""What must not happen to money, whatever venues, clocks and operators do: each was found by trying to break it."""

import shutil
import sqlite3
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs
import gevent
import pytest
from whole import Whole, check_accounts
from whole import settings as whole_settings

from actors.flattener import Flatten
from actors.order_news import VenueNews
from actors.pool import PoolView, ReadPool
from perpbot import clock
from perpbot.model.instrument import Side
from perpbot.model.money import Money
from perpbot.model.order import Accepted, Fill, Liquidity, OrderStatus
from perpbot.simulation.venues.market import MarketSettings
from perpbot.simulation.venues.orders import Lifetime, Ticket
from perpbot.simulation.world import World, run_forked
from perpbot.storage.database import JournalError
from perpbot.venues.http import Reply
from supervisors import addresses

pytest_plugins = ["whole"]
pytestmark = pytest.mark.simulated

VENUES = ["okx", "hyperliquid", "aster"]


def started(world: World, state: Path) -> Whole:
    whole = Whole(world, state)
    whole.program.start()
    whole.wait_until(whole.all_connected, 10.0, "all connections up")
    return whole


def quiet(whole: Whole) -> None:
    whole.wait_until(lambda: whole.open_trades == 0, 120.0, "no trade in progress")


def positions(whole: Whole) -> dict[str, dict[str, Decimal]]:
    books = whole.books()
    return {
        venue: {symbol: Decimal(str(each["size"])) for symbol, each in book["positions"].items()}
        for venue, book in books.items()
        if book["positions"]
    }


def said(whole: Whole, event: str) -> list[Any]:
    return [each for each in whole.log if each.get("event") == event]


def one_order_lost_and_its_venue_gone(world: World, state: Path, venue: str) -> Whole:
    """A venue dies with a request under way: the order's fate is not known, the other leg is filled."""
    whole = started(world, state)
    whole.wait_until(lambda: bool(whole.records), 60.0, "a first trade")
    quiet(whole)
    whole.venues.admin.set_faults(venue, drop_requests=1, trading_only=True)
    whole.wait_until(lambda: whole.venues.venues[venue].faults.drop_requests == 0, 120.0, "an order is lost")
    whole.venues.admin.stop(venue)
    return whole


def lose_a_venue(world: World, state: Path, venue: str) -> dict[str, Any]:
    whole = one_order_lost_and_its_venue_gone(world, state, venue)
    gevent.sleep(40.0)
    naked = {symbol: size for symbol, size in _net(whole).items() if size}
    told = said(whole, "a leg stands alone")
    (stuck,) = (each for each in whole.ledger.trades() if venue in {leg.venue for leg in each.plan.legs})
    opened = [each.plan for each in whole.ledger.trades() if each.plan.trade_id != stuck.plan.trade_id]
    whole.venues.admin.start(venue)
    whole.wait_until(lambda: whole.ledger.trade(stuck.plan.trade_id) is None, 60.0, "it is resolved")
    report = whole.stop()
    check_accounts(whole, report)
    return {"naked": naked, "told": len(told), "same": sum(p.symbol == stuck.plan.symbol for p in opened), **report}


def _net(whole: Whole) -> dict[str, Decimal]:
    net: dict[str, Decimal] = {}
    for symbols in positions(whole).values():
        for symbol, size in symbols.items():
            base = symbol.split("-")[0].removesuffix("USDT")
            net[base] = net.get(base, Decimal(0)) + size
    return net


@pytest.mark.parametrize("venue", VENUES)
def test_what_stands_alone_beside_a_venue_that_died_is_given_back_told_and_nothing_opened_beside_it(
    venue: str, state: Path
) -> None:
    report = run_forked(lose_a_venue, 41, state, venue)
    assert report["naked"] == {}
    assert report["told"] >= 1
    assert report["same"] == 0
    assert report["clean"] is True


def flatten_beside_a_dead_venue(world: World, state: Path) -> dict[str, Any]:
    whole = one_order_lost_and_its_venue_gone(world, state, "okx")
    whole.program.system.ref(addresses.FLATTENER).post(Flatten(), 60.0)
    gevent.sleep(30.0)
    left = positions(whole)
    whole.venues.admin.start("okx")
    gevent.sleep(30.0)
    report = whole.stop()
    check_accounts(whole, report)
    return {**report, "left": left}


def test_flatten_leaves_nothing_that_could_be_closed_while_a_venue_is_dead(state: Path) -> None:
    report = run_forked(flatten_beside_a_dead_venue, 41, state)
    assert report["left"] == {}


def late_fill(world: World, state: Path) -> dict[str, Any]:
    whole = started(world, state)
    gevent.sleep(1.0)  # the dead man's switch is held by now
    whole.venues.admin.set_faults("okx", status_429=1, trading_only=True)
    refused = _first(whole, lambda each: each.status is OrderStatus.REFUSED)
    quiet(whole)
    order = refused.order
    news = Fill(
        venue=order.venue,
        account=order.account,
        symbol=order.symbol,
        trade_ref="late",
        client_id=order.wire_id,
        venue_order_id="987",
        side=order.side,
        price=order.price,
        quantity=order.quantity,
        fee=Money(Decimal("0.2"), "USDT"),
        liquidity=Liquidity.TAKER,
        time_ns=clock.wall_ns(),
    )
    whole.program.system.ref(addresses.ORDERS).tell(VenueNews(order.venue, order.account, (news,)))
    gevent.sleep(1.0)
    again = whole.ledger.trade(order.trade_id)
    reserved = order.trade_id in _owners(whole)
    gevent.sleep(5.0)
    sent = [each.order.purpose for each in _orders_of(whole, order.trade_id)]
    report = whole.program.stop()
    whole.venues.stop()
    return {
        **report,
        "violated": {each.rule for each in whole.inspector.violations},
        "again": again is not None,
        "reserved": reserved,
        "sent": sent,
        "told": len(said(whole, "position differs")),
    }


def _owners(whole: Whole) -> tuple[str, ...]:
    pool: PoolView = whole.program.system.ref(addresses.pool_address("arb")).ask(ReadPool())
    return pool.owners


def _orders_of(whole: Whole, trade_id: str) -> list[Any]:
    return [each for each in whole.ledger._orders.values() if each.order.trade_id == trade_id]


def _first(whole: Whole, wanted: Callable[[Any], bool]) -> Any:
    found: list[Any] = []

    def look() -> bool:
        found[:] = [each for each in whole.ledger._orders.values() if wanted(each)]
        return bool(found)

    whole.wait_until(look, 300.0, "such an order")
    return found[0]


def test_a_fill_that_comes_after_the_end_of_its_trade_opens_it_again_and_the_stop_is_not_called_clean(
    state: Path,
) -> None:
    report = run_forked(late_fill, 41, state)
    assert report["again"]
    assert report["reserved"], "what it holds uses capital"
    assert "close" in report["sent"]
    assert report["told"] >= 1, "the venue never had that fill"
    assert report["violated"] == {"order states"}, "a refused order was filled"
    assert report["clean"] is False


def forgotten(world: World, state: Path) -> dict[str, Any]:
    """A venue says that it took an order, and knows nothing of it afterwards."""
    whole = started(world, state)
    venue = whole.program.parts.venues["okx"]
    really = venue.read_place
    taken: list[Reply] = []

    def read_place(reply: Reply) -> Any:
        if taken:
            return really(reply)
        taken.append(reply)
        return Accepted("424242424242")

    whole.venues.admin.set_faults("okx", status_429=1, trading_only=True)
    venue.read_place = read_place  # type: ignore[method-assign]
    whole.wait_until(lambda: bool(taken), 120.0, "an order is taken")
    gevent.sleep(30.0)
    stuck = [each for each in whole.ledger.unsettled("okx") if each.venue_order_id == "424242424242"]
    quiet(whole)
    report = whole.stop()
    check_accounts(whole, report)
    return {**report, "stuck": len(stuck)}


def test_an_order_that_its_venue_took_and_forgot_is_over_after_a_while(state: Path) -> None:
    report = run_forked(forgotten, 41, state)
    assert report["stuck"] == 0
    assert report["clean"] is True


def somebody_trades(whole: Whole, venue: str, native: str, side: Side, size: Decimal) -> None:
    """An order in our account that PerpBot knows nothing of."""
    served = whole.venues.venues[venue]
    order = Ticket(
        account="main",
        symbol=native,
        side=side,
        size=size,
        price=None,
        lifetime=Lifetime.IOC,
        reduce_only=False,
        client_id="",
    )
    with served.lock:
        served.engine.place(order, clock.wall_ns())


def stray_position(world: World, state: Path) -> dict[str, Any]:
    whole = started(world, state)
    whole.wait_until(lambda: bool(whole.records), 60.0, "a first trade")
    quiet(whole)
    somebody_trades(whole, "aster", "BTCUSDT", Side.BUY, Decimal("0.5"))
    gevent.sleep(15.0)
    opened = whole.ledger.trades_opened
    gevent.sleep(60.0)
    fresh = [each for each in whole.records[-40:] if each.opened_at_ns > clock.wall_ns() - 60 * 10**9]
    beside = [each for each in fresh if each.symbol == "BTC-PERP" and "aster" in {each.buy_venue, each.sell_venue}]
    more = whole.ledger.trades_opened - opened
    report = whole.stop()
    return {**report, "beside": len(beside), "more": more}


def test_nothing_is_opened_where_a_venue_holds_what_nobody_ordered_and_the_rest_trades_on(state: Path) -> None:
    report = run_forked(stray_position, 41, state)
    assert report["beside"] == 0
    assert report["more"] > 0
    assert report["clean"] is False


@pytest.mark.parametrize("change", ["no aster", "read-only", "BTC only"])
def test_a_restart_that_could_not_look_after_open_trades_is_refused_by_name(change: str, state: Path) -> None:
    assert "is still open" in run_forked(restart_with, 41, state, change)


def restart_with(world: World, state: Path, change: str) -> str:
    whole = started(world, state)
    wanted: Callable[[Any], bool] = {
        "no aster": lambda plan: "aster" in {leg.venue for leg in plan.legs},
        "read-only": lambda plan: "okx" in {leg.venue for leg in plan.legs},
        "BTC only": lambda plan: plan.symbol != "BTC-PERP",
    }[change]
    whole.wait_until(lambda: any(wanted(each.plan) for each in whole.ledger.trades()), 120.0, "such a trade")
    whole.end_abruptly()
    usual = whole_settings()
    if change == "BTC only":
        whole.settings = attrs.evolve(usual, symbols=("BTC-PERP",))
    elif change == "no aster":
        left = {name: each for name, each in usual.exchanges.items() if name != "aster"}
        whole.settings = attrs.evolve(usual, exchanges=left)
    else:
        okx = usual.exchanges["okx"]
        off = attrs.evolve(okx, trading=attrs.evolve(okx.trading, trade_enabled=False))
        whole.settings = attrs.evolve(usual, exchanges={**usual.exchanges, "okx": off})
    try:
        whole.make_program()
    except JournalError as error:
        return str(error)
    return "it started"


def full_disk(world: World, state: Path, seconds: float) -> dict[str, Any]:
    """The journal cannot be written for a while, from the middle of a trade on."""
    whole = started(world, state)
    whole.wait_until(lambda: whole.open_trades > 0, 60.0, "a trade in progress")
    file = whole.program.journal
    really_append, really_prove = file.append, file.prove
    until_ns = clock.monotonic_ns() + int(seconds * clock.NS_PER_SECOND)

    def check() -> None:
        if clock.monotonic_ns() < until_ns:
            raise sqlite3.OperationalError("database or disk is full")

    def append(entries: Any, at_ns: int) -> int:
        check()
        return really_append(entries, at_ns)

    def prove() -> None:
        check()
        really_prove()

    file.append, file.prove = append, prove  # type: ignore[method-assign]
    whole.program.ended.wait(60.0)
    gave_up = whole.program.gave_up
    file.append, file.prove = really_append, really_prove  # type: ignore[method-assign]
    report = whole.stop()
    if not gave_up:
        check_accounts(whole, report)
    return {**report, "gave_up": gave_up}


def test_a_disk_that_is_full_for_a_moment_is_waited_for(state: Path) -> None:
    report = run_forked(full_disk, 41, state, 5.0)
    assert report["gave_up"] is False
    assert report["clean"] is True


def test_a_disk_that_stays_full_ends_perpbot(state: Path) -> None:
    assert run_forked(full_disk, 41, state, 3_600.0)["gave_up"] is True


def executor_crashes_at_the_stop(world: World, state: Path) -> dict[str, Any]:
    whole = Whole(world, state, MarketSettings(frames_per_second=4.0, edge_every_s=0.5))
    whole.program.start()
    whole.wait_until(lambda: whole.open_trades > 1, 60.0, "trades in progress")
    opened: list[int] = []
    stop = gevent.spawn(whole.program.stop)
    gevent.sleep(0.002)
    whole.crash(addresses.EXECUTOR)
    while not stop.ready():
        opened.append(whole.ledger.trades_opened)
        gevent.sleep(0.05)
    whole.venues.stop()
    check_accounts(whole, stop.get())
    return {**stop.get(), "opened": opened}


def test_an_executor_that_crashes_during_a_stop_opens_nothing_when_it_begins_anew(state: Path) -> None:
    report = run_forked(executor_crashes_at_the_stop, 41, state)
    assert report["opened"][0] >= max(report["opened"])
    assert report["clean"] is True


def many_at_once(world: World, state: Path) -> dict[str, Any]:
    """Venues that answer slowly: several trades could be admitted before anything of the first one is filled."""
    usual = whole_settings()
    made = attrs.evolve(usual, risk=attrs.evolve(usual.risk, max_concentration_pct=Decimal("2.5")))
    whole = Whole(world, state, MarketSettings(frames_per_second=4.0, edge_every_s=0.5), made)
    whole.program.start()
    for venue in VENUES:
        whole.venues.admin.set_faults(venue, latency_ms=1_500, trading_only=True)
    whole.wait_until(lambda: whole.open_trades > 0, 60.0, "a trade in progress")
    at_once: dict[str, Decimal] = {}
    for _ in range(150):
        values: dict[str, Decimal] = {}
        for plan in (each.plan for each in whole.ledger.trades()):
            for leg in plan.legs:
                values[leg.venue] = values.get(leg.venue, Decimal(0)) + plan.quantity * leg.limit
        at_once.update({venue: max(value, at_once.get(venue, value)) for venue, value in values.items()})
        gevent.sleep(0.01)
    equity = sum(each["deposited"] for each in whole.books().values())
    return {"share_pct": max(at_once.values()) * 100 / equity, "orders": whole.ledger.orders_intended}


def test_what_is_on_its_way_counts_for_the_limits_of_positions(state: Path) -> None:
    report = run_forked(many_at_once, 41, state)
    assert report["orders"] >= 2
    assert report["share_pct"] < Decimal("2.5")


def put_back_from_a_copy(world: World, state: Path) -> dict[str, Any]:
    """The journal is lost, and a copy of it from before the last trades is put in its place."""
    whole = started(world, state / "lost")
    _trade_and_end(whole, 1)
    shutil.copytree(state / "lost", state / "copy")
    for folder in ("lost", "copy"):
        whole.state = state / folder
        whole.program = whole.make_program()
        whole.program.start()
        whole.wait_until(whole.all_connected, 20.0, "all connections up again")
        gevent.sleep(3.0)
        _trade_and_end(whole, 5)
    return {
        "duplicates": [each["duplicates"] for each in whole.books().values()],
        "strangers": len(said(whole, "a fill that is not ours")),
        "contradictions": said(whole, "contradiction"),
        "left": positions(whole),
    }


def _trade_and_end(whole: Whole, trades: int) -> None:
    whole.wait_until(lambda: len(whole.records) >= trades, 60.0, "trades")
    whole.program.kill.set("global", on=True, by="the test")
    quiet(whole)
    whole.end_abruptly()


def test_a_journal_that_is_put_back_from_a_copy_uses_no_id_again_and_gives_old_fills_to_no_trade(state: Path) -> None:
    report = run_forked(put_back_from_a_copy, 41, state)
    assert report["duplicates"] == [0, 0, 0]
    assert report["strangers"] > 0
    assert report["contradictions"] == []
    assert report["left"] == {}
