"""What we own at each venue, its highest so far, and which venues are in safe mode (CAP-1, CAP-4)."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

import attrs

from actors.account_reader import ACCOUNT, AccountRead
from actors.journal import Append, Replay
from actors.reconfiguration import Reconfigured
from actors.runtime import Actor, handles
from perpbot.config.limits import Capital
from perpbot.execution.entries import PeakEquity, SafeModeSet
from perpbot.model.money import ZERO, plain
from perpbot.model.order import Balance

EQUITY = "equity"
"""Topic: `EquityChanged`, retained."""
HUNDRED = Decimal(100)
RECORD_STEP = Decimal("1.001")
"""A new peak is journalled when it is this much above the last one that was."""


@attrs.frozen
class VenueCapital:
    """One venue's equity. Amounts are dollars of whatever kind; coins that lie there are not counted."""

    equity: Decimal
    available: Decimal | None
    """Free for new margin; None where the venue does not say. 0 is an answer."""
    peak: Decimal
    safe_mode: bool

    @property
    def drawdown(self) -> Decimal:
        """How far the equity is below its peak, as a fraction."""
        return (self.peak - self.equity) / self.peak if self.peak else ZERO


@attrs.frozen
class EquityChanged:
    """Balances were read."""

    venues: Mapping[str, VenueCapital]
    equity: Decimal
    peak: Decimal

    @property
    def free(self) -> dict[str, Decimal]:
        """What each venue says is free for new margin; of one that does not say the pools alone limit what is used."""
        return {venue: each.available for venue, each in self.venues.items() if each.available is not None}


@attrs.frozen
class Rebase:
    """Measure drawdowns from the present equity, at one venue or at all: after capital was withdrawn or moved.

    Answered, with the equity by venue, when that is durable.
    """

    venue: str | None
    by: str


@attrs.frozen
class ReadCapital:
    """The answer is each venue's `VenueCapital`."""


@attrs.frozen
class ReadBalances:
    """The answer is every `Balance`, as last read."""


@attrs.frozen
class HoldSafeMode:
    """Keep a venue, or all where none is given, in safe mode whatever its drawdown, until the same `by` lets go."""

    by: str
    on: bool
    venue: str | None = None


