"""Instruments of every kind of grid, and numbers as venues write them."""

from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from perpbot.model.instrument import Instrument


def instrument(**changes: Any) -> Instrument:
    """Bitcoin with a plain grid; `changes` say what is different."""
    usual: dict[str, Any] = {
        "venue": "here",
        "symbol": "BTC-PERP",
        "native": "BTC",
        "base": "BTC",
        "quote": "USDT",
        "tick": Decimal("0.1"),
        "lot": Decimal("0.001"),
        "min_quantity": Decimal("0.001"),
    }
    return Instrument(**{**usual, **changes})


PLAIN = instrument()
CONTRACTS = instrument(
    lot=Decimal("0.0001"), min_quantity=Decimal("0.0002"), contract_size=Decimal("0.01"), min_notional=Decimal(5)
)
"""OKX: a hundredth of a coin is one contract, and a hundredth of that can be traded."""
FIGURES = instrument(
    lot=Decimal("0.00001"),
    min_quantity=Decimal("0.00001"),
    min_notional=Decimal(10),
    significant_figures=5,
)
"""Hyperliquid: at most five figures in a price."""
KILO = instrument(
    symbol="PEPE-PERP",
    native="kPEPE",
    base="PEPE",
    tick=Decimal("1e-9"),
    lot=Decimal(1000),
    min_quantity=Decimal(1000),
    min_notional=Decimal(10),
    contract_size=Decimal(1000),
    price_unit=Decimal(1000),
    significant_figures=5,
)
"""A coin that is quoted and traded by the thousand."""
ODD = instrument(tick=Decimal("0.25"), lot=Decimal("0.003"), min_quantity=Decimal("0.004"))
"""Steps that are no powers of ten, and a smallest size between two lots."""

ALL = {"plain": PLAIN, "contracts": CONTRACTS, "figures": FIGURES, "kilo": KILO, "odd": ODD}

LOTS = st.sampled_from(
    [Decimal(text) for text in ("0.00001", "0.0001", "0.001", "0.003", "0.01", "0.25", "0.1", "1", "5", "10", "1000")]
)
PRICES = st.decimals(min_value="0.000001", max_value=1_000_000, places=7)
AMOUNTS = st.decimals(min_value=0, max_value=1_000_000, places=8)
LONG = st.builds(
    lambda digits, places: Decimal(digits).scaleb(-places),
    st.integers(0, 10**34 - 1),
    st.integers(0, 34),
)
"""Numbers as long as a division leaves them: 34 digits."""
