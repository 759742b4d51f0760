"""Rows that are made once, and again only where what they show has become another object."""

from collections.abc import Callable, Hashable, Iterable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Thing = TypeVar("Thing")
Row = TypeVar("Row")


class Rows(Generic[Key, Thing, Row]):
    """The rows of one section as they were made last. What they are made from never changes: news is a new object."""

    def __init__(self, make: Callable[[Thing], Row]) -> None:
        self._make = make
        self._known: dict[Key, tuple[object, Row]] = {}

    def __call__(self, things: Iterable[tuple[Key, object, Thing]]) -> dict[Key, Row]:
        """The rows of `things`, in their order; of each its key and what is another object when it changed."""
        known, now = self._known, dict[Key, tuple[object, Row]]()
        for key, mark, thing in things:
            before = known.get(key)
            now[key] = (mark, self._make(thing)) if before is None or before[0] is not mark else before
        self._known = now
        return {key: row for key, (_, row) in now.items()}