class Balances(Actor):
    """Keeps the latest balances and publishes what they come to."""

    def __init__(self, journal: str, connections: Iterable[str], settings: Capital) -> None:
        super().__init__()
        self._journal_address = journal
        self._connection_addresses = list(connections)
        self._settings = settings
        self._balances: dict[str, tuple[Balance, ...]] = {}
        self._venues: dict[str, VenueCapital] = {}
        self._peaks: dict[str, Decimal] = {}
        self._recorded: dict[str, Decimal] = {}
        self._safe: dict[str, bool] = {}
        """By venue, whether its drawdown put it into safe mode; it survives a restart."""
        self._held: dict[str, str | None] = {}
        """By who holds it, the venue that is kept in safe mode; None for all."""

    def on_start(self) -> None:
        """Read the peaks back, then listen."""
        self._journal = self.look_up(self._journal_address)
        for line in self._journal.ask(Replay((PeakEquity, SafeModeSet))):
            if isinstance(line.entry, PeakEquity):
                self._peaks[line.entry.venue] = self._recorded[line.entry.venue] = line.entry.equity
            else:
                self._safe[line.entry.venue] = line.entry.on
        for address in self._connection_addresses:
            self.subscribe(address, ACCOUNT)

    @handles(AccountRead)
    def on_account(self, read: AccountRead) -> None:
        """Take in one venue's balances."""
        self._balances[read.venue] = read.balances
        equity = sum((each.dollars for each in read.balances), ZERO)
        told = [each.available for each in read.balances if each.is_dollars and each.available is not None]
        available = sum(told, ZERO) if told else None
        capital = VenueCapital(equity, available, self._peak(read.venue, equity), safe_mode=False)
        self._venues[read.venue] = attrs.evolve(capital, safe_mode=self._safe_mode(read.venue, capital))
        self._publish()

    def _safe_mode(self, venue: str, capital: VenueCapital) -> bool:
        was_safe = self._safe.get(venue, False)
        limit = self._settings.safe_mode_release_pct if was_safe else self._settings.safe_mode_drawdown_pct
        safe = capital.drawdown * HUNDRED >= limit
        if safe != was_safe:
            self._safe[venue] = safe
            self._journal.ask(Append([SafeModeSet(venue=venue, on=safe)]))
            self.log.warning("safe mode", venue=venue, on=safe, drawdown=str(round(capital.drawdown, 4)))
        return safe or self._is_held(venue)

    def _publish(self) -> None:
        total = sum((each.equity for each in self._venues.values()), ZERO)
        # the total means something once every venue was read
        known = len(self._venues) == len(self._connection_addresses)
        total_peak = self._peak(self._everywhere, total) if known else total
        self.publish(EQUITY, EquityChanged(dict(self._venues), total, total_peak), retain=True)

    @property
    def _everywhere(self) -> str:
        return "+".join(sorted(self._venues))  # another set of venues has a highest of its own

    @handles(Reconfigured)
    def on_reconfigured(self, news: Reconfigured) -> None:
        """Other limits of safe mode count from the next reading on."""
        self._settings = news.settings.capital

    @handles(Rebase)
    def on_rebase(self, request: Rebase) -> dict[str, str]:
        """Begin anew from what there is now; the answer is that, by venue."""
        found = {name: each for name, each in self._venues.items() if request.venue in {None, name}}
        total = sum((each.equity for each in self._venues.values()), ZERO)
        peaks = {**{name: each.equity for name, each in found.items()}, self._everywhere: total}
        self._journal.ask(Append([PeakEquity(venue=venue, equity=peak) for venue, peak in peaks.items()]))
        self._peaks.update(peaks)
        self._recorded.update(peaks)
        for name, each in found.items():
            capital = attrs.evolve(each, peak=each.equity)
            self._venues[name] = attrs.evolve(capital, safe_mode=self._safe_mode(name, capital))
        self.log.warning("drawdowns begin anew", venues=list(found), by=request.by)
        self._publish()
        return {name: plain(each.equity) for name, each in found.items()}

    def _peak(self, venue: str, equity: Decimal) -> Decimal:
        peak = max(self._peaks.get(venue, ZERO), equity)
        self._peaks[venue] = peak
        if peak > self._recorded.get(venue, ZERO) * RECORD_STEP:
            self._recorded[venue] = peak
            self._journal.ask(Append([PeakEquity(venue=venue, equity=peak)]))
        return peak

    def _is_held(self, venue: str) -> bool:
        return any(held in {None, venue} for held in self._held.values())

    @handles(HoldSafeMode)
    def on_hold(self, request: HoldSafeMode) -> None:
        """In force at once; its end is with the next balances."""
        if request.on == (request.by in self._held):
            return
        self.log.warning("safe mode held" if request.on else "safe mode let go", by=request.by, venue=request.venue)
        if not request.on:
            del self._held[request.by]
            return
        self._held[request.by] = request.venue
        for venue, capital in self._venues.items():
            self._venues[venue] = attrs.evolve(capital, safe_mode=capital.safe_mode or self._is_held(venue))
        self._publish()

    @handles(ReadBalances)
    def on_read(self, _: ReadBalances) -> list[Balance]:
        """All balances, as last read."""
        return [balance for balances in self._balances.values() for balance in balances]

    @handles(ReadCapital)
    def on_read_capital(self, _: ReadCapital) -> dict[str, VenueCapital]:
        """Each venue's capital, as last read."""
        return dict(self._venues)

    def describe(self) -> dict[str, Any]:
        """Each venue's capital."""
        return {venue: {**attrs.asdict(each), "drawdown": each.drawdown} for venue, each in self._venues.items()}
