"""The records of trades that are over, with the funding that became known before, meanwhile and after."""

from decimal import Decimal
from itertools import product

import attrs
import pytest
from execution_values import d, fill, order, plan
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from perpbot.execution import condensing
from perpbot.execution.accounting import Accounting
from perpbot.execution.condensing import condense
from perpbot.execution.entries import (
    Entry,
    FundingBooked,
    FundingShare,
    LegRecord,
    OrderFilled,
    OrdersIntended,
    TradeMoved,
    TradeOpened,
    TradeRecord,
    TradeSettled,
)
from perpbot.execution.ledger import Ledger
from perpbot.execution.records import Records
from perpbot.execution.settle import Timings, settle
from perpbot.execution.trade import Phase
from perpbot.model.instrument import Side
from perpbot.model.money import ZERO, Money, Quantity
from perpbot.model.order import FundingPayment, Order
from perpbot.portfolio.holding import Holding, HoldingKey
from perpbot.portfolio.pnl import Pnl, by
from perpbot.portfolio.profit import NO_PROFIT

VENUES = {"buy": "a", "sell": "b"}


def payment(amount: str, ref: str, *, venue: str = "a", at_ns: int = 1) -> FundingPayment:
    return FundingPayment(
        venue=venue, account="main", symbol="BTC-PERP", amount=Money(d(amount), "USDT"), settled_ns=at_ns, ref=ref
    )


def paid(amount: str, ref: str = "1", *, trade: str = "7-t1", leg: str = "buy") -> FundingBooked:
    share = FundingShare(trade_id=trade, leg=leg, amount=d(amount))
    return FundingBooked(payment=payment(amount, ref), shares=[share])


def leg(side: Side, funding: str = "0") -> LegRecord:
    return LegRecord(
        side=side, venue=VENUES[side.value], expected=d(100), opened=d(2), opened_value=d(201),
        trading=ZERO, fees=ZERO, funding=d(funding), volume=d(402),
    )  # fmt: skip


def over(trade: int = 1, trading: str = "5", funding: str = "0", phase: Phase = Phase.COMPLETED) -> TradeSettled:
    view = Ledger()
    view.apply(TradeOpened(plan=replace(plan(), trade_id=f"7-t{trade}"), pool="arb", reserved={}, orders=[]), 0)
    found = view.trade(f"7-t{trade}")
    assert found is not None
    record = settle(found, phase, "done", ["USDT"], Timings(), 5)
    legs = {"buy": leg(Side.BUY, funding), "sell": leg(Side.SELL)}
    return TradeSettled(record=attrs.evolve(record, trading=d(trading), fees=d(1), funding=d(funding), legs=legs))


def folded(*entries: Entry) -> Records:
    records = Records()
    for entry in entries:
        records.apply(entry)
    return records


def only(records: Records) -> TradeRecord:
    (record,) = records.all
    return record


# -- when it becomes known -------------------------------------------------------------------------------------------

ORDERS = {
    "before its end": (paid("-0.4"), over(funding="-0.4")),
    "before its end, and the record was written without it": (paid("-0.4"), over()),
    "after its end": (over(), paid("-0.4")),
    "told twice": (over(), paid("-0.4"), paid("-0.4")),
}


@pytest.mark.parametrize("entries", ORDERS.values(), ids=ORDERS)
def test_funding_is_part_of_the_record_once_whenever_it_becomes_known(entries: tuple[Entry, ...]) -> None:
    record = only(folded(*entries))
    assert record.funding == record.legs["buy"].funding == d("-0.4")
    assert record.legs["sell"].funding == 0
    assert record.net == 5 - 1 - d("0.4")


def test_each_payment_goes_to_its_trade_and_its_leg() -> None:
    records = folded(over(1), over(2), paid("1", "1", trade="7-t2", leg="sell"), paid("-3", "2", trade="7-t1"))
    assert [(each.trade_id, each.funding) for each in records.all] == [("7-t1", d(-3)), ("7-t2", d(1))]
    assert [each.legs["sell"].funding for each in records.all] == [0, 1]


def test_a_trade_that_was_over_twice_has_one_record_with_all_of_it_in_the_place_of_its_second_end() -> None:
    again = TradeMoved(trade_id="7-t1", phase=Phase.CLOSING.value)
    records = folded(
        over(1), paid("2", "1"), over(2), again, paid("4", "2"), over(1, "-3", phase=Phase.UNWOUND), paid("8", "3")
    )
    assert [each.trade_id for each in records.all] == ["7-t2", "7-t1"]
    record = records.all[1]
    assert (record.phase, record.trading, record.fees, record.funding) == ("unwound", d(2), d(2), d(14))
    assert record.legs["buy"].funding == 14


