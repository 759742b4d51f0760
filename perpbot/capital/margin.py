"""What a leg needs at its venue: initial margin at the leverage there, fees, and a buffer; not its whole value."""

from decimal import ROUND_UP, Decimal

from perpbot.model.instrument import Instrument

HALF = Decimal("0.5")
SMALLEST = Decimal("0.00000001")
"""Margins are rounded up to this, so that sums of them are exact."""


def leg_margin(notional: Decimal, *, leverage: Decimal, fee: Decimal, buffer: Decimal) -> Decimal:
    """Capital to set aside for a leg worth `notional`, in the venue's currency.

    Args:
        notional: its value at the worst price it may fill at.
        leverage: what the venue has confirmed, 1 or more.
        fee: fraction of the value that a fill costs; opening and closing pay it out of the same cash as the margin.
        buffer: fraction of the initial margin on top, for prices that move before the leg is closed.
    """
    needed = notional * (1 + buffer) / leverage + 2 * notional * max(fee, Decimal(0))
    return needed.quantize(SMALLEST, ROUND_UP)


def maintenance(instrument: Instrument) -> Decimal:
    """Fraction of a position's value below which its venue liquidates: half the margin at the highest leverage there.

    That is Hyperliquid's rule; others ask for less at small sizes, so it errs on the safe side.
    """
    return HALF / instrument.max_leverage
