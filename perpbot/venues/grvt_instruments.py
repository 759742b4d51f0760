"""GRVT's words for its instruments, and what of them is signed.

Source: https://api-docs.grvt.io/market_data_api.
"""

from decimal import Decimal

import attrs
import msgspec

from perpbot.model.instrument import Instrument, canonical_symbol
from perpbot.venues.wire import number, positive, refuse

MAKER_FEE = Decimal("-0.000001")
"""What everyone pays; GRVT tells no account's own fees."""
TAKER_FEE = Decimal("0.00045")

_MOST_DECIMALS = 18
_BY_THE_THOUSAND = frozenset({"KBONK", "KFLOKI", "KNEIRO", "KPEPE", "KSHIB"})
"""By name: other coins begin with a K too."""


def coin_and_unit(base: str) -> tuple[str, Decimal]:
    """The coin of a base and how many of it there are in one: ``KPEPE`` is a thousand PEPE."""
    return (base[1:], Decimal(1000)) if base in _BY_THE_THOUSAND else (base, Decimal(1))


class Row(msgspec.Struct):
    """An instrument of any kind."""

    instrument: str
    instrument_hash: str
    base: str
    quote: str
    kind: str
    base_decimals: int
    tick_size: str
    min_size: str
    funding_interval_hours: int = 8
    min_notional: str = "0"


class InstrumentsAnswer(msgspec.Struct):
    """Every instrument."""

    result: list[Row]


@attrs.frozen
class Asset:
    """How an instrument stands in what is signed: its number, and the whole units of one coin."""

    number: int
    units: int


def instruments(answer: InstrumentsAnswer) -> list[Instrument]:
    """The perpetuals in dollars."""
    return [_instrument(row) for row in _perpetuals(answer)]


def assets(answer: InstrumentsAnswer) -> dict[str, Asset]:
    """What is signed for each perpetual, by native name; `DecodeError` for a hash that is none."""
    return {row.instrument: _asset(row) for row in _perpetuals(answer)}


def _perpetuals(answer: InstrumentsAnswer) -> list[Row]:
    return [row for row in answer.result if row.kind == "PERPETUAL" and row.quote in {"USDT", "USDC", "USD"}]


def _asset(row: Row) -> Asset:
    try:
        code = int(row.instrument_hash, 16)
    except ValueError:
        code = -1
    if not 0 < code < 2**256 or not 0 <= row.base_decimals <= _MOST_DECIMALS:
        refuse("grvt", f"the hash or the decimals of {row.instrument}", f"{row.instrument_hash}, {row.base_decimals}")
    return Asset(code, 10**row.base_decimals)


def _instrument(row: Row) -> Instrument:
    """A perpetual. The smallest size is the step of sizes too."""
    if row.funding_interval_hours <= 0:
        refuse("grvt", f"funding_interval_hours of {row.instrument}", row.funding_interval_hours)
    base, unit = coin_and_unit(row.base)
    least = positive(row.min_size, "grvt", f"min_size of {row.instrument}") * unit
    return Instrument(
        venue="grvt",
        symbol=canonical_symbol(base),
        native=row.instrument,
        base=base,
        quote=row.quote,
        tick=positive(row.tick_size, "grvt", f"tick_size of {row.instrument}") / unit,
        lot=least,
        min_quantity=least,
        contract_size=unit,
        price_unit=unit,
        min_notional=number(row.min_notional, "grvt", f"min_notional of {row.instrument}"),
        maker_fee=MAKER_FEE,
        taker_fee=TAKER_FEE,
        funding_hours=Decimal(row.funding_interval_hours),
    )
