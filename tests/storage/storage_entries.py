"""Entries of every kind, built from what their classes say of themselves, and journals to put them into."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from enum import Enum
from functools import cache
from types import UnionType
from typing import Any, NewType, Union, get_args, get_origin, get_type_hints

import attrs
import msgspec
from hypothesis import strategies as st

from perpbot.execution.entries import Entry, KillSwitchSet
from perpbot.storage.encoding import KINDS
from perpbot.storage.reading import Line

NUMBERS = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**18), max_value=10**18)
_PLAIN: dict[Any, st.SearchStrategy[Any]] = {
    Decimal: NUMBERS,
    str: st.text(max_size=12),
    int: st.integers(-(2**63), 2**63 - 1),
    float: st.floats(allow_nan=False, allow_infinity=False),
    bool: st.booleans(),
    type(None): st.none(),
}


@cache
def of(type_: Any) -> st.SearchStrategy[Any]:
    """Any value of a type that entries are made of."""
    if isinstance(type_, NewType):
        return of(type_.__supertype__)
    if type_ in _PLAIN:
        return _PLAIN[type_]
    if isinstance(type_, type) and issubclass(type_, Enum):
        return st.sampled_from(list(type_))
    if isinstance(type_, type) and (attrs.has(type_) or issubclass(type_, msgspec.Struct)):
        return st.builds(type_, **{name: of(hint) for name, hint in get_type_hints(type_).items()})
    origin, parts = get_origin(type_), get_args(type_)
    if origin is Mapping:
        return st.dictionaries(of(parts[0]), of(parts[1]), max_size=3)
    if origin in {list, Sequence}:
        return st.lists(of(parts[0]), max_size=2)
    assert origin in {Union, UnionType}, type_
    return st.one_of(*(of(each) for each in parts))


ENTRIES: Mapping[str, st.SearchStrategy[Entry]] = {name: of(kind) for name, kind in KINDS.items()}
ANY_ENTRY: st.SearchStrategy[Entry] = st.one_of(*ENTRIES.values())


def note(number: int) -> KillSwitchSet:
    """A small entry that tells which one it is."""
    return KillSwitchSet(scope="global", on=True, by=str(number))


def notes(lines: Sequence[Line]) -> list[int]:
    """The numbers of such entries."""
    return [int(line.entry.by) for line in lines if isinstance(line.entry, KillSwitchSet)]
