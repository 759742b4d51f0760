"""The page docs/metrics.md, written from the catalogue."""

from collections.abc import Iterable, Iterator

from perpbot.metrics.catalogue import GROUPS, Metric

_INTRODUCTION = """\
# Metrics

Prometheus reads them at `/metrics` of the web console, without a token, or at a listener of their own:

    metrics:
      listen: 127.0.0.1:9464

They are made from what the actors keep anyway, at the moment somebody asks; a scrape of nine venues is less than 500
lines. What accounts hold is left out unless `metrics.balances: true` says otherwise: nobody is asked who reads them.

Units are seconds, ratios from 0 to 1, and US dollars as the configuration takes them. No label names an order, a trade
or a price. All scanners count as one actor (`/strategies/scanner-*`), all trades too, and at venues everything but the
connections. `process_*` are those of every program.
[monitoring.md](monitoring.md) has the dashboard and the alert rules that go with them.
"""

_END = """\
This page is written by `python -m perpbot.metrics` from `perpbot/metrics/catalogue.py`.
"""


def markdown() -> str:
    """The whole page."""
    tables = (line for title, metrics in GROUPS.items() for line in _table(title, metrics))
    return "\n".join([_INTRODUCTION, *tables, _END])


def _table(title: str, metrics: Iterable[Metric]) -> Iterator[str]:
    yield f"## {title}\n\n| metric | kind | labels | meaning |\n|---|---|---|---|"
    for each in metrics:
        labels = ", ".join(f"`{label}`" for label in each.labels) or "-"
        seen = f" There {each.seen}." if each.seen else ""
        yield f"| `{each.full_name}` | {each.kind} | {labels} | {each.meaning}{seen} |"
    yield ""
