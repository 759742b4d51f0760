"""What we own at each venue, its highest so far, and which venues are in safe mode (CAP-1, CAP-4)."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

import attrs

from actors.account_reader import ACCOUNT, AccountRead
from actors.journal import Append, Replay
from actors.runtime import Actor, handles
from perpbot.config.limits import Capital
from perpbot.execution.entries import PeakEquity
from perpbot.model.money import ZERO
from perpbot.model.order import Balance

EQUITY = "equity"
"""Topic: `EquityChanged`, retained."""
HUNDRED = Decimal(100)
RECORD_STEP = Decimal("1.001")
"""A new peak is journalled when it is this much above the last one that was."""


@attrs.frozen
class VenueCapital:
    """One venue's equity. Amounts are its collateral currency, taken as US dollars."""

    equity: Decimal
    available: Decimal
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
        self._enter = settings.safe_mode_drawdown_pct / HUNDRED
        self._leave = settings.safe_mode_release_pct / HUNDRED
        self._balances: dict[str, tuple[Balance, ...]] = {}
        self._venues: dict[str, VenueCapital] = {}
        self._peaks: dict[str, Decimal] = {}
        self._recorded: dict[str, Decimal] = {}
        self._held: dict[str, str | None] = {}
        """By who holds it, the venue that is kept in safe mode; None for all."""

    def on_start(self) -> None:
        """Read the peaks back, then listen."""
        self._journal = self.look_up(self._journal_address)
        for line in self._journal.ask(Replay((PeakEquity,))):
            self._peaks[line.entry.venue] = self._recorded[line.entry.venue] = line.entry.equity
        for address in self._connection_addresses:
            self.subscribe(address, ACCOUNT)

    @handles(AccountRead)
    def on_account(self, read: AccountRead) -> None:
        """Take in one venue's balances."""
        self._balances[read.venue] = read.balances
        equity = sum((each.wallet if each.equity is None else each.equity for each in read.balances), ZERO)
        available = sum((each.available or ZERO for each in read.balances), ZERO)
        peak = self._peak(read.venue, equity)
        before = self._venues.get(read.venue)
        capital = VenueCapital(equity, available, peak, safe_mode=False)
        was_safe = before is not None and before.safe_mode
        safe = capital.drawdown >= (self._leave if was_safe else self._enter) or self._is_held(read.venue)
        if safe != was_safe:
            self.log.warning("safe mode", venue=read.venue, on=safe, drawdown=str(round(capital.drawdown, 4)))
        self._venues[read.venue] = attrs.evolve(capital, safe_mode=safe)
        self._publish()

    def _publish(self) -> None:
        total = sum((each.equity for each in self._venues.values()), ZERO)
        # the total means something once every venue was read
        everywhere = "+".join(sorted(self._venues))  # another set of venues has a highest of its own
        total_peak = self._peak(everywhere, total) if len(self._venues) == len(self._connection_addresses) else total
        self.publish(EQUITY, EquityChanged(dict(self._venues), total, total_peak), retain=True)

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

    def describe(self) -> dict[str, Any]:
        """Each venue's capital."""
        return {venue: {**attrs.asdict(each), "drawdown": each.drawdown} for venue, each in self._venues.items()}
