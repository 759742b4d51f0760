"""`python -m perpbot.risk` writes the page of all refusals."""

from pathlib import Path

from perpbot.risk.reference import markdown

if __name__ == "__main__":
    Path("docs/risk.md").write_text(markdown(), encoding="utf-8")
