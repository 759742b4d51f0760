"""alerts.yaml: the shipped rules, what is refused with its line, and the pages that go with it."""

import json
import re
from pathlib import Path

import pytest
import yaml

from perpbot.alerts.action import ActionKind
from perpbot.alerts.alert import Severity
from perpbot.config.alerts import Alerts, Language, load_alerts
from perpbot.config.alerts_page import markdown
from perpbot.config.loader import ConfigError, loads
from perpbot.config.schema import schema_text
from perpbot.shipped import CONFIGURATIONS, alert_rules

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "config" / "alerts.yaml"
RULES = load_alerts(SHIPPED, {}).alerts
BY_NAME = {each.name: each for each in RULES}


@pytest.mark.parametrize(
    ("name", "condition", "severity", "actions"),
    [
        ("quotes-late", "quote_latency > 5s", "critical", "pause_trading notify_telegram notify_lark"),
        ("failures-in-a-row", "consecutive_failures >= 3", "high", "trigger_cooldown_60s notify_telegram"),
        ("daily-loss", "daily_pnl <= -500", "critical", "emergency_stop notify_telegram notify_lark audio_alert"),
        ("drawdown", "drawdown >= 10%", "critical", "safe_mode_on notify_all_channels"),
    ],
)
def test_the_examples_of_the_documents_are_shipped(name: str, condition: str, severity: str, actions: str) -> None:
    rule = BY_NAME[name]
    assert (str(rule.condition), rule.severity.value) == (condition, severity)
    assert " ".join(map(str, rule.actions)) == actions


def headings(path: Path) -> set[str]:
    return set(re.findall(r"^## (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE))


@pytest.mark.parametrize("name", BY_NAME)
def test_every_shipped_rule_has_words_in_both_languages_and_an_entry_in_the_runbook(name: str) -> None:
    rule = BY_NAME[name]
    path, _, anchor = (rule.runbook or "").partition("#")
    assert anchor in headings(ROOT / path)
    assert rule.called(Language.EN) != name
    assert not rule.called(Language.ZH).isascii()
    assert rule.severity is not Severity.CRITICAL or any(
        each.kind in {ActionKind.NOTIFY, ActionKind.SOUND} for each in rule.actions
    )


def test_the_runbook_has_no_entry_for_what_is_no_rule() -> None:
    assert headings(ROOT / "docs" / "runbook.md") == set(BY_NAME)


def test_the_page_and_the_schema_are_what_the_code_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert (ROOT / "docs/alerts.md").read_text(encoding="utf-8") == markdown(), "run python -m perpbot.config"
    text = (ROOT / "config/alerts.schema.json").read_text(encoding="utf-8")
    assert text == schema_text(Alerts), "run python -m perpbot.config"
    given = set(yaml.safe_load(SHIPPED.read_bytes()))
    assert given <= set(json.loads(text)["$defs"]["Alerts"]["properties"])


def test_the_documents_own_example_loads_as_it_stands() -> None:
    text = """
alerts:
  - name: "WebSocket 断线"
    condition: "quote_latency > 5000ms"
    severity: "critical"
    actions:
      - "pause_trading"
      - "notify_telegram"
"""
    loaded = loads(text.encode(), "alerts.yaml", Alerts, {})
    assert list(loaded.active) == ["WebSocket 断线"]
    assert loaded.missing_channels == ("telegram",)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("    condition: drawdown > 10", "alerts.yaml:4:16: alerts[0].condition: expected a condition"),
        ("    condition: drawdown > 10", "drawdown is a share: behind the number stands %"),
        ("    condition: drawdwn > 10%", "did you mean drawdown?"),
        ("    actions: [notify-me]", "alerts.yaml:4:15: alerts[0].actions[0]: expected pause_trading, safe_mode_on"),
        ("    severity: fatal", "expected one of info, warning, high, error, critical"),
        ("    clear: quote_latency < 1s", "alerts[0].clear: speaks of a venue, condition of all"),
        ("    colour: red", "unknown key 'colour'"),
        ("  - name: a\n    condition: drawdown > 2%", "alerts.yaml:4:11: alerts[1].name: 'a' is there twice"),
        ("channels: [{name: all_channels, url: env:X}]", "all_channels stands for all of them"),
        ("channels: [{name: a}]", "missing key 'url'"),
        ("channels: [{name: a, url: 'tgram://123456:SECRETSECRET/1'}]", "what stands here is not shown"),
        ("quiet_hours: {begin: '25:00'}", "a time, as in"),
        ("quiet_hours: {time_zone: Mars/Olympus}", "no time zone Mars/Olympus"),
    ],
)
def test_a_mistake_is_told_with_its_place_and_what_is_allowed(line: str, said: str) -> None:
    base = "alerts:\n  - name: a\n" + ("" if "condition:" in line.splitlines()[0] else "    condition: drawdown > 1%\n")
    text = base + ("    severity: info\n" if "condition:" in line.splitlines()[0] else "") + line + "\n"
    with pytest.raises(ConfigError) as caught:
        loads(text.encode(), "alerts.yaml", Alerts, {})
    assert said in str(caught.value)
    assert "SECRET" not in str(caught.value)


def test_the_rules_beside_the_configuration_count_and_else_the_shipped_ones(tmp_path: Path) -> None:
    assert alert_rules(tmp_path / "mine.yaml") == CONFIGURATIONS / "alerts.yaml"
    (tmp_path / "alerts.yaml").touch()
    assert alert_rules(tmp_path / "mine.yaml") == tmp_path / "alerts.yaml"
