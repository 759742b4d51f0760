"""The envelopes of GRVT's answers by REST."""

import msgspec

from perpbot.venues.grvt_account import FillRow, FundingRow, OrderRow, PositionRow, SummaryRow
from perpbot.venues.grvt_frames import BookRow


class BookAnswer(msgspec.Struct):
    """A book."""

    result: BookRow


class AccountsAnswer(msgspec.Struct):
    """The trading accounts of the login, by number."""

    sub_account_ids: list[str]


class OrderAnswer(msgspec.Struct):
    """An order."""

    result: OrderRow


class OrdersAnswer(msgspec.Struct):
    """Orders, and where they go on."""

    result: list[OrderRow]
    next: str = ""


class FillsAnswer(msgspec.Struct):
    """Fills, and where they go on."""

    result: list[FillRow]
    next: str = ""


class FundingPaymentsAnswer(msgspec.Struct):
    """Funding payments, and where they go on."""

    result: list[FundingRow]
    next: str = ""


class PositionsAnswer(msgspec.Struct):
    """Positions."""

    result: list[PositionRow]


class SummaryAnswer(msgspec.Struct):
    """What the trading account is worth."""

    result: SummaryRow


class PlacedAnswer(msgspec.Struct):
    """What became of a new order, or a complaint."""

    result: OrderRow | None = None
    code: int = 0
    message: str = ""


class LeverageRow(msgspec.Struct):
    """The margin of one instrument."""

    instrument: str
    leverage: str
    max_leverage: str
    margin_type: str = "CROSS"


class LeveragesAnswer(msgspec.Struct):
    """The margin of every instrument."""

    results: list[LeverageRow]


class SuccessAnswer(msgspec.Struct):
    """Whether a setting was changed."""

    success: bool = False
