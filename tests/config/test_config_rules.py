"""Rules that span several keys: each is told at the key it is about, and holds for settings made in code too."""

from decimal import Decimal

import attrs
import pytest

from perpbot.config.decisions import Execution, Scanner
from perpbot.config.exchanges import Connection, Exchange, Trading
from perpbot.config.limits import ArbPool, Capital, Pools
from perpbot.config.loader import ConfigError, loads
from perpbot.config.operation import Mode, Simulation
from perpbot.config.settings import Settings

VENUES = "exchanges: {okx: {}, aster: {}}"


def problems(*lines: str) -> list[str]:
    """What is wrong with a file of `lines` after symbols (line 1)."""
    text = "\n".join(("symbols: [BTC]", *lines))
    with pytest.raises(ConfigError) as caught:
        loads(text.encode(), "x", Settings, {})
    return [line.removeprefix("x:") for line in str(caught.value).splitlines()]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        # connections
        (
            "exchanges: {okx: {market_data: {heartbeat_timeout_sec: 30}}, aster: {}}",
            (
                "2:56: exchanges.okx.market_data.heartbeat_timeout_sec: "
                "30 must be more than heartbeat_interval_sec, which is 30"
            ),
        ),
        (
            "exchanges: {okx: {trading: {circuit_halfopen_wait_max_sec: 5}}, aster: {}}",
            (
                "2:60: exchanges.okx.trading.circuit_halfopen_wait_max_sec: "
                "5 must not be less than circuit_halfopen_wait_sec, which is 60"
            ),
        ),
        (
            "exchanges: {okx: {trading: {reconnect_delay_max_sec: 0.5}}, aster: {}}",
            (
                "2:54: exchanges.okx.trading.reconnect_delay_max_sec: "
                "0.5 must not be less than reconnect_delay_sec, which is 1"
            ),
        ),
        (
            "exchanges: {okx: {proxy: 'http://proxy:3128', proxy_env: OKX_PROXY}, aster: {}}",
            "2:58: exchanges.okx.proxy_env: give proxy or proxy_env, not both",
        ),
        # venues
        ("exchanges: {okx: {}}", "2:1: exchanges: arbitrage needs at least two venues, and there is 1"),
        ("exchanges:", "2:1: exchanges: arbitrage needs at least two venues, and there is 0"),
        (
            "exchanges: {okx: {testnet: true}, aster: {}}",
            "2:28: exchanges.okx.testnet: not mixed with real venues: set it at aster, too; delete what has no testnet",
        ),
        (
            f"{VENUES}\nscanner: {{priority_exchange_pairs: [[okx, aster], [okx, grvt]]}}",
            "3:57: scanner.priority_exchange_pairs[1][1]: grvt is not among the configured exchanges (okx, aster)",
        ),
        (
            f"{VENUES}\nscanner: {{priority_exchange_pairs: [[okx, okx]]}}",
            "3:37: scanner.priority_exchange_pairs[0]: a pair is two different venues, not okx twice",
        ),
        # mode
        (
            f"{VENUES}\nmode: live",
            "3:7: mode: live needs trading.trade_enabled: true at two venues or more; otherwise use paper",
        ),
        (
            (
                "exchanges:\n  okx: &on {trading: {trade_enabled: true, api_key_env: KEY}}\n"
                "  aster: *on\n  grvt: {trading: {trade_enabled: true}}\nmode: live"
            ),
            (
                "5:35: exchanges.grvt.trading.trade_enabled: live trading needs credentials: "
                "name the variables that hold them (api_key_env and so on)"
            ),
        ),
        (
            f"{VENUES}\nmode: paper\nsimulation: {{enabled: true}}",
            "4:23: simulation.enabled: must be false in mode paper",
        ),
        # quotes, scanner, execution
        (
            f"{VENUES}\nquote_engine: {{websocket_timeout_sec: 5}}",
            "3:39: quote_engine.websocket_timeout_sec: 5 must be more than heartbeat_interval_sec, which is 5",
        ),
        (
            f"{VENUES}\nscanner: {{profit_weight: 0.5}}",
            (
                "3:26: scanner.profit_weight: profit_weight, liquidity_weight and "
                "reliability_weight must sum to 1, not 1.1"
            ),
        ),
        (
            f"{VENUES}\nscanner: {{min_notional: 300}}",
            "3:25: scanner.min_notional: 300 must not be more than max_notional, which is 200",
        ),
        (
            f"{VENUES}\nscanner: {{holding_time_sec: 7200}}",
            "3:29: scanner.holding_time_sec: 7200 must not be more than execution.max_hold_sec, which is 3600",
        ),
        (f"{VENUES}\nexecution: {{hedge_band_pct: []}}", "3:13: execution.hedge_band_pct: must have at least one band"),
        (
            f"{VENUES}\nexecution: {{hedge_band_pct: [0.2, 0.1]}}",
            "3:35: execution.hedge_band_pct[1]: 0.1 must be more than the band before it, which is 0.2",
        ),
        (
            f"{VENUES}\nexecution: {{hedge_band_pct: [0.2, 1.5]}}",
            "3:35: execution.hedge_band_pct[1]: 1.5 must not be more than risk.price_collar_pct, which is 1",
        ),
        (
            f"{VENUES}\nexecution: {{hedge_attempts: 2}}",
            "3:29: execution.hedge_attempts: 2 must not be less than the number of bands in hedge_band_pct, which is 3",
        ),
        (
            f"{VENUES}\nexecution: {{trades_per_symbol: 6}}",
            "3:32: execution.trades_per_symbol: 6 must not be more than max_open_trades, which is 5",
        ),
        # capital, risk, supervision
        (
            f"{VENUES}\ncapital: {{pools: {{wash: 50}}}}",
            "3:11: capital.pools: the shares of wash, arb and reserve must sum to 100 percent, not 80",
        ),
        (
            f"{VENUES}\ncapital: {{safe_mode_release_pct: 5}}",
            "3:34: capital.safe_mode_release_pct: 5 must be less than safe_mode_drawdown_pct, which is 5",
        ),
        (
            f"{VENUES}\ncapital: {{reservation_ttl_sec: 20}}",
            "3:32: capital.reservation_ttl_sec: 20 must be more than execution.wait_fill_timeout_sec, which is 30",
        ),
        (
            f"{VENUES}\nsupervision: {{backoff_max_sec: 0.1}}",
            "3:32: supervision.backoff_max_sec: 0.1 must not be less than backoff_min_sec, which is 0.5",
        ),
        # symbols
        (f"{VENUES}\nsymbols: [BTC]", "3:1: duplicate key 'symbols', first given in line 1"),
    ],
)
def test_a_rule_is_told_at_the_key_it_is_about(line: str, expected: str) -> None:
    assert problems(line) == [expected]


