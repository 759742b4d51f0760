"""Every kind of mistake gives its line, its column and what is allowed; many mistakes are told at once."""

from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent

import pytest

from perpbot.config.loader import ConfigError, load, loads
from perpbot.config.settings import Settings, load_settings
from perpbot.config.source import MAX_BYTES

VALID = """\
symbols: [BTC, ETH]
exchanges:
  okx:
    trading: {leverage: 2}
  aster:
"""

VARIABLE = "the name of an environment variable (capitals, digits and _, as in OKX_API_KEY), never the secret"


def problems(text: str | bytes, env: Mapping[str, str] | None = None) -> list[str]:
    """What is wrong with `text`, one line each, without the name of the file."""
    data = text.encode() if isinstance(text, str) else text
    with pytest.raises(ConfigError) as caught:
        loads(data, "x.yaml", Settings, env or {})
    lines = str(caught.value).splitlines()
    assert all(line.startswith("x.yaml:") for line in lines)
    return [line.removeprefix("x.yaml:").strip() for line in lines]


def with_lines(*lines: str) -> str:
    """A valid file with `lines` from line 6 on."""
    return VALID + "\n".join(lines) + "\n"


def test_the_base_of_these_tests_is_valid() -> None:
    assert loads(VALID.encode(), "x.yaml", Settings, {}).symbols == ("BTC-PERP", "ETH-PERP")


def test_a_mistake_in_what_many_keys_repeat_is_told_once() -> None:
    text = dedent("""\
        symbols: [BTC]
        exchanges:
          okx: &all
            trading:
              leverage: -3
          aster: *all
          grvt: *all
          lighter: {trading: {leverage: -3}}
        """)
    allowed = "expected a whole number from 1 to 20 times, got '-3'"
    assert problems(text) == [
        f"5:17: exchanges.okx.trading.leverage: {allowed} (and 2 times more, where this is repeated)",
        f"8:33: exchanges.lighter.trading.leverage: {allowed}",
    ]


