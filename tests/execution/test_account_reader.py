"""What a trading connection asks of its venue."""

from unittest.mock import create_autospec

import pytest
from execution_values import order

from actors.account_reader import AccountReader, UnlistedError
from actors.runtime import Actor
from perpbot.model.instrument import InstrumentTable
from perpbot.venues.venue import Venue


def test_an_order_is_not_asked_for_before_the_venue_has_told_its_instruments() -> None:
    venue = create_autospec(Venue, instance=True)
    venue.name = "okx"
    venue.instruments = InstrumentTable()
    with pytest.raises(UnlistedError, match="okx has not told what BTC-PERP is"):
        AccountReader(create_autospec(Actor, instance=True), venue, {}).order(order())
    venue.fetch_order.assert_not_called()
