"""Values as people read them: times, durations, money. All text that comes from outside is cleaned here."""

from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from perpbot.clock import iso, wall_ns

DAY_LENGTH = len("2026-11-20")
US_PER_MS, US_PER_S = 1_000, 1_000_000
S_PER_MIN, TENTHS_UNTIL_S = 60, 10
HARDLY, WHOLE_FROM = 0.005, 10
DECIMALS = Decimal("0.0001")
MORE_DECIMALS = Decimal("0.00000001")


def clean(text: object) -> str:
    """`text` without control characters, which could repaint the terminal; a line break becomes a space."""
    return "".join(each if each.isprintable() else " " for each in str(text))


def time(stamp: str) -> str:
    """An ISO time as ``12:03:04``, with the day before it unless that is today (UTC, as all times here)."""
    day, clock = stamp[:DAY_LENGTH], stamp[DAY_LENGTH + 1 : DAY_LENGTH + 9]
    return clock if day == iso(wall_ns())[:DAY_LENGTH] else f"{day} {clock}"


def uptime(seconds: float) -> str:
    """A duration as ``3 d 04:05:06`` or ``04:05:06``."""
    days, rest = divmod(int(seconds), 86_400)
    clock = f"{rest // 3600:02}:{rest // 60 % 60:02}:{rest % 60:02}"
    return f"{days} d {clock}" if days else clock


def duration(seconds: float) -> str:
    """A duration in the two units that matter: ``40 ms``, ``12 s``, ``3 min 5 s``, ``2 h 10 min``, ``4 d 3 h``."""
    whole = int(seconds)
    if seconds < 1:
        return f"{seconds * US_PER_MS:.0f} ms"
    if whole < S_PER_MIN:
        return f"{seconds:.1f} s" if seconds < TENTHS_UNTIL_S else f"{whole} s"
    for size, name, less, lesser in ((86_400, "d", 3_600, "h"), (3_600, "h", 60, "min"), (60, "min", 1, "s")):
        if whole >= size:
            rest = whole % size // less
            return f"{whole // size} {name} {rest} {lesser}" if rest else f"{whole // size} {name}"
    return ""


def share(value: float | None) -> str:
    """A share of the time, as ``12 %``; what is hardly anything as ``·``."""
    if value is None:
        return "-"
    return f"{value:.0%}" if value >= HARDLY else "·"


def rate(value: float | None) -> str:
    """So many a second."""
    if value is None:
        return "-"
    return "·" if not value else f"{value:,.1f}" if abs(value) < WHOLE_FROM else f"{value:,.0f}"


def microseconds(value: float | None) -> str:
    """A handler's time in the unit that suits it."""
    if value is None:
        return "-"
    if value < US_PER_MS:
        return f"{value:.0f} µs"
    return f"{value / US_PER_MS:.1f} ms" if value < US_PER_S else f"{value / US_PER_S:.1f} s"


def amount(text: str | None, *, signed: bool = False) -> str:
    """Money with four decimals, with eight where four would make nothing of it; signed where profit is meant.

    Nothing is ``0``.
    """
    if text is None:
        return "-"
    try:
        exact = Decimal(text)
        value = exact.quantize(DECIMALS)
        if not exact:
            return "0"
        if not value:
            value = exact.quantize(MORE_DECIMALS)
    except InvalidOperation:
        return clean(text)
    return f"{value:+,f}" if signed and value else f"{value:,f}"


def fees(trade: Mapping[str, Any]) -> str:
    """What a trade paid, and beside it what it paid in other coins: ``0.2000 + 0.003 BNB``."""
    others = (f"{paid} {clean(coin)}" for coin, paid in trade["other_fees"].items())
    return " + ".join([amount(trade["fees"]), *others])


def currency(names: Iterable[str]) -> str:
    """``USDT``, or ``USDT+USDC`` for the sum of two that count one to one."""
    return "+".join(names) or "?"


def counted(number: int, one: str, many: str = "") -> str:
    """``1 trade``, ``2 trades``."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def gain_style(text: Any) -> str:
    """The colour of a profit."""
    value = Decimal(text or 0)
    return "green" if value > 0 else "red" if value < 0 else ""
