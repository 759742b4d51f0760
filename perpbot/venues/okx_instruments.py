"""OKX's words for its instruments: their grid, their contract size, their fees and their funding interval.

Source: OKX API v5, https://www.okx.com/docs-v5/en/. Sizes are contracts; what costs is a negative fee.
"""

from decimal import Decimal

import msgspec

from perpbot.model.instrument import Instrument, canonical_symbol
from perpbot.venues.okx_frames import funding_hours
from perpbot.venues.wire import number, positive, unsigned

MAKER_FEE = Decimal("0.0002")
"""What everyone pays; the account's own fees need credentials."""
TAKER_FEE = Decimal("0.0005")
FUNDING_HOURS = Decimal(8)
"""The usual time between two payments; each swap's own is in its funding."""


class Swap(msgspec.Struct, rename="camel"):
    """A swap."""

    inst_id: str
    uly: str
    settle_ccy: str
    ct_type: str
    ct_val: str
    tick_sz: str
    lot_sz: str
    min_sz: str
    state: str
    ct_mult: str = "1"
    lever: str = ""
    group_id: str = ""


class Settlements(msgspec.Struct, rename="camel"):
    """The next two settlements of one swap; empty for one that has none yet."""

    inst_id: str
    funding_time: str
    next_funding_time: str


class _FeeGroup(msgspec.Struct, rename="camel"):
    group_id: str
    maker: str
    taker: str


class Fees(msgspec.Struct, rename="camel"):
    """What the account pays for swaps; by group of instruments where OKX tells groups."""

    maker: str = ""
    taker: str = ""
    maker_u: str = ""
    taker_u: str = ""
    fee_group: list[_FeeGroup] = []


def instruments(
    swaps: list[Swap], funding: list[Settlements] | None = None, fees: Fees | None = None
) -> list[Instrument]:
    """The live linear swaps, with the usual interval and fees where `funding` or `fees` is not given.

    A swap of which `funding` says nothing is left out: its interval is not known.
    """
    traded = [row for row in swaps if _is_traded(row)]
    if funding is None:
        return [_instrument(row, FUNDING_HOURS, fees) for row in traded]
    hours = {row.inst_id: _hours(row) for row in funding if row.funding_time and row.next_funding_time}
    return [_instrument(row, hours[row.inst_id], fees) for row in traded if row.inst_id in hours]


def _hours(row: Settlements) -> Decimal:
    times = (int(unsigned(text, "okx", "fundingTime")) for text in (row.funding_time, row.next_funding_time))
    return funding_hours(row.inst_id, *times)


def _is_traded(row: Swap) -> bool:
    return row.ct_type == "linear" and row.settle_ccy in {"USDT", "USDC"} and row.state == "live"


def _instrument(row: Swap, hours: Decimal, fees: Fees | None) -> Instrument:
    base, _, _ = row.uly.partition("-")
    maker, taker = _rates(fees, row.group_id)
    contract = _of(row, "ctVal", row.ct_val) * _of(row, "ctMult", row.ct_mult or "1")
    return Instrument(
        venue="okx",
        symbol=canonical_symbol(base),
        native=row.inst_id,
        base=base,
        quote=row.settle_ccy,
        tick=_of(row, "tickSz", row.tick_sz),
        lot=_of(row, "lotSz", row.lot_sz) * contract,
        min_quantity=_of(row, "minSz", row.min_sz) * contract,
        contract_size=contract,
        maker_fee=maker,
        taker_fee=taker,
        funding_hours=hours,
        max_leverage=_of(row, "lever", row.lever or "1"),
    )


def _of(row: Swap, field: str, text: str) -> Decimal:
    return positive(text, "okx", f"{field} of {row.inst_id}")


def _rates(fees: Fees | None, group_id: str) -> tuple[Decimal, Decimal]:
    if fees is None:
        return MAKER_FEE, TAKER_FEE
    groups = {group.group_id: (group.maker, group.taker) for group in fees.fee_group}
    maker, taker = groups.get(group_id, (fees.maker_u or fees.maker, fees.taker_u or fees.taker))
    return -number(maker, "okx", "maker fee"), -number(taker, "okx", "taker fee")
