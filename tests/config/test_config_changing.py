"""What may change while PerpBot runs, and what may not."""

import os
from pathlib import Path

import attrs
import pytest

from perpbot.config.changing import ChangeRefusedError, applied, changed, changes, flat, reloadable
from perpbot.config.settings import Settings, load_settings

SETTINGS = load_settings(Path(__file__).parents[2] / "config" / "simulation.yaml", os.environ)


def test_values_are_read_as_they_stand_in_a_file_and_all_of_them_at_once() -> None:
    after = changed(SETTINGS, {"risk.daily_loss_limit": "300", "execution.hedge_band_pct": "0.2, 0.4"})
    assert [str(each) for each in changes(SETTINGS, after)] == [
        f"execution.hedge_band_pct: [{', '.join(map(str, SETTINGS.execution.hedge_band_pct))}] -> [0.2, 0.4]",
        "risk.daily_loss_limit: 500 -> 300",
    ]


REFUSED = {
    "unknown": ({"risk.nothing": "1"}, "there is no setting 'risk.nothing'"),
    "restart": ({"symbols": "BTC"}, "symbols applies after a restart only"),
    "of a venue": ({"exchanges.okx.trading.trade_enabled": "true"}, "applies after a restart only"),
    "no number": ({"risk.daily_loss_limit": "much"}, "risk.daily_loss_limit: expected a number from 1"),
    "out of bounds": ({"risk.daily_loss_limit": "0"}, "risk.daily_loss_limit: expected a number from 1"),
    "a rule of its section": ({"scanner.profit_weight": "0.9"}, "must sum to 1"),
    "a rule across sections": ({"scanner.max_notional": "5000"}, "must not be more than risk.max_position_notional"),
    "one of two": ({"risk.daily_loss_limit": "300", "risk.min_equity": "x"}, "risk.min_equity: expected"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_not_allowed_is_refused_whole_and_named(case: str) -> None:
    texts, said = REFUSED[case]
    with pytest.raises(ChangeRefusedError) as caught:
        changed(SETTINGS, texts)
    assert said in str(caught.value)


def test_of_another_file_only_that_applies_which_may_change_while_it_runs() -> None:
    risk = attrs.evolve(SETTINGS.risk, min_equity=SETTINGS.risk.min_equity + 1)
    log = attrs.evolve(SETTINGS.log, status_interval_sec=7)
    other = attrs.evolve(SETTINGS, risk=risk, log=log, symbols=SETTINGS.symbols[:1])
    after = applied(SETTINGS, other)
    assert (after.risk, after.log, after.symbols) == (risk, SETTINGS.log, SETTINGS.symbols)
    assert sorted(each.key for each in changes(after, other)) == ["log.status_interval_sec", "symbols"]


@pytest.mark.parametrize(
    ("key", "at_once"),
    [
        ("capital.pools.arb.share_pct", True),
        ("capital.pools.wash.enabled", True),
        ("capital.allocation.method", True),
        ("capital.allocation.rebalance_interval_sec", True),
        ("capital.margin_buffer_pct", True),
        ("capital.safe_mode_drawdown_pct", True),
        ("capital.reserve_topup_pct", True),
        ("capital.reservation_ttl_sec", True),
        ("capital.snapshot_interval_sec", False),
        ("capital.layer_targets.L1", False),
        ("quote_engine.max_quote_age_ms", False),
        ("execution.stop_timeout_sec", True),
    ],
)
def test_capital_follows_but_for_what_is_read_at_the_start(key: str, *, at_once: bool) -> None:
    assert reloadable(key) is at_once


def test_the_shares_of_the_pools_change_together_or_not_at_all() -> None:
    after = changed(SETTINGS, {"capital.pools.wash.share_pct": "50", "capital.pools.arb.share_pct": "40"})
    assert after.capital.shares() == {"wash": 50, "arb": 40, "reserve": 10}
    with pytest.raises(ChangeRefusedError, match="sum to 100"):
        changed(SETTINGS, {"capital.pools.arb.share_pct": "40"})


def test_every_value_has_a_key() -> None:
    found = flat(SETTINGS)
    assert found["exchanges.okx.market_data.burst_size"] == SETTINGS.exchanges["okx"].market_data.burst_size
    assert not any(isinstance(each, Settings) for each in found.values())
