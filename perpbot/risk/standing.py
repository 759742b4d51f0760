"""How near the account is to its limits: what each limit's bar shows."""

from collections.abc import Iterable, Iterator
from decimal import Decimal

import attrs

from perpbot.config.limits import Risk
from perpbot.model.money import ZERO
from perpbot.risk.approval import Level
from perpbot.risk.rule import HUNDRED
from perpbot.risk.view import View


@attrs.frozen(kw_only=True)
class Standing:
    """One limit, and how much of it is used."""

    rule: str
    level: Level
    used: Decimal
    limit: Decimal
    unit: str
    """``pct``, ``usd`` or ``count``."""
    about: str = ""
    """The symbol or venue that uses the most."""

    @property
    def share(self) -> Decimal:
        """What is used of it; 1 and more refuses. For a limit that is a least, how near the value has come to it."""
        if self.rule == "min-equity":
            return self.limit / self.used if self.used > 0 else Decimal(1)
        return self.used / self.limit if self.limit else ZERO


def standings(view: View, limits: Risk) -> tuple[Standing, ...]:
    """How the account stands in `view`, rule by rule, in the order they are asked."""
    return (*_account(view, limits), *_exposure(view, limits))


def _account(view: View, limits: Risk) -> Iterator[Standing]:
    drawdown = (view.peak_equity - view.equity) / view.peak_equity if view.peak_equity else ZERO
    naked = max(view.naked, key=lambda each: each.value, default=None)

    def standing(rule: str, used: Decimal, limit: Decimal, unit: str, about: str = "") -> Standing:
        return Standing(rule=rule, level=Level.ACCOUNT, used=used, limit=limit, unit=unit, about=about)

    yield standing("min-equity", view.equity, limits.min_equity, "usd")
    yield standing("drawdown", max(ZERO, drawdown * HUNDRED), limits.max_drawdown_pct, "pct")
    yield standing("daily-loss", max(ZERO, -view.daily_profit), limits.daily_loss_limit, "usd")
    yield standing("failure-cooldown", Decimal(view.failures_in_row), Decimal(limits.max_consecutive_failures), "count")
    yield standing(
        "leg-alone",
        ZERO if naked is None else naked.value,
        limits.unhedged_tolerance,
        "usd",
        "" if naked is None else naked.symbol,
    )


def _exposure(view: View, limits: Risk) -> Iterator[Standing]:
    exposure = view.exposure
    symbol, in_symbol = _most(exposure.gross.items())
    venue, at_venue = _most(exposure.by_venue.items())
    position, held = _most((f"{name} at {where}", value) for (where, name), value in exposure.by_position.items())
    yield Standing(
        rule="symbol-share",
        level=Level.ACCOUNT,
        used=_percent(in_symbol, view.equity),
        limit=limits.max_symbol_share_pct,
        unit="pct",
        about=symbol,
    )
    yield Standing(
        rule="position-size",
        level=Level.POSITION,
        used=held,
        limit=limits.max_position_notional,
        unit="usd",
        about=position,
    )
    yield Standing(
        rule="concentration",
        level=Level.POSITION,
        used=_percent(at_venue, view.equity),
        limit=limits.max_concentration_pct,
        unit="pct",
        about=venue,
    )


def _most(values: Iterable[tuple[str, Decimal]]) -> tuple[str, Decimal]:
    return max(values, key=lambda each: each[1], default=("", ZERO))


def _percent(value: Decimal, equity: Decimal) -> Decimal:
    return value / equity * HUNDRED if equity > 0 else ZERO
