"""`python -m perpbot.metrics` writes the page of all metrics."""

from pathlib import Path

from perpbot.metrics.reference import markdown

if __name__ == "__main__":
    Path("docs/metrics.md").write_text(markdown(), encoding="utf-8")
