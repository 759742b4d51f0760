"""What a start needs of a long journal: the entries whose trades still matter, and what all the others come to.

Nothing is forgotten that is not summed up: what is carried is the difference between what all entries come to and
what the kept ones come to. Kinds of entries that are not known here are kept.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any, Protocol, TypeVar, cast

import attrs

from perpbot.execution.accounting import Accounting
from perpbot.execution.entries import (
    CaughtUp,
    CountsCarried,
    Entry,
    ForeignAdopted,
    FundingBooked,
    FundingCaughtUp,
    HoldingCarried,
    KillSwitchSet,
    OrderAnswered,
    OrderFilled,
    OrdersIntended,
    OrderTold,
    PeakEquity,
    ProfitCarried,
    ResidualLeft,
    ResidualTaken,
    TradeMoved,
    TradeOpened,
    TradeSettled,
    WorldBound,
)
from perpbot.execution.ledger import Ledger
from perpbot.execution.records import Records
from perpbot.model.money import Quantity, together
from perpbot.portfolio.holding import Holding, HoldingKey
from perpbot.portfolio.profit import NO_PROFIT

ORDERS_CARRIED = 2_000
"""Orders of trades that are over, the newest, that are kept whole: late news of them is recognised."""
RECORDS_CARRIED = 1_000
"""Records of trades that are kept, the newest; those of the last `RECENT_NS` are kept in any case."""
RECENT_NS = 3 * 24 * 3_600 * 1_000_000_000


class Line(Protocol):
    """An entry as it stands in the journal."""

    @property
    def at_ns(self) -> int:
        """Wall clock, when it was written."""

    @property
    def entry(self) -> Entry:
        """What was written."""


L = TypeVar("L", bound=Line)


def condense(lines: Sequence[L], now_ns: int) -> tuple[list[Entry], list[L]]:
    """What is carried of the dropped lines, and the lines that are kept.

    Folding the first and then the second gives what folding all of `lines` gives, but for orders and records that are
    old. `now_ns`: wall clock.
    """
    kept = _rewritten(*_chosen(lines, now_ns), _records(lines))
    everything, rest = _Sums.of(lines), _Sums.of(kept)
    return everything.without(rest), kept


def _chosen(lines: Sequence[L], now_ns: int) -> tuple[list[L], set[str]]:
    """The lines to be kept, and the trades that are dropped but for their record."""
    trades = _Trades()
    for line in lines:
        trades.take(line.entry)
    gone = trades.old()
    settled = sum(isinstance(line.entry, TradeSettled) for line in lines)
    last: dict[object, L] = {}
    kept: list[L] = []
    for line in lines:
        entry, recent = line.entry, now_ns - line.at_ns < RECENT_NS
        match entry:
            case CountsCarried() | HoldingCarried() | ProfitCarried():
                continue
            case TradeSettled():
                settled -= 1
                if not recent and settled >= RECORDS_CARRIED and trades.of(entry) in gone:
                    continue
            case FundingBooked(shares=shares):
                if not recent and all(each.trade_id in gone for each in shares or ()):
                    continue
            case WorldBound() | KillSwitchSet() | CaughtUp() | FundingCaughtUp() | PeakEquity():
                last[_subject(entry)] = line
            case _:
                trade = trades.of(entry)
                if trade is not None and trade in gone:
                    continue
        kept.append(line)
    return [line for line in kept if last.get(_subject(line.entry), line) is line], gone


def _records(lines: Iterable[Line]) -> Records:
    records = Records()
    for line in lines:
        records.apply(line.entry)
    return records


def _rewritten(kept: Iterable[L], gone: set[str], records: Records) -> list[L]:
    """Of trades in `gone` one record each with all that was ever booked, so that nothing is to be added to it."""
    last = {line.entry.record.trade_id: line for line in kept if isinstance(line.entry, TradeSettled)}
    found = []
    for line in kept:
        entry = line.entry
        if isinstance(entry, TradeSettled) and entry.record.trade_id in gone:
            whole = records.find(entry.record.trade_id)
            if whole is None or last[entry.record.trade_id] is not line:
                continue
            entry = TradeSettled(record=whole)
        elif isinstance(entry, FundingBooked) and entry.shares is not None:
            entry = attrs.evolve(entry, shares=[each for each in entry.shares if each.trade_id not in gone])
        found.append(line if entry is line.entry else _with_entry(line, entry))
    return found


def _with_entry(line: L, entry: Entry) -> L:
    changed: L = attrs.evolve(cast("Any", line), entry=entry)
    return changed


def _subject(entry: Entry) -> object:
    """What an entry says something of that the next one about it replaces."""
    match entry:
        case WorldBound():
            return WorldBound
        case KillSwitchSet():
            return KillSwitchSet, entry.scope
        case CaughtUp() | FundingCaughtUp():
            return type(entry), entry.venue, entry.account
        case PeakEquity():
            return PeakEquity, entry.venue
        case _:
            return None


class _Trades:
    """Which entry belongs to which trade, and which trades are over, oldest first."""

    def __init__(self) -> None:
        self._of_order: dict[str, str] = {}
        self._orders: dict[str, int] = {}
        self._over: dict[str, int] = {}
        self._ends = 0
        self._taken: set[str] = set()

    def take(self, entry: Entry) -> None:
        match entry:
            case TradeOpened():
                self._own(entry.plan.trade_id, [order.client_id for order in entry.orders])
            case OrdersIntended():
                for order in entry.orders:
                    self._own(order.trade_id, [order.client_id])
            case ForeignAdopted():
                self._own(entry.order.trade_id, [entry.order.client_id])
            case TradeMoved():
                self._over.pop(entry.trade_id, None)
            case TradeSettled():
                self._ends += 1
                self._over[entry.record.trade_id] = self._ends
            case ResidualTaken():
                self._taken.add(entry.residual)
            case _:
                pass

    def _own(self, trade_id: str, client_ids: Iterable[str]) -> None:
        for client_id in client_ids:
            self._of_order[client_id] = trade_id
            self._orders[trade_id] = self._orders.get(trade_id, 0) + 1

    def of(self, entry: Entry) -> str | None:
        """The trade an entry belongs to; empty when it is gone already, None when it belongs to none."""
        match entry:
            case TradeOpened():
                return entry.plan.trade_id
            case OrdersIntended():
                return entry.orders[0].trade_id if entry.orders else None
            case ForeignAdopted():
                return entry.order.trade_id
            case OrderAnswered() | OrderTold() | OrderFilled():
                return self._of_order.get(entry.client_id, "")
            case ResidualLeft():
                taken = entry.order.client_id in self._taken
                return self._known(entry.order.trade_id) if taken else None
            case ResidualTaken():
                return self._later(entry.of_trade, entry.order.trade_id)
            case TradeMoved():
                return self._known(entry.trade_id)
            case TradeSettled(record=record):
                return self._known(record.trade_id)
            case _:
                return None

    def _known(self, trade_id: str) -> str:
        return trade_id if trade_id in self._orders else ""

    def _later(self, one: str, other: str) -> str:
        """Which of two trades was over later, or is not yet: what concerns both is kept as long as it is."""
        known = [each for each in (one, other) if each in self._orders]
        return max(known, key=lambda each: self._over.get(each, self._ends + 1), default="")

    def old(self) -> set[str]:
        """Trades that are over and not among the newest."""
        kept = 0
        gone = {""}
        for trade_id in reversed(self._over):
            kept += self._orders.get(trade_id, 0)
            if kept > ORDERS_CARRIED:
                gone.add(trade_id)
        return gone


@attrs.frozen
class _Sums:
    """What entries come to."""

    ledger: Ledger
    accounting: Accounting
    holdings: dict[HoldingKey, Holding]

    @classmethod
    def of(cls, lines: Iterable[Line]) -> "_Sums":
        sums = cls(Ledger(), Accounting(), {})
        deque(map(sums.add, (line.entry for line in lines)), maxlen=0)
        return sums

    def add(self, entry: Entry) -> None:
        self.ledger.apply(entry, 0)
        self.accounting.apply(entry)
        hold(self.holdings, entry)

    def without(self, rest: "_Sums") -> list[Entry]:
        """The entries that make `rest` into this."""
        mine, other = self.ledger, rest.ledger
        counts = CountsCarried(
            orders_intended=mine.orders_intended - other.orders_intended,
            trades_opened=mine.trades_opened - other.trades_opened,
            last_trade_number=mine.last_trade_number,
            duplicate_ids=mine.duplicate_ids - other.duplicate_ids,
            outcomes={phase: count - other.outcomes[phase] for phase, count in mine.outcomes.items()},
        )
        return [counts, *self._holdings(rest), *self._profits(rest)]

    def _holdings(self, rest: "_Sums") -> Iterable[Entry]:
        for key, each in self.holdings.items():
            less = rest.holdings.get(key, Holding())
            yield HoldingCarried(
                venue=key[0],
                account=key[1],
                symbol=key[2],
                quantity=each.quantity - less.quantity,
                cash=each.cash - less.cash,
                fees=each.fees - less.fees,
                funding=each.funding - less.funding,
                volume=each.volume - less.volume,
                other_fees=together(each.other_fees, less.other_fees, -1),
            )

    def _profits(self, rest: "_Sums") -> Iterable[Entry]:
        mine, other = self.accounting.pnl.booked, rest.accounting.pnl.booked
        for account in {**mine, **other}:
            difference = mine.get(account, NO_PROFIT) - other.get(account, NO_PROFIT)
            if difference != NO_PROFIT:
                yield ProfitCarried(**attrs.asdict(account), **attrs.asdict(difference))


def hold(holdings: dict[HoldingKey, Holding], entry: Entry) -> None:
    """Add to `holdings` what an entry changes of them."""
    match entry:
        case OrderFilled(fill=fill):
            key = (fill.venue, fill.account, fill.symbol)
            holdings[key] = holdings.get(key, Holding()).with_fill(fill)
        case FundingBooked(payment=payment):
            key = (payment.venue, payment.account, payment.symbol)
            holdings[key] = holdings.get(key, Holding()).with_funding(payment.amount.amount)
        case HoldingCarried():
            key = (entry.venue, entry.account, entry.symbol)
            holdings[key] = holdings.get(key, Holding()) + carried(entry)
        case _:
            pass


def carried(entry: HoldingCarried) -> Holding:
    """What was carried, as a holding."""
    quantity = Quantity(Decimal(entry.quantity))
    return Holding(quantity, entry.cash, entry.fees, entry.funding, entry.volume, entry.other_fees)