def test_many_mistakes_are_told_at_once_in_the_order_of_the_file() -> None:
    text = dedent("""\
        mode: life
        exchanges:
          okx:
            market_data:
              rate_limit_per_sec: fast
              rate_limt: 3
            trading:
              trade_enabled: "yes"
              api_key_env: ${OKX_API_KEY}
          aster:
            market_data: {burst_size: 0}
            market_data: {}
        symbols: [BTC-USDT, 5]
        scanner: {max_notional: 5000}
        """)
    assert problems(text) == [
        "1:7: mode: expected one of simulation, paper, live, got 'life'; did you mean 'live'?",
        "5:27: exchanges.okx.market_data.rate_limit_per_sec: expected a number from 0.1 to 1000 per second, got 'fast'",
        "6:7: unknown key 'rate_limt', did you mean 'rate_limit_per_sec'?",
        "8:22: exchanges.okx.trading.trade_enabled: expected true or false, got a text: take the quotes away",
        f"9:20: exchanges.okx.trading.api_key_env: expected {VARIABLE}; write the name alone, without ${{}}",
        "11:31: exchanges.aster.market_data.burst_size: expected a whole number from 1 to 10000 requests, got '0'",
        "12:5: duplicate key 'market_data', first given in line 11",
        "13:11: symbols[0]: expected a base asset in capitals, as in BTC or BTC-PERP, got 'BTC-USDT'",
        "13:21: symbols[1]: expected a base asset in capitals, as in BTC or BTC-PERP, got '5'",
        "14:25: scanner.max_notional: 5000 must not be more than risk.max_position_notional, which is 1000",
    ]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        # unknown keys
        ("risc: {}", "6:1: unknown key 'risc', did you mean 'risk'?"),
        ("min_profit_pct: 1", "6:1: unknown key 'min_profit_pct', it belongs under scanner"),
        (
            "log: {zzz: 1}",
            "6:7: unknown key 'zzz', known here: level, file, max_size_mb, keep_files, status_interval_sec",
        ),
        (
            "websocket: {csrf_token: abc}",
            (
                "6:13: unknown key 'csrf_token': a secret is never in the file, "
                "'csrf_token_env' names the variable that holds it"
            ),
        ),
        # wrong types
        ("log: 5", "6:6: log: expected a mapping of keys, got '5'"),
        ("log: [a]", "6:6: log: expected a mapping of keys, got a list"),
        (
            "scanner: {min_profit_pct: }",
            "6:26: scanner.min_profit_pct: expected a number from 0.005 to 10 percent, got nothing",
        ),
        (
            "risk: {max_drawdown_pct: [5]}",
            "6:26: risk.max_drawdown_pct: expected a number from 0.5 to 90 percent, got a list",
        ),
        ("log: {level: {}}", "6:14: log.level: expected one of DEBUG, INFO, WARNING, ERROR, got a mapping"),
        ("execution: {parallel_orders: on}", "6:30: execution.parallel_orders: expected true or false, got 'on'"),
        ("execution: {hedge_band_pct: 1}", "6:29: execution.hedge_band_pct: expected a list, got '1'"),
        (
            "quote_engine: {l2_depth: 2.5}",
            "6:26: quote_engine.l2_depth: expected a whole number from 1 to 400 levels, got '2.5'",
        ),
        (
            "quote_engine: {l2_depth: '5'}",
            (
                "6:26: quote_engine.l2_depth: expected a whole number from 1 to 400 levels, got a text: "
                "take the quotes away"
            ),
        ),
        (
            "scanner: {priority_exchange_pairs: [[okx]]}",
            "6:37: scanner.priority_exchange_pairs[0]: expected a list of 2, got 1",
        ),
        # numbers mean what they say: no other notation
        (
            "risk: {daily_loss_limit: 1e3}",
            "6:26: risk.daily_loss_limit: expected a number from 1 to 10000000 USD, got '1e3'",
        ),
        (
            "risk: {daily_loss_limit: 1_000}",
            "6:26: risk.daily_loss_limit: expected a number from 1 to 10000000 USD, got '1_000'",
        ),
        (
            "risk: {daily_loss_limit: .nan}",
            "6:26: risk.daily_loss_limit: expected a number from 1 to 10000000 USD, got '.nan'",
        ),
        (
            "risk: {daily_loss_limit: 1:30}",
            "6:26: risk.daily_loss_limit: expected a number from 1 to 10000000 USD, got '1:30'",
        ),
        # out of range, and what was probably meant
        (
            "scanner: {min_profit_pct: 0.002}",
            (
                "6:27: scanner.min_profit_pct: expected a number from 0.005 to 10 percent, got '0.002'; "
                "did you mean 0.2? The unit is percent, not a fraction"
            ),
        ),
        (
            "risk: {max_drawdown_pct: 0.1}",
            (
                "6:26: risk.max_drawdown_pct: expected a number from 0.5 to 90 percent, got '0.1'; "
                "did you mean 10? The unit is percent, not a fraction"
            ),
        ),
        (
            "risk: {max_drawdown_pct: 10%}",
            "6:26: risk.max_drawdown_pct: expected a number from 0.5 to 90 percent, got '10%'; leave out the % sign",
        ),
        (
            "log: {status_interval_sec: 300000}",
            (
                "6:28: log.status_interval_sec: expected a number from 1 to 86400 seconds, got '300000'; "
                "did you mean 300? The unit is seconds, not milliseconds"
            ),
        ),
        (
            "quote_engine: {max_quote_age_ms: 2}",
            (
                "6:34: quote_engine.max_quote_age_ms: expected a number from 50 to 60000 milliseconds, got '2'; "
                "did you mean 2000? The unit is milliseconds, not seconds"
            ),
        ),
        (
            "risk: {min_equity: -5}",
            "6:20: risk.min_equity: expected 0, or a number from 1 to 10000000 USD, got '-5'",
        ),
        # lists, name by name
        (
            "scanner: {priority_exchange_pairs: [[okx, astre]]}",
            (
                "6:43: scanner.priority_exchange_pairs[0][1]: expected one of paradex, extended, okx, lighter, edgex, "
                "backpack, grvt, aster, hyperliquid, got 'astre'; did you mean 'aster'?"
            ),
        ),
        (
            "execution: {hedge_band_pct: [0.1, x]}",
            "6:35: execution.hedge_band_pct[1]: expected a number from 0.01 to 10 percent, got 'x'",
        ),
        # references
        (
            "log: {file: '${LOG_FILE}'}",
            "6:13: log.file: environment variable LOG_FILE is not set; set it, or give a default: ${LOG_FILE:-default}",
        ),
        ("log: {file: '${1}'}", "6:13: log.file: broken reference: ${NAME} or ${NAME:-default} is allowed"),
        # what YAML can do and a configuration need not
        ("log: {<<: {level: INFO}}", "6:7: merge keys (<<) are not supported; an alias for a whole mapping is"),
        ("log: !!python/object:os.system {}", "6:6: tags (!…) are not allowed"),
        ("log: {level: !x INFO}", "6:14: tags (!…) are not allowed"),
        ("? [a]\n: 5", "6:3: a key must be a single word"),
        ("mode: paper\nmode: live", "7:1: duplicate key 'mode', first given in line 6"),
        # broken YAML
        ("log: [", "7:1: broken YAML: while parsing a flow node, expected the node content, but found '<stream end>'"),
        (
            "log: {level: ${LEVEL}}",
            (
                "6:15: broken YAML: while parsing a flow mapping, expected ',' or '}', but got '{'; "
                "inside { } and [ ], put ${…} into quotes"
            ),
        ),
        ("log: *hunter2", "6:6: broken YAML: found undefined alias"),
        (
            "\tlog: 5",
            "6:1: broken YAML: while scanning for the next token, found character '\\t' that cannot start any token",
        ),
        ('log: "\\UFFFFFFFF"', "6:9: broken YAML: a number too large in an escape"),
        ("--- \na: 1", "6:1: broken YAML: expected a single document in the stream, but found another document"),
    ],
)
def test_a_mistake_is_told_with_its_place_and_what_is_allowed(line: str, expected: str) -> None:
    assert problems(with_lines(line)) == [expected]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "1:1: the file is empty"),
        ("# nothing\n", "1:1: the file is empty"),
        ("- a", "1:1: expected a mapping of keys, got a list"),
        (b"a: 1\nb: \xff", "2:4: not UTF-8"),
        ("a: 1\nb: é\x07", "2:5: a character that YAML does not allow"),
        ("[" * 5000, "1:21: broken YAML: nested more than 20 deep"),
        ("%YAML " + "9" * 5000, "1:7: broken YAML: a number too large in an escape"),
        (b"#" * (MAX_BYTES + 1), f"the file is too large: at most {MAX_BYTES} bytes are allowed"),
    ],
)
def test_a_file_that_cannot_be_read_as_a_whole(text: str | bytes, expected: str) -> None:
    assert problems(text) == [expected]


