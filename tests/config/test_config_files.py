"""The shipped files load, the generated ones are current, and the schema says what the loader says."""

import json
import re
from pathlib import Path
from textwrap import indent
from typing import Any

import pytest
import yaml
from json_schema import Json, Schema

from perpbot.config.__main__ import GENERATED
from perpbot.config.loader import ConfigError, loads
from perpbot.config.operation import Mode
from perpbot.config.reference import Described, describe, markdown
from perpbot.config.settings import Settings, load_settings
from perpbot.venues.registry import venue_names

ROOT = Path(__file__).parents[2]
SUPPORTED = tuple(venue_names())
FILES = [ROOT / "config/simulation.yaml", ROOT / "config/live.example.yaml"]

SCHEMA = Schema(json.loads((ROOT / "config/schema.json").read_text(encoding="utf-8")))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_shipped_file_loads_without_environment_and_agrees_with_the_schema(path: Path) -> None:
    load_settings(path, {}, SUPPORTED)
    assert SCHEMA.takes(yaml.safe_load(path.read_bytes()))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_key_of_a_shipped_file_has_a_comment(path: Path) -> None:
    bare = [
        line for line in path.read_text(encoding="utf-8").splitlines() if re.match(r" *[a-z]", line) and "#" not in line
    ]
    assert bare == []


def test_the_simulation_shows_something_within_seconds() -> None:
    settings = load_settings(FILES[0], {}, SUPPORTED)
    assert settings.mode is Mode.SIMULATION
    assert settings.simulation.enabled
    assert set(settings.exchanges) == set(SUPPORTED)
    assert settings.bases == ("BTC", "ETH", "SOL")
    for exchange in settings.exchanges.values():
        assert exchange.trading.trade_enabled
        for connection in (exchange.market_data, exchange.trading):
            assert connection.circuit_halfopen_wait_max_sec <= 2
            assert connection.reconnect_delay_max_sec <= 2
    supervision = settings.supervision
    assert supervision.backoff_max_sec * (1 + supervision.backoff_jitter) <= 2
    assert settings.risk.symbol_cooldown_sec <= 2
    assert settings.risk.failure_cooldown_sec <= 2
    assert settings.execution.max_hold_sec <= 10


def test_the_simulated_market_is_no_bad_tick_and_worth_trading() -> None:
    settings = load_settings(FILES[0], {}, SUPPORTED)
    edge = settings.simulation.edge_pct
    assert edge < settings.quote_engine.max_price_jump_pct
    assert edge < settings.risk.fast_market_pct
    assert edge > settings.scanner.min_profit_pct + settings.scanner.slippage_pct
    one_leg = settings.scanner.max_notional * 100
    assert one_leg <= settings.risk.max_trade_equity_pct * settings.simulation.starting_balance * len(SUPPORTED)


def test_the_live_example_trades_nothing_and_names_every_credential() -> None:
    settings = load_settings(FILES[1], {}, SUPPORTED)
    assert settings.mode is Mode.PAPER
    for exchange in settings.exchanges.values():
        assert not exchange.trading.trade_enabled
        assert exchange.trading.credentials
        assert exchange.trading.leverage == 1


def test_the_live_example_goes_live_by_what_its_comment_says() -> None:
    text = FILES[1].read_text(encoding="utf-8").replace("mode: paper", "mode: live")
    with pytest.raises(ConfigError, match=r"live needs trading\.trade_enabled: true at two venues or more"):
        loads(text.encode(), "x", Settings, {})
    live = loads(text.replace("trade_enabled: false", "trade_enabled: true").encode(), "x", Settings, {})
    assert live.mode is Mode.LIVE


@pytest.mark.parametrize("path", GENERATED, ids=lambda path: path.name)
def test_a_generated_file_is_current(path: Path) -> None:
    committed = (ROOT / path).read_text(encoding="utf-8")
    assert committed == GENERATED[path](), "run: python -m perpbot.config"


