"""Backpack's words for its markets: their grid, their limits, their fees and their funding interval.

Source: https://docs.backpack.exchange, sections Markets and Account.
"""

from decimal import Decimal

import msgspec

from perpbot.model.instrument import Instrument, canonical_symbol
from perpbot.venues.backpack_wire import coin
from perpbot.venues.wire import number, positive, refuse

MAKER_FEE = Decimal("0.0002")
"""What everyone pays; the account's own fees need credentials."""
TAKER_FEE = Decimal("0.0005")

_BASIS_POINTS = Decimal(10_000)
_MS_PER_HOUR = 3_600_000


class _PriceFilter(msgspec.Struct, rename="camel"):
    tick_size: str


class _QuantityFilter(msgspec.Struct, rename="camel"):
    step_size: str
    min_quantity: str


class _Filters(msgspec.Struct):
    price: _PriceFilter
    quantity: _QuantityFilter


class _MarginFunction(msgspec.Struct):
    base: str


class Market(msgspec.Struct, rename="camel"):
    """A market of any kind."""

    symbol: str
    base_symbol: str
    quote_symbol: str
    market_type: str
    order_book_state: str
    filters: _Filters
    funding_interval: int | None = None
    """Milliseconds."""
    imf_function: _MarginFunction | None = None
    """The initial margin fraction, which begins at `base` and grows with the position."""


class AccountAnswer(msgspec.Struct, rename="camel"):
    """The account's settings; fees in basis points."""

    futures_maker_fee: str
    futures_taker_fee: str
    liquidating: bool = False
    leverage_limit: str = ""


def instruments(markets: list[Market], account: AccountAnswer | None = None) -> list[Instrument]:
    """The perpetuals that are traded, with the account's fees or the usual ones."""
    maker, taker = MAKER_FEE, TAKER_FEE
    if account is not None:
        maker = number(account.futures_maker_fee, "backpack", "futuresMakerFee") / _BASIS_POINTS
        taker = number(account.futures_taker_fee, "backpack", "futuresTakerFee") / _BASIS_POINTS
    return [
        _instrument(row, maker, taker)
        for row in markets
        if row.market_type == "PERP" and row.order_book_state == "Open" and row.quote_symbol in {"USDC", "USD"}
    ]


def _instrument(row: Market, maker: Decimal, taker: Decimal) -> Instrument:
    """A perpetual. Some coins are traded and quoted by the thousand."""
    base, unit = coin(row.base_symbol)
    if not row.funding_interval or row.funding_interval < 0:
        refuse("backpack", f"fundingInterval of {row.symbol}", row.funding_interval)
    margin = "1" if row.imf_function is None else row.imf_function.base
    return Instrument(
        venue="backpack",
        symbol=canonical_symbol(base),
        native=row.symbol,
        base=base,
        quote=row.quote_symbol,
        tick=positive(row.filters.price.tick_size, "backpack", f"tickSize of {row.symbol}") / unit,
        lot=positive(row.filters.quantity.step_size, "backpack", f"stepSize of {row.symbol}") * unit,
        min_quantity=positive(row.filters.quantity.min_quantity, "backpack", f"minQuantity of {row.symbol}") * unit,
        contract_size=unit,
        price_unit=unit,
        maker_fee=maker,
        taker_fee=taker,
        funding_hours=Decimal(row.funding_interval) / _MS_PER_HOUR,
        max_leverage=1 // positive(margin, "backpack", f"imfFunction of {row.symbol}"),
    )
