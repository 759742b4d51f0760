"""No order reaches a venue but through the risk rules: seen at the venues, and tried with forged approvals."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import gevent
import pytest
from msgspec.structs import replace
from whole import Whole, check_accounts

from actors.order_news import PlaceOrder
from actors.order_sender import OrderSender
from actors.risk import Risk
from perpbot.clock import monotonic_ns
from perpbot.execution.trade import ADD_RISK
from perpbot.model.order import Order
from perpbot.risk.approval import APPROVAL_NS, Approval, ApprovalKind
from perpbot.simulation.world import World, run_forked

pytest_plugins = ["whole"]
pytestmark = pytest.mark.simulated
TRADES = 8


@attrs.define
class Seen:
    """What was approved, and what left."""

    given: list[Approval] = attrs.field(factory=list)
    carried: dict[str, Approval] = attrs.field(factory=dict)
    left: list[tuple[Order, int]] = attrs.field(factory=list)

    def watch(self) -> None:
        """See every approval that is given and every one that an order carries."""
        give, place = Risk._approval, OrderSender.place

        def given(risk: Risk, kind: ApprovalKind, trade_id: str) -> Approval:
            self.given.append(give(risk, kind, trade_id))
            return self.given[-1]

        def placed(sender: OrderSender, message: PlaceOrder) -> None:
            self.carried[message.order.client_id] = message.approval
            place(sender, message)

        Risk._approval = given  # type: ignore[assignment, method-assign]
        OrderSender.place = placed  # type: ignore[assignment, method-assign]

    def watch_venue(self, venue: Any) -> None:
        """See every order that becomes a request."""
        really: Callable[..., Any] = venue.place

        def place(order: Order, *rest: Any) -> Any:
            self.left.append((order, monotonic_ns()))
            return really(order, *rest)

        venue.place = place

    def faults(self) -> list[str]:
        return [fault for order, at_ns in self.left if (fault := self._fault(order, at_ns))]

    def _fault(self, order: Order, at_ns: int) -> str:
        approval = self.carried.get(order.client_id)
        if approval is None or not any(each is approval for each in self.given):
            return f"{order.client_id} left without an approval of the risk rules"
        if approval.trade_id != order.trade_id or at_ns > approval.expires_ns:
            return f"{order.client_id} left with an approval that is not for it, or too old"
        if order.purpose in ADD_RISK and approval.kind is not ApprovalKind.OPEN:
            return f"{order.client_id} opens with an approval to reduce"
        return ""


def forgeries(order: Order, generations: dict[str, int]) -> list[PlaceOrder]:
    """The order again, each time with something wrong about its approval."""
    good = Approval(
        kind=ApprovalKind.OPEN,
        trade_id=order.trade_id,
        expires_ns=monotonic_ns() + APPROVAL_NS,
        generations=generations,
    )
    moved = {venue: number - 1 for venue, number in generations.items()}
    return [
        PlaceOrder(replace(order, client_id="forged-1"), replace(good, trade_id="another")),
        PlaceOrder(replace(order, client_id="forged-2"), replace(good, expires_ns=monotonic_ns() - 1)),
        PlaceOrder(replace(order, client_id="forged-3"), replace(good, generations=moved)),
        PlaceOrder(replace(order, client_id="forged-4"), replace(good, kind=ApprovalKind.REDUCE)),
        PlaceOrder(replace(order, client_id="forged-5", account="another"), good),
    ]


def watched(world: World, state: Path) -> dict[str, Any]:
    seen = Seen()
    seen.watch()
    whole = Whole(world, state)
    for venue in whole.program.parts.venues.values():
        seen.watch_venue(venue)
    whole.program.start()
    whole.wait_until(lambda: len(whole.records) >= TRADES, 240.0, "some trades")
    opened = next(each.order for each in whole.ledger._orders.values() if each.order.venue == "okx")
    generations = {gate.venue: gate.generation for gate in whole.program.parts.gates.values() if gate.trading}
    sender = whole.program.system.cell("/venues/okx/trading").actor.describe  # type: ignore[union-attr]
    before = sender()["not_sent"]
    for each in forgeries(replace(opened, purpose="open"), generations):
        whole.program.system.ref("/venues/okx/trading").tell(each)
    gevent.sleep(1.0)
    turned_down = sender()["not_sent"] - before
    report = whole.stop()
    check_accounts(whole, report)
    at_venues = sum(len(each["orders"]) for each in whole.books().values())
    forged = [order.client_id for order, _ in seen.left if order.client_id.startswith("forged")]
    return {
        "faults": seen.faults(),
        "left": len(seen.left),
        "at_venues": at_venues,
        "forged": forged,
        "turned_down": turned_down,
    }


def test_each_order_that_leaves_carries_a_fresh_approval_of_the_risk_rules_and_no_forged_one_leaves(
    state: Path,
) -> None:
    found = run_forked(watched, 41, state)
    assert found["faults"] == []
    assert found["left"] >= 4 * TRADES - 8
    assert found["at_venues"] <= found["left"], "no order is at a venue that was not seen leaving"
    assert found["forged"] == []
    assert found["turned_down"] == 5
