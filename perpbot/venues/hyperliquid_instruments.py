"""Hyperliquid's words for its instruments: their grid, their limits and their fees.

Source: https://hyperliquid.gitbook.io/hyperliquid-docs/for-developers/api, info endpoint and tick and lot size.
"""

import re
from decimal import Decimal

import msgspec

from perpbot.model.instrument import Instrument, canonical_symbol
from perpbot.venues.hyperliquid_account import COLLATERAL
from perpbot.venues.hyperliquid_frames import FUNDING_HOURS
from perpbot.venues.wire import number

MAKER_FEE = Decimal("0.00015")
"""What everyone pays; the account's own fees need its address."""
TAKER_FEE = Decimal("0.00045")
MIN_NOTIONAL = Decimal(10)
PRICE_DECIMALS = 6
"""A price has at most this many decimals, less those of a size."""
SIGNIFICANT_FIGURES = 5

_KILO = re.compile(r"k([A-Z].*)")
_KILO_COINS = Decimal(1000)


class Asset(msgspec.Struct, rename="camel"):
    """A perpetual; its place in the list is its number in orders."""

    name: str
    sz_decimals: int
    max_leverage: int
    is_delisted: bool = False


class Meta(msgspec.Struct):
    """Every perpetual."""

    universe: list[Asset]


class Fees(msgspec.Struct, rename="camel"):
    """What the account pays for taking and for making."""

    user_cross_rate: str
    user_add_rate: str


def instruments(meta: Meta, fees: Fees | None = None) -> list[Instrument]:
    """The perpetuals that are listed, with the usual fees unless the account's are given."""
    maker, taker = MAKER_FEE, TAKER_FEE
    if fees is not None:
        maker = number(fees.user_add_rate, "hyperliquid", "userAddRate")
        taker = number(fees.user_cross_rate, "hyperliquid", "userCrossRate")
    return [_instrument(asset, maker, taker) for asset in meta.universe if not asset.is_delisted]


def _instrument(asset: Asset, maker: Decimal, taker: Decimal) -> Instrument:
    """A perpetual. A k-coin is traded and quoted by the thousand."""
    kilo = _KILO.fullmatch(asset.name)
    base, unit = (kilo[1], _KILO_COINS) if kilo else (asset.name, Decimal(1))
    lot = Decimal(1).scaleb(-asset.sz_decimals) * unit
    return Instrument(
        venue="hyperliquid",
        symbol=canonical_symbol(base),
        native=asset.name,
        base=base,
        quote=COLLATERAL,
        tick=Decimal(1).scaleb(asset.sz_decimals - PRICE_DECIMALS) / unit,
        lot=lot,
        min_quantity=lot,
        min_notional=MIN_NOTIONAL,
        contract_size=unit,
        price_unit=unit,
        significant_figures=SIGNIFICANT_FIGURES,
        maker_fee=maker,
        taker_fee=taker,
        funding_hours=FUNDING_HOURS,
        max_leverage=Decimal(asset.max_leverage),
    )
