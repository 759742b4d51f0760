"""What we hold and what it earned, from fills, and checked against what the venues say (RSK-3)."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

import attrs

from actors.account_reader import ACCOUNT, FUNDING, AccountRead, FundingRead, ReadFunding
from actors.instruments import LOADED, InstrumentsLoaded
from actors.journal import Append, Replay
from actors.market_news import MARKS, MarkMoved
from actors.order_requests import FILLS, INTENDED, OPENED
from actors.runtime import Actor, MailboxSpec, Overflow, handles
from perpbot.clock import NS_PER_HOUR, monotonic_ns
from perpbot.execution.accounting import KINDS, Accounting
from perpbot.execution.condensing import hold
from perpbot.execution.entries import (
    ForeignAdopted,
    FundingBooked,
    FundingCaughtUp,
    HoldingCarried,
    OrderFilled,
    OrdersIntended,
    ResidualLeft,
    ResidualTaken,
    TradeOpened,
)
from perpbot.model.money import ZERO, Price, plain
from perpbot.model.order import FundingPayment
from perpbot.portfolio.exposure import Exposure, exposure
from perpbot.portfolio.holding import Holding, HoldingKey
from perpbot.portfolio.pnl import Account
from perpbot.portfolio.profit import Profit

EXPOSURE = "exposure"
"""Topic: `ExposureChanged`, retained."""
DOUBTS = "doubts"
"""Topic: `DoubtsChanged`, retained."""
FUNDING_PAID = "funding-paid"
"""Topic: `FundingPaid`, retained."""
HOURS_KEPT = 72
REFS_KEPT = 20_000
"""Ids of fills and of funding payments, each; what is told again is told soon."""
MARK_EVERY_MS = 3_600_000
"""How often it is remembered that there was no funding."""


@attrs.frozen
class ExposureChanged:
    """Positions changed, or their value did."""

    exposure: Exposure


@attrs.frozen
class FundingPaid:
    """What funding came to of late, all venues together and different dollars one to one; positive was received."""

    by_hour: Mapping[int, Decimal]
    """By the hour, since 1970 and by the venue's clock, in which it was settled."""


@attrs.frozen
class Mismatch:
    """A venue says something else than our fills, twice in a row."""

    key: HoldingKey
    ours: Decimal
    theirs: Decimal
    entry_price: Price | None = None
    """What a coin of theirs cost, where the venue says so."""

    @property
    def quantity(self) -> Decimal:
        """What would make ours theirs."""
        return self.theirs - self.ours


@attrs.frozen
class DoubtsChanged:
    """The positions that venues contradict, by venue and symbol."""

    doubted: frozenset[tuple[str, str]]


@attrs.frozen
class TakeMismatch:
    """Somebody makes up for what a venue says otherwise: it counts no more, unless the venue goes on to say it.

    The answer is the `Mismatch`, or None, and nothing is taken, where it is not of this quantity any more, or something
    of ours was filled since the venue was asked.
    """

    key: HoldingKey
    quantity: Decimal


@attrs.frozen
class ReadPositions:
    """The answer is a `PositionsView`."""


@attrs.frozen
class ReadPnl:
    """The answer is every `Account` and its `Profit`: realised, fees and funding, since the journal began."""


@attrs.frozen
class PositionsView:
    """All positions at one moment."""

    holdings: Mapping[HoldingKey, Holding]
    currencies: Mapping[tuple[str, str], str]
    """Quote currency by venue and symbol."""
    marks: Mapping[str, Decimal]
    exposure: Exposure
    mismatches: tuple[Mismatch, ...]

    @property
    def fee_coins(self) -> frozenset[str]:
        """What fees were taken in and nothing is quoted in."""
        paid = {coin for each in self.holdings.values() for coin in each.other_fees}
        return frozenset(paid.difference(self.currencies.values()))

    def evolve_holdings(self, holdings: Mapping[HoldingKey, Holding]) -> "PositionsView":
        """The same view of other holdings, at the same marks."""
        return attrs.evolve(self, holdings=holdings)


