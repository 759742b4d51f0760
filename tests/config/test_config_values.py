"""Values arrive as they were written: exact, with their units, from the file or the environment."""

from decimal import Decimal
from typing import Any

import attrs
import pytest

from perpbot.config.decisions import FallbackPolicy
from perpbot.config.kinds import Number
from perpbot.config.loader import ConfigError, loads
from perpbot.config.operation import Resolution
from perpbot.config.section import Section, kind_of, meaning_of, section_in
from perpbot.config.settings import Settings

BASE = "symbols: [BTC]\nexchanges: {okx: {}, aster: {}}\n"

UNITS = {"_pct": "percent", "_per_sec": "per second", "_sec": "seconds", "_ms": "milliseconds", "_notional": "USD"}


def loaded(text: str, **env: str) -> Settings:
    return loads((BASE + text).encode(), "x", Settings, env)


def test_decimals_are_the_text_of_the_file() -> None:
    settings = loaded(
        "scanner: {min_profit_pct: 0.10, max_notional: 123.4567890123}\nexecution: {hedge_band_pct: [0.07]}"
    )
    assert str(settings.scanner.min_profit_pct) == "0.10"
    assert settings.scanner.max_notional == Decimal("123.4567890123")
    assert settings.execution.hedge_band_pct == (Decimal("0.07"),)


def test_off_is_a_word_where_a_word_is_wanted() -> None:
    assert loaded("execution: {fallback_policy: off}").execution.fallback_policy is FallbackPolicy.OFF


def test_names_that_yaml_takes_for_something_else_stay_names() -> None:
    text = "symbols: [NO, ON, 1INCH]\nexchanges: {okx: {trading: {account: 007}}, aster: {}}"
    settings = loads(text.encode(), "x", Settings, {})
    assert settings.bases == ("NO", "ON", "1INCH")
    assert settings.exchanges["okx"].trading.account == "007"


def test_a_number_in_place_of_a_pool_is_its_share() -> None:
    pools = loaded("capital: {pools: {wash: {share_pct: 60, enabled: true}, arb: 25, reserve: 15}}").capital.pools
    assert (pools.wash.share_pct, pools.wash.enabled) == (Decimal(60), True)
    assert (pools.arb.share_pct, pools.arb.enabled) == (Decimal(25), True)
    assert pools.reserve.share_pct == 15


def test_hedged_volume_is_off_unless_asked_for() -> None:
    assert not loaded("capital: {pools: {wash: 70}}").capital.pools.wash.enabled


def test_zero_is_allowed_where_nothing_is_fine() -> None:
    assert loaded("scanner: {slippage_pct: 0}").scanner.slippage_pct == 0


def test_a_section_without_keys_has_its_defaults() -> None:
    assert loaded("risk:\nlog: {}") == loaded("")


def test_the_bar_feed_takes_the_keys_of_its_time() -> None:
    bars = loaded(
        "websocket: {endpoint: 'wss://ws.example.org:18000/market_data', csrf_token_env: WEBSOCKET_CSRF_TOKEN, "
        "market_type: binance-testnet, symbols: [BTCUSDT], resolutions: [1m, 1h], max_bars_per_symbol: 500}"
    ).websocket
    assert bars is not None
    assert bars.resolutions == (Resolution.M1, Resolution.H1)
    assert bars.csrf_token_env == "WEBSOCKET_CSRF_TOKEN"  # noqa: S105 - a name
    assert loaded("").websocket is None


def test_values_come_from_the_environment() -> None:
    text = "mode: ${MODE}\nlog: {file: 'bot-${NODE:-one}.log'}\nscanner: {min_profit_pct: '${LEAST}'}\n"
    settings = loaded(text, MODE="paper", LEAST="0.3")
    assert settings.mode == "paper"
    assert settings.log.file == "bot-one.log"
    assert settings.scanner.min_profit_pct == Decimal("0.3")
    assert loaded(text, MODE="paper", LEAST="0.3", NODE="").log.file == "bot-one.log"


