"""What comes with a request, checked; every refusal says what is allowed, or what was probably meant."""

import difflib
from collections.abc import Mapping
from typing import Any

from actors.runtime import Cell, System
from supervisors import inspection

ROOT = "/perpbot"
GUESSES = 3
Args = Mapping[str, Any]


class BadRequestError(Exception):
    """A request that cannot be carried out as it is; the text says what is allowed."""


def number(args: Args, name: str, default: float, least: float, most: float) -> float:
    """The number called `name`, or `default`."""
    value = args.get(name)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise BadRequestError(f"{name} must be a number from {least} to {most}, not {value!r}")
    return value


def meant(args: Args) -> bool:
    """Whether ``yes`` is given, so that it is done and not only told; ``"no"`` as a text is neither."""
    value = args.get("yes")
    if value is not None and not isinstance(value, bool):
        raise BadRequestError(f"yes must be true or false, not {value!r}")
    return bool(value)


def cell_at(system: System, args: Args) -> Cell:
    """The actor that is meant, the root where none is named."""
    address = str(args.get("address") or ROOT)
    try:
        return inspection.find(system, address)
    except KeyError:
        raise nobody(system, address) from None


def nobody(system: System, address: str) -> BadRequestError:
    """The refusal of an address where nobody lives."""
    near = guesses(system, address)
    hint = f"did you mean {' or '.join(near)}?" if near else "`perpbot tree` shows who lives where"
    return BadRequestError(f"nobody lives at {address}; {hint}")


def guesses(system: System, address: str) -> list[str]:
    """Addresses that look like `address`: those that contain all of its words first, then those spelt alike."""
    known = sorted(cell.address for cell in system.cells() if cell.incarnation)
    words = [word for word in address.lower().split("/") if word]
    containing = [each for each in known if words and all(word in each.lower() for word in words)]
    alike = difflib.get_close_matches(address, known, GUESSES, cutoff=0.7)
    last = {each.rsplit("/", 1)[-1]: each for each in known}
    named = [last[name] for name in difflib.get_close_matches(words[-1] if words else "", last, 1, cutoff=0.7)]
    return list(dict.fromkeys([*sorted(containing, key=len), *alike, *named]))[:GUESSES]