def test_what_is_paid_to_a_trade_in_progress_waits_for_its_record() -> None:
    records = folded(paid("1", "1"), paid("2", "2"), paid("4", "3", leg="sell"))
    assert records.all == []
    assert records.paid("7-t1") == {"buy": 3, "sell": 4}


def test_only_the_newest_are_kept() -> None:
    records = Records(keep=2)
    for number in (1, 2, 3):
        records.apply(over(number))
    assert [each.trade_id for each in records.all] == ["7-t2", "7-t3"]


# -- the slippage of a leg -------------------------------------------------------------------------------------------


def test_slippage_is_what_a_leg_cost_beyond_its_expected_price_in_money_and_in_basis_points() -> None:
    bought, sold = leg(Side.BUY), leg(Side.SELL)
    assert bought.achieved == sold.achieved == d("100.5")
    assert (bought.slippage, bought.slippage_bps) == (d(1), d(50))
    assert (sold.slippage, sold.slippage_bps) == (d(-1), d(-50)), "sold for more than was expected"
    assert only(folded(over())).slippage_bps == 0
    nothing = attrs.evolve(bought, opened=ZERO, opened_value=ZERO)
    assert (nothing.achieved, nothing.slippage, nothing.slippage_bps) == (None, ZERO, None)


# -- all together: what is booked is what the venues' cash changed by ------------------------------------------------

TRADES = ("7-t1", "7-t2", "7-t3")
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["fill", "fill", "fund", "end"]),
        st.sampled_from(TRADES),
        st.sampled_from(list(VENUES)),
        st.integers(-3, 3),
    ),
    max_size=25,
)


class Books:
    """The journal of three trades as the actors write it, and what each venue's cash changed by, by currency.

    Every other fee is taken in a coin of the venue's own.
    """

    def __init__(self) -> None:
        self.journal: list[Entry] = []
        self.cash = dict.fromkeys(product(VENUES.values(), ("USDT", "BNB")), ZERO)
        self.ledger = Ledger()
        self._accounting = Accounting()
        self._number = 0
        for trade in TRADES:
            opened = replace(plan(), trade_id=trade)
            orders = [self._order(trade, leg, Side(leg)) for leg in VENUES]
            self._write(TradeOpened(plan=opened, pool="arb", reserved={}, orders=orders))

    def fill(self, trade: str, leg: str, size: Decimal) -> None:
        """Something is bought or sold; of a trade that is over only what its first orders do, late."""
        view = self.ledger.trade(trade)
        if view is None:
            self._fill(next(each for each in self._first_orders(trade) if each.leg == leg), abs(size))
            self._write(TradeMoved(trade_id=trade, phase=Phase.CLOSING.value))
        else:
            done = self._order(trade, leg, Side.BUY if size > 0 else Side.SELL)
            self._write(OrdersIntended(orders=[done]))
            self._fill(done, abs(size))

    def fund(self, leg: str, amount: str) -> None:
        """A venue pays, or takes."""
        self._number += 1
        booked = self._accounting.booked(payment(amount, str(self._number), venue=VENUES[leg], at_ns=self._number))
        self._write(booked)
        self.cash[booked.payment.venue, "USDT"] += booked.payment.amount.amount

    def end(self, trade: str) -> None:
        """Close what it holds, and settle."""
        view = self.ledger.trade(trade)
        if view is None:
            return
        for leg in VENUES:
            held = sum((each.held for each in view.orders if each.order.leg == leg), ZERO)
            if held:
                self.fill(trade, leg, -held)
        view = self.ledger.trade(trade)
        assert view is not None
        self._write(TradeSettled(record=settle(view, Phase.COMPLETED, "done", ["USDT"], Timings(), self._number)))

    def _first_orders(self, trade: str) -> list[Order]:
        opened = (each for each in self.journal if isinstance(each, TradeOpened))
        return next(each.orders for each in opened if each.plan.trade_id == trade)

    def _order(self, trade: str, leg: str, side: Side) -> Order:
        self._number += 1
        size = Quantity(d(10**6))
        return order(self._number, trade_id=trade, leg=leg, venue=VENUES[leg], side=side, quantity=size)

    def _fill(self, of: Order, size: Decimal) -> None:
        self._number += 1
        price, fee = d(100 + self._number), Money(d(self._number) / 1000, ("USDT", "BNB")[self._number % 2])
        done = fill(of, self._number, size, price, time_ns=self._number, fee=fee, quote="USDT")
        self._write(OrderFilled(client_id=of.client_id, fill=done))
        self.cash[of.venue, "USDT"] -= of.side.sign * size * done.price
        self.cash[of.venue, fee.currency] -= fee.amount

    def _write(self, entry: Entry) -> None:
        self.journal.append(entry)
        self.ledger.apply(entry, 0)
        self._accounting.apply(entry)


