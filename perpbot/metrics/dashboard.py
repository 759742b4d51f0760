"""The Grafana dashboard: nine panels, written as JSON that Grafana provisions."""

import json
from collections.abc import Mapping
from typing import Any

import attrs

SOURCE = {"type": "prometheus", "uid": "prometheus"}
"""The data source as `deploy/grafana/provisioning` names it."""
WIDTH, HEIGHT = 8, 8
A_ROW = 3
_STATES = ("CONNECTED", "green"), ("DEGRADED", "yellow"), ("DISCONNECTED", "orange"), ("CIRCUIT_OPEN", "red")


@attrs.frozen(kw_only=True)
class Panel:
    """One panel: what it asks Prometheus, by the legend of each answer."""

    title: str
    what: str
    """One sentence for whoever hovers over the title."""
    queries: Mapping[str, str]
    unit: str
    """As Grafana names it."""
    kind: str = "timeseries"
    steps: tuple[tuple[float | None, str], ...] = ((None, "green"),)
    """From which value on which colour; the first is for all below."""


def _stage(quantile: float) -> str:
    rate = 'rate(perpbot_stage_seconds_bucket{stage="tick_to_order"}[$__rate_interval])'
    return f"histogram_quantile({quantile}, sum by (le) ({rate}))"


PANELS = (
    Panel(
        title="System health",
        what="How well the whole and its components do; below 70 % something needs a hand.",
        queries={"all": "perpbot_health_ratio", "{{component}}": "perpbot_component_health_ratio"},
        unit="percentunit",
        kind="stat",
        steps=((None, "red"), (0.7, "yellow"), (0.9, "green")),
    ),
    Panel(
        title="Positions",
        what="Trades in progress, and positions over all venues; two for each trade.",
        queries={"positions": "perpbot_positions_open", "trades": "perpbot_trades_open"},
        unit="short",
    ),
    Panel(
        title="Total profit",
        what="After fees and funding, open positions at marks, by currency.",
        queries={
            "{{currency}}": 'sum by (currency) (perpbot_profit_usd{part=~"trading|funding"})'
            ' - sum by (currency) (perpbot_profit_usd{part="fees"})'
        },
        unit="currencyUSD",
    ),
    Panel(
        title="Capital in use",
        what="What trades hold, of everything and of each pool.",
        queries={"all": "perpbot_fund_usage_ratio", "{{pool}}": "perpbot_pool_usage_ratio"},
        unit="percentunit",
        steps=((None, "green"), (0.8, "yellow"), (0.9, "red")),
    ),
    Panel(
        title="Execution latency",
        what="From the frame behind an opening to its orders leaving.",
        queries={"p50": _stage(0.5), "p95": _stage(0.95), "p99": _stage(0.99)},
        unit="s",
    ),
    Panel(
        title="Market data latency",
        what="How old what a venue sends is when it comes; of the newest 500, the slowest hundredth.",
        queries={"{{venue}}": 'perpbot_connection_latency_seconds{connection="market-data", quantile="0.99"}'},
        unit="s",
    ),
    Panel(
        title="Opportunities a minute",
        what="Edges found that were worth a trade, and those that became one.",
        queries={
            "found": "rate(perpbot_opportunities_total[$__rate_interval]) * 60",
            "admitted": 'rate(perpbot_opportunity_verdicts_total{verdict="admitted"}[$__rate_interval]) * 60',
        },
        unit="short",
    ),
    Panel(
        title="Orders accepted",
        what="Share of the orders that venues took.",
        queries={
            "accepted": 'sum(rate(perpbot_orders_total{result="accepted"}[$__rate_interval]))'
            " / sum(rate(perpbot_orders_total[$__rate_interval]))"
        },
        unit="percentunit",
        kind="stat",
        steps=((None, "red"), (0.9, "yellow"), (0.99, "green")),
    ),
    Panel(
        title="Venues",
        what="The circuit of every connection.",
        queries={"": "perpbot_connection_circuit"},
        unit="short",
        kind="table",
    ),
)


def dashboard() -> str:
    """The dashboard as JSON."""
    board = {
        "uid": "perpbot",
        "title": "PerpBot",
        "description": "Written by `python -m perpbot.metrics`; changes made in Grafana are lost.",
        "editable": False,
        "refresh": "5s",
        "time": {"from": "now-30m", "to": "now"},
        "schemaVersion": 39,
        "tags": ["perpbot"],
        "panels": [_panel(number, each) for number, each in enumerate(PANELS)],
    }
    return json.dumps(board, indent=2) + "\n"


def _panel(number: int, panel: Panel) -> dict[str, Any]:
    row, column = divmod(number, A_ROW)
    is_table = panel.kind == "table"
    return {
        "id": number + 1,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.what,
        "datasource": SOURCE,
        "gridPos": {"x": column * WIDTH, "y": row * HEIGHT, "w": WIDTH, "h": HEIGHT},
        "targets": [
            {
                "refId": chr(ord("A") + place),
                "datasource": SOURCE,
                "expr": expr,
                "legendFormat": legend,
                "instant": is_table,
                **({"format": "table"} if is_table else {}),
            }
            for place, (legend, expr) in enumerate(panel.queries.items())
        ],
        "fieldConfig": {
            "defaults": {
                "unit": panel.unit,
                "thresholds": {
                    "mode": "absolute",
                    "steps": [{"value": value, "color": colour} for value, colour in panel.steps],
                },
            },
            "overrides": [_state_colours()] if is_table else [],
        },
        **({"transformations": [_columns()]} if is_table else {}),
    }


def _columns() -> dict[str, Any]:
    """Venue, connection and state, and nothing else."""
    hidden = dict.fromkeys(("Time", "Value", "__name__", "instance", "job"), True)
    order = {"venue": 0, "connection": 1, "state": 2}
    return {"id": "organize", "options": {"excludeByName": hidden, "indexByName": order}}


def _state_colours() -> dict[str, Any]:
    options = {state: {"color": colour, "index": index} for index, (state, colour) in enumerate(_STATES)}
    return {
        "matcher": {"id": "byName", "options": "state"},
        "properties": [
            {"id": "mappings", "value": [{"type": "value", "options": options}]},
            {"id": "custom.cellOptions", "value": {"type": "color-text"}},
        ],
    }
