"""Whatever stands in a file: settings or `ConfigError`, nothing else, and no secret in what is said."""

import base64
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from perpbot.config.loader import ConfigError, loads
from perpbot.config.settings import Settings
from perpbot.config.source import shown

ROOT = Path(__file__).parents[2]
SHIPPED = [(ROOT / "config" / name).read_text(encoding="utf-8") for name in ("simulation.yaml", "live.example.yaml")]
TOKENS = [
    *("{", "}", "[", "]", ":", ": ", ", ", "- ", "\n", "\n  ", "\t", "#", "'", '"', "|", ">", "?", "? ", "&a ", "*a"),
    *("!", "!!", "!!int ", "<<: *simulated", "%YAML 1.1\n", "---\n", "...\n", "${", "${X}", "${X:-1}", "null", "~"),
    *("\\U0011ffff", '"\\ud800"', "\u2028", "\ufeff", "\x00", "1e999999", ".inf", "0x1F", "-1", "okx", "mode", "off"),
]

relaxed = settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])


def outcome(data: bytes, env: Mapping[str, str]) -> str:
    """What is said of `data`: nothing when it loads."""
    error = None
    try:
        loads(data, "x.yaml", Settings, env)
    except ConfigError as caught:
        error = caught
    if error is None:
        return ""
    assert error.problems
    assert list(error.problems) == sorted(error.problems)
    assert error.__context__ is None, "what the library said may quote the file"
    assert str(error).encode(), "can be printed"
    return str(error)


@given(st.binary(max_size=300))
@example(b"\xff\xfea\x00")
@relaxed
def test_any_bytes_give_settings_or_config_error(data: bytes) -> None:
    outcome(data, {})


@given(st.text(max_size=300) | st.lists(st.sampled_from(TOKENS), max_size=40).map("".join))
@example("? [a]: b\n")
@example('"\\ud800": 1')
@example("exchanges: &a {okx: *a}")
@relaxed
def test_any_text_gives_settings_or_config_error(text: str) -> None:
    outcome(text.encode(errors="replace"), {})


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """A shipped file with a few parts taken out, put in, or doubled."""
    text = draw(st.sampled_from(SHIPPED))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 80)))
        insert = draw(st.sampled_from(TOKENS) | st.text(max_size=8) | st.just(text[start:end] * 2))
        text = text[:start] + insert + text[end:]
    return text


@given(mutated())
@relaxed
def test_a_mutated_file_gives_settings_or_config_error(text: str) -> None:
    outcome(text.encode(errors="replace"), {"X": "0.5"})


secrets_ = st.one_of(
    st.binary(min_size=16, max_size=32).map(bytes.hex),
    st.binary(min_size=32, max_size=32).map(lambda key: "0x" + key.hex()),
    st.binary(min_size=24, max_size=48).map(lambda key: base64.b64encode(key).decode()),
    st.uuids().map(str),
    st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", min_size=32, max_size=52),
)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("rate_limt", "'rate_limt'"),
        ("circuit_halfopen_wait_max_sek", "'circuit_halfopen_wait_max_sek'"),
        ("0.002", "'0.002'"),
        ("两所套利", "'两所套利'"),
        ("a\nb\ud800", "'a\\nb\\ud800'"),
        ("00000000-0000-0000-0000-000000000000", "a text of 36 characters"),
        ("/" * 32, "a text of 32 characters"),
        ("abcdefghijklmnopqrstuvwxyz", "a text of 26 characters"),
        ("zoo zone zero zebra young yield wreck worth", "a text of 43 characters"),
        ("k3yk3yk3yk3y", "a text of 12 characters"),
    ],
)
def test_what_may_be_a_secret_is_told_by_its_length_only(text: str, said: str) -> None:
    assert shown(text) == said


@given(mutated(), secrets_, st.data())
@relaxed
def test_a_secret_that_strays_into_the_file_is_not_repeated(text: str, secret: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(text)))
    spoilt = text[:at] + data.draw(st.sampled_from(["", " ", "\n", '"', "*", "&", "!", "%", "@", "- ", ": "])) + secret
    assert secret not in outcome((spoilt + text[at:]).encode(errors="replace"), {})


@given(mutated(), secrets_ | st.sampled_from(["hunter2", "Tr0ub4dor&3", "1234567890"]), st.data())
@relaxed
def test_a_secret_in_the_environment_is_not_repeated(text: str, secret: str, data: st.DataObject) -> None:
    colons = [index for index, each in enumerate(text) if each == ":"]
    at = data.draw(st.sampled_from(colons)) + 1 if colons else 0
    spoilt = f"{text[:at]} '${{SECRET}}' {text[at:]}"
    assert secret not in outcome(spoilt.encode(errors="replace"), {"SECRET": secret, "X": "1"})


@given(st.text(st.characters(codec="ascii", categories=["L", "N", "P", "S"]), min_size=8, max_size=80))
@example("ABCDEFGHIJKLMNOP2345")
@example("correct horse")
@relaxed
def test_what_stands_in_place_of_the_name_of_a_variable_is_never_shown(secret: str) -> None:
    quoted = secret.replace("'", "''")
    text = "symbols: [BTC]\nexchanges: {{okx: {{trading: {{api_passphrase_env: '{}'}}}}, aster: {{}}}}\n"
    always_the_same = {outcome(text.format(refused).encode(), {}) for refused in ("(", "${")}
    assert outcome(text.format(quoted).encode(), {}) in {"", *always_the_same}


@pytest.mark.parametrize(
    "secret",
    [
        "5f0c1fb7-0bb3-4b4e-9ef4-27d1f3f4f5b1",
        "ABCDEFGHIJKLMNOP2345",
        "0xAC0974BEC39A17E36BA4A6B4D238FF944BACB478CBED5EFCAE784D7BF4F2FF80",
        "MYPASSPHRASE!",
        "okx_api_key",
        "12345678901234567890",
        "A" * 65,
    ],
)
def test_a_secret_in_place_of_the_name_of_a_variable_is_refused(secret: str) -> None:
    text = f"symbols: [BTC]\nexchanges: {{okx: {{trading: {{api_key_env: '{secret}'}}}}, aster: {{}}}}\n"
    said = outcome(text.encode(), {})
    assert said.startswith("x.yaml:2:42: exchanges.okx.trading.api_key_env: expected the name of an environment")
    assert secret not in said


def test_a_secret_pasted_as_a_key_is_not_repeated() -> None:
    said = outcome(b"symbols: [BTC]\nexchanges: {okx: {}, aster: {}}\nsk5f0c1fb70bb34b4e: 1\n", {})
    assert said.startswith("x.yaml:3:1: unknown key a text of 18 characters, known here: ")


def test_a_secret_pasted_as_a_venue_is_not_repeated_by_any_rule() -> None:
    lines = ("symbols: [BTC]", "exchanges:", "  okx: {}", "  sk5f0c1fb70bb34b4e: {testnet: true, proxi: 1}")
    said = outcome("\n".join((*lines, "scanner: {priority_exchange_pairs: [[okx, grvt]]}")).encode(), {})
    assert len(said.splitlines()) == 4
    assert "sk5f" not in said
