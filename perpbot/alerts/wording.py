"""How alerts read in a message, in English and Chinese."""

import attrs

from perpbot.alerts.alert import Severity
from perpbot.alerts.book import Kind
from perpbot.alerts.digest import Batch, Notice, Telling
from perpbot.clock import iso

MOST_SHOWN = 10
CLOCK = slice(11, 19)

_KINDS: dict[str, dict[Kind | Telling, str]] = {
    "en": {
        Kind.FIRED: "FIRING",
        Kind.RESOLVED: "OVER",
        Kind.REPEATED: "STILL FIRING",
        Kind.ESCALATED: "NOT ACKNOWLEDGED",
        Telling.HEARTBEAT: "RUNNING",
        Telling.NOTE: "NOTE",
    },
    "zh": {
        Kind.FIRED: "触发",
        Kind.RESOLVED: "恢复",
        Kind.REPEATED: "仍在触发",
        Kind.ESCALATED: "无人确认",
        Telling.HEARTBEAT: "运行中",
        Telling.NOTE: "通知",
    },
}
_SEVERITIES = {
    "en": {each: "ERROR" if each is Severity.HIGH else each.value.upper() for each in Severity},
    "zh": {
        Severity.INFO: "信息",
        Severity.WARNING: "警告",
        Severity.HIGH: "错误",
        Severity.ERROR: "错误",
        Severity.CRITICAL: "严重",
    },
}
_MANY = {"en": "{count} alerts, the first: {first}", "zh": "{count} 条告警, 首条: {first}"}
_MORE = {"en": "… and {count} more: perpbot alerts list", "zh": "… 另有 {count} 条: perpbot alerts list"}
_SEEN = {"en": "({seen} events in all)", "zh": "(共 {seen} 次事件)"}
_TO_DO = {"en": "what to do: {runbook}", "zh": "处理方法: {runbook}"}


@attrs.frozen(kw_only=True)
class Message:
    """What is sent to a channel."""

    title: str
    body: str
    severity: Severity


def compose(batch: Batch, language: str, mode: str) -> Message:
    """The message that tells of `batch` in `language` (``en`` or ``zh``); what is not real money says its `mode`."""
    first = batch.notices[0]
    count = len(batch.notices) + batch.left_out
    one = f"{_KINDS[language][first.kind]}: {first.title}"
    text = one if count == 1 else _MANY[language].format(count=count, first=one)
    marked = "" if mode == "live" else f" [{mode}]"
    lines = [_line(each, language) for each in batch.notices[:MOST_SHOWN]]
    if count > MOST_SHOWN:
        lines.append(_MORE[language].format(count=count - len(lines)))
    if batch.seen > count:
        lines.append(_SEEN[language].format(seen=batch.seen))
    title = f"PerpBot{marked} {_SEVERITIES[language][batch.severity]} {text}"
    return Message(title=title, body="\n".join(lines), severity=batch.severity)


def _line(notice: Notice, language: str) -> str:
    what = f"{iso(notice.at_ns)[CLOCK]}Z {_KINDS[language][notice.kind]} {notice.title}"
    details = [notice.reading] if notice.reading else []
    if notice.runbook and notice.kind is not Kind.RESOLVED:
        details.append(_TO_DO[language].format(runbook=notice.runbook))
    return f"{what}: {'; '.join(details)}" if details else what
