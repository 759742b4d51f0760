"""JSON merge patches (RFC 7396): what has to be merged into one JSON object so that it becomes another."""

from collections.abc import Mapping
from typing import Any

Json = Mapping[str, Any]


def difference(before: Json, after: Json) -> dict[str, Any]:
    """The merge patch that makes `after` of `before`; empty when they are equal. `after` has no nulls anywhere."""
    patch: dict[str, Any] = dict.fromkeys(before.keys() - after.keys())
    for key, value in after.items():
        if key not in before:
            patch[key] = value
            continue
        old = before[key]
        if old is value or old == value:
            continue
        both = isinstance(old, dict) and isinstance(value, dict)
        patch[key] = difference(old, value) if both else value
    return patch


def merged(before: Any, patch: Any) -> Any:
    """`before` with `patch` merged into it, as RFC 7396 section 2 has it; neither is changed."""
    if not isinstance(patch, dict):
        return patch
    result = dict(before) if isinstance(before, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key), value)
    return result
