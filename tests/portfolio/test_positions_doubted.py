"""What a venue holds otherwise than our fills say is made up for only as it was seen."""

from decimal import Decimal
from typing import Any

import structlog
from test_positions_told_twice import Told, filled

from actors.account_reader import AccountRead
from actors.positions import Mismatch, TakeMismatch
from perpbot.model.money import Quantity
from perpbot.model.order import Position

KEY = ("a", "main", "BTC-PERP")


class Logging(Told):
    @property
    def log(self) -> Any:
        return structlog.get_logger()


def read(quantity: str, read_ns: int) -> AccountRead:
    position = Position(venue="a", account="main", symbol="BTC-PERP", quantity=Quantity(Decimal(quantity)))
    return AccountRead(venue="a", account="main", positions=(position,), balances=(), read_ns=read_ns)


def test_a_difference_that_grew_since_it_was_looked_at_is_not_taken_and_stays() -> None:
    positions = Logging("/journal", "/books/orders", {}, (), ())
    for number, quantity in enumerate(("0.1", "0.1", "5", "5"), 1):
        positions.on_account(read(quantity, number))
    assert positions.on_take_mismatch(TakeMismatch(KEY, Decimal("0.1"))) is None
    assert positions.on_take_mismatch(TakeMismatch(KEY, Decimal(5))) == Mismatch(KEY, Decimal(0), Decimal(5))
    assert positions.on_take_mismatch(TakeMismatch(KEY, Decimal(5))) is None, "two operators take it once"


def test_a_difference_that_a_fill_of_ours_has_made_up_for_is_not_taken_once_more() -> None:
    positions = Logging("/journal", "/books/orders", {}, (), ())
    for number in (1, 2):
        positions.on_account(read("1", number))
    positions.on_fill(filled("7-1", "BTC-PERP", "late"))
    assert positions.on_take_mismatch(TakeMismatch(KEY, Decimal(1))) is None
