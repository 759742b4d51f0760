"""What a venue looks at before it takes an order: its grid, its limits, and the account's margin."""

from collections.abc import Mapping
from decimal import Decimal

from perpbot.model.instrument import Instrument
from perpbot.simulation.venues.account import Account
from perpbot.simulation.venues.book import Book
from perpbot.simulation.venues.orders import Refusal, RefusedError, Ticket


class PreTrade:
    """The checks of one venue. Each raises `RefusedError` where the order is not taken."""

    def __init__(self, marks: Mapping[str, Decimal], band: Decimal) -> None:
        """`band` is how far behind the mark a price may be, as a part of it."""
        self._marks = marks
        self._band = band

    def check(self, ticket: Ticket, instrument: Instrument, account: Account, book: Book) -> None:
        """All there are, for an order that is new."""
        self.check_grid(ticket, instrument)
        if ticket.reduce_only and not account.position(ticket.symbol).reducible(ticket.side):
            raise RefusedError(Refusal.REDUCE_ONLY)
        if ticket.price is None and not book.reaches(ticket.side, None):
            raise RefusedError(Refusal.NO_LIQUIDITY)
        if not ticket.reduce_only:
            self.check_margin(ticket, account)

    def check_grid(self, ticket: Ticket, instrument: Instrument) -> None:
        """Size, price and value: on the grid, large enough, not too far from the mark."""
        if ticket.size <= 0 or ticket.size % instrument.lot:
            raise RefusedError(Refusal.SIZE)
        if ticket.size < instrument.min_quantity:
            raise RefusedError(Refusal.SMALL)
        mark, price = self._marks[ticket.symbol], ticket.price
        if price is not None and not instrument.on_grid(price):
            raise RefusedError(Refusal.PRICE)
        if not ticket.reduce_only and ticket.size * (price or mark) < instrument.min_notional:
            raise RefusedError(Refusal.NOTIONAL)
        if price is not None and (price - mark) * ticket.side.sign > mark * self._band:
            raise RefusedError(Refusal.BAND)

    def check_margin(self, ticket: Ticket, account: Account) -> None:
        """Whether the account has the margin that the order would need more."""
        symbol, mark = ticket.symbol, self._marks[ticket.symbol]
        before = account.margin(symbol, mark)
        after = account.margin(symbol, mark, ticket.size * ticket.side.sign)
        if after > before and account.used_margin(self._marks) - before + after > account.equity(self._marks):
            raise RefusedError(Refusal.MARGIN)
