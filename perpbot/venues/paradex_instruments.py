"""Paradex's words for its instruments: their grid, their limits and their fees.

Source: https://docs.paradex.trade/api-reference, markets and account information.
"""

import re
from decimal import Decimal

import msgspec

from perpbot.model.instrument import Instrument, canonical_symbol
from perpbot.venues.paradex_frames import FUNDING_HOURS, period
from perpbot.venues.wire import number, positive, unsigned

MAKER_FEE = Decimal("0.00003")
"""What everyone pays who trades by programme; the account's own fees need credentials."""
TAKER_FEE = Decimal("0.00045")

_KILO = re.compile(r"k([A-Z].*)")
_KILO_COINS = Decimal(1000)


class _Rate(msgspec.Struct):
    fee: str


class _MakerTaker(msgspec.Struct):
    maker_fee: _Rate
    taker_fee: _Rate


class _FeeConfig(msgspec.Struct):
    api_fee: _MakerTaker | None = None


class _Margin(msgspec.Struct):
    imf_base: str


class Market(msgspec.Struct):
    """A market of any kind."""

    symbol: str
    base_currency: str
    settlement_currency: str
    asset_kind: str
    order_size_increment: str
    price_tick_size: str
    min_notional: str = "0"
    trading_mode: str = "STANDARD"
    expiry_at: int = 0
    funding_period_hours: Decimal = FUNDING_HOURS
    delta1_cross_margin_params: _Margin | None = None
    fee_config: _FeeConfig | None = None


class Fees(msgspec.Struct):
    """What the account pays."""

    maker_rate: str
    taker_rate: str


class AccountInfo(msgspec.Struct):
    """An account and what it pays, where Paradex says it."""

    account: str = ""
    fees: Fees | None = None


def instruments(markets: list[Market], fees: Fees | None = None) -> list[Instrument]:
    """The perpetuals with an order book; fees are the account's, else the market's, else the usual ones."""
    return [_instrument(each, fees) for each in markets if _is_traded(each)]


def _is_traded(row: Market) -> bool:
    return row.asset_kind == "PERP" and row.trading_mode == "STANDARD" and not row.expiry_at


def _instrument(row: Market, fees: Fees | None) -> Instrument:
    """A perpetual. A k-coin is traded and quoted by the thousand."""
    kilo = _KILO.fullmatch(row.base_currency)
    base, unit = (kilo[1], _KILO_COINS) if kilo else (row.base_currency, Decimal(1))
    maker, taker = _rates(row, fees)
    lot = _of(row, "order_size_increment", row.order_size_increment) * unit
    margin = row.delta1_cross_margin_params
    return Instrument(
        venue="paradex",
        symbol=canonical_symbol(base),
        native=row.symbol,
        base=base,
        quote=row.settlement_currency,
        tick=_of(row, "price_tick_size", row.price_tick_size) / unit,
        lot=lot,
        min_quantity=lot,
        min_notional=unsigned(row.min_notional, "paradex", f"min_notional of {row.symbol}"),
        contract_size=unit,
        price_unit=unit,
        maker_fee=maker,
        taker_fee=taker,
        funding_hours=period(row.funding_period_hours),
        max_leverage=Decimal(1) if margin is None else 1 / _of(row, "imf_base", margin.imf_base),
    )


def _of(row: Market, field: str, text: str) -> Decimal:
    return positive(text, "paradex", f"{field} of {row.symbol}")


def _rates(row: Market, fees: Fees | None) -> tuple[Decimal, Decimal]:
    if fees is not None:
        maker, taker = fees.maker_rate, fees.taker_rate
    elif row.fee_config is not None and row.fee_config.api_fee is not None:
        maker, taker = row.fee_config.api_fee.maker_fee.fee, row.fee_config.api_fee.taker_fee.fee
    else:
        return MAKER_FEE, TAKER_FEE
    return number(maker, "paradex", "maker fee"), number(taker, "paradex", "taker fee")
