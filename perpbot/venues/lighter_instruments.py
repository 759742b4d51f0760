"""Lighter's words for its markets: their grid, their fees and their leverage.

Source: https://apidocs.lighter.xyz/reference/orderbookdetails, https://apidocs.lighter.xyz/reference/accountlimits.
"""

import re
from decimal import Decimal

import msgspec

from perpbot.model.instrument import Instrument, canonical_symbol
from perpbot.venues.wire import positive, refuse, unsigned

FUNDING_HOURS = Decimal(1)
FEE_TICK = Decimal("1e-6")
"""What a fee is counted in, as a fraction of the value."""
MARGIN_TICKS = Decimal(10_000)
"""Units of a margin fraction in the whole value."""
QUOTE = "USDC"

_MULTIPLE = re.compile(r"(1000(?:000)?)([A-Z].*)")
_PERCENT = Decimal("0.01")
_MOST_DECIMALS = 18


class Market(msgspec.Struct):
    """A market. Most of the numbers come as numbers, prices and amounts as text."""

    symbol: str
    market_id: int
    status: str
    taker_fee: str
    maker_fee: str
    min_base_amount: str
    min_quote_amount: str
    size_decimals: int
    price_decimals: int
    min_initial_margin_fraction: int
    default_initial_margin_fraction: int
    market_type: str = "perp"


class Markets(msgspec.Struct):
    """The answer with all markets."""

    order_book_details: list[Market]


class Limits(msgspec.Struct):
    """What an account of this kind pays, in `FEE_TICK`."""

    current_maker_fee_tick: int
    current_taker_fee_tick: int


def instruments(markets: Markets, limits: Limits | None = None) -> list[Instrument]:
    """The perpetuals that are traded; fees are the account's where they are known."""
    return [
        _instrument(row, limits)
        for row in markets.order_book_details
        if row.market_type == "perp" and row.status == "active"
    ]


def _instrument(row: Market, limits: Limits | None) -> Instrument:
    """A perpetual. Some coins are traded and quoted by the thousand."""
    name = row.symbol
    multiple = _MULTIPLE.fullmatch(name)
    base, unit = (name, Decimal(1)) if multiple is None else (multiple[2], Decimal(multiple[1]))
    maker, taker = _fees(row, limits)
    least = row.min_initial_margin_fraction
    return Instrument(
        venue="lighter",
        symbol=canonical_symbol(base),
        native=str(row.market_id),
        base=base,
        quote=QUOTE,
        tick=_step(row.price_decimals, f"price_decimals of {name}") / unit,
        lot=_step(row.size_decimals, f"size_decimals of {name}") * unit,
        min_quantity=positive(row.min_base_amount, "lighter", f"min_base_amount of {name}") * unit,
        min_notional=unsigned(row.min_quote_amount, "lighter", f"min_quote_amount of {name}"),
        contract_size=unit,
        price_unit=unit,
        maker_fee=maker,
        taker_fee=taker,
        funding_hours=FUNDING_HOURS,
        max_leverage=MARGIN_TICKS / positive(str(least), "lighter", f"min_initial_margin_fraction of {name}"),
    )


def _fees(row: Market, limits: Limits | None) -> tuple[Decimal, Decimal]:
    """Maker and taker fee. Those of the market are in percent, as its fee for liquidations is."""
    if limits is not None:
        return limits.current_maker_fee_tick * FEE_TICK, limits.current_taker_fee_tick * FEE_TICK
    maker = unsigned(row.maker_fee, "lighter", f"maker_fee of {row.symbol}")
    return maker * _PERCENT, unsigned(row.taker_fee, "lighter", f"taker_fee of {row.symbol}") * _PERCENT


def leverage(ticks: Decimal) -> Decimal:
    """The leverage of a margin fraction: a whole one where it was rounded to that fraction, up or down."""
    whole = round(MARGIN_TICKS / ticks)
    return Decimal(whole) if whole and abs(MARGIN_TICKS / Decimal(whole) - ticks) < 1 else MARGIN_TICKS / ticks


def margin_ticks(leverage: int) -> int:
    """The smallest margin fraction that is enough for `leverage`."""
    return -(-int(MARGIN_TICKS) // leverage)


def _step(decimals: int, field: str) -> Decimal:
    if not 0 <= decimals <= _MOST_DECIMALS:
        refuse("lighter", field, decimals)
    return Decimal(1).scaleb(-decimals)
