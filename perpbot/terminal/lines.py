"""Lines of styled text that are exactly as wide as they are asked to be, and numbers that fit where they stand."""

from collections.abc import Iterable, Sequence
from decimal import Decimal

from rich.cells import cell_len, set_cell_size

from perpbot.model.money import plain

Span = tuple[str, str]
"""Text, and the name of its style in `perpbot.terminal.painter`."""
Line = list[Span]

ELLIPSIS = "…"
SUFFIXES = ((12, "T"), (9, "G"), (6, "M"), (3, "k"))


def clean(text: str) -> str:
    """`text` without control characters: what a venue sends must not steer the terminal."""
    return text if text.isprintable() else "".join(each if each.isprintable() else " " for each in text)


def fit(text: str, width: int, *, right: bool = False) -> str:
    """`text` in exactly `width` cells: padded, or cut with an ellipsis."""
    text = clean(text)
    room = width - (len(text) if text.isascii() else cell_len(text))
    if room < 0:
        return set_cell_size(text, max(0, width - 1)) + ELLIPSIS if width > 0 else ""
    return " " * room + text if right else text + " " * room


def joined(spans: Iterable[Span], width: int) -> Line:
    """A line of exactly `width` cells."""
    line: Line = []
    for text, style in spans:
        size = cell_len(clean(text))
        if size > width:
            line.append((fit(text, width), style))
            return line
        line.append((clean(text), style))
        width -= size
    if width:
        line.append((" " * width, ""))
    return line


def both_ends(left: Sequence[Span], right: Sequence[Span], width: int) -> Line:
    """A line with something at each end; where both do not fit, the left one stays and the right one is cut."""
    used = sum(cell_len(clean(text)) for text, _ in (*left, *right))
    return joined([*left, (" " * max(1, width - used), ""), *right], width)


def number(value: Decimal, width: int) -> str:
    """`value` in at most `width` characters where that is possible: decimals go first, then thousands."""
    text = plain(value)
    if len(text) <= width or not value.is_finite():
        return text
    whole = len(plain(value.to_integral_value()))
    if whole <= width:
        return plain(round(value, max(0, width - whole - 1)))
    for exponent, suffix in SUFFIXES:
        if value.adjusted() >= exponent:
            short = plain(round(value.scaleb(-exponent), 1)) + suffix
            if len(short) <= width:
                return short
    return f"{value:.1E}"


def money(value: Decimal, decimals: int = 2) -> str:
    """An amount with thousands separated."""
    return f"{value:,.{decimals}f}"


def gain(value: Decimal, decimals: int = 2) -> Span:
    """A profit with its sign, coloured by it."""
    return f"{value:+,.{decimals}f}", "good" if value > 0 else "bad" if value < 0 else ""


def clock(seconds: float) -> str:
    """A duration as ``04:05:06`` or ``3 d 04:05:06``."""
    days, rest = divmod(int(max(0, seconds)), 86_400)
    text = f"{rest // 3600:02}:{rest // 60 % 60:02}:{rest % 60:02}"
    return f"{days} d {text}" if days else text
