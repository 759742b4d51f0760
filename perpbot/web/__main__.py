"""`python -m perpbot.web` writes the page of the API."""

from pathlib import Path

from perpbot.web.reference import markdown

PAGE = Path("docs/api.md")

if __name__ == "__main__":
    PAGE.write_text(markdown(), encoding="utf-8")
