"""How an entry is kept: as JSON, one kind after its class."""

import json
from decimal import Decimal
from typing import Any, get_args

import msgspec
from cattrs.preconf.json import make_converter

from perpbot.execution.entries import Entry
from perpbot.model.money import plain

_converter = make_converter()
"""Slower than msgspec, and gives each number the one form it has."""
_converter.register_unstructure_hook(Decimal, plain)
_converter.register_unstructure_hook_func(
    lambda kind: issubclass(kind, msgspec.Struct),
    lambda each: {name: _converter.unstructure(value) for name, value in msgspec.structs.asdict(each).items()},
)

KINDS: dict[str, type] = {each.__name__: each for each in get_args(Entry)}
_ENCODER = msgspec.json.Encoder(order="sorted")
_DECODERS: dict[str, msgspec.json.Decoder[Any]] = {name: msgspec.json.Decoder(kind) for name, kind in KINDS.items()}


def encode(entry: Entry) -> bytes:
    """The body of `entry`, in UTF-8."""
    try:
        return _ENCODER.encode(entry)
    except UnicodeEncodeError:  # half a character, in somebody's name perhaps: no reason to stop trading
        return json.dumps(canonical(entry), ensure_ascii=False).encode(errors="replace")


def decode(kind: str, body: str) -> Any:
    """The entry of that kind; raises whatever is wrong with it."""
    return _DECODERS[kind].decode(body)


def canonical(entry: Entry) -> Any:
    """What JSON makes of it, with each number in its one form."""
    return _converter.unstructure(entry)
