"""Venues that other installed packages bring: they declare them as entry points, and they are there like our own."""

from importlib.metadata import entry_points

ADAPTERS = "perpbot.venues"
"""Entry points of adapters: a name, and ``module:Class`` of a `perpbot.venues.venue.Venue`."""
SIMULATED = "perpbot.simulated_venues"
"""Entry points of simulated venues: a name, and ``module:Class`` of a `SimulatedVenue`."""


def plugins(group: str) -> dict[str, str]:
    """What other packages declare in `group`, by name; nothing is imported."""
    return {each.name: each.value for each in entry_points(group=group)}
