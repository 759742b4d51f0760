"""How old a frame is, as far as that can be believed.

An age that no quote may have says one of two things: the frame is late, or the venue's clock is not what we take it
for, because it was set or has run off since it was last heard of. Only the venue can tell, by telling its time again;
until then the age is unknown. It is pure: whoever has the stream asks.
"""

from perpbot.scanning.ticks import NS_PER_MS, TickRules

ASK_AGAIN_NS = 2_000 * NS_PER_MS
"""Between two questions for the venue's time, whatever comes of them."""


class FrameAges:
    """Judges the frames of one session, instrument by instrument. Times are monotonic nanoseconds."""

    def __init__(self, rules: TickRules) -> None:
        self._rules = rules
        self._doubted_ns: dict[str, int] = {}
        """By symbol the first of the frames in a row whose age could not be."""
        self._asked_ns: int | None = None

    def believed(self, symbol: str, age_ns: int, now_ns: int, told_ns: int) -> int | None:
        """`age_ns`, by the venue's clock as we know it, or None while it says more about the clock than the frame.

        What the venue was asked at `told_ns` is the newest thing that it said of its time.
        """
        if self._rules.wrong_age(age_ns) is None:
            self._doubted_ns.pop(symbol, None)
            return age_ns
        return age_ns if told_ns >= self._doubted_ns.setdefault(symbol, now_ns) else None

    def asks(self, symbol: str, now_ns: int) -> bool:
        """Whether to ask the venue for its time now, because of the frame judged last; the caller then does."""
        if symbol not in self._doubted_ns:
            return False
        if self._asked_ns is not None and now_ns - self._asked_ns < ASK_AGAIN_NS:
            return False
        self._asked_ns = now_ns
        return True
