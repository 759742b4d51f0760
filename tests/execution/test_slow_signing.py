"""What becomes of an order while the thread signs it."""

from collections.abc import Callable
from decimal import Decimal
from unittest.mock import Mock, create_autospec

import gevent
import pytest
from execution_values import BTC, order

from actors.calls import Calls
from actors.gate import GLOBAL, Circuit, Gate, KillSwitches
from actors.order_news import PlaceOrder
from actors.order_sender import OrderSender
from actors.runtime import Ref
from perpbot.clock import NS_PER_SECOND, monotonic_ns
from perpbot.model.instrument import Instrument
from perpbot.risk.approval import APPROVAL_NS, Approval, ApprovalKind
from perpbot.simulation.world import World, run_forked
from perpbot.venues.set_up import SetUp

Change = Callable[[World, Gate, KillSwitches], None]


def nothing(_: World, __: Gate, ___: KillSwitches) -> None:
    pass


def killed(_: World, __: Gate, kill: KillSwitches) -> None:
    kill.set(GLOBAL, on=True, by="a test")


def broken(_: World, gate: Gate, __: KillSwitches) -> None:
    gate.move(Circuit.CIRCUIT_OPEN, "a test")


def old(_: World, __: Gate, ___: KillSwitches) -> None:
    gevent.sleep(2 * APPROVAL_NS / NS_PER_SECOND)  # of the simulated world: no time passes


def sent(world: World, kind: ApprovalKind, change: Change) -> bool:
    """Whether an order leaves, when `change` happens during its signing."""
    kill = KillSwitches()
    kill.loaded = True
    gate = Gate("a", "/venues/a/trading", kill, trading=True)
    gate.set_up = SetUp(leverage={BTC: Decimal(1)})
    gate.move(Circuit.CONNECTED, "a test")
    venue, actor = Mock(), Mock()
    venue.name, venue.account, venue.signs_slowly = "a", "main", True
    venue.http.limiter.take.return_value = 0.0
    actor.spawn_task.side_effect = lambda task, *arguments: task(*arguments)
    calls, orders = create_autospec(Calls, instance=True), create_autospec(Ref, instance=True)
    instruments = {BTC: create_autospec(Instrument, instance=True)}
    sender = OrderSender(actor, venue, gate, calls, orders=orders, instruments=instruments)
    venue.compute = lambda *_: change(world, gate, kill)
    approval = Approval(
        kind=kind, trade_id="7-t1", expires_ns=monotonic_ns() + APPROVAL_NS, generations={"a": gate.generation}
    )
    sender.place(PlaceOrder(order(purpose="open" if kind is ApprovalKind.OPEN else "close"), approval))
    assert venue.http.send.called == bool(sender.sent)
    return bool(sender.sent)


@pytest.mark.parametrize(
    ("kind", "change", "leaves"),
    [
        (ApprovalKind.OPEN, nothing, True),
        (ApprovalKind.OPEN, killed, False),
        (ApprovalKind.OPEN, broken, False),
        (ApprovalKind.OPEN, old, False),
        (ApprovalKind.REDUCE, nothing, True),
        (ApprovalKind.REDUCE, killed, True),
        (ApprovalKind.REDUCE, broken, False),
        (ApprovalKind.REDUCE, old, False),
    ],
)
def test_an_order_leaves_after_its_signing_as_it_would_have_left_before(
    kind: ApprovalKind, change: Change, *, leaves: bool
) -> None:
    assert run_forked(sent, 1, kind, change) is leaves
