"""As much of JSON schema as `config/schema.json` uses; a word it does not know is a `KeyError`."""

import re
from collections.abc import Callable
from typing import Any

Json = dict[str, Any]

TYPES: dict[str, Callable[[Any], bool]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
}


class Schema:
    """A schema to hold values against."""

    def __init__(self, root: Json) -> None:
        self._root = root

    def takes(self, value: Any) -> bool:
        return self._all(value, self._root)

    def _all(self, value: Any, schema: Json) -> bool:
        silent = {"description", "default", "title", "$schema", "$defs"}
        return all(self._one(word, rule, value, schema) for word, rule in schema.items() if word not in silent)

    def _one(self, word: str, rule: Any, value: Any, schema: Json) -> bool:
        """Whether `value` keeps to one word of `schema`; words about other types than its own hold."""
        items = value if isinstance(value, list) else []
        entries = value if isinstance(value, dict) else {}
        number = TYPES["number"](value)
        known = schema.get("properties", {})
        extra = {} if rule is False else rule
        holds: dict[str, Callable[[], bool]] = {
            "$ref": lambda: self._all(value, self._root["$defs"][rule.removeprefix("#/$defs/")]),
            "anyOf": lambda: any(self._all(value, each) for each in rule),
            "type": lambda: any(TYPES[each](value) for each in ([rule] if isinstance(rule, str) else rule)),
            "enum": lambda: value in rule,
            "const": lambda: bool(value == rule),
            "minimum": lambda: not number or bool(value >= rule),
            "maximum": lambda: not number or bool(value <= rule),
            "pattern": lambda: not isinstance(value, str) or re.search(rule, value) is not None,
            "required": lambda: not isinstance(value, dict) or set(rule) <= set(value),
            "properties": lambda: all(self._all(inner, rule.get(key, {})) for key, inner in entries.items()),
            "additionalProperties": lambda: all(
                rule is not False and self._all(inner, extra) for key, inner in entries.items() if key not in known
            ),
            "propertyNames": lambda: all(self._all(key, rule) for key in entries),
            "items": lambda: all(self._all(item, rule) for item in items),
            "minItems": lambda: len(items) >= rule,
            "maxItems": lambda: len(items) <= rule,
        }
        return holds[word]()
