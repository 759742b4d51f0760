"""Alerts and their rules as surfaces get them: what is wrong in every language, with the values apart."""

from actors.alert_requests import AlertRow
from perpbot.config.alerts import load_alerts
from perpbot.sections.operations import alert
from perpbot.shipped import CONFIGURATIONS
from perpbot.web.alarms import watched

ROW = AlertRow(
    id="quotes-late/okx",
    rule="quotes-late",
    about="okx",
    severity="critical",
    phase="firing",
    title="WebSocket 断线",
    titles={"en": "Stream is down", "zh": "WebSocket 断线"},
    reading="quote_latency 7.2s",
    at_ns=0,
    acknowledged_by="",
    silenced=False,
    runbook="",
    actions=(),
    sound=False,
)


def test_an_alert_has_its_title_in_every_language_whichever_is_configured() -> None:
    told = alert(ROW)
    assert told["text"] == "WebSocket 断线: quote_latency 7.2s"
    assert told["titles"] == {"en": "Stream is down", "zh": "WebSocket 断线"}
    assert told["reading"] == "quote_latency 7.2s"


def test_every_shipped_rule_is_shown_with_what_it_is_about_and_what_it_does() -> None:
    rules = load_alerts(CONFIGURATIONS / "alerts.yaml", {})
    rows = [watched(each) for each in rules.active.values()]
    assert rows[0]["titles"]["en"] != rows[0]["titles"]["zh"]
    assert rows[0]["condition"] == "quote_latency > 5s"
    assert rows[0]["actions"][0] == "pause_trading"
    assert all(each["titles"]["zh"] and each["severity"] and each["runbook"] for each in rows)
