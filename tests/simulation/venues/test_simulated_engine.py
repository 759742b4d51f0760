from decimal import Decimal
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from perpbot.model.instrument import Instrument, Side
from perpbot.simulation.venues.account import FeeCoin
from perpbot.simulation.venues.engine import Engine
from perpbot.simulation.venues.orders import (
    Ending,
    Lifetime,
    OrderEvent,
    Refusal,
    RefusedError,
    Status,
    Ticket,
    VenueOrder,
)

D = Decimal
SYMBOL = "BTC-TEST"


def instrument(**changes: Any) -> Instrument:
    facts: dict[str, Any] = {
        "venue": "test", "symbol": "BTC-PERP", "native": SYMBOL, "base": "BTC", "quote": "USDT",
        "tick": D("0.5"), "lot": D("0.001"), "min_quantity": D("0.001"), "min_notional": D(5),
        "maker_fee": D("0.00015"), "taker_fee": D("0.00045"), "max_leverage": D(50),
    }  # fmt: skip
    return Instrument(**(facts | changes))


def venue(*accounts: str, cash: str = "10000", **changes: Any) -> Engine:
    engine = Engine([instrument(**changes)])
    engine.marks[SYMBOL] = D(100)
    for name in accounts or ("a",):
        engine.open_account(name, "USDT", D(cash))
    return engine


def levels(*pairs: tuple[str, str]) -> list[tuple[Decimal, Decimal]]:
    return [(D(price), D(size)) for price, size in pairs]


def ticket(
    side: Side, size: str, price: str | None, lifetime: Lifetime = Lifetime.GTC, account: str = "a", **more: Any
) -> Ticket:
    return Ticket(
        account=account,
        symbol=SYMBOL,
        side=side,
        size=D(size),
        price=None if price is None else D(price),
        lifetime=lifetime,
        **more,
    )


def place(engine: Engine, *facts: Any, at: int = 0, **more: Any) -> VenueOrder:
    return engine.place(ticket(*facts, **more), at)


BUY, SELL = Side.BUY, Side.SELL


def test_a_taker_walks_the_house_and_rests_the_remainder() -> None:
    engine = venue()
    engine.house(SYMBOL, [], levels(("100", "1"), ("100.5", "2")), 0)
    order = place(engine, BUY, "2.5", "100")
    assert order.filled == 1
    assert order.status is Status.OPEN
    assert engine.books[SYMBOL].bids.picture() == levels(("100", "1.5"))
    assert engine.books[SYMBOL].asks.picture() == levels(("100.5", "2"))


def test_the_house_moving_through_an_order_fills_it_at_its_price() -> None:
    engine = venue()
    order = place(engine, BUY, "2", "100", Lifetime.POST_ONLY)
    engine.house(SYMBOL, [], levels(("98", "0.5"), ("99.5", "0.7")), 1)
    assert order.filled == D("1.2")
    assert order.average == 100
    assert not engine.books[SYMBOL].asks.picture()
    engine.house(SYMBOL, [], levels(("97", "5")), 2)
    assert order.status is Status.FILLED
    assert engine.books[SYMBOL].asks.picture() == levels(("97", "4.2"))
    assert all(each.maker for each in engine.accounts["a"].executions)


def test_whoever_came_first_at_a_price_trades_first() -> None:
    engine = venue("a", "b", "c")
    engine.house(SYMBOL, levels(("100", "1")), [], 0)
    first = place(engine, BUY, "1", "100")
    engine.house(SYMBOL, levels(("100", "3")), [], 0)
    second = place(engine, BUY, "1", "100", account="b")
    fills: list[tuple[Decimal, Decimal]] = []
    for _ in range(5):
        place(engine, SELL, "1", "100", Lifetime.IOC, account="c")
        fills.append((first.filled, second.filled))
    assert fills == [(D(first), D(second)) for first, second in ((0, 0), (1, 0), (1, 0), (1, 0), (1, 1))]


def test_house_that_leaves_moves_the_queue_up() -> None:
    engine = venue()
    engine.house(SYMBOL, levels(("100", "5")), [], 0)
    order = place(engine, BUY, "1", "100")
    engine.house(SYMBOL, levels(("100", "0")), [], 1)
    engine.house(SYMBOL, levels(("100", "5")), [], 2)
    engine.house_trade(SYMBOL, SELL, D("0.5"), 3)
    assert order.filled == D("0.5")


def test_lifetimes() -> None:
    engine = venue()
    engine.house(SYMBOL, [], levels(("100", "1")), 0)
    assert place(engine, BUY, "1", "100", Lifetime.POST_ONLY).ending is Ending.POST_ONLY
    assert place(engine, BUY, "1.5", "100", Lifetime.FOK).ending is Ending.FILL_OR_KILL
    ioc = place(engine, BUY, "0.4", "100", Lifetime.IOC)
    assert (ioc.status, ioc.filled) == (Status.FILLED, D("0.4"))
    market = place(engine, BUY, "1", None)
    assert (market.status, market.filled, market.ending) == (Status.CANCELLED, D("0.6"), Ending.UNFILLED)
    assert not engine.accounts["a"].open_orders


