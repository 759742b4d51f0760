"""What an account is told besides its orders, at every simulated venue over real sockets: margin to begin with."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from served_venue import Served, served
from venue_cases import NAMES

from perpbot.venues.set_up import set_up
from perpbot.venues.venue import Margin, VenueReadError

pytestmark = pytest.mark.process


@pytest.fixture(scope="module")
def details() -> Iterator[dict[str, Any]]:
    with served() as found:
        yield found


@pytest.fixture(params=NAMES)
def at(request: pytest.FixtureRequest, details: dict[str, Any]) -> Iterator[Served]:
    made = Served(request.param, details)
    yield made
    made.close()


# -- margin ------------------------------------------------------------------------------------------------------


def test_leverage_is_read_set_and_read_again(at: Served) -> None:
    for leverage in (7, 2):
        at.venue.set_margin(at.bitcoin, leverage)
        assert at.venue.fetch_margins([at.bitcoin]) == {"BTC-PERP": Margin(Decimal(leverage), cross=True)}


def test_every_instrument_is_set_up_before_it_is_traded(at: Served) -> None:
    instruments = list(at.venue.instruments)
    done = set_up(at.venue, instruments, 3)
    assert done.refused == {}
    assert done.leverage == {each.symbol: Decimal(3) for each in instruments}


def test_a_venue_that_says_no_says_why(at: Served) -> None:
    if at.venue.name == "backpack":
        pytest.skip("its limit is one for all markets, each as far as it goes")
    with pytest.raises(VenueReadError, match=at.venue.name):
        at.venue.set_margin(at.bitcoin, 1_000)
