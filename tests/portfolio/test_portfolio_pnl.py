"""Profit and loss adds up: over legs, trades, pools, venues, symbols and days, to the last unit of each currency."""

from decimal import Decimal
from typing import get_args

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perpbot.clock import NS_PER_SECOND
from perpbot.model.instrument import Side
from perpbot.model.money import ZERO, Money, Price, Quantity
from perpbot.model.order import Fill, FundingPayment, Liquidity
from perpbot.portfolio.holding import Holding, total
from perpbot.portfolio.lots import Lots
from perpbot.portfolio.pnl import LATE_NS, NOBODY, Facet, Owner, Pnl, by
from perpbot.portfolio.profit import NO_PROFIT, Profit

DAY_NS = 24 * 3_600 * NS_PER_SECOND
VENUES = {"okx": "USDT", "aster": "USDT", "extended": "USDC"}
BTC = "BTC-PERP"


def fill(
    side: Side,
    quantity: str | Decimal,
    price: str | Decimal,
    *,
    fee: str | Decimal = "0",
    fee_coin: str = "",
    **place: object,
) -> Fill:
    usual: dict[str, object] = {"venue": "okx", "symbol": BTC, "time_ns": DAY_NS, "trade_ref": "1", **place}
    quote = VENUES[str(usual["venue"])]
    return Fill(
        account="main",
        client_id="1",
        venue_order_id="1",
        side=side,
        price=Price(Decimal(price)),
        quantity=Quantity(Decimal(quantity)),
        fee=Money(Decimal(fee), fee_coin or quote),
        quote=quote,
        liquidity=Liquidity.TAKER,
        **usual,  # type: ignore[arg-type]
    )


def payment(amount: str | Decimal, at_ns: int, venue: str = "okx", symbol: str = BTC) -> FundingPayment:
    money = Money(Decimal(amount), VENUES[venue])
    return FundingPayment(venue=venue, account="main", symbol=symbol, amount=money, settled_ns=at_ns, ref=str(at_ns))


def owner(trade: str = "1-t1", leg: str = "buy", pool: str = "arb") -> Owner:
    return Owner(trade, leg, pool)


# -- lots ------------------------------------------------------------------------------------------------------------


def test_what_was_bought_first_is_sold_first() -> None:
    lots = Lots()
    assert lots.take(fill(Side.BUY, "1", "100")) == 0
    assert lots.take(fill(Side.BUY, "1", "110")) == 0
    assert lots.take(fill(Side.SELL, "1.5", "120")) == 20 + 5
    assert lots.quantity == Decimal("0.5")
    assert lots.take(fill(Side.SELL, "1", "100")) == -5
    assert lots.quantity == Decimal("-0.5"), "beyond flat it opens the other way"
    assert lots.take(fill(Side.BUY, "0.5", "90")) == 5


SIZES = st.integers(1, 1_000).map(lambda number: Decimal(number).scaleb(-3))
PRICES = st.integers(1, 10**6).map(lambda number: Decimal(number).scaleb(-2))
FEES = st.integers(-100, 1_000).map(lambda number: Decimal(number).scaleb(-6))


@given(trades=st.lists(st.tuples(st.sampled_from(Side), SIZES, PRICES), max_size=15), mark=PRICES)
@settings(deadline=None, max_examples=60)
def test_realised_and_open_profit_are_the_cash_and_the_value(
    trades: list[tuple[Side, Decimal, Decimal]], mark: Decimal
) -> None:
    lots, fills = Lots(), [fill(*each) for each in trades]
    realised = sum((lots.take(each) for each in fills), ZERO)
    assert lots.quantity == total(fills).quantity
    left = lots.quantity
    if left:
        realised += lots.take(fill(Side.SELL if left > 0 else Side.BUY, abs(left), mark))
    assert realised == total(fills).trading(mark)


# -- what belongs to whom --------------------------------------------------------------------------------------------


