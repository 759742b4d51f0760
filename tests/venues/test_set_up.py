"""Setting up the margin of an account: what is set, what is left alone, and what keeps orders from being opened."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import attrs
import pytest
from venue_cases import bitcoin

from perpbot.model.instrument import Instrument
from perpbot.model.money import Quantity
from perpbot.model.order import Position
from perpbot.venues.set_up import SetUp, set_up
from perpbot.venues.venue import Margin, VenueReadError

BTC = "BTC-PERP"


@attrs.define
class Account:
    """The part of a venue that margins are set up through."""

    margins: dict[str, Margin] = attrs.field(factory=dict)
    held: tuple[str, ...] = ()
    refuses: str = ""
    silent: bool = False
    deaf: bool = False
    """It says yes and does nothing."""
    sets: list[tuple[str, int]] = attrs.field(factory=list)
    name: str = "okx"

    def fetch_margins(self, instruments: Sequence[Instrument]) -> dict[str, Margin]:
        if self.silent:
            raise VenueReadError("okx: no answer")
        wanted = {each.symbol for each in instruments}
        return {symbol: margin for symbol, margin in self.margins.items() if symbol in wanted}

    def fetch_positions(self) -> list[Position]:
        return [Position(venue="okx", account="main", symbol=each, quantity=Quantity(Decimal(1))) for each in self.held]

    def set_margin(self, instrument: Instrument, leverage: int) -> None:
        if self.refuses:
            raise VenueReadError(self.refuses)
        self.sets.append((instrument.symbol, leverage))
        if not self.deaf:
            self.margins[instrument.symbol] = Margin(Decimal(leverage))


def done(account: Account, leverage: int = 3, **changes: Any) -> SetUp:
    instrument = bitcoin("okx", **{"max_leverage": Decimal(50), **changes})
    return set_up(account, [instrument], leverage)  # type: ignore[arg-type]


def at(leverage: str, *, cross: bool = True) -> dict[str, Margin]:
    return {BTC: Margin(Decimal(leverage), cross)}


def test_what_is_set_already_is_left_alone() -> None:
    account = Account(at("3.00"))
    assert done(account) == SetUp({BTC: Decimal(3)}, {})
    assert account.sets == []


@pytest.mark.parametrize("before", [{}, at("20"), at("3", cross=False)], ids=["unknown", "other", "isolated"])
def test_what_differs_is_set_and_confirmed(before: dict[str, Margin]) -> None:
    account = Account(before)
    assert done(account) == SetUp({BTC: Decimal(3)}, {})
    assert account.sets == [(BTC, 3)]


def test_no_more_is_asked_for_than_the_instrument_allows() -> None:
    account = Account(at("20"))
    assert done(account, 10, max_leverage=Decimal("2.5")).leverage == {BTC: Decimal(2)}
    assert account.sets == [(BTC, 2)]


def test_a_limit_told_beside_the_margin_goes_before_the_instruments() -> None:
    account = Account({BTC: Margin(Decimal(5), most=Decimal(4))})
    assert done(account, 10, max_leverage=Decimal(1)).leverage == {BTC: Decimal(4)}


def test_nothing_is_changed_under_a_position_and_nothing_opened_on_top_of_it() -> None:
    account = Account(at("20"), held=(BTC,))
    told = done(account)
    assert account.sets == []
    assert told.leverage == {}
    assert told.refused == {BTC: "it is at 20x cross, and is set to 3x cross when the position there is closed"}


def test_a_position_at_the_right_margin_is_no_obstacle() -> None:
    assert done(Account(at("3"), held=(BTC,))).leverage == {BTC: Decimal(3)}


@pytest.mark.parametrize(
    ("account", "why"),
    [
        (Account(at("5"), refuses="okx refused to answer: 59102 too high"), "59102 too high"),
        (Account(at("5", cross=False), deaf=True), "it is at 5x isolated though 3x cross was set"),
        (Account(deaf=True), "its leverage is not known though 3x cross was set"),
        (Account(silent=True), "its margin could not be read: okx: no answer"),
    ],
)
def test_what_the_venue_has_not_confirmed_is_refused_with_its_reason(account: Account, why: str) -> None:
    told = done(account)
    assert told.leverage == {}
    assert why in told.refused[BTC]
