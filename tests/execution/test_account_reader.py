"""What a trading connection asks of its venue."""

from typing import Any
from unittest.mock import create_autospec

import pytest
from execution_values import instrument, order, update

from actors.account_reader import AccountReader, UnlistedError
from actors.runtime import Actor
from perpbot.model.instrument import Instrument, InstrumentTable
from perpbot.model.order import OrderStatus
from perpbot.venues.venue import Venue


def test_an_order_is_not_asked_for_before_the_venue_has_told_its_instruments() -> None:
    venue = lists(by_id_alone=True)
    with pytest.raises(UnlistedError, match="okx has not told what BTC-PERP is"):
        reader(venue).order(order())
    venue.fetch_order.assert_not_called()


@pytest.mark.parametrize("by_id_alone", [False, True])
def test_an_order_in_what_is_not_listed_is_asked_for_where_its_id_says_enough(*, by_id_alone: bool) -> None:
    venue = lists(instrument("okx", symbol="ETH-PERP"), by_id_alone=by_id_alone)
    venue.fetch_order.return_value = None
    if by_id_alone:
        assert reader(venue).order(order()).update is None
    else:
        with pytest.raises(UnlistedError):
            reader(venue).order(order())
    assert venue.fetch_order.called is by_id_alone


@pytest.mark.parametrize(("filled", "known"), [("0", True), ("1", False)])
def test_of_an_order_in_what_is_not_listed_nobody_knows_how_much_is_filled(filled: str, *, known: bool) -> None:
    venue = lists(instrument("okx", symbol="ETH-PERP"), by_id_alone=True)
    told = venue.fetch_order.return_value = update(order(), OrderStatus.CANCELLED, filled)
    if known:
        assert reader(venue).order(order()).update == told
    else:
        with pytest.raises(UnlistedError, match="something is filled"):
            reader(venue).order(order())


def lists(*instruments: Instrument, by_id_alone: bool) -> Any:
    venue = create_autospec(Venue, instance=True)
    venue.name, venue.finds_by_id_alone = "okx", by_id_alone
    venue.instruments = InstrumentTable(instruments)
    return venue


def reader(venue: Any) -> AccountReader:
    return AccountReader(create_autospec(Actor, instance=True), venue, {})