def test_a_profit_is_booked_on_the_day_of_the_fill_that_realised_it_and_a_fee_on_its_own() -> None:
    pnl = Pnl()
    pnl.take_fill(fill(Side.BUY, "1", "100", fee="0.05"), owner())
    pnl.take_fill(fill(Side.SELL, "1", "103", fee="0.06", time_ns=2 * DAY_NS), owner())
    assert by(pnl.booked, "day") == {
        ("1970-01-02", "USDT"): Profit(trading=ZERO, fees=Decimal("0.05"), funding=ZERO),
        ("1970-01-03", "USDT"): Profit(trading=Decimal(3), fees=Decimal("0.06"), funding=ZERO),
    }
    assert by(pnl.booked, "pool") == {("arb", "USDT"): pnl.trade("1-t1")["USDT"]}
    assert pnl.trade("1-t1")["USDT"].net == Decimal("2.89")
    assert pnl.legs("1-t1").keys() == {("buy", "USDT")}


def test_a_fee_in_another_coin_is_booked_under_that_coin_and_the_profit_under_what_the_price_is_in() -> None:
    pnl = Pnl()
    pnl.take_fill(fill(Side.BUY, "1", "100", fee="0.002", fee_coin="BNB"), owner())
    pnl.take_fill(fill(Side.SELL, "1", "103", fee="0.06"), owner())
    wanted = {
        "USDT": Profit(trading=Decimal(3), fees=Decimal("0.06"), funding=ZERO),
        "BNB": Profit(trading=ZERO, fees=Decimal("0.002"), funding=ZERO),
    }
    assert pnl.trade("1-t1") == wanted
    assert by(pnl.booked, "symbol") == {(BTC, currency): each for currency, each in wanted.items()}


def test_a_fill_of_an_older_journal_which_does_not_say_what_its_price_is_in_counts_in_the_currency_of_its_fee() -> None:
    pnl = Pnl()
    pnl.take_fill(attrs.evolve(fill(Side.BUY, "1", "100", fee="0.05"), quote=""), owner())
    assert pnl.trade("1-t1") == {"USDT": Profit(trading=ZERO, fees=Decimal("0.05"), funding=ZERO)}


def test_funding_belongs_to_the_trades_that_held_the_position_when_it_was_settled() -> None:
    pnl = Pnl()
    pnl.take_fill(fill(Side.BUY, "1", "100"), owner("1-t1"))
    pnl.take_fill(fill(Side.BUY, "2", "100", time_ns=DAY_NS + 5), owner("1-t2"))
    pnl.take_fill(fill(Side.SELL, "1", "100", time_ns=DAY_NS + 20), owner("1-t1"))
    pnl.take_fill(fill(Side.BUY, "1", "100", time_ns=DAY_NS + 30), owner("1-t3"))
    pnl.take_funding(payment("-0.10", DAY_NS + 10))
    assert [pnl.trade(f"1-t{number}")["USDT"].funding for number in (1, 2, 3)] == [
        Decimal("-0.03"),
        Decimal("-0.07"),
        ZERO,
    ]


def test_funding_on_what_nobodys_trade_held_is_nobodys_and_still_counts() -> None:
    pnl = Pnl()
    pnl.take_funding(payment("0.5", DAY_NS))
    assert by(pnl.booked, "pool") == {("", "USDT"): Profit(trading=ZERO, fees=ZERO, funding=Decimal("0.5"))}
    assert pnl.trade("") == {}


def test_a_fill_of_an_order_that_is_not_known_any_more_counts_without_a_trade() -> None:
    pnl = Pnl()
    pnl.take_fill(fill(Side.BUY, "1", "100", fee="1"))
    assert by(pnl.booked, "symbol")[BTC, "USDT"].fees == 1


