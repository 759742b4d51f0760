"""What was realised, cut in one way: dollars of all kinds together, fees in other coins in none of it."""

from decimal import Decimal

from perpbot.model.money import ZERO
from perpbot.portfolio.pnl import Account
from perpbot.portfolio.profit import Profit
from perpbot.sections.money import cut, profit


def account(venue: str, currency: str) -> Account:
    return Account("2026-11-20", "arb", venue, "BTC-PERP", currency)


def earned(trading: str, fees: str) -> Profit:
    return Profit(trading=Decimal(trading), fees=Decimal(fees), funding=ZERO)


BOOKED = {
    account("okx", "USDT"): earned("3", "1"),
    account("paradex", "USDC"): earned("2", "1"),
    account("aster", "USDT"): earned("4", "0"),
    account("aster", "BNB"): earned("0", "0.00002"),
}


def test_a_cut_adds_dollars_one_to_one_and_leaves_fees_in_other_coins_out() -> None:
    assert cut(BOOKED, "day", {"BNB"}) == {"2026-11-20": earned("9", "2")}
    assert cut(BOOKED, "venue", {"BNB"})["aster"] == earned("4", "0")


def test_an_amount_that_four_places_would_make_nothing_keeps_eight() -> None:
    assert profit(earned("0", "0.00002")) == {"trading": "0", "fees": "0.00002", "funding": "0", "net": "-0.00002"}
    assert profit(earned("1.234567", "0"))["net"] == "1.2346"
