"""The records of trades that are over, with what became known of them since: funding, or a second end."""

from collections.abc import Mapping
from decimal import Decimal

import attrs

from perpbot.execution.entries import Entry, FundingBooked, FundingShare, TradeMoved, TradeRecord, TradeSettled
from perpbot.model.money import ZERO, together

KINDS: tuple[type, ...] = (TradeSettled, TradeMoved, FundingBooked)
"""The entries they are folded from."""
PAYMENTS_KEPT = 20_000
PAID_KEPT = 5_000
"""Trades in progress, or too long over, whose funding is kept until they have a record."""


class Records:
    """Fold the entries in their order. A trade that was opened again and is over again has one record."""

    def __init__(self, keep: int | None = None) -> None:
        """Remember all of them, or the newest `keep`."""
        self.keep = keep
        self._over: dict[str, TradeRecord] = {}
        self._again: set[str] = set()
        """Of those, the trades that are in progress again."""
        self._counted: dict[tuple[str, str, str], None] = {}
        """Payments that are counted, the newest, by venue, account and their id: they are journalled, and told."""
        self._paid: dict[str, dict[str, Decimal]] = {}
        """Funding of trades in progress since they began or were opened again, by leg."""

    @property
    def all(self) -> list[TradeRecord]:
        """In the order in which the trades were over."""
        return list(self._over.values())

    def find(self, trade_id: str) -> TradeRecord | None:
        """The record of one trade."""
        return self._over.get(trade_id)

    def paid(self, trade_id: str) -> Mapping[str, Decimal]:
        """Funding of a trade in progress that no record has yet, by leg."""
        return self._paid.get(trade_id, {})

    def apply(self, entry: Entry) -> None:
        """Take in one entry; those about other things are ignored."""
        match entry:
            case TradeSettled(record=record):
                self._settle(record)
            case TradeMoved():
                if entry.trade_id in self._over:
                    self._again.add(entry.trade_id)
            case FundingBooked():
                self._book(entry)
            case _:
                pass

    def _book(self, entry: FundingBooked) -> None:
        payment = entry.payment
        ref = (payment.venue, payment.account, payment.ref)
        if ref not in self._counted:
            self._counted[ref] = None
            if len(self._counted) > PAYMENTS_KEPT:
                del self._counted[next(iter(self._counted))]
            for share in entry.shares or ():
                self._pay(share)

    def _settle(self, record: TradeRecord) -> None:
        paid = self._paid.pop(record.trade_id, None)
        if paid is not None:  # some of it may have become known while the record was written
            record = _paid_more(_unpaid(record), paid)
        before = self._over.pop(record.trade_id, None)
        self._over[record.trade_id] = record if before is None else _both(before, record)
        self._again.discard(record.trade_id)
        while self.keep is not None and len(self._over) > self.keep:
            oldest = next(iter(self._over))
            del self._over[oldest]
            self._again.discard(oldest)

    def _pay(self, share: FundingShare) -> None:
        record = self._over.get(share.trade_id)
        if record is not None and share.trade_id not in self._again:
            self._over[share.trade_id] = _paid_more(record, {share.leg: share.amount})
            return
        legs = self._paid.setdefault(share.trade_id, {})
        legs[share.leg] = legs.get(share.leg, ZERO) + share.amount
        while len(self._paid) > PAID_KEPT:
            del self._paid[next(iter(self._paid))]


def _unpaid(record: TradeRecord) -> TradeRecord:
    legs = {name: attrs.evolve(leg, funding=ZERO) for name, leg in record.legs.items()}
    return attrs.evolve(record, funding=ZERO, legs=legs)


def _paid_more(record: TradeRecord, paid: Mapping[str, Decimal]) -> TradeRecord:
    """The record with that much more funding, by leg."""
    legs = {name: attrs.evolve(leg, funding=leg.funding + paid.get(name, ZERO)) for name, leg in record.legs.items()}
    return attrs.evolve(record, funding=record.funding + sum(paid.values(), ZERO), legs=legs)


def _both(before: TradeRecord, after: TradeRecord) -> TradeRecord:
    """One record of a trade that was over twice: the second has only what came after the first."""
    return attrs.evolve(
        after,
        trading=before.trading + after.trading,
        fees=before.fees + after.fees,
        funding=before.funding + after.funding,
        volume=before.volume + after.volume,
        other_fees=together(before.other_fees, after.other_fees),
        other_fees_worth=before.other_fees_worth + after.other_fees_worth,
        max_unhedged=max(before.max_unhedged, after.max_unhedged),
        unhedged_ms=max(before.unhedged_ms, after.unhedged_ms),
        unhedged_total_ms=before.unhedged_total_ms + after.unhedged_total_ms,
        unhedged_value_s=before.unhedged_value_s + after.unhedged_value_s,
        legs=_paid_more(after, {name: leg.funding for name, leg in before.legs.items()}).legs,
    )
