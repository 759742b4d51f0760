"""Net and gross exposure across venues (RSK-3)."""

from collections import ChainMap
from collections.abc import Hashable, Mapping, MutableMapping
from decimal import Decimal
from typing import TypeVar, cast

import attrs

from perpbot.model.money import ZERO
from perpbot.portfolio.holding import HoldingKey

K = TypeVar("K", bound=Hashable)


@attrs.frozen
class Exposure:
    """Values of positions at their mark prices, quote currency."""

    net: Mapping[str, Decimal]
    """By symbol, over all venues: long minus short."""
    gross: Mapping[str, Decimal]
    """By symbol, over all venues: long plus short."""
    by_venue: Mapping[str, Decimal]
    """Gross by venue, over all symbols."""
    by_position: Mapping[tuple[str, str], Decimal]
    """Gross by venue and symbol."""

    def with_more(self, values: Mapping[tuple[str, str], Decimal]) -> "Exposure":
        """The exposure with `values`, by venue and symbol, on top of each gross value; what is net stays.

        Only what grows is written anew: it is asked for on the way of every order, and symbols are many.
        """
        if not values:
            return self
        gross, by_venue, by_position = _above(self.gross), _above(self.by_venue), _above(self.by_position)
        for (venue, symbol), value in values.items():
            gross[symbol] = gross.get(symbol, ZERO) + value
            by_venue[venue] = by_venue.get(venue, ZERO) + value
            by_position[venue, symbol] = by_position.get((venue, symbol), ZERO) + value
        return Exposure(self.net, gross, by_venue, by_position)

    @property
    def net_total(self) -> Decimal:
        """Sum over symbols of the size of the net exposure: what is not hedged."""
        return sum((abs(each) for each in self.net.values()), ZERO)

    @property
    def gross_total(self) -> Decimal:
        """Sum over symbols of the gross exposure."""
        return sum(self.gross.values(), ZERO)


def _above(values: Mapping[K, Decimal]) -> ChainMap[K, Decimal]:
    """A layer to be written to, above `values`, which stay as they are."""
    return ChainMap({}, cast("MutableMapping[K, Decimal]", values))


def exposure(quantities: Mapping[HoldingKey, Decimal], marks: Mapping[str, Decimal]) -> Exposure:
    """The exposure of signed `quantities`, valued at `marks` by symbol; `KeyError` names a symbol without one."""
    net: dict[str, Decimal] = {}
    gross: dict[str, Decimal] = {}
    by_venue: dict[str, Decimal] = {}
    by_position: dict[tuple[str, str], Decimal] = {}
    for (venue, _, symbol), quantity in quantities.items():
        if not quantity:
            continue
        value = quantity * marks[symbol]
        net[symbol] = net.get(symbol, ZERO) + value
        gross[symbol] = gross.get(symbol, ZERO) + abs(value)
        by_venue[venue] = by_venue.get(venue, ZERO) + abs(value)
        by_position[venue, symbol] = by_position.get((venue, symbol), ZERO) + abs(value)
    return Exposure(net, gross, by_venue, by_position)
