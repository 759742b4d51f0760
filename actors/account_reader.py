"""What a trading connection asks of its venue about the account: orders, fills, balances, positions, funding."""

from collections.abc import Iterable, Iterator, Mapping

import attrs

from actors.order_news import CatchUp, CatchUpAnswer
from actors.runtime import Actor, Slot
from perpbot.clock import monotonic_ns
from perpbot.execution.inquiry import OrderFound
from perpbot.execution.unlisted import nameless
from perpbot.model.instrument import Instrument
from perpbot.model.order import Balance, FundingPayment, Order, OrderUpdate, Position
from perpbot.venues.venue import Venue, VenueReadError

ACCOUNT = "account"
"""Topic: `AccountRead`, whenever positions and balances were read."""
FUNDING = "funding"
"""Topic: `FundingRead`, whenever it was read, and each `FundingPayment` that the stream tells."""
FUNDING_OVERLAP_MS = 600_000
"""Funding is asked for from this long before the last reading; what is known already is not booked again."""


@attrs.frozen
class AccountRead:
    """What the venue says the account holds, all of it, at one moment."""

    venue: str
    account: str
    balances: tuple[Balance, ...]
    positions: tuple[Position, ...]
    read_ns: int
    """Monotonic, when the question left."""


@attrs.frozen
class FundingRead:
    """What the venue says was paid and received from `since_ms` to `until_ms`, its clock."""

    venue: str
    account: str
    payments: tuple[FundingPayment, ...]
    since_ms: int
    until_ms: int


class UnlistedError(VenueReadError):
    """The venue has not told, or tells no more, what the symbol is; nothing was asked."""


@attrs.frozen
class ReadAccount:
    """Read balances and positions now."""


@attrs.frozen
class ReadFunding:
    """Read funding payments now. An asker is answered when they were published, or could not be read."""

    known_ms: int | None = None
    """Read what came after this, the venue's clock, although it was read before: it was not booked."""


class AccountReader:
    """Reads one account; every method waits for the venue, and raises VenueReadError when it does not say."""

    def __init__(self, actor: Actor, venue: Venue, instruments: Mapping[str, Instrument]) -> None:
        self._actor = actor
        self._venue = venue
        self._instruments = instruments
        self._funding_ms = 0

    def order(self, order: Order) -> OrderFound:
        """What the venue knows of one order."""
        asked_ns = monotonic_ns()
        instrument = self._instruments.get(order.symbol) or self._venue.instruments.symbol(order.symbol)
        update = self._unlisted(order) if instrument is None else self._venue.fetch_order(order, instrument)
        return OrderFound(order.client_id, update, asked_ns)

    def _unlisted(self, order: Order) -> OrderUpdate | None:
        """What the venue knows of an order in what it does not list, where it can be asked: an end without a fill.

        What a size there means in coins nobody knows any more.
        """
        name = self._venue.name
        if not self._venue.instruments or not self._venue.finds_by_id_alone:
            raise UnlistedError(f"{name} has not told what {order.symbol} is: {order.client_id} waits")
        update = self._venue.fetch_order(order, nameless(name, order.symbol))
        if update is not None and update.filled:
            raise UnlistedError(f"{name} has not told what {order.symbol} is: of {order.client_id} something is filled")
        return update

    def catch_up(self, request: CatchUp) -> CatchUpAnswer:
        """Everything since the mark."""
        until_ms = self._venue.venue_ms()
        found = tuple(self._orders(request.orders))
        fills = tuple(self._venue.fetch_fills(request.since_ms))
        self._funding(min(request.since_ms, self._funding_ms or request.since_ms))
        return CatchUpAnswer(self._venue.name, self._venue.account, fills, found, until_ms)

    def _orders(self, orders: Iterable[Order]) -> Iterator[OrderFound]:
        """What the venue knows of each; one of a symbol that it does not list keeps no other one waiting."""
        for order in orders:
            try:
                yield self.order(order)
            except UnlistedError as error:
                self._actor.log.error(
                    "an order cannot be asked for", venue=self._venue.name, why=str(error),
                    hint=f"when it is certain that it is over there: `perpbot adopt {self._venue.name} {order.symbol}` "
                    f"ends it",
                )  # fmt: skip

    def account(self) -> AccountRead:
        """Balances and positions."""
        asked_ns = monotonic_ns()
        positions = tuple(self._venue.fetch_positions())
        balances = tuple(self._venue.fetch_balances())
        return AccountRead(self._venue.name, self._venue.account, balances, positions, asked_ns)

    def answer_funding(self, slot: Slot) -> None:
        """Publish what was paid and received since the last reading; then `slot` is answered."""
        try:
            self._funding(self._funding_ms)
        except VenueReadError as error:
            self._actor.log.warning("funding not read", venue=self._venue.name, error=str(error))
        slot.set(True)

    def forget_funding(self, known_ms: int) -> None:
        """Funding after `known_ms` is asked for again: who books it has not, perhaps."""
        self._funding_ms = min(self._funding_ms or known_ms, known_ms)

    def _funding(self, since_ms: int) -> None:
        before_ms, asked_ms = self._funding_ms, self._venue.venue_ms()
        since_ms = max(0, since_ms - FUNDING_OVERLAP_MS)
        payments = tuple(self._venue.fetch_funding_payments(since_ms))
        self._actor.publish(FUNDING, FundingRead(self._venue.name, self._venue.account, payments, since_ms, asked_ms))
        if self._funding_ms == before_ms:  # else it was forgotten meanwhile
            self._funding_ms = asked_ms
