"""Setting up the margin of an account before anything is opened there: read it, set what differs, read it again."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

import attrs

from perpbot.model.instrument import Instrument
from perpbot.venues.venue import Margin, Venue, VenueReadError


@attrs.frozen
class SetUp:
    """What came of it, by symbol: each is in one of the two."""

    leverage: Mapping[str, Decimal] = attrs.field(factory=dict)
    """What the venue has confirmed."""
    refused: Mapping[str, str] = attrs.field(factory=dict)
    """Why nothing may be opened."""


def set_up(venue: Venue, instruments: Sequence[Instrument], leverage: int) -> SetUp:
    """Have each of `instruments` at cross margin and `leverage`, or at the most it allows where that is less.

    Nothing is changed under a position: some venues forbid it, and at the others it could be liquidated by that.
    """
    try:
        found = venue.fetch_margins(instruments)
        held = {each.symbol for each in venue.fetch_positions()}
    except VenueReadError as error:
        return SetUp({}, {each.symbol: f"its margin could not be read: {error}" for each in instruments})
    wanted = {each.symbol: min(leverage, _most(each, found)) for each in instruments}
    refused: dict[str, str] = {}
    for each in instruments:
        refusal = _settle(venue, each, wanted[each.symbol], found, held=each.symbol in held)
        if refusal is not None:
            refused[each.symbol] = refusal
    return SetUp({symbol: Decimal(times) for symbol, times in wanted.items() if symbol not in refused}, refused)


def _settle(venue: Venue, instrument: Instrument, wanted: int, found: dict[str, Margin], *, held: bool) -> str | None:
    """Set one instrument's margin if that is needed, and see that it is so; why it is not, or None."""
    if _is_so(found, instrument, wanted):
        return None
    if held:
        return f"{_told(found, instrument)}, and is set to {wanted}x cross when the position there is closed"
    try:
        venue.set_margin(instrument, wanted)
        found |= venue.fetch_margins([instrument])
    except VenueReadError as error:
        return f"{venue.name} does not set it to {wanted}x cross: {error}"
    return None if _is_so(found, instrument, wanted) else f"{_told(found, instrument)} though {wanted}x cross was set"


def _most(instrument: Instrument, found: Mapping[str, Margin]) -> int:
    margin = found.get(instrument.symbol)
    told = None if margin is None else margin.most
    return int(instrument.max_leverage if told is None else told)


def _is_so(found: Mapping[str, Margin], instrument: Instrument, wanted: int) -> bool:
    return found.get(instrument.symbol) == Margin(Decimal(wanted))


def _told(found: Mapping[str, Margin], instrument: Instrument) -> str:
    margin = found.get(instrument.symbol)
    if margin is None:
        return "its leverage is not known"
    return f"it is at {margin.leverage:f}x {'cross' if margin.cross else 'isolated'}"