@pytest.mark.parametrize(
    ("facts", "refusal"),
    [
        ((BUY, "1", "100.3"), Refusal.PRICE),
        ((BUY, "1.0005", "100"), Refusal.SIZE),
        ((BUY, "0", "100"), Refusal.SIZE),
        ((BUY, "0.002", "100"), Refusal.NOTIONAL),
        ((BUY, "1", "151"), Refusal.BAND),
        ((SELL, "1", "49"), Refusal.BAND),
        ((BUY, "501", "100"), Refusal.MARGIN),
        ((BUY, "1", None), Refusal.NO_LIQUIDITY),
    ],
)
def test_refusals(facts: tuple[Any, ...], refusal: Refusal) -> None:
    engine = venue()
    with pytest.raises(RefusedError) as raised:
        place(engine, *facts)
    assert raised.value.refusal is refusal
    assert not engine.take_events()


def test_a_client_id_is_good_for_one_order() -> None:
    engine = venue()
    place(engine, BUY, "1", "90", client_id="x")
    with pytest.raises(RefusedError, match="client id"):
        place(engine, BUY, "1", "90", client_id="x")
    assert engine.accounts["a"].duplicates == 1
    assert len(engine.accounts["a"].orders) == 1


def test_margin_counts_position_and_orders_but_not_their_offset() -> None:
    engine = venue(cash="100")
    engine.house(SYMBOL, levels(("99.5", "9")), levels(("100", "9")), 0)
    place(engine, BUY, "4", "100", Lifetime.IOC)
    place(engine, SELL, "8", "110")
    with pytest.raises(RefusedError, match="margin"):
        place(engine, SELL, "2", "110")
    with pytest.raises(RefusedError, match="margin"):
        place(engine, BUY, "2", "90")


def test_own_orders_do_not_trade_with_each_other() -> None:
    engine = venue("a", "b")
    mine = place(engine, SELL, "1", "100")
    theirs = place(engine, SELL, "1", "100", account="b")
    taker = place(engine, BUY, "1", "100")
    assert mine.ending is Ending.SELF_TRADE
    assert theirs.status is taker.status is Status.FILLED


def test_reduce_only_stops_at_flat() -> None:
    engine = venue()
    engine.house(SYMBOL, levels(("99.5", "9")), levels(("100", "9")), 0)
    with pytest.raises(RefusedError, match="nothing to reduce"):
        place(engine, SELL, "1", "99.5", Lifetime.IOC, reduce_only=True)
    place(engine, BUY, "1", "100", Lifetime.IOC)
    waiting = place(engine, SELL, "3", "120", reduce_only=True)
    closing = place(engine, SELL, "2", "99.5", Lifetime.IOC, reduce_only=True)
    assert closing.filled == 1
    assert waiting.ending is closing.ending is Ending.REDUCE_ONLY
    assert not engine.accounts["a"].position(SYMBOL).size


def test_from_flat_to_flat_cash_is_flows_minus_fees_plus_funding() -> None:
    engine = venue()
    engine.house(SYMBOL, levels(("99.5", "9")), levels(("100", "9")), 0)
    place(engine, BUY, "0.333", "100", Lifetime.IOC)
    place(engine, BUY, "0.061", "100", Lifetime.IOC)
    engine.fund(SYMBOL, D("0.000123"), 1)
    for size in ("0.111", "0.067", "0.216"):
        place(engine, SELL, size, "99.5", Lifetime.IOC)
    account = engine.accounts["a"]
    flows = sum(-each.side.sign * each.price * each.size for each in account.executions)
    assert account.position(SYMBOL).size == account.position(SYMBOL).cost == 0
    assert account.funding_received == D("-0.00484620")
    assert account.balance == 10000 + flows - account.fees_paid + account.funding_received


def test_fees_are_taken_in_a_coin_of_ones_own_as_long_as_there_is_enough_of_it() -> None:
    engine = venue()
    account = engine.accounts["a"]
    account.fee_coin = FeeCoin("BNB", D(600))
    account.deposit("BNB", D("0.0001"))
    engine.house(SYMBOL, levels(("99.5", "9")), levels(("100", "9")), 0)
    for size in ("1", "2"):
        place(engine, BUY, size, "100", Lifetime.IOC)
    first, second = account.executions
    assert (first.fee * 600 / second.fee, first.currency, second.currency) == (D("0.5"), "BNB", "USDT")
    assert account.cash["BNB"] == D("0.0001") - first.fee
    assert account.balance == 10000 - second.fee
    assert account.fees_paid == second.fee
    assert account.earned == {"USDT": -second.fee, "BNB": -first.fee}


