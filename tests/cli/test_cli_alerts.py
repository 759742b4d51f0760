"""How `perpbot alerts list` reads; the commands at a running system are tested with those that steer it."""

import json

from perpbot.cli.alerts import _line, _listed

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