class Positions(Actor):
    """Sums our fills; the sum is the truth that venues' readings are checked against."""

    mailbox = MailboxSpec(capacity=100_000, overflow=Overflow.REJECT)

    def __init__(
        self,
        journal: str,
        orders: str,
        connections: Mapping[str, str],
        scanners: Iterable[str],
        instruments: Iterable[str],
    ) -> None:
        """Sum what the venues of `connections` (venue to address of its trading connection) tell."""
        super().__init__()
        self._journal_address = journal
        self._orders_address = orders
        self._connection_addresses = connections
        self._scanner_addresses = list(scanners)
        self._instrument_addresses = list(instruments)
        self._holdings: dict[HoldingKey, Holding] = {}
        self._seen: dict[tuple[str, str, str], None] = {}
        """Fills that are counted, the newest; news that the replay had already is not counted again."""
        self._booked: dict[tuple[str, str, str], None] = {}
        """Funding payments that are counted, the newest; venues are asked for the last minutes again and again."""
        self._funding_ms: dict[tuple[str, str], int] = {}
        """By venue and account, the venue's time up to which all funding is booked."""
        self._currencies: dict[tuple[str, str], str] = {}
        self._marks: dict[str, Decimal] = {}
        self._changed_ns: dict[HoldingKey, int] = {}
        self._doubts: dict[HoldingKey, Decimal] = {}
        self._mismatches: dict[HoldingKey, Mismatch] = {}
        self._accounting = Accounting()
        self._paid: dict[int, Decimal] = {}

    def on_start(self) -> None:
        """Sum what the journal has, then listen."""
        journal = self._journal = self.look_up(self._journal_address)
        for topic in (OPENED, INTENDED, FILLS):
            self.subscribe(self._orders_address, topic)
        for line in journal.ask(Replay((*KINDS, HoldingCarried, FundingCaughtUp)), timeout_s=60.0):
            match line.entry:
                case OrderFilled():
                    self._add(line.entry)
                case FundingBooked():
                    self._book(line.entry)
                case HoldingCarried():
                    hold(self._holdings, line.entry)
                case FundingCaughtUp(venue=venue, account=account, until_ms=until_ms):
                    self._funding_ms[venue, account] = until_ms
                case _:
                    self._accounting.apply(line.entry)
        self._orders = self.look_up(self._orders_address)
        self.publish(FUNDING_PAID, FundingPaid(dict(self._paid)), retain=True)
        for address in self._instrument_addresses:
            self.subscribe(address, LOADED)
        for address in self._scanner_addresses:
            self.subscribe(address, MARKS)
        for address in self._connection_addresses.values():
            self.subscribe(address, ACCOUNT)
            self.subscribe(address, FUNDING)

    # -- what changes them ---------------------------------------------------------------------------------------

    @handles(TradeOpened)
    def on_opened(self, opened: TradeOpened) -> None:
        """Learn whose orders they are."""
        self._accounting.apply(opened)

    @handles(OrdersIntended)
    def on_intended(self, intended: OrdersIntended) -> None:
        """Learn whose orders they are."""
        self._accounting.apply(intended)

    @handles(ForeignAdopted)
    def on_adopted(self, adopted: ForeignAdopted) -> None:
        """Learn whose order it stands for."""
        self._accounting.apply(adopted)

    @handles(ResidualLeft)
    def on_residual_left(self, left: ResidualLeft) -> None:
        """It is the trade's no more; what is held is the same."""
        self._accounting.apply(left)

    @handles(ResidualTaken)
    def on_residual_taken(self, taken: ResidualTaken) -> None:
        """It is another trade's now; what is held is the same."""
        self._accounting.apply(taken)

    @handles(OrderFilled)
    def on_fill(self, filled: OrderFilled) -> None:
        """Add a fill, once."""
        self._add(filled)
        self._announce()

    def _add(self, filled: OrderFilled) -> None:
        fill = filled.fill
        ref = (fill.venue, filled.client_id, fill.trade_ref)  # some venues number the fills of each symbol apart
        if ref in self._seen:
            return
        _keep(self._seen, ref)
        self._accounting.apply(filled)
        key = (fill.venue, fill.account, fill.symbol)
        self._holdings[key] = self._holdings.get(key, Holding()).with_fill(fill)
        self._currencies.setdefault((fill.venue, fill.symbol), fill.currency)
        self._changed_ns[key] = monotonic_ns()

    @handles(FundingPayment)
    def on_funding(self, payment: FundingPayment) -> None:
        """Book a funding payment, once, and remember it."""
        if (payment.venue, payment.account, payment.ref) not in self._booked:
            booked = self._accounting.booked(payment)
            self._journal.ask(Append([booked]))
            self._book(booked)
            self._orders.tell(booked)
            self.publish(FUNDING_PAID, FundingPaid(dict(self._paid)), retain=True)

    @handles(FundingRead)
    def on_funding_read(self, read: FundingRead) -> None:
        """Book what is new, and remember up to when all is booked.

        What was read while nobody here listened is read again: the venue does not tell it by itself.
        """
        place = read.venue, read.account
        known_ms = self._funding_ms.get(place)
        new = {each.ref: each for each in read.payments if (*place, each.ref) not in self._booked}
        booked = [self._accounting.booked(each) for each in new.values()]
        entries: list[FundingBooked | FundingCaughtUp] = [*booked]
        if known_ms is not None and read.since_ms > known_ms:
            self.look_up(self._connection_addresses[read.venue]).tell(ReadFunding(known_ms))
        elif booked or known_ms is None or read.until_ms - known_ms >= MARK_EVERY_MS:
            entries.append(FundingCaughtUp(venue=read.venue, account=read.account, until_ms=read.until_ms))
        if entries:
            self._journal.ask(Append(entries))
        if entries[len(booked) :]:
            self._funding_ms[place] = read.until_ms
        for each in booked:
            self._book(each)
            self._orders.tell(each)
        if booked:
            self.publish(FUNDING_PAID, FundingPaid(dict(self._paid)), retain=True)

    def _book(self, booked: FundingBooked) -> None:
        payment = booked.payment
        ref = (payment.venue, payment.account, payment.ref)
        if ref not in self._booked:
            _keep(self._booked, ref)
            self._accounting.apply(booked)
            self._pay(payment)
            key = (payment.venue, payment.account, payment.symbol)
            self._holdings[key] = self._holdings.get(key, Holding()).with_funding(payment.amount.amount)

    def _pay(self, payment: FundingPayment) -> None:
        hour = payment.settled_ns // NS_PER_HOUR
        self._paid[hour] = self._paid.get(hour, ZERO) + payment.amount.amount
        for each in [each for each in self._paid if each < max(self._paid) - HOURS_KEPT]:
            del self._paid[each]

    @handles(InstrumentsLoaded)
    def on_instruments(self, news: InstrumentsLoaded) -> None:
        """Learn the quote currencies."""
        for instrument in news.instruments:
            self._currencies[news.venue, instrument.symbol] = instrument.quote

    @handles(MarkMoved)
    def on_mark(self, mark: MarkMoved) -> None:
        """Value positions anew."""
        self._marks[mark.symbol] = mark.price
        self._announce()

    def _announce(self) -> None:
        self.publish(EXPOSURE, ExposureChanged(self._exposure()), retain=True)

    def _exposure(self) -> Exposure:
        quantities = {key: each.quantity for key, each in self._holdings.items() if key[2] in self._marks}
        return exposure(quantities, self._marks)

    # -- what the venues say -------------------------------------------------------------------------------------

    @handles(AccountRead)
    def on_account(self, read: AccountRead) -> None:
        """Compare; a difference counts when a second reading confirms it and nothing filled in between."""
        theirs = {(each.venue, each.account, each.symbol): each.quantity for each in read.positions}
        ours = {key: each.quantity for key, each in self._holdings.items() if key[:2] == (read.venue, read.account)}
        doubted = {key for key in self._mismatches if key[:2] == (read.venue, read.account)}
        prices = {(each.venue, each.account, each.symbol): each.entry_price for each in read.positions}
        for key in sorted({*theirs, *ours, *doubted}):
            self._compare(Mismatch(key, ours.get(key, ZERO), theirs.get(key, ZERO), prices.get(key)), read.read_ns)

    def _compare(self, said: Mismatch, read_ns: int) -> None:
        key, ours, theirs = said.key, said.ours, said.theirs
        settling = self._changed_ns.get(key, 0) >= read_ns
        if ours == theirs or settling:
            self._doubts.pop(key, None)
            if ours == theirs and self._mismatches.pop(key, None) is not None:
                self.log.info("position agrees again", position=key)
                self._announce_doubts()
            return
        if self._doubts.get(key) != theirs - ours:
            self._doubts[key] = theirs - ours
            return
        if key not in self._mismatches:
            self.log.error("position differs", position=key, ours=plain(ours), venue_says=plain(theirs))
        self._mismatches[key] = said
        self._announce_doubts()

    @handles(TakeMismatch)
    def on_take_mismatch(self, request: TakeMismatch) -> Mismatch | None:
        """It is being made up for."""
        found, holding = self._mismatches.get(request.key), self._holdings.get(request.key, Holding())
        if found is None or found.quantity != request.quantity or found.ours != holding.quantity:
            return None
        del self._mismatches[request.key]
        self._doubts.pop(request.key, None)
        self._announce_doubts()
        return found

    def _announce_doubts(self) -> None:
        doubted = frozenset((venue, symbol) for venue, _, symbol in self._mismatches)
        self.publish(DOUBTS, DoubtsChanged(doubted), retain=True)

    # -- reading -------------------------------------------------------------------------------------------------

    @handles(ReadPositions)
    def on_read(self, _: ReadPositions) -> PositionsView:
        """All positions now."""
        return PositionsView(
            dict(self._holdings),
            dict(self._currencies),
            dict(self._marks),
            self._exposure(),
            tuple(self._mismatches.values()),
        )

    @handles(ReadPnl)
    def on_read_pnl(self, _: ReadPnl) -> Mapping[Account, Profit]:
        """All profit and loss now."""
        return dict(self._accounting.pnl.booked)

    def describe(self) -> dict[str, Any]:
        """Positions that are not zero, and what does not agree."""
        return {
            "positions": {"/".join(key): str(each.quantity) for key, each in self._holdings.items() if each.quantity},
            "fills": len(self._seen),
            "funding_payments": len(self._booked),
            "mismatches": [attrs.asdict(each) for each in self._mismatches.values()],
        }


def _keep(known: dict[tuple[str, str, str], None], ref: tuple[str, str, str]) -> None:
    known[ref] = None
    if len(known) > REFS_KEPT:
        del known[next(iter(known))]
