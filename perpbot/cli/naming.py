"""Names of venues on the command line: checked, and completed."""

import click


def known_venues(_context: click.Context, _parameter: click.Parameter, names: tuple[str, ...]) -> tuple[str, ...]:
    """The names, each once; a usage error for one that no venue has."""
    from perpbot.venues.registry import venue_class

    for name in names:
        try:
            venue_class(name)
        except KeyError as error:
            raise click.BadParameter(error.args[0]) from None
    return tuple(dict.fromkeys(names))


def complete_venue(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """The venues that begin so."""
    from perpbot.venues.registry import venue_names

    return [name for name in venue_names() if name.startswith(incomplete)]
