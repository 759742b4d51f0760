"""The inspector sees every planted violation, and none where there is none."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from perpbot.chaos.invariants import RULES, Arrival, Books, Bounds, Inspector, Moment, Reserved
from perpbot.execution.entries import OrdersIntended, TradeOpened
from perpbot.execution.plan import Leg, Plan
from perpbot.model.instrument import Side
from perpbot.model.money import ZERO, Price, Quantity
from perpbot.model.order import Order, TimeInForce

BOUNDS = Bounds(tolerance=Decimal(10), most=Decimal(1_000), seconds=15.0)
Plant = Callable[[Inspector], None]


def d(value: str | int) -> Decimal:
    return Decimal(value)


def order(number: int, leg: str = "buy", venue: str = "a") -> Order:
    return Order(
        client_id=f"7-{number}", wire_id=f"w{number}", trade_id="7-t1", purpose="open", leg=leg, venue=venue,
        account="main", symbol="BTC-PERP", side=Side(leg), quantity=Quantity(d(1)), price=Price(d(100)),
        time_in_force=TimeInForce.IOC, reduce_only=False,
    )  # fmt: skip


def opened(buy_at: str = "a", sell_at: str = "b", first: int = 1) -> TradeOpened:
    def leg(side: Side, venue: str) -> Leg:
        return Leg(side=side, venue=venue, account="main", limit=Price(d(100)), expected=Price(d(100)))

    plan = Plan(
        trade_id="7-t1", symbol="BTC-PERP", quantity=Quantity(d(1)), buy=leg(Side.BUY, buy_at),
        sell=leg(Side.SELL, sell_at), expected_net=d(1), seen_ns=0, opened_at_ns=0,
    )  # fmt: skip
    return TradeOpened(
        plan=plan, pool="arb", reserved={}, orders=[order(first, "buy", buy_at), order(first + 1, "sell", sell_at)]
    )


def moment(at_s: float = 1.0, **changes: Any) -> Moment:
    usual: dict[str, Any] = {"reachable": True, "alone": {}, "pools": {}}
    return Moment(at_s=at_s, **{**usual, **changes})


def books(**changes: Any) -> Books:
    usual: dict[str, Any] = {"fills": {"a": 2}, "positions": {}, "earned": {"a": d("1.5")}}
    return Books(**{**usual, **changes})


def reserved(allocated: int, available: int) -> dict[str, Reserved]:
    return {"arb at a": Reserved(allocated=d(allocated), available=d(available))}


def begun() -> Inspector:
    inspector = Inspector(BOUNDS)
    inspector.remembered(opened(), 0.0)
    return inspector


def arrive(number: int, venue: str = "a", meets: str = "") -> Plant:
    return lambda inspector: inspector.arrived(Arrival(at_s=1.0, venue=venue, wire_id=f"w{number}", meets=meets))


def look(*moments: Moment) -> Plant:
    def tell(inspector: Inspector) -> None:
        for each in moments:
            inspector.looked(each)

    return tell


def remember(entry: Any) -> Plant:
    return lambda inspector: inspector.remembered(entry, 1.0)


def end(ours: Books, theirs: Books, *left: str) -> Plant:
    return lambda inspector: inspector.ended(9.0, ours, theirs, list(left))


def both(*plants: Plant) -> Plant:
    def plant(inspector: Inspector) -> None:
        for each in plants:
            each(inspector)

    return plant


PLANTED: list[tuple[str, Plant, str]] = [
    ("two venues", remember(opened("c", "c", 5)), "trade 7-t1 has both legs at c"),
    ("two venues", remember(OrdersIntended(orders=[order(3, "buy", "c")])), "order 7-3 goes to c, its leg does not"),
    ("journalled first", arrive(9), "w9 at a is not in the journal"),
    ("journalled first", arrive(1, "b"), "w1 at b is not in the journal"),
    ("sent once", both(arrive(1), arrive(1)), "w1 at a was there before"),
    ("sent once", remember(OrdersIntended(orders=[order(1)])), "id w1 is used a second time"),
    ("self-trade", arrive(1, meets="w8"), "w1 at a meets w8"),
    ("alone", look(moment(alone={"BTC": d(1_001)}, reachable=False)), "1001 of BTC stand alone"),
    ("alone", look(moment(1, alone={"BTC": d(11)}), moment(16.5, alone={"BTC": d(11)})), "alone for 15.5 s"),
    ("capital", look(moment(pools=reserved(110, -10))), "arb at a has reserved 10 that it does not have"),
    ("order states", look(moment(illegal_steps=1)), "1 contradictions"),
    ("books", end(books(), books(fills={"a": 3})), "fills at a: the journal says 2, the venue 3"),
    ("books", end(books(), books(earned={"a": d("1.50000001")})), "earned at a"),
    ("books", end(books(), books(positions={"a BTC": d(1)})), "positions at a BTC: the journal says 0, the venue 1"),
    ("left open", end(books(), books(), "trade 7-t1"), "trade 7-t1"),
]


@pytest.mark.parametrize(("rule", "plant", "words"), PLANTED, ids=[f"{rule}: {words}" for rule, _, words in PLANTED])
def test_a_planted_violation_is_seen_under_its_rule(rule: str, plant: Plant, words: str) -> None:
    inspector = begun()
    plant(inspector)
    assert [each.rule for each in inspector.violations] == [rule]
    assert words in inspector.violations[0].what


def test_every_rule_has_a_planted_violation() -> None:
    assert {rule for rule, _, _ in PLANTED} == set(RULES)


@pytest.mark.parametrize(
    "plant",
    [
        both(arrive(1), arrive(2, "b")),
        look(moment(alone={"BTC": d(999)}, reachable=False)),
        look(moment(1, alone={"BTC": d(10)}), moment(60, alone={"BTC": d(10)})),
        look(
            moment(1, alone={"BTC": d(11)}),
            moment(14, alone={"BTC": d(11)}, reachable=False),
            moment(17, alone={"BTC": d(11)}),
        ),
        look(moment(1, alone={"BTC": d(11)}), moment(14, alone={"BTC": ZERO}), moment(20, alone={"BTC": d(11)})),
        look(moment(pools=reserved(90, 10)), moment(2, pools=reserved(90, -5))),
        look(moment(pools=reserved(10, -10))),
        look(moment(illegal_steps=0), moment(illegal_steps=0)),
        end(books(), books(positions={"a BTC": ZERO})),
    ],
    ids=[
        "orders of both legs arrive",
        "a leg alone while a venue is away",
        "less than the tolerance for long",
        "a venue away in between",
        "hedged in between",
        "the venue has lost what was reserved",
        "a pool that was not told yet what there is",
        "no news",
        "flat positions",
    ],
)
def test_what_is_well_is_no_violation(plant: Plant) -> None:
    inspector = begun()
    plant(inspector)
    assert inspector.violations == []


def test_the_same_violation_is_kept_once() -> None:
    inspector = begun()
    for at_s in (1, 20, 40):
        inspector.looked(moment(at_s, alone={"BTC": d(11)}))
    assert len(inspector.violations) == 1
    assert str(inspector.violations[0]) == "20.000 s, alone: 11 of BTC stand alone for 19.0 s"


def test_the_documentation_has_every_rule() -> None:
    page = (Path(__file__).parents[2] / "docs" / "cli.md").read_text()
    assert all(f"| {name} | {said} |" in page for name, said in RULES.items())
