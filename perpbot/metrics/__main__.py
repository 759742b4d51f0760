"""`python -m perpbot.metrics` writes what is generated from the metrics: their page, and the dashboard."""

from pathlib import Path

from perpbot.metrics.dashboard import dashboard
from perpbot.metrics.reference import markdown

GENERATED = {
    Path("docs/metrics.md"): markdown,
    Path("deploy/grafana/dashboards/perpbot.json"): dashboard,
}
"""Files below the project's root, and what is in them."""

if __name__ == "__main__":
    for path, text in GENERATED.items():
        path.write_text(text(), encoding="utf-8")
