"""What an account is told besides its orders, at every simulated venue over real sockets: margin to begin with."""

from collections.abc import Sequence
from decimal import Decimal

import pytest
from msgspec.structs import replace
from served_venue import Served

from perpbot.model.instrument import Side
from perpbot.model.money import ZERO
from perpbot.model.order import Accepted, Order, OrderStatus, OrderUpdate, TimeInForce
from perpbot.venues.cancelling import Waiting, cancel_waiting
from perpbot.venues.set_up import set_up
from perpbot.venues.venue import Margin, VenueReadError

pytest_plugins = ["served_fixtures"]
pytestmark = pytest.mark.process


# -- margin ------------------------------------------------------------------------------------------------------


def test_leverage_is_read_set_and_read_again(at: Served) -> None:
    for leverage in (7, 2):
        at.venue.set_margin(at.bitcoin, leverage)
        assert at.venue.fetch_margins([at.bitcoin]) == {"BTC-PERP": Margin(Decimal(leverage), cross=True)}


def test_every_instrument_is_set_up_before_it_is_traded(at: Served) -> None:
    instruments = list(at.venue.instruments)
    done = set_up(at.venue, instruments, 3)
    assert done.refused == {}
    assert done.leverage == {each.symbol: Decimal(3) for each in instruments}


def test_a_venue_that_says_no_says_why(at: Served) -> None:
    if at.venue.name == "backpack":
        pytest.skip("its limit is one for all markets, each as far as it goes")
    with pytest.raises(VenueReadError, match=at.venue.name):
        at.venue.set_margin(at.bitcoin, 1_000)


# -- the dead man's switch ---------------------------------------------------------------------------------------


def rested(at: Served) -> Order:
    order = at.order(Side.BUY, "-0.02", time_in_force=TimeInForce.GTC)
    assert isinstance(at.client.place(order), Accepted)
    return order


def is_open(at: Served, order: Order) -> bool:
    return order.wire_id in {each.client_id for each in at.venue.fetch_open_orders()}


def ours(updates: Sequence[OrderUpdate], orders: Sequence[Order]) -> list[Waiting]:
    known = {each.wire_id: each for each in orders}
    mine = [each for each in updates if each.client_id in known]
    return [Waiting(known[each.client_id], each.venue_order_id, may_rest=True) for each in mine]


def no_pause(_number: int) -> None:
    pass


def test_a_switch_is_set_and_let_go_of_again(at: Served) -> None:
    if not at.venue.dead_man:
        with pytest.raises(NotImplementedError, match=f"{at.venue.name} has no dead man's switch"):
            at.venue.set_dead_man([at.bitcoin], 10)
        return
    if at.venue.name == "hyperliquid":
        with pytest.raises(VenueReadError, match="enough volume traded"):
            at.venue.set_dead_man([at.bitcoin], 10)
        return
    order = rested(at)
    at.venue.set_dead_man([at.bitcoin], 10)
    at.venue.set_dead_man([at.bitcoin], 0)
    assert is_open(at, order)
    cancel_waiting(at.venue, lambda updates: ours(updates, [order]), no_pause)


# -- cancelling what waits ---------------------------------------------------------------------------------------


def test_all_of_ours_that_wait_are_cancelled_and_nobody_elses(at: Served) -> None:
    mine, others = [rested(at), rested(at)], rested(at)
    done = cancel_waiting(at.venue, lambda updates: ours(updates, mine), no_pause)
    assert (set(done.gone), done.left, done.trouble) == ({each.client_id for each in mine}, (), "")
    assert is_open(at, others)
    for each in mine:
        found = at.venue.fetch_order(each, at.bitcoin)
        assert found is not None
        assert (found.status, found.filled) == (OrderStatus.CANCELLED, ZERO)
    again = cancel_waiting(at.venue, lambda updates: ours(updates, mine), no_pause)
    assert (again.gone, again.left, again.trouble) == ((), (), "")
    assert cancel_waiting(at.venue, lambda updates: ours(updates, [others]), no_pause).gone == (others.client_id,)


def test_a_cancel_whose_answer_is_lost_is_known_by_asking(at: Served) -> None:
    order = rested(at)
    at.admin.set_faults(drop_answers=1, trading_only=True)
    done = cancel_waiting(at.venue, lambda updates: ours(updates, [order]), no_pause)
    assert (done.gone, done.left) == ((order.client_id,), ())


def test_an_order_that_will_not_go_is_given_up_after_a_few_rounds(at: Served) -> None:
    order = rested(at)
    at.admin.set_faults(drop_requests=3, trading_only=True)
    done = cancel_waiting(at.venue, lambda updates: ours(updates, [order]), no_pause)
    assert (done.gone, done.left) == ((), (order.client_id,))
    assert done.trouble
    cancel_waiting(at.venue, lambda updates: ours(updates, [order]), no_pause)


# -- amending ----------------------------------------------------------------------------------------------------


def amended(at: Served, order: Order, away: str, size: str) -> OrderUpdate:
    wanted = at.order(Side.BUY, away, size=size, time_in_force=TimeInForce.GTC)
    changed = replace(order, price=wanted.price, quantity=wanted.quantity)
    assert at.venue.http.send(at.venue.amend(changed, None, at.bitcoin)).status == 200
    found = at.venue.fetch_order(order, at.bitcoin)
    assert found is not None
    return found


def test_a_waiting_order_is_amended_where_the_venue_can_and_nothing_is_sent_where_it_cannot(at: Served) -> None:
    order = rested(at)
    if not at.venue.amends:
        with pytest.raises(NotImplementedError, match="cannot amend orders"):
            at.venue.amend(order, None, at.bitcoin)
    else:
        smaller = amended(at, order, "-0.03", "0.005")
        assert (smaller.status, smaller.filled) == (OrderStatus.ACCEPTED, ZERO)
        filled = amended(at, order, "0.004", "0.005")
        assert (filled.status, filled.filled) == (OrderStatus.FILLED, Decimal("0.005"))
        assert amended(at, order, "-0.02", "0.01").status is OrderStatus.FILLED
        at.client.place(at.order(Side.SELL, "0.004", size="0.005", reduce_only=True))
    cancel_waiting(at.venue, lambda updates: ours(updates, [order]), no_pause)
    assert not is_open(at, order)
