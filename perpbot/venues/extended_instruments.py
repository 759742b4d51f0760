"""Extended's words for its instruments: their grid, their limits, their fees, and what they are called when signed.

Source: https://api.docs.extended.exchange, markets and fees.
"""

from decimal import Decimal

import msgspec

from perpbot.model.instrument import Instrument, canonical_symbol
from perpbot.venues.extended_account import COLLATERAL
from perpbot.venues.extended_frames import FUNDING_HOURS, coin_and_unit
from perpbot.venues.wire import number, positive

MAKER_FEE = Decimal(0)
"""What everyone pays; the account's own fees need credentials."""
TAKER_FEE = Decimal("0.00025")

_USD = "USD"


class _Trading(msgspec.Struct, rename="camel"):
    min_order_size: str
    min_order_size_change: str
    min_price_change: str
    max_leverage: str


class L2Config(msgspec.Struct, rename="camel"):
    """What a market is called when an order is signed, and how many units of the chain there are in one."""

    collateral_id: str
    collateral_resolution: int
    synthetic_id: str
    synthetic_resolution: int


class Market(msgspec.Struct, rename="camel"):
    """A market."""

    name: str
    asset_name: str
    collateral_asset_name: str
    status: str
    trading_config: _Trading
    l2_config: L2Config
    type: str = "PERPETUAL"


class Fees(msgspec.Struct, rename="camel"):
    """What the account pays in one market."""

    market: str
    maker_fee_rate: str
    taker_fee_rate: str


def instruments(markets: list[Market], fees: list[Fees] | None = None) -> list[Instrument]:
    """The perpetuals that are traded, with the usual fees where the account's own are not given."""
    own = {
        row.market: tuple(number(text, "extended", "fee rate") for text in (row.maker_fee_rate, row.taker_fee_rate))
        for row in fees or ()
    }
    return [_instrument(row, *own.get(row.name, (MAKER_FEE, TAKER_FEE))) for row in markets if is_traded(row)]


def is_traded(row: Market) -> bool:
    """Whether a market is a perpetual that may be traded now."""
    return row.type == "PERPETUAL" and row.status == "ACTIVE" and row.collateral_asset_name == _USD


def _instrument(row: Market, maker: Decimal, taker: Decimal) -> Instrument:
    base, unit = coin_and_unit(row.asset_name)
    config = row.trading_config
    return Instrument(
        venue="extended",
        symbol=canonical_symbol(base),
        native=row.name,
        base=base,
        quote=COLLATERAL,
        tick=_of(row, "minPriceChange", config.min_price_change) / unit,
        lot=_of(row, "minOrderSizeChange", config.min_order_size_change) * unit,
        min_quantity=_of(row, "minOrderSize", config.min_order_size) * unit,
        contract_size=unit,
        price_unit=unit,
        maker_fee=maker,
        taker_fee=taker,
        funding_hours=FUNDING_HOURS,
        max_leverage=_of(row, "maxLeverage", config.max_leverage),
    )


def _of(row: Market, field: str, text: str) -> Decimal:
    return positive(text, "extended", f"{field} of {row.name}")
