"""A pool of capital: its capital by venue, what is reserved, what is left (CAP-2, CAP-3). Arithmetic only.

A pool may borrow from another one: the reserve tops up the arbitrage pool (CAP-4). A loan is told as the whole amount
that is lent now, so that telling it twice, or again after a restart of either, changes nothing.
"""

from collections.abc import Mapping
from decimal import Decimal

import attrs

from perpbot.config.limits import Capital
from perpbot.model.money import ZERO, plain


class NotReservedError(Exception):
    """The pool cannot reserve what was asked for; the text says where it falls short."""


@attrs.frozen
class Reservation:
    """Capital set aside for one owner, venue by venue, in each venue's currency."""

    owner: str
    """The trade it is for."""
    amounts: Mapping[str, Decimal]
    expires_ns: int | None
    """Monotonic; None once the owner has confirmed that it lives."""


class Pool:
    """One pool over all venues. All legs are reserved or none, twice is once, and a release counts once."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._totals: dict[str, Decimal] = {}
        self._reservations: dict[str, Reservation] = {}
        self._allocated: dict[str, Decimal] = {}
        self._borrowed: dict[str, Decimal] = {}
        self._lent: dict[str, Mapping[str, Decimal]] = {}

    @property
    def totals(self) -> Mapping[str, Decimal]:
        """The pool's own capital by venue."""
        return self._totals

    @property
    def borrowed(self) -> Mapping[str, Decimal]:
        """What it has from another pool, by venue."""
        return self._borrowed

    @property
    def reservations(self) -> Mapping[str, Reservation]:
        """What is set aside, by owner."""
        return self._reservations

    def set_total(self, venue: str, amount: Decimal) -> None:
        """The pool's capital at `venue` is now `amount`."""
        self._totals[venue] = amount

    def allocated(self, venue: str) -> Decimal:
        """What is reserved at `venue`."""
        return self._allocated.get(venue, ZERO)

    def available(self, venue: str) -> Decimal:
        """What may still be reserved at `venue`; less than zero when the venue lost what is reserved."""
        return self._own(venue) + self._borrowed.get(venue, ZERO) - self.allocated(venue)

    def lent(self, venue: str) -> Decimal:
        """What other pools have of it at `venue`."""
        return sum((each.get(venue, ZERO) for each in self._lent.values()), ZERO)

    def _own(self, venue: str) -> Decimal:
        return self._totals.get(venue, ZERO) - self.lent(venue)

    # -- loans ---------------------------------------------------------------------------------------------------

    def wanted_loan(self, most_use: Decimal, needed: Mapping[str, Decimal]) -> dict[str, Decimal]:
        """What would have to be lent to it, by venue, so that no more than `most_use` (a fraction) of it is used.

        `needed` is about to be reserved on top.
        """
        loans = {}
        for venue in {**self._totals, **needed}:
            used = self.allocated(venue) + needed.get(venue, ZERO)
            missing = used / most_use - self._totals.get(venue, ZERO)
            if missing > 0:
                loans[venue] = missing
        return loans

    def borrow(self, loans: Mapping[str, Decimal]) -> None:
        """It now has `loans` from another pool, and nothing else."""
        self._borrowed = dict(loans)

    def lend(self, borrower: str, wanted: Mapping[str, Decimal]) -> dict[str, Decimal]:
        """Lend as much of `wanted` as is free, in place of what `borrower` had before; returns what that is."""
        self._lent.pop(borrower, None)
        free = {venue: max(ZERO, self.available(venue)) for venue in wanted}
        granted = {venue: min(amount, free[venue]) for venue, amount in wanted.items() if free[venue]}
        if granted:
            self._lent[borrower] = granted
        return granted

    # -- reservations --------------------------------------------------------------------------------------------

    def reserve(self, owner: str, amounts: Mapping[str, Decimal], expires_ns: int) -> Reservation:
        """Set `amounts` aside at once or not at all. The same owner gets the reservation it has.

        Raises:
            NotReservedError: a venue has less available.
        """
        held = self._reservations.get(owner)
        if held is not None:
            return held
        for venue, amount in amounts.items():
            if amount <= 0:
                raise NotReservedError(f"{plain(amount)} cannot be reserved at {venue}: it must be more than zero")
            available = self.available(venue)
            if amount > available:
                raise NotReservedError(
                    f"pool {self.name} has {plain(available)} available at {venue}, {plain(amount)} is needed"
                )
        return self._hold(Reservation(owner, dict(amounts), expires_ns))

    def adopt(self, owner: str, amounts: Mapping[str, Decimal]) -> None:
        """Set aside again what a living owner holds, after a restart; also when that is more than there is."""
        self.release(owner)
        self._hold(Reservation(owner, dict(amounts), None))

    def _hold(self, reservation: Reservation) -> Reservation:
        self._reservations[reservation.owner] = reservation
        for venue, amount in reservation.amounts.items():
            self._allocated[venue] = self.allocated(venue) + amount
        return reservation

    def confirm(self, owner: str) -> bool:
        """The owner lives: its reservation does not expire any more. False when there is none."""
        held = self._reservations.get(owner)
        if held is None:
            return False
        self._reservations[owner] = attrs.evolve(held, expires_ns=None)
        return True

    def release(self, owner: str) -> bool:
        """Give the owner's reservation back. False when there is none, or none any more."""
        given_back = self._reservations.pop(owner, None)
        if given_back is None:
            return False
        for venue, amount in given_back.amounts.items():
            self._allocated[venue] -= amount
        return True

    def expire(self, now_ns: int) -> list[Reservation]:
        """Give back reservations whose owners never confirmed; returns them."""
        late = [
            each for each in self._reservations.values() if each.expires_ns is not None and each.expires_ns <= now_ns
        ]
        for each in late:
            self.release(each.owner)
        return late


def fractions(settings: Capital) -> dict[str, Decimal]:
    """Each pool's fraction of the equity, by name."""
    pools = settings.pools
    enabled = {"wash": pools.wash.enabled, "arb": pools.arb.enabled, "reserve": pools.reserve.enabled}
    return shares(settings.shares(), enabled)


def shares(configured: Mapping[str, Decimal], enabled: Mapping[str, bool]) -> dict[str, Decimal]:
    """Each enabled pool's fraction of the equity: the shares of those switched off are not left idle."""
    total = sum((share for name, share in configured.items() if enabled[name]), ZERO)
    return {name: share / total if enabled[name] and total else ZERO for name, share in configured.items()}
