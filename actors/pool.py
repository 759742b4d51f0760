"""One capital pool (CAP-2): answers reservations, and gives back what its owners no longer need.

The arbitrage pool also knows what each symbol may use of it (CAP-6), and borrows from the reserve while it is used
by more than `capital.reserve_topup_pct` at a venue (CAP-4). It says what it wants to have in all, once a second and
before it would fall short: so both sides agree again soon after either was restarted.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import attrs
import msgspec

from actors.balances import EQUITY, EquityChanged
from actors.order_requests import OPENED, REOPENED, SETTLED, ReadOpenTrades, ReadTrade
from actors.reconfiguration import Reconfigured
from actors.runtime import Actor, ActorDeadError, AskTimeoutError, DomainError, handles
from perpbot.capital.allocation import Allocation, AllocationSummary, SymbolAllocation
from perpbot.capital.pool import NotReservedError, Pool, fractions
from perpbot.clock import NS_PER_SECOND, monotonic_ns
from perpbot.execution.entries import TradeMoved, TradeOpened, TradeRecord
from perpbot.execution.views import TradeView
from perpbot.model.money import ZERO, plain

HUNDRED = Decimal(100)
EXPIRE_EVERY_S = 1.0
LEND_S = 0.5
"""How long the reserve may take to answer: an opportunity waits for it."""


class ReservationRefusedError(DomainError):
    """The pool has too little; the text says where."""


class Reserve(msgspec.Struct, frozen=True, gc=False):
    """Set capital aside for a trade at all its venues, or at none. The answer is a `Reserved`."""

    owner: str
    symbol: str
    amounts: Mapping[str, Decimal]


class Reserved(msgspec.Struct, frozen=True, gc=False):
    """It is set aside. `available` is what each venue had before."""

    available: Mapping[str, Decimal]
    symbol_room: Decimal | None = None
    """What the symbol might have used more before; None where symbols have no part of their own."""


@attrs.frozen
class Lend:
    """From another pool: have so much lent to it in all, by venue. The answer is what is, by venue."""

    borrower: str
    wanted: Mapping[str, Decimal]


@attrs.frozen
class Release:
    """Give back what was set aside for a trade that never was."""

    owner: str


@attrs.frozen
class ReadPool:
    """The answer is a `PoolView`."""


@attrs.frozen
class PoolView:
    """A pool at one moment, by venue."""

    name: str
    total: Mapping[str, Decimal]
    allocated: Mapping[str, Decimal]
    available: Mapping[str, Decimal]
    owners: tuple[str, ...]
    borrowed: Mapping[str, Decimal] = attrs.field(factory=dict)
    """Of the total and the available: what another pool lent to it, by venue."""
    symbols: Mapping[str, SymbolAllocation] = attrs.field(factory=dict)
    """What each symbol may use and uses, over all venues; empty where symbols have no part of their own."""
    summary: AllocationSummary | None = None
    """The same for all symbols together."""


@attrs.frozen(kw_only=True)
class TopUp:
    """Where a pool borrows, and when."""

    lender: str
    """Address of the pool that lends."""
    most_use: Decimal
    """Fraction of what the pool has at a venue; above that it borrows."""


@attrs.frozen
class _Expire:
    """Time passed."""


@attrs.frozen
class _Rebalance:
    """It is time to compare the symbols' use."""


