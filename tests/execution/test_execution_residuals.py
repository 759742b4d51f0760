"""What is too small for its venue: handed on at its cost, taken on by the next trade there, and never lost."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from execution_values import BTC, VENUES, d, fill, order, plan
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from perpbot.execution.accounting import Accounting
from perpbot.execution.condensing import hold
from perpbot.execution.entries import (
    Entry,
    ForeignAdopted,
    OrderFilled,
    OrdersIntended,
    ResidualLeft,
    TradeMoved,
    TradeOpened,
    TradeSettled,
)
from perpbot.execution.foreign import adopt
from perpbot.execution.ledger import Ledger
from perpbot.execution.residuals import leave, take
from perpbot.execution.settle import Timings, settle
from perpbot.execution.trade import Phase
from perpbot.execution.views import TradeView
from perpbot.model.instrument import Side
from perpbot.model.money import ZERO, Price, Quantity
from perpbot.model.order import Fill
from perpbot.portfolio.holding import Holding, HoldingKey

PRICES = st.sampled_from([d("99.7"), d(100), d("101.3")])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("fill"), st.integers(0, 3), st.sampled_from(["buy", "sell"]), st.integers(-9, 9), PRICES),
        st.tuples(st.just("foreign"), st.sampled_from(["buy", "sell"]), st.integers(-9, 9), PRICES),
        st.tuples(st.sampled_from(["open", "restart"])),
        st.tuples(st.sampled_from(["close", "settle"]), st.integers(0, 3)),
    ),
    max_size=40,
)


class Account:
    """Trades between two venues, as the order book carries them, and what the venues hold for us."""

    def __init__(self) -> None:
        self.journal: list[Entry] = []
        self.ledger = Ledger()
        self.venues: dict[HoldingKey, Decimal] = {}
        self.cash = ZERO
        self.foreign: dict[HoldingKey, Decimal] = {}
        self.numbers = 0
        self.booked = ZERO

    def record(self, *entries: Entry) -> None:
        for entry in entries:
            self.journal.append(entry)
            self.ledger.apply(entry, 0)

    def trade(self, index: int) -> TradeView | None:
        trades = self.ledger.trades()
        return trades[index % len(trades)] if trades else None

    def number(self) -> int:
        self.numbers += 1
        return self.numbers

    def open(self) -> None:
        made = replace(plan(1), trade_id=f"7-t{self.number()}")
        self.record(TradeOpened(plan=made, pool="arb", reserved={}, orders=[]))

    def fill(self, index: int, leg: str, size: int, price: Decimal) -> None:
        trade = self.trade(index)
        if trade is None or not size:
            return
        sent = self.order(trade.plan.trade_id, leg, size)
        made = self.executed(fill(sent, f"f{self.numbers}", sent.quantity, price, time_ns=self.numbers))
        self.record(OrdersIntended(orders=[sent]), OrderFilled(client_id=sent.client_id, fill=made))

    def order(self, trade_id: str, leg: str, size: int) -> Any:
        side = Side.BUY if size > 0 else Side.SELL
        quantity = Quantity(d(abs(size)) / 100)
        return order(self.number(), venue=VENUES[leg], side=side, leg=leg, trade_id=trade_id, quantity=quantity)

    def executed(self, made: Fill) -> Fill:
        key = (made.venue, made.account, made.symbol)
        signed = made.side.sign * made.quantity
        self.venues[key] = self.venues.get(key, ZERO) + signed
        self.cash -= signed * made.price + made.fee.amount
        return made

    def somebody(self, leg: str, size: int, price: Decimal) -> None:
        """Somebody else trades there: what takes from a leg is adopted, the rest is left alone."""
        if not size:
            return
        sent = self.order("", leg, size)
        made = fill(sent, f"f{self.numbers}", sent.quantity, price, time_ns=self.numbers, client_id="")
        left = made.quantity
        for stands, part in adopt(made, self.ledger.trades()):
            self.executed(part)
            self.record(ForeignAdopted(order=stands), OrderFilled(client_id=stands.client_id, fill=part))
            left = Quantity(left - part.quantity)
        key = (made.venue, made.account, made.symbol)
        self.venues[key] = self.venues.get(key, ZERO) + made.side.sign * left
        self.foreign[key] = self.foreign.get(key, ZERO) + made.side.sign * left

    def close(self, index: int) -> None:
        trade = self.trade(index)
        if trade is not None:
            self.record(TradeMoved(trade_id=trade.plan.trade_id, phase="closing"))
            self.record(*take(trade, self.ledger.residuals.values(), self.number()))

    def settle(self, index: int) -> None:
        trade = self.trade(index)
        if trade is not None:
            self.record(*take(trade, self.ledger.residuals.values(), self.number()))
            now = self.ledger.trade(trade.plan.trade_id)
            assert now is not None
            record = settle(now, Phase.COMPLETED, "", ["USDT"], Timings(), self.numbers)
            self.booked += record.trading - record.fees
            self.record(*leave(now, self.number()), TradeSettled(record=record))

    def restart(self) -> None:
        self.ledger = Ledger()
        for entry in self.journal:
            self.ledger.apply(entry, 0)

    # -- what must hold --------------------------------------------------------------------------------------------

    def check(self) -> None:
        ours: dict[HoldingKey, Decimal] = {}
        for trade in self.ledger.trades():
            for each in trade.orders:
                _add(ours, (each.order.venue, each.order.account, each.order.symbol), each.held)
        for left in self.ledger.residuals.values():
            _add(ours, left.place, left.quantity)
        for key, quantity in self.foreign.items():
            _add(ours, key, quantity)
        assert _flat(ours) == _flat(self.venues), "what a venue holds is open trades', residuals, or foreign"
        places = [left.place for left in self.ledger.residuals.values()]
        assert len(places) == len(set(places)), "one residual at a place"

    def check_books(self) -> None:
        """The holdings that are summed from fills know nothing of residuals; profit is handed on, not made."""
        holdings: dict[HoldingKey, Holding] = {}
        accounting = Accounting()
        for entry in self.journal:
            hold(holdings, entry)
            accounting.apply(entry)
        held = {key: each.quantity for key, each in holdings.items()}
        together = {key: held.get(key, ZERO) + self.foreign.get(key, ZERO) for key in self.venues}
        assert _flat(together) == _flat(self.venues)
        value = sum((left.cost for left in self.ledger.residuals.values()), ZERO)
        assert self.cash + value == self.booked, "the records come to the cash, and residuals to their cost"
        booked = sum((each.net for each in accounting.pnl.booked.values()), ZERO)
        if not any(held.values()):
            assert booked == self.cash, "once all is flat, what was earned is the cash"


def _add(sums: dict[HoldingKey, Decimal], key: HoldingKey, quantity: Decimal) -> None:
    sums[key] = sums.get(key, ZERO) + quantity


def _flat(sums: dict[HoldingKey, Decimal]) -> dict[HoldingKey, Decimal]:
    return {key: quantity for key, quantity in sums.items() if quantity}


def history(steps: Iterable[tuple[Any, ...]]) -> Account:
    account = Account()
    for what, *how in steps:
        (account.somebody if what == "foreign" else getattr(account, what))(*how)
        account.check()
    while account.ledger.trades():
        account.settle(0)
        account.check()
    return account


@given(steps=STEPS)
@settings(deadline=None, max_examples=60)
def test_what_a_venue_holds_is_open_trades_residuals_and_what_is_foreign(steps: list[tuple[Any, ...]]) -> None:
    account = history([("open",), ("open",), *steps])
    account.check_books()
    account.restart()
    account.check()


def left_by(*fills: tuple[str, int, str]) -> Account:
    account = Account()
    account.open()
    for leg, size, price in fills:
        account.fill(0, leg, size, d(price))
    account.settle(0)
    return account


def test_a_trade_hands_on_its_rest_at_the_price_of_the_newest_fill_that_made_it() -> None:
    account = left_by(("buy", 5, "100"), ("buy", 4, "101"), ("buy", -8, "103"))
    (left,) = account.ledger.residuals.values()
    assert (left.trade_id, left.place, left.quantity) == ("7-t1", ("a", "main", BTC), d("0.01"))
    assert (left.price, left.cost) == (d(101), d("1.01"))
    assert account.ledger.records[0].trading == d("-5") - d("4.04") + d("8.24") + d("1.01")
    assert account.ledger.records[0].volume == d("17.28"), "handing on is no trading"


def test_the_next_trade_that_closes_there_takes_it_on() -> None:
    account = left_by(("buy", 1, "100"))
    account.open()
    account.fill(0, "buy", 9, d(102))
    account.close(0)
    trade = account.trade(0)
    assert trade is not None
    assert sum(each.held for each in trade.orders) == d("0.10")
    assert account.ledger.residuals == {}


def test_what_two_trades_left_in_opposite_directions_cancels_out() -> None:
    account = left_by(("buy", 1, "100"))
    account.open()
    account.fill(0, "buy", -1, d(103))
    account.settle(0)
    assert account.ledger.residuals == {}
    account.check_books()


def test_it_is_booked_once_when_its_trade_is_opened_again_by_a_late_fill() -> None:
    account = left_by(("buy", 1, "100"))
    account.record(TradeMoved(trade_id="7-t1", phase="closing"))
    account.fill(0, "buy", 2, d(101))
    account.fill(0, "buy", -2, d(102))
    account.settle(0)
    (left,) = account.ledger.residuals.values()
    assert left.quantity == d("0.01")
    account.check_books()


def test_it_never_was_an_order_at_a_venue() -> None:
    account = left_by(("buy", 1, "100"))
    (entry,) = (each for each in account.journal if isinstance(each, ResidualLeft))
    assert (entry.order.wire_id, entry.fill.fee.amount) == ("", ZERO)
    assert account.ledger.unsettled() == []
    assert entry.fill.price == Price(d(100))
