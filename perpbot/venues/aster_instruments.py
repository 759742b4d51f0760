"""Aster's words for its instruments: their grid, their limits, their fees and their funding interval.

Source: https://github.com/asterdex/api-docs, futures API v3.
"""

import re
from decimal import Decimal

import msgspec

from perpbot.model.instrument import Instrument, canonical_symbol
from perpbot.venues.aster_frames import FUNDING_HOURS
from perpbot.venues.wire import number, positive, refuse

MAKER_FEE = Decimal("0.0001")
"""What everyone pays; the account's own fees need credentials."""
TAKER_FEE = Decimal("0.00035")

_MULTIPLE = re.compile(r"(1000(?:000)?|1M)([A-Z].*)")
_MILLION = Decimal(1_000_000)


class _Filter(msgspec.Struct, rename="camel"):
    filter_type: str
    tick_size: str = ""
    step_size: str = ""
    min_qty: str = ""
    notional: str = "0"


class _Symbol(msgspec.Struct, rename="camel"):
    symbol: str
    status: str
    base_asset: str
    quote_asset: str
    filters: list[_Filter]
    contract_type: str = ""
    required_margin_percent: str = "100"


class ExchangeInfo(msgspec.Struct):
    """Every symbol."""

    symbols: list[_Symbol]


class FundingInfo(msgspec.Struct, rename="camel"):
    """The time between two funding payments of one symbol."""

    symbol: str
    funding_interval_hours: int


class Commission(msgspec.Struct, rename="camel"):
    """What the account pays for trading one symbol."""

    maker_commission_rate: str
    taker_commission_rate: str


def instruments(
    info: ExchangeInfo, funding: list[FundingInfo] | None = None, rates: Commission | None = None
) -> list[Instrument]:
    """The perpetuals in dollars that are traded; the usual interval and fees where nothing else is said."""
    hours = {row.symbol: Decimal(row.funding_interval_hours) for row in funding or ()}
    maker, taker = MAKER_FEE, TAKER_FEE
    if rates is not None:
        maker = number(rates.maker_commission_rate, "aster", "makerCommissionRate")
        taker = number(rates.taker_commission_rate, "aster", "takerCommissionRate")
    return [
        _instrument(row, hours.get(row.symbol, FUNDING_HOURS), maker, taker)
        for row in info.symbols
        if row.contract_type == "PERPETUAL" and row.status == "TRADING" and row.quote_asset in {"USDT", "USDC"}
    ]


def _instrument(row: _Symbol, hours: Decimal, maker: Decimal, taker: Decimal) -> Instrument:
    """A perpetual. Some coins are traded and quoted by the thousand or by the million."""
    filters = {each.filter_type: each for each in row.filters}
    if "PRICE_FILTER" not in filters or "LOT_SIZE" not in filters:
        refuse("aster", f"filters of {row.symbol}", sorted(filters))
    base, unit = _coin(row.base_asset)
    lot = filters["LOT_SIZE"]
    notional = filters["MIN_NOTIONAL"].notional if "MIN_NOTIONAL" in filters else "0"
    margin_percent = positive(row.required_margin_percent, "aster", f"requiredMarginPercent of {row.symbol}")
    return Instrument(
        venue="aster",
        symbol=canonical_symbol(base),
        native=row.symbol,
        base=base,
        quote=row.quote_asset,
        tick=positive(filters["PRICE_FILTER"].tick_size, "aster", f"tickSize of {row.symbol}") / unit,
        lot=positive(lot.step_size, "aster", f"stepSize of {row.symbol}") * unit,
        min_quantity=positive(lot.min_qty, "aster", f"minQty of {row.symbol}") * unit,
        min_notional=number(notional, "aster", f"notional of {row.symbol}"),
        contract_size=unit,
        price_unit=unit,
        maker_fee=maker,
        taker_fee=taker,
        funding_hours=hours,
        max_leverage=100 // margin_percent,
    )


def _coin(base_asset: str) -> tuple[str, Decimal]:
    multiple = _MULTIPLE.fullmatch(base_asset)
    if multiple is None:
        return base_asset, Decimal(1)
    return multiple[2], _MILLION if multiple[1] == "1M" else Decimal(multiple[1])
