"""The page of the command line is what the commands say."""

from pathlib import Path

from perpbot.cli.__main__ import page

PAGE = Path(__file__).parents[2] / "docs" / "cli.md"


def test_the_page_is_up_to_date() -> None:
    written = PAGE.read_text(encoding="utf-8")
    assert written == page(written), "write it anew: python -m perpbot.cli"