def test_missing_keys_are_told_where_their_section_begins() -> None:
    assert problems("mode: paper\nexchanges:\n  okx:\n  aster:\n") == [
        "1:1: missing key 'symbols': What is traded: base assets (BTC) or canonical symbols (BTC-PERP)."
    ]


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    for path, reason in ((tmp_path / "no.yaml", "No such file or directory"), (tmp_path, "Is a directory")):
        with pytest.raises(ConfigError) as caught:
            load(path, Settings, {})
        assert str(caught.value) == f"{path}: cannot be read: {reason}"
    with pytest.raises(ConfigError, match="cannot be read: not a file name"):
        load("a\0b", Settings, {})


def test_a_file_that_is_not_where_it_was_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError) as caught:
        load("config/simulation.yaml", Settings, {})
    said = f"not found in {tmp_path}; run from PerpBot's directory, or give --config"
    assert str(caught.value) == f"config/simulation.yaml: cannot be read: {said}"


def test_an_alias_bomb_is_refused_at_once() -> None:
    lines = ["a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    told = problems(with_lines(*lines))
    assert any("5000 values are too many; what aliases repeat counts each time" in each for each in told)
    assert len(told) == 13  # the twelve unknown keys beside it


def test_an_alias_in_itself_is_refused() -> None:
    assert "6:4: nested more than 20 deep: does an alias contain itself?" in problems(with_lines("a: &x [*x]"))


def test_an_alias_for_a_whole_value_works() -> None:
    text = "symbols: [BTC]\nexchanges:\n  okx: &same {trading: {leverage: 3}}\n  aster: *same\n"
    assert loads(text.encode(), "x.yaml", Settings, {}).exchanges["aster"].trading.leverage == 3


def test_a_venue_that_is_unknown_and_one_that_is_not_supported_yet(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text("symbols: [BTC]\nexchanges:\n  okx:\n  grvt:\n  binance:\n  hyperliqid: 7\n", encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_settings(path, {}, ("okx", "aster"))
    assert [line.removeprefix(f"{path}:") for line in str(caught.value).splitlines()] == [
        "4:3: exchanges.grvt: not supported yet; supported: okx, aster",
        (
            "5:3: exchanges: unknown name 'binance', known: paradex, extended, okx, lighter, edgex, backpack, grvt, "
            "aster, hyperliquid"
        ),
        "6:3: exchanges: unknown name 'hyperliqid', did you mean 'hyperliquid'?",
        "6:15: exchanges.'hyperliqid': expected a mapping of keys, got '7'",
    ]
