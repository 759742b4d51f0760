"""Older five-layer settings are still read; how symbols share the pool is checked."""

import re
from decimal import Decimal

import pytest

from perpbot.config.limits import Capital
from perpbot.config.loader import ConfigError, loads


def read(text: str) -> Capital:
    return loads(text.encode(), "my.yaml", Capital, {})


@pytest.mark.parametrize(
    "layers", ["{L1: 0.2, L2: 0.3, L3: 0.25, L4: 0.1, L5: 0.15}", "{L1: 20, L2: 30, L3: 25, L4: 10, L5: 15}"]
)
def test_five_layers_are_mapped_onto_the_three_pools_with_a_warning_that_says_how(layers: str) -> None:
    capital = read(f"layer_targets: {layers}")
    assert capital.shares() == {"wash": Decimal(50), "arb": Decimal(25), "reserve": Decimal(25)}
    (warning,) = capital.warnings()
    assert "L3 is arb" in warning
    assert "wash 50 %, arb 25 %, reserve 25 %" in warning


def test_pools_as_they_are_written_now_need_no_warning() -> None:
    capital = read("pools: {wash: 60, arb: 30, reserve: 10}")
    assert capital.shares() == {"wash": Decimal(60), "arb": Decimal(30), "reserve": Decimal(10)}
    assert capital.warnings() == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "layer_targets: {L1: 20, L2: 30}",
            "layer_targets: L1 to L5 must sum to 100 percent, or to 1 as fractions, not 50",
        ),
        (
            "pools: {wash: 60, arb: 30, reserve: 10}\nlayer_targets: {L1: 50, L3: 50}",
            "layer_targets: give the pools' shares or the older layers, not both",
        ),
        ("allocation: {weights: [BTC=0]}", "must be more than 0; take the symbol out of `symbols` instead"),
        ("allocation: {symbol_caps: [BTC=101]}", "101 must be more than 0 and at most 100 percent"),
        ("allocation: {weights: [BTC]}", "expected a symbol and its weight, as in BTC=2, got 'BTC'"),
    ],
)
def test_a_mistake_is_said_with_its_place(text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(said)):
        read(text)


def test_weights_and_most_are_by_canonical_symbol_and_have_defaults() -> None:
    allocation = read("allocation: {weights: [BTC=2, ETH-PERP=1.5], symbol_caps: [BTC=40]}").allocation
    assert [allocation.weight(f"{base}-PERP") for base in ("BTC", "ETH", "SOL")] == [2, Decimal("1.5"), 1]
    assert [allocation.most(f"{base}-PERP") for base in ("BTC", "ETH")] == [Decimal("0.4"), 1]
