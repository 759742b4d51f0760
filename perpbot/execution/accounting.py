"""Profit and loss folded from journal entries: which fill belongs to which leg, trade and pool."""

from collections import OrderedDict
from collections.abc import Iterable
from decimal import Decimal

import attrs

from perpbot.execution.entries import (
    Entry,
    ForeignAdopted,
    FundingBooked,
    FundingShare,
    OrderFilled,
    OrdersIntended,
    ProfitCarried,
    ResidualLeft,
    ResidualTaken,
    TradeOpened,
)
from perpbot.execution.ledger import ORDERS_KEPT
from perpbot.execution.residuals import PURPOSE
from perpbot.model.money import ZERO
from perpbot.model.order import Fill, FundingPayment, Order
from perpbot.portfolio.pnl import NO_TRADE, NOBODY, Account, Owner, Pnl
from perpbot.portfolio.profit import Profit

KINDS: tuple[type, ...] = (
    TradeOpened, OrdersIntended, ForeignAdopted, ResidualLeft, ResidualTaken, OrderFilled, FundingBooked, ProfitCarried,
)  # fmt: skip
"""The entries it is folded from."""


class Accounting:
    """Fold each entry once, in their order."""

    def __init__(self) -> None:
        self.pnl = Pnl()
        self._pools: OrderedDict[str, str] = OrderedDict()
        self._owners: OrderedDict[str, Owner] = OrderedDict()

    def apply(self, entry: Entry) -> None:
        """Take in one entry; those about other things are ignored."""
        match entry:
            case TradeOpened():
                self._pools[entry.plan.trade_id] = entry.pool
                self._own(entry.orders)
            case OrdersIntended():
                self._own(entry.orders)
            case ForeignAdopted():
                self._own([entry.order])
            case ResidualLeft():
                self._hand_on(entry.fill, self._owner(entry.order), _residual_of(entry.order.trade_id))
            case ResidualTaken():
                self._hand_on(_turned(entry.fill), _residual_of(entry.of_trade), self._owner(entry.order))
            case OrderFilled():
                self.pnl.take_fill(entry.fill, self._owners.get(entry.client_id, NOBODY))
            case FundingBooked():
                self.pnl.take_funding(entry.payment, self._shares(entry))
            case ProfitCarried():
                account = Account(entry.day, entry.pool, entry.venue, entry.symbol, entry.currency)
                self.pnl.carry(account, Profit(trading=entry.trading, fees=entry.fees, funding=entry.funding))
            case _:
                pass

    def _hand_on(self, fill: Fill, giver: Owner, taker: Owner) -> None:
        """`fill` is what the giver does; the taker does the opposite, at the same price and for nothing."""
        self.pnl.take_fill(fill, giver)
        self.pnl.take_fill(_turned(fill), taker)

    def _owner(self, order: Order) -> Owner:
        return Owner(order.trade_id, order.leg, self._pools.get(order.trade_id, ""))

    def booked(self, payment: FundingPayment) -> FundingBooked:
        """The entry that books `payment` under the legs of trades whose it is."""
        shares = [
            FundingShare(trade_id=owner.trade_id, leg=owner.leg, amount=amount)
            for owner, amount in self.pnl.shares(payment).items()
            if owner.trade_id != NO_TRADE
        ]
        return FundingBooked(payment=payment, shares=shares)

    def _shares(self, entry: FundingBooked) -> dict[Owner, Decimal] | None:
        if entry.shares is None:
            return None
        shares = {self._owner_of(each): each.amount for each in entry.shares}
        left = entry.payment.amount.amount - sum(shares.values(), ZERO)
        return {**shares, NOBODY: left} if left or not shares else shares

    def _owner_of(self, share: FundingShare) -> Owner:
        if share.leg == PURPOSE:
            return _residual_of(share.trade_id)
        return Owner(share.trade_id, share.leg, self._pools.get(share.trade_id, ""))

    def _own(self, orders: Iterable[Order]) -> None:
        for order in orders:
            self._owners[order.client_id] = self._owner(order)
        while len(self._owners) > ORDERS_KEPT:
            self._owners.popitem(last=False)
        while len(self._pools) > ORDERS_KEPT:
            self._pools.popitem(last=False)


def _residual_of(trade_id: str) -> Owner:
    """Who owns what a trade has left."""
    return Owner(trade_id, PURPOSE, "")


def _turned(fill: Fill) -> Fill:
    return attrs.evolve(fill, side=fill.side.opposite)
