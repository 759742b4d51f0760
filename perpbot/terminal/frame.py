"""The whole live view as lines: what matters most on top, as much as the terminal has room for."""

from collections.abc import Callable, Sequence

import attrs

from actors.state import State
from perpbot.model.money import ZERO
from perpbot.terminal import sections
from perpbot.terminal.layout import share
from perpbot.terminal.lines import Line, Span, both_ends, clock, gain, joined, money
from perpbot.terminal.picture import Picture

TWO_COLUMNS_FROM = 150
LEFT_LEAST = 80
"""Three symbols' prices need it."""
BETWEEN = 2
LEAST = 3
"""Lines of a section that is shown at all."""
WORDY_FROM = 120
"""From this width on, there is room for whole words beside the profit."""
ROOMY = 30
"""From this height on, blank lines stand between the parts."""
TALL = 38
"""From this height on, one column has room for venues and positions too."""

Section = Callable[[Picture, State, int, int], list[Line]]


@attrs.frozen
class Part:
    """A section and how many lines it needs and would like, its title included."""

    section: Section
    least: int
    most: int


def frame(picture: Picture, width: int, height: int) -> list[Line]:
    """Exactly `height` lines of exactly `width` cells."""
    if width <= 0 or height <= 0:
        return []
    lines = header(picture, width, roomy=height >= ROOMY)
    below = height - len(lines) - 1
    if picture.state is None or below <= 0:
        lines += [joined([], width)] * max(0, below)
    elif width >= TWO_COLUMNS_FROM:
        lines += _two_columns(picture, picture.state, width, below)
    else:
        lines += _column(_one(picture, picture.state, below), picture, picture.state, width, below)
    return [*lines[: height - 1], footer(picture, width)] if height > 1 else lines[:1]


def _one(picture: Picture, state: State, height: int) -> list[Part]:
    return [
        _prices(state, height),
        _opportunities(picture, 14),
        *_trades(state, 25),
        *(_extras(state) if height >= TALL else []),
    ]