Cash = dict[tuple[str, str], Decimal]
"""By venue and currency."""


def told(steps: list[tuple[str, str, str, int]]) -> tuple[list[Entry], Cash]:
    """What happened, and in the end every trade closed."""
    books = Books()
    for what, trade, leg, amount in steps:
        if what == "fill" and amount:
            books.fill(trade, leg, d(amount))
        elif what == "fund":
            books.fund(leg, f"{amount}e-3")
        elif what == "end":
            books.end(trade)
    for trade in TRADES:
        books.end(trade)
    return books.journal, books.cash


@given(steps=STEPS)
@settings(deadline=None, max_examples=60)
def test_profit_by_trade_leg_venue_pool_symbol_and_day_is_what_the_venues_cash_changed_by(
    steps: list[tuple[str, str, str, int]],
) -> None:
    journal, cash = told(steps)
    accounting, records = Accounting(), Records()
    for entry in journal:
        accounting.apply(entry)
        records.apply(entry)
    pnl = accounting.pnl
    by_venue = by(pnl.booked, "venue")
    assert {key: by_venue.get(key, NO_PROFIT).net for key in {**cash, **by_venue}} == cash
    nobodys = sum((each.net for account, each in pnl.booked.items() if not account.pool), ZERO)
    for currency in ("USDT", "BNB"):
        balance = sum((changed for (_, coin), changed in cash.items() if coin == currency), ZERO)
        for facet in ("day", "pool", "symbol", "venue"):
            booked = by(pnl.booked, facet).items()
            assert sum((each.net for (_, coin), each in booked if coin == currency), ZERO) == balance
        if currency == "USDT":
            assert sum((each.net for each in records.all), ZERO) + nobodys == balance
        else:
            assert -sum((each.other_fees.get(currency, ZERO) for each in records.all), ZERO) == balance
    for record in records.all:
        agree(record, pnl)


def agree(record: TradeRecord, pnl: Pnl) -> None:
    """The record of a trade has what is booked of it, by leg and currency."""
    of_trade = pnl.trade(record.trade_id)
    assert record.net == of_trade.get("USDT", NO_PROFIT).net
    assert record.other_fees.get("BNB", ZERO) == of_trade.get("BNB", NO_PROFIT).fees
    for name, each in record.legs.items():
        booked = pnl.legs(record.trade_id)
        quoted, other = booked.get((name, "USDT"), NO_PROFIT), booked.get((name, "BNB"), NO_PROFIT)
        assert (each.trading, each.fees, each.funding) == (quoted.trading, quoted.fees, quoted.funding)
        assert (each.other_fees.get("BNB", ZERO), ZERO, ZERO) == (other.fees, other.trading, other.funding)


@attrs.frozen
class Line:
    at_ns: int
    entry: Entry


@given(steps=STEPS)
@settings(deadline=None, max_examples=30)
def test_a_condensed_journal_tells_the_same_of_every_trade_it_still_has(steps: list[tuple[str, str, str, int]]) -> None:
    journal, cash = told(steps)
    whole = folded(*journal)
    kept_orders, kept_records = condensing.ORDERS_CARRIED, condensing.RECORDS_CARRIED
    condensing.ORDERS_CARRIED, condensing.RECORDS_CARRIED = 2, 2
    try:
        sums, kept = condense([Line(0, entry) for entry in journal], 10**18)
    finally:
        condensing.ORDERS_CARRIED, condensing.RECORDS_CARRIED = kept_orders, kept_records
    again = [*sums, *(line.entry for line in kept)]
    for record in folded(*again).all:
        assert record == whole.find(record.trade_id)
    accounting, holdings = Accounting(), dict[HoldingKey, Holding]()
    for entry in again:
        accounting.apply(entry)
        condensing.hold(holdings, entry)
    for currency in ("USDT", "BNB"):
        booked = sum(
            (each.net for account, each in accounting.pnl.booked.items() if account.currency == currency), ZERO
        )
        assert booked == sum((changed for (_, coin), changed in cash.items() if coin == currency), ZERO)
    fees = sum((each.other_fees.get("BNB", ZERO) for each in holdings.values()), ZERO)
    assert -fees == sum((changed for (_, coin), changed in cash.items() if coin == "BNB"), ZERO)
