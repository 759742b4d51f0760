"""The table of the venues' pages says what their classes say."""

import re
from pathlib import Path

from perpbot.cli.listing import described
from perpbot.simulation.venues.serving import VENUES
from perpbot.venues.registry import venue_class, venue_names

PAGES = Path(__file__).parents[2] / "docs" / "venues"


def rows() -> dict[str, list[str]]:
    lines = (PAGES / "README.md").read_text(encoding="utf-8").splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| [")]
    return {re.sub(r".*\((\w+)\.md\)", r"\1", name): rest for name, *rest in cells}


def yes(value: object) -> str:
    return "yes" if value else "no"


def test_the_table_is_of_all_venues_and_true() -> None:
    expected = {}
    for name in venue_names():
        known, kind = described(name), venue_class(name)
        expected[name] = [
            VENUES[name].currency,
            known["book"],
            yes(known["testnet"]),
            yes(known["dead_man"]),
            f"{kind.request_lifetime_s:g} s",
            ", ".join(f"`{each}`" for each in known["credentials"]),
        ]
    assert rows() == expected
