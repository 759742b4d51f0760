"""Two orders at once at a venue that turns away a nonce below the one it saw last: both are taken."""

from decimal import Decimal
from typing import Any
from unittest.mock import Mock, create_autospec

import gevent
import pytest
from venue_cases import an_order

from actors.calls import Calls
from actors.gate import Circuit, Gate, KillSwitches
from actors.order_news import OutcomeArrived, PlaceOrder
from actors.order_sender import OrderSender
from actors.runtime import Ref
from perpbot.clock import NS_PER_SECOND, monotonic_ns
from perpbot.model.instrument import InstrumentTable, Side
from perpbot.model.money import Price, Quantity
from perpbot.model.order import TimeInForce
from perpbot.risk.approval import Approval, ApprovalKind
from perpbot.simulation.venues.serving import SimulatedVenues
from perpbot.simulation.world import World, run_forked
from perpbot.venues.http import Http
from perpbot.venues.registry import venue_class
from perpbot.venues.set_up import SetUp
from perpbot.venues.venue import Credentials, Endpoints, Venue

pytestmark = pytest.mark.simulated

ORDERS = 6
BTC = "BTC-PERP"


def served(world: World, name: str) -> Venue:
    place = SimulatedVenues([name], seed=world.seed, coins=["BTC"], world_id="00000000000000aa").start()[name]
    endpoints = Endpoints(rest=place["rest"], public_ws=place["ws"]["public"], private_ws=place["ws"]["private"])
    venue = venue_class(name)(endpoints, Http(), Credentials(place["credentials"]))
    venue.instruments = InstrumentTable(venue.fetch_instruments())
    venue.prepare_trading()
    return venue


def open_gate(name: str) -> Gate:
    kill = KillSwitches()
    kill.loaded = True
    gate = Gate(name, f"/venues/{name}/trading", kill, trading=True)
    gate.set_up = SetUp(leverage={BTC: Decimal(1)})
    gate.move(Circuit.CONNECTED, "a test")
    return gate


def placed_at_once(world: World, name: str) -> list[str]:
    """What becomes of orders that are asked for at the same moment, each on a connection of its own."""
    venue, gate, actor = served(world, name), open_gate(name), Mock()
    actor.spawn_task.side_effect = gevent.spawn
    calls, orders = create_autospec(Calls, instance=True), create_autospec(Ref, instance=True)
    bitcoin = venue.instruments.symbol(BTC)
    assert bitcoin is not None
    sender = OrderSender(actor, venue, gate, calls, orders=orders, instruments={BTC: bitcoin})
    low = bitcoin.round_price(Price(venue.fetch_book(bitcoin).bids[0][0] * Decimal("0.98")), Side.BUY, outward=True)
    for number in range(1, ORDERS + 1):
        asked = an_order(
            venue,
            client_id=str(number),
            wire_id=venue.wire_id(number),
            side=Side.BUY,
            price=low,
            quantity=Quantity(Decimal("0.01")),
            time_in_force=TimeInForce.GTC,
        )
        expires_ns = monotonic_ns() + 60 * NS_PER_SECOND
        approval = Approval(
            kind=ApprovalKind.OPEN,
            trade_id=asked.trade_id,
            expires_ns=expires_ns,
            generations={name: gate.generation},
        )
        sender.place(PlaceOrder(asked, approval))
    gevent.sleep(10.0)  # of the simulated world: no time passes
    news: list[Any] = [each.args[0] for each in orders.tell.call_args_list]
    return [str(each.outcome) for each in news if isinstance(each, OutcomeArrived)]


def test_orders_that_lighter_is_sent_at_once_arrive_in_the_order_of_their_nonces() -> None:
    venue_class("lighter").load()  # before the fork
    assert run_forked(placed_at_once, 1, "lighter") == ["Accepted(venue_order_id='')"] * ORDERS
