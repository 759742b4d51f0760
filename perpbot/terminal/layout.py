"""How the lines of a terminal are shared among the parts of a view."""

from collections.abc import Sequence


def share(wishes: Sequence[tuple[int, int]], height: int) -> list[int]:
    """`height` lines shared among parts that need and would like so many.

    The first ones come first; one that cannot have what it needs gets nothing.
    """
    given = [0] * len(wishes)
    left = height
    for number, (least, _) in enumerate(wishes):
        if least <= left:
            given[number] = least
            left -= least
    while left > 0:
        growing = [number for number, (_, most) in enumerate(wishes) if 0 < given[number] < most]
        if not growing:
            break
        for number in growing[:left]:
            given[number] += 1
        left -= len(growing[:left])
    return given
