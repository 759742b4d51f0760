"""Replacing a function everywhere it was imported to.

``from time import monotonic`` binds the function itself. So what is replaced in its module is replaced in every
other module that has it too, whoever was imported first.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import ModuleType

_OWN = __package__ or ""


class Replacements:
    """What was replaced by what."""

    def __init__(self) -> None:
        self._pairs: dict[int, tuple[object, object]] = {}

    def put(self, module: ModuleType, **new: object) -> None:
        """Replace functions and classes of `module`; those it does not have are left out."""
        for name, replacement in new.items():
            if hasattr(module, name):
                self.note(getattr(module, name), replacement)
                setattr(module, name, replacement)

    def note(self, original: object, replacement: object) -> None:
        """Take note of a function or class that was replaced already."""
        if original is not replacement and callable(original):
            self._pairs[id(original)] = (original, replacement)

    def spread(self, exempt: tuple[str, ...] = ()) -> None:
        """Replace the originals in every module that is loaded, but not below the packages in `exempt`."""
        untouched = (_OWN, *exempt)
        originals = self._pairs.keys()
        for name, module in list(sys.modules.items()):
            names = getattr(module, "__dict__", {})
            if not originals.isdisjoint(map(id, names.values())) and not name.startswith(untouched):
                self._replace(names)

    def _replace(self, names: dict[str, Any]) -> None:
        found = [(name, id(value)) for name, value in names.items() if id(value) in self._pairs]
        for name, key in found:
            names[name] = self._pairs[key][1]
