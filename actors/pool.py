"""One capital pool (CAP-2): answers reservations, and gives back what its owners no longer need."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import attrs

from actors.balances import EQUITY, EquityChanged
from actors.orders import OPENED, SETTLED, ReadOpenTrades
from actors.runtime import Actor, DomainError, handles
from perpbot.capital.pool import NotReservedError, Pool
from perpbot.clock import NS_PER_SECOND, monotonic_ns
from perpbot.execution.entries import TradeOpened, TradeRecord
from perpbot.model.money import plain

EXPIRE_EVERY_S = 1.0


class ReservationRefusedError(DomainError):
    """The pool has too little; the text says where."""


@attrs.frozen
class Reserve:
    """Set capital aside for a trade at all its venues, or at none. The answer is a `Reserved`."""

    owner: str
    amounts: Mapping[str, Decimal]


@attrs.frozen
class Reserved:
    """It is set aside. `available` is what each venue had before."""

    available: Mapping[str, Decimal]


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


@attrs.frozen
class _Expire:
    """Time passed."""


class CapitalPool(Actor):
    """Holds one pool's share of every venue's equity."""

    def __init__(self, name: str, share: Decimal, *, orders: str, balances: str, ttl_s: float) -> None:
        super().__init__()
        self._pool = Pool(name)
        self._share = share
        self._orders_address = orders
        self._balances_address = balances
        self._ttl_ns = int(ttl_s * NS_PER_SECOND)
        self._refused = 0

    def on_start(self) -> None:
        """Adopt the reservations of trades in progress, then listen."""
        self.subscribe(self._orders_address, OPENED)
        self.subscribe(self._orders_address, SETTLED)
        for trade in self.look_up(self._orders_address).ask(ReadOpenTrades()):
            if trade.pool == self._pool.name:
                self._pool.adopt(trade.plan.trade_id, trade.reserved)
        self.subscribe(self._balances_address, EQUITY)
        self.timers.every(EXPIRE_EVERY_S, _Expire())

    @handles(EquityChanged)
    def on_equity(self, news: EquityChanged) -> None:
        """The pool's share of each venue."""
        for venue, capital in news.venues.items():
            self._pool.set_total(venue, capital.equity * self._share)

    @handles(Reserve)
    def on_reserve(self, request: Reserve) -> Reserved:
        """Set aside, all or nothing."""
        available = {venue: self._pool.available(venue) for venue in request.amounts}
        try:
            self._pool.reserve(request.owner, request.amounts, monotonic_ns() + self._ttl_ns)
        except NotReservedError as error:
            self._refused += 1
            raise ReservationRefusedError(str(error)) from error
        return Reserved(available)

    @handles(Release)
    def on_release(self, request: Release) -> bool:
        """Give back; whether there was anything."""
        return self._pool.release(request.owner)

    @handles(TradeOpened)
    def on_opened(self, opened: TradeOpened) -> None:
        """The trade is in the journal: its reservation lives as long as it does."""
        if opened.pool == self._pool.name and not self._pool.confirm(opened.plan.trade_id):
            self._pool.adopt(opened.plan.trade_id, opened.reserved)

    @handles(TradeRecord)
    def on_settled(self, record: TradeRecord) -> None:
        """The trade is over."""
        self._pool.release(record.trade_id)

    @handles(_Expire)
    def on_expire(self, _: _Expire) -> None:
        """Give back what was reserved for trades that never were."""
        for late in self._pool.expire(monotonic_ns()):
            self.log.warning("reservation expired", owner=late.owner)

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
        )

    def describe(self) -> dict[str, Any]:
        """Totals, and who holds what."""
        return {
            "share": plain(self._share),
            "total": {venue: plain(each) for venue, each in self._pool.totals.items()},
            "available": {venue: plain(self._pool.available(venue)) for venue in self._pool.totals},
            "reserved": list(self._pool.reservations),
            "refused": self._refused,
        }
