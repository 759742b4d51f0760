"""Any value as what can be shown: JSON-able, limited in depth, length and all, and without secrets."""

from collections.abc import Callable, Collection, Iterable, Mapping
from decimal import Decimal
from enum import Enum
from typing import Any

import attrs
import msgspec

from perpbot.masking import MASK, hides
from perpbot.model.money import plain

MAX_DEPTH = 6
MAX_ITEMS = 200
MAX_TEXT = 2_000
MAX_VALUES = 5_000
CUT = "…"
PAIR = 2


def presentable(
    value: Any, depth: int = MAX_DEPTH, most: int = MAX_VALUES, mask: Callable[[str], str] = lambda text: text
) -> Any:
    """`value` as JSON-able values: `depth` levels, `most` values in all, and secrets as ``***``.

    `mask` knows the secrets themselves. What is called like a secret is taken for one, with all that is in it.
    """
    return _Presenter(most, mask).present(value, depth)


class _Presenter:
    def __init__(self, most: int, mask: Callable[[str], str]) -> None:
        self._left = most
        self._mask = mask

    def present(self, value: Any, depth: int) -> Any:
        self._left -= 1
        if value is None or isinstance(value, bool | int | float):
            return value
        if isinstance(value, Decimal):
            return plain(value)
        if isinstance(value, Enum):
            return self.present(value.value, depth)
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, type):
            return value.__name__
        if depth <= 0 or self._left <= 0:
            return CUT
        return self._nested(value, depth - 1)

    def _text(self, value: str) -> str:
        text = self._mask(value)
        return text if len(text) <= MAX_TEXT else text[:MAX_TEXT] + CUT

    def _nested(self, value: Any, depth: int) -> Any:
        if (fields := _fields(type(value))) is not None:
            return {name: self._named(name, getattr(value, name, None), depth) for name in fields}
        if isinstance(value, Mapping):
            return self._mapping(value, depth)
        if isinstance(value, bytes | bytearray):
            return f"{len(value)} bytes"
        if isinstance(value, list | tuple) and len(value) == PAIR and isinstance(value[0], str):
            return [self._text(value[0]), self._named(value[0], value[1], depth)]  # headers often come so
        if isinstance(value, Collection):
            shown = [self.present(each, depth) for each in self._some(value)]
            return shown if len(shown) == len(value) else [*shown, f"{CUT} and {len(value) - len(shown)} more"]
        return self._text(_repr(value))

    def _mapping(self, value: Mapping[Any, Any], depth: int) -> dict[str, Any]:
        shown = {}
        for key in self._some(value):
            name = self._text("/".join(map(str, key)) if isinstance(key, tuple) else str(key))
            shown[name] = self._named(name, value[key], depth)
        if len(value) > len(shown):
            shown[CUT] = f"and {len(value) - len(shown)} more"
        return shown

    def _some(self, values: Iterable[Any]) -> Iterable[Any]:
        """Of many the first, and no more than may still be shown."""
        for number, each in enumerate(list(values)):
            if number == MAX_ITEMS or self._left <= 0:
                return
            yield each

    def _named(self, name: str, value: Any, depth: int) -> Any:
        if hides(name, value):
            self._left -= 1
            return MASK
        return self.present(value, depth)


def _fields(kind: type) -> list[str] | None:
    if attrs.has(kind):
        return [each.name for each in attrs.fields(kind) if each.repr is not False]
    return list(kind.__struct_fields__) if issubclass(kind, msgspec.Struct) else None


def _repr(value: Any) -> str:
    try:
        return repr(value)
    except Exception as error:  # noqa: BLE001 - whoever looks must not fail with it
        return f"<{type(value).__name__}, whose repr raised {type(error).__name__}>"
