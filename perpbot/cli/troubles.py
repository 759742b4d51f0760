"""Who is in trouble, in which, and since when: what an operator reads first."""

from collections.abc import Iterable, Mapping
from typing import Any

from perpbot.cli.tables import Cell
from perpbot.cli.wording import clean, duration, time

MILD = {"slow handler", "suspended"}
INDENT = "    "


def trouble_lines(troubles: Iterable[Mapping[str, Any]]) -> list[Cell]:
    """A line for each actor in trouble, the longest lasting first, and below it one for each of its troubles."""
    by_address: dict[str, list[Mapping[str, Any]]] = {}
    for each in troubles:
        by_address.setdefault(each["address"], []).append(each)
    lines = []
    for address, each_of_it in by_address.items():
        mild = all(each["kind"] in MILD for each in each_of_it)
        lines.append(Cell(f"! {clean(address)}", "bold yellow" if mild else "bold red"))
        lines.extend(Cell(INDENT + trouble_words(each), "yellow" if mild else "red") for each in each_of_it)
    return lines


def trouble_words(each: Mapping[str, Any]) -> str:
    """``growing mailbox since 02:14:07 (12 min): 5,120 messages wait``."""
    since = f"since {time(each['since'])} ({duration(each['seconds'])})"
    return clean(f"{each['kind']} {since}: {each['what']}")
