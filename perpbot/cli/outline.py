"""Nested values for people: one a line, each level indented under its name."""

from collections.abc import Iterator, Mapping
from typing import Any

from perpbot.cli.wording import clean


def outline(value: Any) -> Iterator[str]:
    """Nested values, one a line, each level indented under its name."""
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield from _named(f"{clean(key)}:", each)
    elif isinstance(value, list):
        for each in value:
            yield from _named("-", each)
    else:
        yield _plain(value)


def _named(name: str, value: Any) -> Iterator[str]:
    if not isinstance(value, Mapping | list):
        yield f"{name} {_plain(value)}"
    elif not value:
        yield f"{name} none"
    elif all(
        not isinstance(each, Mapping | list) for each in (value.values() if isinstance(value, Mapping) else value)
    ):
        yield f"{name} {_flat(value)}"
    else:
        yield name
        for line in outline(value):
            yield f"  {line}"


def _flat(value: Mapping[str, Any] | list[Any]) -> str:
    if isinstance(value, list):
        return ", ".join(map(_plain, value))
    return ", ".join(f"{clean(key)} {_plain(each)}" for key, each in value.items())


def _plain(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return clean(value)


def in_a_line(value: Any) -> str:
    """A nested value in one line, as ``symbol BTC-PERP, quantity 0.5, legs (okx, aster)``."""
    if isinstance(value, Mapping):
        return ", ".join(f"{clean(key)} {_bracketed(each)}" for key, each in value.items())
    if isinstance(value, list):
        return ", ".join(map(_bracketed, value))
    return _plain(value)


def _bracketed(value: Any) -> str:
    return f"({in_a_line(value)})" if isinstance(value, Mapping | list) else _plain(value)