def test_events_show_the_order_as_it_was_after_each_step() -> None:
    engine = venue()
    engine.house(SYMBOL, [], levels(("100", "1"), ("100.5", "1")), 0)
    place(engine, BUY, "2", "100.5", at=7)
    events = [each for each in engine.take_events() if isinstance(each, OrderEvent)]
    assert [each.order.filled for each in events] == [0, 1, 2]
    assert [each.execution.price for each in events if each.execution] == [100, D("100.5")]
    assert [each.price for each in engine.take_prints(SYMBOL)] == [100, D("100.5")]
    assert not engine.take_events()


PRICES = st.integers(180, 220).map(lambda ticks: D(ticks) / 2)
SIZES = st.integers(60, 5000).map(lambda lots: D(lots) / 1000)
ACCOUNTS = st.sampled_from(["a", "b"])
SIDES = st.sampled_from(list(Side))


class EngineMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.engine = venue("a", "b", cash="2000")
        self.now = 0
        self.shown: dict[Side, dict[Decimal, Decimal]] = {Side.BUY: {}, Side.SELL: {}}

    @initialize()
    def start(self) -> None:
        self.move(D(100), [D(1), D(2)])

    @rule(middle=PRICES, sizes=st.lists(SIZES, max_size=4))
    def move(self, middle: Decimal, sizes: list[Decimal]) -> None:
        changes = {}
        for side in Side:
            step = D("-0.5") * side.sign
            shown = {middle + step * (number + 1): size for number, size in enumerate(sizes)}
            changes[side] = list(({price: D(0) for price in self.shown[side]} | shown).items())
            self.shown[side] = shown
        self.now += 1
        self.engine.marks[SYMBOL] = middle
        self.engine.house(SYMBOL, changes[Side.BUY], changes[Side.SELL], self.now)

    @rule(
        account=ACCOUNTS,
        side=SIDES,
        size=SIZES,
        price=st.none() | PRICES,
        lifetime=st.sampled_from(list(Lifetime)),
        reduce_only=st.booleans(),
        at_most=st.none() | SIZES,
    )
    def order(self, at_most: Decimal | None, **facts: Any) -> None:
        self.now += 1
        if facts["price"] is None and facts["lifetime"] is Lifetime.POST_ONLY:
            return
        try:
            self.engine.place(Ticket(symbol=SYMBOL, **facts), self.now, at_most)
        except RefusedError:
            return

    @rule(account=ACCOUNTS, which=st.integers(0, 20))
    def cancel(self, account: str, which: int) -> None:
        orders = self.engine.accounts[account].open_orders
        if orders:
            self.engine.cancel(account, orders[which % len(orders)].id, self.now)

    @rule(side=SIDES, size=SIZES)
    def outsider(self, side: Side, size: Decimal) -> None:
        self.engine.house_trade(SYMBOL, side, size, self.now)

    @rule(rate=st.integers(-300, 300))
    def fund(self, rate: int) -> None:
        self.engine.fund(SYMBOL, D(rate) / 1_000_000, self.now)

    @invariant()
    def cash_balances_to_the_last_unit(self) -> None:
        for account in self.engine.accounts.values():
            flows = sum((-each.side.sign * each.price * each.size for each in account.executions), D(0))
            held = sum((each.cost for each in account.positions.values()), D(0))
            fees = sum((each.fee for each in account.executions), D(0))
            funding = sum((each.amount for each in account.funding), D(0))
            assert account.balance == account.deposited + flows + held - fees + funding
            assert (account.fees_paid, account.funding_received) == (fees, funding)

    @invariant()
    def fills_sum_to_positions_and_orders(self) -> None:
        for account in self.engine.accounts.values():
            moved = sum((each.side.sign * each.size for each in account.executions), D(0))
            assert account.position(SYMBOL).size == moved
            for order in account.orders.values():
                own = [each for each in account.executions if each.order_id == order.id]
                assert order.filled == sum((each.size for each in own), D(0)) <= order.size
                assert order.notional == sum((each.size * each.price for each in own), D(0))
                assert (order.status is Status.FILLED) == (order.filled == order.size)

    @invariant()
    def the_book_is_whole(self) -> None:
        book = self.engine.books[SYMBOL]
        assert not book.crossed
        waiting = []
        for side in (book.bids, book.asks):
            prices = list(side.prices())
            assert prices == sorted(side.levels, reverse=side is book.bids)
            for price, level in side.levels.items():
                ids = [each.order.id for each in level.queue]
                assert ids == sorted(ids)
                assert all(0 <= each.ahead <= level.house for each in level.queue)
                assert all(each.order.price == price and each.order.remaining > 0 for each in level.queue)
                assert level.house or level.queue
                waiting += ids
        known = [order.id for account in self.engine.accounts.values() for order in account.open_orders]
        assert sorted(waiting) == sorted(known)

    @invariant()
    def reduce_only_never_flips(self) -> None:
        for account in self.engine.accounts.values():
            for each in account.executions:
                if account.orders[each.order_id].reduce_only:
                    after = each.position_before + each.side.sign * each.size
                    assert after * each.position_before >= 0
                    assert abs(after) < abs(each.position_before)


EngineMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestEngine = EngineMachine.TestCase
