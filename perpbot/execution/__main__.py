"""`python -m perpbot.execution` writes the page on what may become of an order."""

from pathlib import Path

from perpbot.execution.order_edges import markdown

if __name__ == "__main__":
    Path("docs/orders.md").write_text(markdown(), encoding="utf-8")
