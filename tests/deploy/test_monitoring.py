"""Rules and dashboard ask for metrics that exist, and say what to do."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from tools import DEPLOY, DOCS, ROOT, run, tool

from perpbot.metrics.__main__ import GENERATED
from perpbot.metrics.catalogue import METRICS, Kind
from perpbot.metrics.dashboard import PANELS

RULES = yaml.safe_load((DEPLOY / "prometheus/rules.yml").read_text())
ALERTS: dict[str, Any] = {rule["alert"]: rule for group in RULES["groups"] for rule in group["rules"]}
QUERIES = {name: rule["expr"] for name, rule in ALERTS.items()} | {
    f"{panel.title}, {legend}": query for panel in PANELS for legend, query in panel.queries.items()
}


@pytest.mark.parametrize("path", GENERATED, ids=str)
def test_what_is_generated_is_current(path: Path) -> None:
    assert (ROOT / path).read_text(encoding="utf-8") == GENERATED[path]()


@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES)
def test_a_query_asks_only_for_metrics_and_labels_that_exist(query: str) -> None:
    known = {each.full_name + ("_bucket" if each.kind is Kind.HISTOGRAM else ""): each for each in METRICS.values()}
    asked = re.findall(r"(perpbot_\w+)(?:\{([^}]*)\})?", query)
    assert asked or query.startswith("up{")
    for name, labels in asked:
        assert name in known
        assert set(re.findall(r"(\w+)=", labels)) <= {*known[name].labels, "le"}


def test_the_dashboard_has_nine_panels_and_asks_the_source_that_is_provisioned() -> None:
    board = json.loads((DEPLOY / "grafana/dashboards/perpbot.json").read_text())
    source = yaml.safe_load((DEPLOY / "grafana/provisioning/datasources/prometheus.yml").read_text())["datasources"][0]
    assert len(board["panels"]) == 9
    places = [tuple(each["gridPos"].values()) for each in board["panels"]]
    assert len(set(places)) == 9
    targets = [target for panel in board["panels"] for target in panel["targets"]]
    assert {target["datasource"]["uid"] for target in targets} == {source["uid"]}


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_has_a_severity_a_test_and_an_entry_that_says_what_to_do(name: str) -> None:
    rule = ALERTS[name]
    assert rule["labels"]["severity"] in {"critical", "warning"}
    page, _, anchor = rule["annotations"]["runbook"].partition("#")
    assert anchor == name.lower()
    assert f"\n### {name}\n" in (ROOT / page).read_text(encoding="utf-8")
    tests = yaml.safe_load((DEPLOY / "prometheus/rules.test.yml").read_text())["tests"]
    assert [
        each for test in tests for each in test["alert_rule_test"] if each["alertname"] == name and each["exp_alerts"]
    ]


def test_the_page_has_no_entry_for_an_alert_that_is_gone() -> None:
    assert set(re.findall(r"^### (\w+)$", (DOCS / "monitoring.md").read_text(encoding="utf-8"), re.MULTILINE)) == set(
        ALERTS
    )


def test_the_rules_fire_where_they_should_and_not_before() -> None:
    promtool = tool("promtool", "prometheus of Debian")
    run(promtool, "check", "config", "--lint-fatal", "prometheus.yml", cwd=DEPLOY / "prometheus")
    run(promtool, "test", "rules", "rules.test.yml", cwd=DEPLOY / "prometheus")


def test_alertmanager_takes_its_configuration(tmp_path: Path) -> None:
    amtool = tool("amtool", "prometheus-alertmanager of Debian")
    text = (DEPLOY / "alertmanager/alertmanager.yml").read_text()
    assert "WEBHOOK_URL" in text
    (tmp_path / "alertmanager.yml").write_text(text.replace("WEBHOOK_URL", "https://alerts.example/hook"))
    run(amtool, "check-config", tmp_path / "alertmanager.yml")
