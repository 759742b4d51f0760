"""`perpbot alerts` at a running system."""

import json

import pytest
from running_system import Commands, Running

from perpbot.cli.alerts import _line, _listed

pytestmark = pytest.mark.process


def test_alerts_are_listed_with_how_many_rules_are_looked_at(system: Running, perpbot: Commands) -> None:
    listed = perpbot("alerts", "list", "--json", "--state", system.state)
    assert listed.json["rules"] == 17
    assert set(listed.json) == {"alerts", "recent", "silences", "rules", "missing_channels", "channels"}
    assert listed.json["missing_channels"] == ["telegram", "lark"]


def test_a_rule_is_silenced_and_heard_again(system: Running, perpbot: Commands) -> None:
    silenced = perpbot("alerts", "silence", "few-succeed", "--hours", "2", "--state", system.state)
    assert (silenced.code, silenced.out.startswith("few-succeed is silenced until ")) == (0, True)
    ended = perpbot("alerts", "silence", "few-succeed", "--hours", "0", "--json", "--state", system.state)
    assert (ended.code, ended.json["silences"]) == (0, [])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["ack", "nonsense"], "no alert 'nonsense' fires"),
        (["silence", "nonsense"], "no rule 'nonsense'; there are quotes-late, "),
        (["test", "--channel", "phone"], "no channel 'phone'; there are none"),
    ],
)
def test_what_is_not_there_is_said(system: Running, perpbot: Commands, arguments: list[str], said: str) -> None:
    refused = perpbot("alerts", *arguments, "--state", system.state)
    assert refused.code == 1
    assert said in refused.err


def test_without_channels_a_test_says_where_they_would_be(system: Running, perpbot: Commands) -> None:
    tried = perpbot("alerts", "test", "--state", system.state)
    assert (tried.code, "alerts.yaml" in tried.out) == (0, True)


ALERT = {
    "id": "quotes-late/okx", "severity": "critical", "phase": "firing", "reading": "quote_latency 7s", "silenced": True,
    "acknowledged_by": "ann", "at": "2026-01-01T12:00:00.000Z", "runbook": "docs/runbook.md#quotes-late",
}  # fmt: skip


def test_a_line_says_what_since_when_who_has_it_and_what_to_do() -> None:
    line = _line(ALERT)
    assert "FIRING   quotes-late/okx  quote_latency 7s; acknowledged by ann; silenced" in line
    assert line.endswith("-> docs/runbook.md#quotes-late")


def test_channels_that_do_not_work_are_listed() -> None:
    channel = {"name": "phone", "waiting": 3, "error": "answered 500", "delivered": 0, "failed": 2}
    answer = {"alerts": [ALERT], "silences": [], "channels": [channel], "missing_channels": ["lark"], "recent": [ALERT]}
    lines = list(_listed(json.loads(json.dumps(answer)), recent=True))
    assert "Channel phone: 3 messages not delivered yet: answered 500" in lines
    assert "Named by rules, and not configured: lark." in lines
    assert len(lines) == 5