def _two_columns(picture: Picture, state: State, width: int, height: int) -> list[Line]:
    half = max(LEFT_LEAST, (width - BETWEEN) // 2)
    accounts, held = _extras(state) if height >= ROOMY else (None, None)
    left = [_prices(state, height), _opportunities(picture, 60), *([accounts] if accounts else [])]
    right = [*_trades(state, 60), *([held] if held else [])]
    rows = zip(
        _column(left, picture, state, half, height),
        _column(right, picture, state, width - BETWEEN - half, height),
        strict=True,
    )
    return [[*one, (" " * BETWEEN, ""), *other] for one, other in rows]


def _prices(state: State, height: int) -> Part:
    """All venues where the other parts have what they need then, and four at least."""
    venues = max(1, len(state.venues))
    return Part(sections.prices, min(venues, max(4, height - 3 * LEAST - 1)) + 1, venues + 1)


def _opportunities(picture: Picture, most: int) -> Part:
    return Part(sections.opportunities, LEAST, _grown(len(picture.episodes), most))


def _trades(state: State, most: int) -> tuple[Part, Part]:
    return Part(sections.in_progress, LEAST, 7), Part(sections.completed, LEAST, _grown(len(state.records), most))


def _grown(rows: int, most: int) -> int:
    """No more lines than there is something to show in: what stands below moves up, and the rest is free at the end."""
    return min(most, max(LEAST, rows + 1))


def _extras(state: State) -> tuple[Part, Part]:
    return Part(sections.accounts, 2, len(state.venues) + 1), Part(sections.held, 2, 8)


def _column(parts: Sequence[Part], picture: Picture, state: State, width: int, height: int) -> list[Line]:
    gap = 1 if height >= ROOMY else 0
    lines: list[Line] = []
    for part, size in zip(parts, share([(part.least + gap, part.most + gap) for part in parts], height), strict=True):
        if size:
            lines += part.section(picture, state, width, size - gap)
            lines += [joined([], width)] * gap
    return (lines + [joined([], width)] * height)[:height]


# -- header and footer -----------------------------------------------------------------------------------------------


def header(picture: Picture, width: int, *, roomy: bool) -> list[Line]:
    """Mode, health, money."""
    state = picture.state
    badge: Span = (f" {picture.mode.upper()} ", f"mode-{picture.mode}")
    name: list[Span] = [badge, (f" PerpBot {picture.version}", "bold")]
    if state is None:
        return [both_ends(name, [], width), _health(picture, width)]
    up = f"up {clock(state.uptime_s)}"
    keys: Span = ("Ctrl-C again ends at once", "warn") if picture.stopping else ("Ctrl-C stops", "dim")
    lines = [both_ends(name, [(f"{up}   ", ""), keys], width), _profit(state, width), _money(state, width)]
    lines.append(_health(picture, width))
    if picture.invitation:
        lines.append(joined([(picture.invitation, "bold")], width))
    if roomy:
        further = picture.problems[0 if picture.stopping else 1 :]
        lines += [joined([("! ", "bad"), (each, "bad")], width) for each in further[:3]]
        lines.append(joined([], width))
    return lines


def _profit(state: State, width: int) -> Line:
    wide = width >= WORDY_FROM
    spans: list[Span] = [("PnL after fees, in all  " if wide else "PnL in all  ", "dim")]
    for currency, each in state.closed_profit.items():
        text, style = gain(each.net)
        spans += [(text, f"{style} bold".strip()), (f" {currency}  ", "")]
    if not state.profit:
        spans.append(("nothing traded yet", "dim"))
    if state.open_profit:
        opened = "  ".join(f"{gain(each.net)[0]} {currency}" for currency, each in state.open_profit.items())
        spans.append((f" open, at mark {opened}  ", "dim"))
    over = "?" if state.trades_over is None else f"{state.trades_over:,}"
    trades = f"{over} trades over, {len(state.trades)} in progress" if wide else f"{over} over"
    return both_ends(spans, [(trades, "")], width)


def _money(state: State, width: int) -> Line:
    equity = sum((each.dollars for each in state.balances), ZERO)
    spans: list[Span] = [("Equity  ", "dim"), (money(equity), ""), ("   exposure net  ", "dim")]
    if state.positions is None:
        spans.append(("not known", "warn"))
    else:
        exposure = state.positions.exposure
        net = exposure.net_total
        spans += [(money(net), "warn" if net > 1 else ""), ("  gross  ", "dim"), (money(exposure.gross_total), "")]
    if state.kill:
        switch: Span = (f" KILL SWITCH ON: {', '.join(state.kill)} ", "alarm")
    else:
        switch = ("kill switch off", "dim")
    return both_ends(spans, [switch], width)


def _health(picture: Picture, width: int) -> Line:
    if picture.stopping:
        trades = 0 if picture.state is None else len(picture.state.trades)
        what = f"finishing {trades} in progress" if trades else "nothing is in progress"
        return joined([(f"STOPPING: no new trades, {what}, at most {picture.stop_s:.0f} s", "warn bold")], width)
    if not picture.problems:
        return joined([("All is well.", "good")], width)
    more = f"  (+{len(picture.problems) - 1} more)" if len(picture.problems) > 1 else ""
    room = max(0, width - len(more) - 2)
    return joined([("! ", "bad"), *joined([(picture.problems[0], "bad")], room), (more, "bad")], width)


def footer(picture: Picture, width: int) -> Line:
    """How the actors are, and where to look further."""
    each = picture.supervision
    spans: list[Span] = [(f"{each.actors} actors  ", "dim")]
    for count, what in ((each.restarts, "restarts"), (each.crashes, "crashes"), (each.dead_letters, "dead letters")):
        style = "warn" if count and what != "dead letters" else "dim"
        spans.append((f"{count:,} {what}  ", style))
    hint = f"look inside: {picture.hint}" if picture.hint else ""
    used = sum(len(text) for text, _ in spans)
    return both_ends(spans, [(hint if used + len(hint) < width else picture.hint, "dim")], width)
