"""What happens all the time is told now and then, and nothing is left uncounted."""

import attrs

from perpbot.clock import NS_PER_SECOND
from perpbot.logs.seldom import Seldom


@attrs.define
class Hand:
    """A clock that stands still."""

    at_s: float = 0.0

    def __call__(self) -> int:
        return int(self.at_s * NS_PER_SECOND)


def test_the_first_is_told_and_then_one_in_a_while_with_how_many_were_not() -> None:
    told: list[tuple[object, int]] = []
    hand = Hand()
    seldom = Seldom(lambda what, untold: told.append((what, untold)), 10, hand)
    for at_s, what in ((1, "a"), (2, "b"), (10.9, "c"), (11, "d"), (12, "e"), (40, "f"), (60, "g")):
        hand.at_s = at_s
        seldom(what)
    assert told == [("a", 0), ("d", 2), ("f", 1), ("g", 0)]