class CapitalPool(Actor):
    """Holds one pool's share of every venue's equity."""

    def __init__(
        self,
        name: str,
        share: Decimal,
        *,
        orders: str,
        balances: str,
        ttl_s: float,
        allocation: Allocation | None = None,
        rebalance_s: float = 3_600.0,
        top_up: TopUp | None = None,
    ) -> None:
        """Hold `share` of each venue's equity.

        Args:
            name: of the pool.
            share: fraction of the equity.
            orders: address of the order book.
            balances: address of the balances.
            ttl_s: time after which what was reserved for a trade that never was is given back.
            allocation: what each symbol may use, where symbols have a part of their own.
            rebalance_s: how often their use is compared.
            top_up: where it borrows, if it does.
        """
        super().__init__()
        self._pool = Pool(name)
        self._allocation = allocation
        self._rebalance_s = rebalance_s
        self._top_up = top_up
        self._share = share
        self._orders_address = orders
        self._balances_address = balances
        self._ttl_ns = int(ttl_s * NS_PER_SECOND)
        self._refused = 0
        self._equity: EquityChanged | None = None

    def on_start(self) -> None:
        """Adopt the reservations of trades in progress, then listen."""
        self.subscribe(self._orders_address, OPENED)
        self.subscribe(self._orders_address, REOPENED)
        self.subscribe(self._orders_address, SETTLED)
        for trade in self.look_up(self._orders_address).ask(ReadOpenTrades()):
            self._adopt(trade)
        self.subscribe(self._balances_address, EQUITY)
        self.timers.every(EXPIRE_EVERY_S, _Expire())
        if self._allocation is not None:
            self.timers.every(self._rebalance_s, _Rebalance())

    @handles(EquityChanged)
    def on_equity(self, news: EquityChanged) -> None:
        """The pool's share of each venue."""
        self._equity = news
        for venue, capital in news.venues.items():
            self._pool.set_total(venue, capital.equity * self._share)
        if self._allocation is not None:
            self._allocation.set_total(sum(self._pool.totals.values(), ZERO))

    @handles(Reconfigured)
    def on_reconfigured(self, news: Reconfigured) -> None:
        """Another share, other parts of it for symbols; what is reserved stays reserved."""
        capital = news.settings.capital
        self._share = fractions(capital)[self._pool.name]
        self._ttl_ns = int(capital.reservation_ttl_sec * NS_PER_SECOND)
        if self._top_up is not None:
            self._top_up = attrs.evolve(self._top_up, most_use=capital.reserve_topup_pct / HUNDRED)
        if self._allocation is not None:
            self._allocation.follow(capital.allocation)
            if self._rebalance_s != capital.allocation.rebalance_interval_sec:
                self._rebalance_s = capital.allocation.rebalance_interval_sec
                self.timers.every(self._rebalance_s, _Rebalance())
        if self._equity is not None:
            self.on_equity(self._equity)

    @handles(Reserve)
    def on_reserve(self, request: Reserve) -> Reserved:
        """Set aside, all or nothing."""
        self._borrow(request.amounts, before=True)
        available = {venue: self._pool.available(venue) for venue in request.amounts}
        try:
            self._pool.reserve(request.owner, request.amounts, monotonic_ns() + self._ttl_ns)
        except NotReservedError as error:
            self._refused += 1
            raise ReservationRefusedError(str(error)) from error
        return Reserved(available, self._take_part(request))

    def _take_part(self, request: Reserve) -> Decimal | None:
        if self._allocation is None:
            return None
        room = self._allocation.room(request.symbol)
        if self._allocation.check(request.symbol, sum(request.amounts.values(), ZERO)):
            self._record(request.owner, request.symbol, request.amounts)
        return room

    def _record(self, owner: str, symbol: str, amounts: Mapping[str, Decimal]) -> None:
        if self._allocation is not None:
            self._allocation.record(owner, symbol, sum(amounts.values(), ZERO))

    def _give_back(self, owner: str) -> bool:
        if self._allocation is not None:
            self._allocation.release(owner)
        return self._pool.release(owner)

    # -- borrowing and lending -----------------------------------------------------------------------------------

    def _borrow(self, needed: Mapping[str, Decimal], *, before: bool = False) -> None:
        """Have the reserve lend what is wanted now; `before` a reservation only when that is more than there is."""
        if self._top_up is None:
            return
        wanted = self._pool.wanted_loan(self._top_up.most_use, needed)
        borrowed = self._pool.borrowed
        enough = all(amount <= borrowed.get(venue, ZERO) for venue, amount in wanted.items())
        if enough and (before or not borrowed):
            return
        try:
            granted = self.look_up(self._top_up.lender).ask(Lend(self._pool.name, wanted), timeout_s=LEND_S)
        except (ActorDeadError, AskTimeoutError) as error:
            self.log.warning("the reserve does not answer", why=str(error))
            return
        self._pool.borrow(granted)

    @handles(Lend)
    def on_lend(self, request: Lend) -> dict[str, Decimal]:
        """Lend what is free, in place of what was lent before."""
        return self._pool.lend(request.borrower, request.wanted)

    def _adopt(self, trade: TradeView | TradeOpened) -> None:
        """Set aside again what a trade in progress has, when it has it from this pool."""
        if trade.pool == self._pool.name:
            self._pool.adopt(trade.plan.trade_id, trade.reserved)
            self._record(trade.plan.trade_id, trade.plan.symbol, trade.reserved)

    # -- ends ----------------------------------------------------------------------------------------------------

    @handles(Release)
    def on_release(self, request: Release) -> bool:
        """Give back; whether there was anything."""
        return self._give_back(request.owner)

    @handles(TradeOpened)
    def on_opened(self, opened: TradeOpened) -> None:
        """The trade is in the journal: its reservation lives as long as it does."""
        if opened.pool == self._pool.name and not self._pool.confirm(opened.plan.trade_id):
            self._adopt(opened)

    @handles(TradeMoved)
    def on_reopened(self, moved: TradeMoved) -> None:
        """A trade that was over is in progress again, and uses its capital again."""
        trade: TradeView | None = self.look_up(self._orders_address).ask(ReadTrade(moved.trade_id))
        if trade is not None:
            self._adopt(trade)

    @handles(TradeRecord)
    def on_settled(self, record: TradeRecord) -> None:
        """The trade is over."""
        self._give_back(record.trade_id)

    @handles(_Expire)
    def on_expire(self, _: _Expire) -> None:
        """Give back what was reserved for trades that never were, and what is not needed of a loan any more."""
        for late in self._pool.expire(monotonic_ns()):
            self._give_back(late.owner)
            self.log.warning("reservation expired", owner=late.owner)
        self._borrow({})

    @handles(_Rebalance)
    def on_rebalance(self, _: _Rebalance) -> None:
        """Share out anew where the symbols' use differs by too much."""
        if self._allocation is not None and self._allocation.rebalance_if_needed():
            shares = {symbol: plain(round(each.allocated, 2)) for symbol, each in self._allocation.status().items()}
            self.log.info("capital shared out anew between symbols", pool=self._pool.name, shares=shares)

    @handles(ReadPool)
    def on_read(self, _: ReadPool) -> PoolView:
        """The pool now."""
        pool = self._pool
        return PoolView(
            pool.name,
            dict(pool.totals),
            {venue: pool.allocated(venue) for venue in pool.totals},
            {venue: pool.available(venue) for venue in pool.totals},
            tuple(pool.reservations),
            dict(pool.borrowed),
            {} if self._allocation is None else self._allocation.status(),
            None if self._allocation is None else self._allocation.summary(),
        )

    def describe(self) -> dict[str, Any]:
        """Totals, and who holds what."""
        return {
            "share": plain(self._share),
            "total": {venue: plain(each) for venue, each in self._pool.totals.items()},
            "available": {venue: plain(self._pool.available(venue)) for venue in self._pool.totals},
            "borrowed": {venue: plain(each) for venue, each in self._pool.borrowed.items()},
            "lent": {venue: plain(self._pool.lent(venue)) for venue in self._pool.totals},
            "reserved": list(self._pool.reservations),
            "refused": self._refused,
        }
