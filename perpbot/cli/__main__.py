"""`python -m perpbot.cli` writes the reference at the end of docs/cli.md from the commands."""

from pathlib import Path

from perpbot.cli import command
from perpbot.cli.reference import BEGIN, markdown

PAGE = Path("docs/cli.md")


def page(before: str) -> str:
    """The page with what was written by hand, and the reference anew."""
    return before.partition(BEGIN)[0].rstrip() + "\n\n" + markdown(command)


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
