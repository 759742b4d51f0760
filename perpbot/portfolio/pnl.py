"""Profit and loss by day, pool, venue, symbol, currency, trade and leg, from fills and payments, to the last unit.

A fill that closes earns on the day it is executed, by the venue's clock (UTC). A funding payment belongs to the trades
that held the position when it was settled, in proportion; what nobody's trade held belongs to none.
"""

from collections import OrderedDict, deque
from collections.abc import Mapping
from decimal import ROUND_DOWN, Decimal
from itertools import islice
from typing import Literal

import attrs

from perpbot.clock import NS_PER_SECOND, day
from perpbot.model.money import ZERO
from perpbot.model.order import Fill, FundingPayment
from perpbot.portfolio.lots import Lots
from perpbot.portfolio.profit import NO_PROFIT, Profit

TRADES_KEPT = 5_000
"""Trades of which the profit is known by itself; those of before are in the sums."""
LATE_NS = 3 * 24 * 3_600 * NS_PER_SECOND
"""A funding payment that is told later than this after its settlement belongs to no trade."""
NO_TRADE = ""
Facet = Literal["day", "pool", "venue", "symbol"]


@attrs.frozen
class Account:
    """What a profit is booked under."""

    day: str
    """As in ``2026-11-20``."""
    pool: str
    """Empty for what belongs to no trade."""
    venue: str
    symbol: str
    currency: str


@attrs.frozen
class Owner:
    """The leg of a trade, and whose capital it uses."""

    trade_id: str
    leg: str
    pool: str


NOBODY = Owner(NO_TRADE, "", "")


@attrs.define
class _Held:
    """What one leg did at its place, so that funding can be given to it."""

    owner: Owner
    moves: list[tuple[int, Decimal]] = attrs.field(factory=list)
    """Venue's time and signed quantity of each fill."""
    lots: Lots = attrs.field(factory=Lots)

    def quantity_at(self, ns: int) -> Decimal:
        return sum((quantity for at, quantity in self.moves if at <= ns), ZERO)


Place = tuple[str, str, str]
"""Venue, account, symbol."""


class Pnl:
    """All profit and loss so far. Fills and payments are given once each, in the order they became known."""

    def __init__(self) -> None:
        self._booked: dict[Account, Profit] = {}
        self._trades: OrderedDict[str, dict[tuple[str, str], Profit]] = OrderedDict()
        self._held: dict[Place, dict[Owner, _Held]] = {}

    @property
    def booked(self) -> Mapping[Account, Profit]:
        """Every account; profits of prices count when they are realised."""
        return self._booked

    def legs(self, trade_id: str) -> Mapping[tuple[str, str], Profit]:
        """What each leg of a trade has come to, by leg and currency.

        Empty when nothing was filled, or the trade is too old.
        """
        return self._trades.get(trade_id, {})

    def trade(self, trade_id: str) -> dict[str, Profit]:
        """What a trade has come to by currency, all legs together."""
        sums: dict[str, Profit] = {}
        for (_, currency), each in self.legs(trade_id).items():
            sums[currency] = sums.get(currency, NO_PROFIT) + each
        return sums

    def take_fill(self, fill: Fill, owner: Owner = NOBODY) -> None:
        """Book a fill of the leg it belongs to: a fee in another currency than the price's under its own."""
        held = self._held.setdefault((fill.venue, fill.account, fill.symbol), {})
        mine = held.setdefault(owner, _Held(owner))
        mine.moves.append((fill.time_ns, fill.side.sign * fill.quantity))
        earned = Profit(trading=mine.lots.take(fill), fees=fill.quoted_fee, funding=ZERO)
        self._book(owner, fill.time_ns, fill.venue, fill.symbol, fill.currency, earned)
        for currency, fee in fill.other_fee.items():
            paid = Profit(trading=ZERO, fees=fee, funding=ZERO)
            self._book(owner, fill.time_ns, fill.venue, fill.symbol, currency, paid)
        _forget(held, fill.time_ns)

    def shares(self, payment: FundingPayment) -> dict[Owner, Decimal]:
        """What of a payment belongs to whom: to who held something when it was settled, else to nobody."""
        held = self._held.get((payment.venue, payment.account, payment.symbol), {})
        quantities = {
            owner: quantity for owner, each in held.items() if (quantity := each.quantity_at(payment.settled_ns))
        }
        return _shares(payment.amount.amount, quantities)

    def take_funding(self, payment: FundingPayment, shares: Mapping[Owner, Decimal] | None = None) -> None:
        """Book a payment under those whose `shares` it is, which are all of it; they are found where not given."""
        for owner, amount in (self.shares(payment) if shares is None else shares).items():
            earned = Profit(trading=ZERO, fees=ZERO, funding=amount)
            self._book(owner, payment.settled_ns, payment.venue, payment.symbol, payment.amount.currency, earned)

    def carry(self, account: Account, earned: Profit) -> None:
        """Book what is known as a sum only."""
        self._booked[account] = self._booked.get(account, NO_PROFIT) + earned

    def _book(self, owner: Owner, ns: int, venue: str, symbol: str, currency: str, earned: Profit) -> None:
        account = Account(day(ns), owner.pool, venue, symbol, currency)
        self._booked[account] = self._booked.get(account, NO_PROFIT) + earned
        if owner.trade_id == NO_TRADE:
            return
        legs = self._trades.setdefault(owner.trade_id, {})
        legs[owner.leg, currency] = legs.get((owner.leg, currency), NO_PROFIT) + earned
        while len(self._trades) > TRADES_KEPT:
            self._trades.popitem(last=False)


def by(booked: Mapping[Account, Profit], facet: Facet) -> dict[tuple[str, str], Profit]:
    """The sums by `facet` and currency, in order; different currencies are not added."""
    sums: dict[tuple[str, str], Profit] = {}
    for account, earned in booked.items():
        key = (str(getattr(account, facet)), account.currency)
        sums[key] = sums.get(key, NO_PROFIT) + earned
    return dict(sorted(sums.items()))


def _shares(amount: Decimal, quantities: Mapping[Owner, Decimal]) -> dict[Owner, Decimal]:
    """`amount` in proportion to what each holds, in units of its own last digit; the last one has what is left."""
    whole = sum(quantities.values(), ZERO)
    if not whole:
        return {NOBODY: amount}
    unit = Decimal(1).scaleb(int(amount.as_tuple().exponent))
    shares = {owner: (amount * quantity / whole).quantize(unit, ROUND_DOWN) for owner, quantity in quantities.items()}
    last = deque(shares, maxlen=1).pop()
    shares[last] += amount - sum(shares.values(), ZERO)
    return shares


def _forget(held: dict[Owner, _Held], now_ns: int) -> None:
    """Drop the oldest legs, as long as they have been flat for so long that no payment can be for them."""
    for owner, each in list(islice(held.items(), 2)):  # a fill adds one: two at a time keep up
        if each.moves[-1][0] >= now_ns - LATE_NS or each.lots.quantity:
            return
        del held[owner]