def test_symbols_are_at_least_one_and_all_different() -> None:
    for symbols, expected in (
        ("[]", "1:1: symbols: must have at least one symbol"),
        ("[BTC, ETH, BTC-PERP]", "1:21: symbols[2]: BTC-PERP is listed twice"),
    ):
        with pytest.raises(ConfigError) as caught:
            loads(f"symbols: {symbols}\n{VENUES}".encode(), "x", Settings, {})
        assert str(caught.value) == f"x:{expected}"


def test_where_only_the_other_key_is_given_the_rule_is_told_there() -> None:
    assert problems(VENUES, "risk: {max_position_notional: 100}") == [
        "3:31: scanner.max_notional: 200 must not be more than risk.max_position_notional, which is 100"
    ]
    assert problems(VENUES, "risk: {price_collar_pct: 0.5}") == [
        "3:26: execution.hedge_band_pct[2]: 0.8 must not be more than risk.price_collar_pct, which is 0.5"
    ]


def test_rules_that_do_without_a_refused_value_are_still_asked() -> None:
    assert problems(
        "exchanges: {okx: {market_data: {burst_size: x, heartbeat_timeout_sec: 1}}, aster: 5}",
        "scanner: {priority_exchange_pairs: [[okx, grvt]], profit_weight: 2, min_notional: 300}",
    ) == [
        "2:45: exchanges.okx.market_data.burst_size: expected a whole number from 1 to 10000 requests, got 'x'",
        (
            "2:71: exchanges.okx.market_data.heartbeat_timeout_sec: "
            "1 must be more than heartbeat_interval_sec, which is 30"
        ),
        "2:83: exchanges.aster: expected a mapping of keys, got '5'",
        "3:43: scanner.priority_exchange_pairs[0][1]: grvt is not among the configured exchanges (okx, aster)",
        "3:66: scanner.profit_weight: expected a number from 0 to 1, got '2'",
        "3:83: scanner.min_notional: 300 must not be more than max_notional, which is 200",
    ]


def test_a_rule_that_fails_by_itself_is_not_taken_for_one_that_lacks_a_value() -> None:
    def broken(settings: Settings) -> object:
        return settings.nonsense  # type: ignore[attr-defined]

    with pytest.raises(AttributeError, match="nonsense"):
        loads(f"symbols: [BTC]\n{VENUES}".encode(), "x", Settings, {}, (broken,))  # type: ignore[arg-type]


def test_settings_made_in_code_are_checked_alike() -> None:
    with pytest.raises(
        ValueError, match="heartbeat_timeout_sec: 5 must be more than heartbeat_interval_sec, which is 30"
    ):
        Connection(heartbeat_timeout_sec=5)
    with pytest.raises(
        ValueError, match=r"min_profit_pct: expected a number from 0\.005 to 10 percent; did you mean 0\.2\?"
    ):
        Scanner(min_profit_pct=Decimal("0.002"))
    with pytest.raises(ValueError, match="it must be of type Decimal"):
        Scanner(min_profit_pct=1)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="it must be of type int"):
        Connection(burst_size=True)
    with pytest.raises(ValueError, match="300 seconds"):
        Connection(heartbeat_interval_sec=float("nan"))
    with pytest.raises(ValueError, match="sum to 100 percent, not 90"):
        Capital(pools=Pools(arb=ArbPool(share_pct=Decimal(10))))
    with pytest.raises(ValueError, match="hedge_band_pct: expected a number"):
        Execution(hedge_band_pct=(Decimal(-1),))
    with pytest.raises(ValueError, match="leverage"):
        Trading(leverage=50)
    with pytest.raises(ValueError, match="account: expected a name"):
        Trading(account="Main account")


def test_settings_made_in_code_take_short_symbols_and_evolve() -> None:
    settings = Settings(symbols=("BTC", "ETH-PERP"), exchanges={"okx": Exchange(), "aster": Exchange()})
    assert settings.symbols == ("BTC-PERP", "ETH-PERP")
    assert settings.bases == ("BTC", "ETH")
    simulated = attrs.evolve(settings, simulation=Simulation(enabled=True))
    with pytest.raises(ValueError, match="enabled: must be false in mode live"):
        attrs.evolve(simulated, mode=Mode.LIVE)
