"""The venues by name. A new venue is its module and one line here, or an entry point of another package.

A module is imported when it is first needed.
"""

from importlib import import_module

from perpbot.plugins import ADAPTERS, plugins
from perpbot.venues.venue import Venue

_WHERE = plugins(ADAPTERS) | {
    "aster": "perpbot.venues.aster:Aster",
    "backpack": "perpbot.venues.backpack:Backpack",
    "grvt": "perpbot.venues.grvt:Grvt",
    "extended": "perpbot.venues.extended:Extended",
    "edgex": "perpbot.venues.edgex:Edgex",
    "hyperliquid": "perpbot.venues.hyperliquid:Hyperliquid",
    "lighter": "perpbot.venues.lighter:Lighter",
    "okx": "perpbot.venues.okx:Okx",
    "paradex": "perpbot.venues.paradex:Paradex",
}


def venue_names() -> list[str]:
    """The names of all venues, in alphabetical order."""
    return sorted(_WHERE)


def venue_class(name: str) -> type[Venue]:
    """The class of the venue called `name`; `KeyError` names those there are."""
    if name not in _WHERE:
        raise KeyError(f"no venue is called {name!r}; there are {', '.join(venue_names())}")
    module, _, class_name = _WHERE[name].partition(":")
    found: type[Venue] = getattr(import_module(module), class_name)
    return found
