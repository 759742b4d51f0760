"""Histories of crashes as they stand on disk and are shown: JSON-able, and the way back."""

from collections.abc import Iterable, Mapping
from typing import Any

import attrs

from actors.runtime.crashes import Crash, CrashHistory
from perpbot.clock import iso
from perpbot.masking import Mask

CRASHES_NAME = "crashes.jsonl"


def history_line(history: CrashHistory, mask: Mask) -> dict[str, Any]:
    """What is kept of `history`."""
    return {
        key: mask(value) if isinstance(value, str) else value
        for key, value in {
            **attrs.asdict(history.last),
            "key": history.key,
            "count": history.count,
            "first_ns": history.first_ns,
            "restarts": history.restarts,
        }.items()
    }


def read_histories(lines: Iterable[Mapping[str, Any]]) -> list[CrashHistory]:
    """Histories from what was kept; what another release wrote differently is left out."""
    histories = []
    names = {each.name for each in attrs.fields(Crash)}
    for line in lines:
        try:
            crash = Crash(**{name: line[name] for name in names})
            count, first, restarts = int(line["count"]), int(line["first_ns"]), int(line["restarts"])
            if not _as_declared(crash):
                continue
            iso(crash.at_ns), iso(first)
        except (KeyError, ValueError, TypeError, OverflowError, OSError):
            continue
        histories.append(CrashHistory(str(line["key"]), count, first, crash, restarts))
    return histories


def _as_declared(crash: Crash) -> bool:
    """Whether every field holds what it should: a file can be edited, or be another release's."""
    texts: tuple[object, ...] = (crash.address, crash.type, crash.reason, crash.traceback, crash.decision, crash.where)
    return (
        all(isinstance(each, str) for each in texts)
        and (crash.during is None or type(crash.during) is str)
        and all(type(each) is int for each in (crash.at_ns, crash.incarnation))
    )


def shown(history: CrashHistory) -> dict[str, Any]:
    """One history for whoever asks."""
    last = history.last
    return {
        "address": last.address,
        "type": last.type,
        "count": history.count,
        "first": iso(history.first_ns),
        "last": iso(last.at_ns),
        "at": iso(last.at_ns),
        "reason": last.reason,
        "during": last.during,
        "where": last.where,
        "incarnation": last.incarnation,
        "restarts": history.restarts,
        "decision": last.decision,
        "traceback": last.traceback,
    }
