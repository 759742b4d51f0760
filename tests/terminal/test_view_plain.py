"""The lines a newcomer sees where there is no live view."""

from decimal import Decimal

import attrs
import msgspec
import view_states
from view_states import NOW_NS, picture, usual, venue

from perpbot.model.money import Price
from perpbot.terminal import plain


def test_prices_with_the_gap_between_venues() -> None:
    apart = usual(
        venues={"okx": venue("okx", {"BTC-PERP": Decimal(1000)}), "aster": venue("aster", {"BTC-PERP": Decimal(1005)})}
    )
    assert plain.prices(apart) == "BTC 1,002.5501 (gap +0.49 %: buy okx, sell aster)"
    assert plain.prices(view_states.empty()) == "none yet"


def test_a_price_has_as_many_decimals_as_the_quotes_that_were_sent() -> None:
    quoted = venue("okx", {"BTC-PERP": Decimal("97000.50000000")})
    exact = msgspec.structs.replace(quoted.quotes["BTC-PERP"], ask=Price(Decimal("97000.6")))
    state = usual(venues={"okx": attrs.evolve(quoted, quotes={"BTC-PERP": exact})})
    assert plain.prices(state) == "BTC 97,000.6"


def test_many_symbols_are_cut() -> None:
    prices = {f"S{number}-PERP": Decimal(7) for number in range(20)}
    shown = plain.prices(usual(venues={"okx": venue("okx", prices)}))
    assert shown.endswith("and 12 more symbols")


def test_opportunities_and_what_became_of_them() -> None:
    shown = plain.opportunities(picture(usual()), NOW_NS - 1)
    assert shown == "1 seen; BTC buy okx, sell hyperliquid: net +1.4900, taken as t62"
    assert plain.opportunities(picture(usual()), NOW_NS + 1) == "none seen"


def test_trades_and_what_they_earned() -> None:
    shown = plain.trades(usual())
    assert (
        shown == "2 in progress, 12 over in all; PnL after fees +7.0000 USDT  -3.2500 USDC; open, at mark +0.5000 USDT"
    )
    assert plain.trades(view_states.empty()) == "0 in progress, ? over in all"