def test_a_leg_that_has_been_flat_for_long_is_forgotten_and_the_sums_are_not() -> None:
    pnl = Pnl()
    for number in range(4):
        at = DAY_NS + number * 2 * LATE_NS
        pnl.take_fill(fill(Side.BUY, "1", "100", time_ns=at), owner(f"1-t{number}"))
        pnl.take_fill(fill(Side.SELL, "1", "101", time_ns=at + 1), owner(f"1-t{number}"))
    pnl.take_funding(payment("1", DAY_NS))
    assert by(pnl.booked, "pool") == {
        ("", "USDT"): Profit(trading=ZERO, fees=ZERO, funding=Decimal(1)),
        ("arb", "USDT"): Profit(trading=Decimal(4), fees=ZERO, funding=ZERO),
    }


# -- histories -------------------------------------------------------------------------------------------------------

EVENTS = st.lists(
    st.one_of(
        st.tuples(
            st.just("fill"),
            st.sampled_from(sorted(VENUES)),
            st.sampled_from([BTC, "ETH-PERP"]),
            st.integers(1, 3),
            st.sampled_from(Side),
            SIZES,
            PRICES,
            FEES,
            st.sampled_from(["", "BNB"]),
        ),
        st.tuples(
            st.just("funding"),
            st.sampled_from(sorted(VENUES)),
            st.sampled_from([BTC, "ETH-PERP"]),
            st.integers(-(10**6), 10**6).map(lambda number: Decimal(number).scaleb(-6)),
        ),
    ),
    max_size=25,
)


def cash_balances(events: list[tuple]) -> None:  # type: ignore[type-arg]
    """Play `events`, close everything, and compare with a cash account kept beside it, by currency."""
    pnl, cash = Pnl(), dict.fromkeys([*VENUES.values(), "BNB"], ZERO)
    holdings: dict[tuple[str, str, int], Holding] = {}

    def took(venue: str, symbol: str, trade: int, each: Fill) -> None:
        pnl.take_fill(each, owner(f"1-t{trade}", venue))
        cash[VENUES[venue]] -= each.side.sign * each.quantity * each.price
        cash[each.fee.currency] -= each.fee.amount
        key = (venue, symbol, trade)
        holdings[key] = holdings.get(key, Holding()).with_fill(each)

    for number, (kind, venue, symbol, *what) in enumerate(events):
        at = DAY_NS + number * DAY_NS // 10
        if kind == "funding":
            pnl.take_funding(payment(what[0], at, venue, symbol))
            cash[VENUES[venue]] += what[0]
        else:
            trade, side, size, price, fee, coin = what
            place = {"venue": venue, "symbol": symbol, "time_ns": at}
            took(venue, symbol, trade, fill(side, size, price, fee=fee, fee_coin=coin, **place))
    for (venue, symbol, trade), held in list(holdings.items()):
        if held.quantity:
            side = Side.SELL if held.quantity > 0 else Side.BUY
            took(venue, symbol, trade, fill(side, abs(held.quantity), "50", venue=venue, symbol=symbol))
    assert all(not each.quantity for each in holdings.values()), "fills sum to positions"
    for facet in get_args(Facet):
        for currency, balance in cash.items():
            sums = by(pnl.booked, facet).items()
            assert sum((each.net for (_, coin), each in sums if coin == currency), ZERO) == balance
    for currency, balance in cash.items():
        unowned = by(pnl.booked, "pool").get(("", currency), NO_PROFIT)
        owned = sum((pnl.trade(f"1-t{trade}").get(currency, NO_PROFIT) for trade in (1, 2, 3)), NO_PROFIT)
        assert (owned + unowned).net == balance, "trades and what belongs to none are all there is"


@given(events=EVENTS)
@settings(deadline=None, max_examples=60)
def test_cash_balances_to_the_last_unit_in_every_currency_and_by_every_facet(events: list[tuple]) -> None:  # type: ignore[type-arg]
    cash_balances(events)


@pytest.mark.full
@given(events=EVENTS)
@settings(deadline=None, max_examples=10_000)
def test_cash_balances_in_many_more_histories(events: list[tuple]) -> None:  # type: ignore[type-arg]
    cash_balances(events)


def test_nobody_is_an_owner_without_a_trade() -> None:
    assert attrs.astuple(NOBODY) == ("", "", "")
