"""OKX's words for its instruments: their grid, their contract size, their fees and their funding interval.

Source: OKX API v5, https://www.okx.com/docs-v5/en/. Sizes are contracts; what costs is a negative fee.
"""

from decimal import Decimal

import attrs
import msgspec

from perpbot.model.instrument import Instrument, canonical_symbol
from perpbot.venues.answers import first
from perpbot.venues.okx_frames import FundingRow
from perpbot.venues.wire import JsonReader, number, positive

MAKER_FEE = Decimal("0.0002")
"""What everyone pays; the account's own fees need credentials."""
TAKER_FEE = Decimal("0.0005")


class _Instrument(msgspec.Struct, rename="camel"):
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


class _FeeGroup(msgspec.Struct, rename="camel"):
    group_id: str
    maker: str
    taker: str


class _Fees(msgspec.Struct, rename="camel"):
    maker: str = ""
    taker: str = ""
    maker_u: str = ""
    taker_u: str = ""
    fee_group: list[_FeeGroup] = []


class OkxInstruments:
    """Turns OKX's rows about its swaps into instruments."""

    def __init__(self) -> None:
        self._read_instruments = JsonReader("okx", list[_Instrument])
        self._read_funding = JsonReader("okx", list[FundingRow], numbers_in_quotes=True)
        self._read_fees = JsonReader("okx", list[_Fees])

    def instruments(
        self, swaps: msgspec.Raw, funding: msgspec.Raw | None = None, fees: msgspec.Raw | None = None
    ) -> list[Instrument]:
        """The live linear swaps, with the usual interval and fees where `funding` or `fees` is not given.

        A swap of which `funding` says nothing is left out: its interval is not known.
        """
        rows = [row for row in self._read_instruments(swaps) if _is_traded(row)]
        if funding is not None:
            hours = {row.inst_id: row.hours for row in self._read_funding(funding)}
            found = [
                (row, attrs.evolve(_instrument(row), funding_hours=hours[row.inst_id]))
                for row in rows
                if row.inst_id in hours
            ]
        else:
            found = [(row, _instrument(row)) for row in rows]
        if fees is None:
            return [instrument for _, instrument in found]
        account = first(self._read_fees(fees))
        return [_with_fees(instrument, account, row.group_id) for row, instrument in found]


def _is_traded(row: _Instrument) -> bool:
    return row.ct_type == "linear" and row.settle_ccy in {"USDT", "USDC"} and row.state == "live"


def _instrument(row: _Instrument) -> Instrument:
    base, _, _ = row.uly.partition("-")
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
        maker_fee=MAKER_FEE,
        taker_fee=TAKER_FEE,
        max_leverage=_of(row, "lever", row.lever or "1"),
    )


def _of(row: _Instrument, field: str, text: str) -> Decimal:
    return positive(text, "okx", f"{field} of {row.inst_id}")


def _with_fees(instrument: Instrument, fees: _Fees, group_id: str) -> Instrument:
    groups = {group.group_id: (group.maker, group.taker) for group in fees.fee_group}
    maker, taker = groups.get(group_id, (fees.maker_u or fees.maker, fees.taker_u or fees.taker))
    return attrs.evolve(
        instrument, maker_fee=-number(maker, "okx", "maker fee"), taker_fee=-number(taker, "okx", "taker fee")
    )