def changed(path: str, value: Any) -> Json:
    """The simulation's file as data, with one key changed."""
    whole: Json = yaml.safe_load(FILES[0].read_bytes())
    *outer, last = path.split(".")
    inner = whole
    for name in outer:
        inner = inner[name]
    inner[last] = value
    return whole


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("scanner.min_profit_pct", 0.002),
        ("risk.max_drawdown_pct", "10"),
        ("capital.pools.arb", 500),
        ("capital.pools.wash", {"share": 70}),
        ("execution.on_stop", "flee"),
        ("execution.hedge_band_pct", 0.1),
        ("execution.hedge_band_pct", [0.1, True]),
        ("scanner.priority_exchange_pairs", [["okx"]]),
        ("exchanges.binance", {}),
        ("exchanges.okx.trading.api_key_env", "secret-key"),
        ("exchanges.okx.trading.leverage", 2.5),
        ("exchanges.okx.proxy", "ftp://x"),
        ("symbols", ["btc"]),
        ("symbols", None),
        ("log.level", None),
        ("logs", {}),
    ],
)
def test_what_the_loader_refuses_for_its_form_the_schema_refuses_too(path: str, value: Any) -> None:
    whole = changed(path, value)
    assert not SCHEMA.takes(whole)
    with pytest.raises(ConfigError):
        loads(yaml.safe_dump(whole).encode(), "x", Settings, {})


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("scanner.slippage_pct", 0),
        ("scanner.min_profit_pct", "${LEAST}"),
        ("exchanges.okx.proxy", None),
        ("exchanges.okx.proxy", "socks5h://127.0.0.1:1080"),
        ("simulation.seed", None),
        ("websocket", None),
        ("risk", None),
        ("capital.pools.wash", 70),
    ],
)
def test_what_the_loader_takes_the_schema_takes_too(path: str, value: Any) -> None:
    whole = changed(path, value)
    assert SCHEMA.takes(whole)
    loads(yaml.safe_dump(whole).encode(), "x", Settings, {"LEAST": "0.05"})


def test_settings_are_described_key_by_key() -> None:
    text = "symbols: [BTC]\nexchanges: {okx: {trading: {api_key_env: K}}, aster: {}}\nrisk: {min_equity: 250.50}\n"
    rows = describe(loads(text.encode(), "x", Settings, {}))
    assert Described("risk.min_equity", "250.5", "Least total equity for a new trade.") in rows
    values = {row.key: row.value for row in rows}
    assert len(values) == len(rows)
    assert values["symbols"] == "[BTC-PERP]"
    assert values["exchanges.okx.trading.api_key_env"] == "K"
    assert values["exchanges.aster.trading.api_key_env"] == "null"
    assert values["exchanges.aster.testnet"] == "false"
    assert values["execution.hedge_band_pct"] == "[0.1, 0.3, 0.8]"
    assert values["supervision.backoff_jitter"] == "0.2"
    assert values["websocket"] == "null"


def as_yaml(tree: Json, margin: str = "") -> str:
    """Nested mappings as text; what is no mapping stands as it is."""
    lines = []
    for key, value in tree.items():
        inner = f"\n{as_yaml(value, margin + '  ')}" if isinstance(value, dict) else f" {value}\n"
        lines.append(f"{margin}{key}:{inner}")
    return "".join(lines)


def test_what_is_described_reads_back_as_the_same_settings() -> None:
    settings = load_settings(FILES[0], {}, SUPPORTED)
    tree: Json = {}
    for row in describe(settings):
        *outer, last = row.key.split(".")
        inner = tree
        for name in outer:
            inner = inner.setdefault(name, {})
        inner[last] = row.value
    assert loads(as_yaml(tree).encode(), "x", Settings, {}) == settings


def test_the_documentation_quotes_real_messages() -> None:
    exchanges = "exchanges:\n  okx:\n    market_data:\n      rate_limt: 3\n  aster:\n"
    text = f"symbols: [BTC]\n{exchanges}quote_engine:\n  l2_depth:           deep"
    with pytest.raises(ConfigError) as caught:
        loads(text.encode(), "config/live.yaml", Settings, {})
    assert indent(f"{caught.value}\n", "    ") in markdown()


ABSENT = {"websocket", "capital.layer_targets"}
"""Sections that are only there when they are given."""


def test_the_documentation_names_every_key() -> None:
    page = markdown()
    settings = load_settings(FILES[0], {}, SUPPORTED)
    assert all(f"| `{row.key.split('.')[-1]}` |" in page for row in describe(settings) if row.key not in ABSENT)
