"""What is not as it should be: a sentence each, for the view, `perpbot status`, and whoever watches."""

from decimal import Decimal

import attrs
import pytest
import view_states
from view_states import usual, venue

from actors.state import State, open_profit
from perpbot.control.pages import opportunities, problems
from perpbot.model.instrument import Side
from perpbot.model.money import Money, Price, Quantity
from perpbot.model.order import Fill, Liquidity

UNLISTED = ("FOO-PERP",)


def lacking(*names: str) -> State:
    """Three venues, of which `names` do not have a symbol."""
    venues = {name: venue(name, view_states.PRICES) for name in view_states.NAMES}
    return usual(venues=venues | {name: attrs.evolve(venues[name], unlisted=UNLISTED) for name in names})


def test_a_good_day_has_none() -> None:
    assert problems(usual()) == []


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (
            usual(blocks=("account/drawdown: 5.1 %, allowed less than 5 %",)),
            "nothing is opened: account/drawdown: 5.1 %, allowed less than 5 %",
        ),
        (
            lacking("okx", "aster"),
            "FOO-PERP cannot be traded: not listed at okx, aster; check `symbols` in the configuration",
        ),
        (usual(kill={"okx": "me"}), "kill switch on: okx (by me)"),
        (usual(missing=("/books/orders",)), "/books/orders does not answer"),
    ],
)
def test_what_keeps_it_from_trading_is_said(state: State, said: str) -> None:
    assert problems(state) == [said]


DOWN = {"market_data": "DISCONNECTED", "trading": "DISCONNECTED"}


@pytest.mark.parametrize(
    ("circuits", "reasons", "said"),
    [
        (DOWN, {"market-data": "away", "trading": "away"}, ["okx is DISCONNECTED: away"]),
        (
            DOWN,
            {"market-data": "away", "trading": "no login"},
            ["okx market-data is DISCONNECTED: away", "okx trading is DISCONNECTED: no login"],
        ),
        (
            {"trading": "CIRCUIT_OPEN"},
            {"market-data": "away", "trading": "away"},
            ["okx trading is CIRCUIT_OPEN: away"],
        ),
    ],
)
def test_a_venue_that_is_away_for_one_reason_is_one_problem(
    circuits: dict[str, str], reasons: dict[str, str], said: list[str]
) -> None:
    okx = attrs.evolve(venue("okx", {}, **circuits), reasons=reasons)
    assert problems(attrs.evolve(usual(), venues={**usual().venues, "okx": okx})) == said


def test_a_symbol_that_two_venues_have_is_traded_there_and_no_problem() -> None:
    assert problems(lacking("okx")) == []


def test_an_opportunity_that_lasts_is_one_entry_however_often_it_was_seen() -> None:
    seen = tuple(view_states.decision("too late", at_ns=view_states.NOW_NS - number) for number in range(20))
    (entry,) = opportunities(usual(decisions=seen))
    assert (entry["quotes"], entry["verdict"]) == (20, "too late")


def test_the_fills_of_trades_in_progress_are_profit_at_the_mark_and_not_yet_of_trades_that_are_over() -> None:
    fill = Fill(
        venue="okx",
        account="main",
        symbol="BTC-PERP",
        client_id="1",
        venue_order_id="1",
        trade_ref="1",
        side=Side.BUY,
        quantity=Quantity(Decimal(2)),
        price=Price(Decimal(98)),
        fee=Money(Decimal("0.5"), "USDT"),
        liquidity=Liquidity.TAKER,
        time_ns=1,
    )
    trade = view_states.trade(1)
    trade = attrs.evolve(trade, orders=(attrs.evolve(trade.orders[0], fills=(fill,)),))
    state = usual()
    assert state.positions is not None
    (currency, open_at_mark), *others = open_profit(state.positions, [trade]).items()
    assert (currency, open_at_mark.net, others) == ("USDT", Decimal("3.5"), [])
    closed = usual(open_profit={currency: open_at_mark}).closed_profit
    assert {name: each.net for name, each in closed.items()} == {
        "USDT": state.profit["USDT"].net - Decimal("3.5"),
        "USDC": state.profit["USDC"].net,
    }