def test_an_optional_value_may_be_left_out_by_its_variable() -> None:
    text = "symbols: [BTC]\nexchanges: {okx: {proxy: '${PROXY:-}'}, aster: {}}"
    assert loads(text.encode(), "x", Settings, {}).exchanges["okx"].proxy is None
    proxied = loads(text.encode(), "x", Settings, {"PROXY": "socks5://127.0.0.1:1080"})
    assert proxied.exchanges["okx"].proxy == "socks5://127.0.0.1:1080"


def test_a_file_may_begin_with_a_byte_order_mark() -> None:
    assert loads(b"\xef\xbb\xbf" + BASE.encode(), "x", Settings, {}) == loaded("")


def test_credentials_are_the_names_of_variables() -> None:
    text = "symbols: [BTC]\nexchanges: {okx: {trading: {api_key_env: OKX_API_KEY, api_secret_env: S}}, aster: {}}"
    settings = loads(text.encode(), "x", Settings, {"OKX_API_KEY": "the key itself"})
    assert settings.exchanges["okx"].trading.credentials == {"api_key": "OKX_API_KEY", "api_secret": "S"}
    assert settings.exchanges["aster"].trading.credentials == {}


@pytest.mark.parametrize(
    ("key", "value", "allowed"),
    [
        ("rest", "https://www.okx.com", True),
        ("rest", "http://127.0.0.1:8123/okx", True),
        ("rest", "http://[::1]:80/x", True),
        ("rest", "http://localhost", True),
        ("rest", "http://www.okx.com", False),
        ("rest", "ftp://127.0.0.1", False),
        ("rest", "https://user:pass@www.okx.com", False),
        ("rest", "https://www.okx.com/?key=5", False),
        ("rest", "https:///path", False),
        ("rest", "https://[", False),
        ("rest", "https://x:port", False),
        ("rest", "www.okx.com", False),
        ("public_ws", "wss://ws.okx.com:8443/ws/v5/public", True),
        ("public_ws", "ws://127.0.0.1:8123", True),
        ("public_ws", "ws://10.0.0.1:8123", False),
        ("public_ws", "https://ws.okx.com", False),
    ],
)
def test_addresses_are_encrypted_and_hold_no_secret(key: str, value: str, *, allowed: bool) -> None:
    text = f"symbols: [BTC]\nexchanges: {{okx: {{endpoints: {{{key}: '{value}'}}}}, aster: {{}}}}"
    if allowed:
        assert getattr(loads(text.encode(), "x", Settings, {}).exchanges["okx"].endpoints, key) == value
    else:
        with pytest.raises(ConfigError, match=r"expected a URL .* what stands here is not shown$") as caught:
            loads(text.encode(), "x", Settings, {})
        assert value not in str(caught.value)


def sections(cls: type[Section]) -> set[type[Section]]:
    """`cls` and every section below it."""
    inner = [section_in(attribute) for attribute in attrs.fields(cls)]
    return {cls}.union(*(sections(each) for each in inner if each is not None))


def keys() -> list["attrs.Attribute[Any]"]:
    return [attribute for cls in sections(Settings) for attribute in attrs.fields(cls)]


def test_the_unit_of_a_number_is_in_its_name_and_its_type_follows() -> None:
    numbers = [(each, kind_of(each)) for each in keys() if section_in(each) is None]
    seen = set()
    for attribute, kind in numbers:
        suffix = next((suffix for suffix in UNITS if attribute.name.endswith(suffix)), None)
        if suffix is None:
            continue
        assert isinstance(kind, Number), attribute.name
        assert kind.unit == UNITS[suffix], attribute.name
        assert (kind.to is Decimal) == (kind.unit in {"percent", "USD"}), attribute.name
        seen.add(suffix)
    assert seen == set(UNITS)


def test_every_key_has_a_sentence_and_every_section_a_docstring() -> None:
    assert all(meaning_of(each).endswith(".") for each in keys())
    assert all(cls.__doc__ for cls in sections(Settings))
