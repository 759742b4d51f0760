"""The pages of the dashboard: which parts stand on each, and what stands above and below them."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import attrs
from rich.cells import cell_len

from perpbot.terminal.dashboard import machine, market, money
from perpbot.terminal.dashboard.block import Block, Look, amount, seconds
from perpbot.terminal.layout import share
from perpbot.terminal.lines import Line, Span, both_ends, clock, gain, joined
from perpbot.terminal.lines import money as dollars

TWO_COLUMNS_FROM, BETWEEN = 150, 2
LEAST = 3
"""Lines of a part that is shown at all, where it has so many."""
ROOMY = 30
"""From this height on, blank lines stand between the parts."""

Part = Callable[[Look, int], Block]


def _profit(name: str, key: str) -> Part:
    return partial(money.profit_by, name, key)


@attrs.frozen
class Page:
    """Parts, those of the right half apart where there is room for two halves."""

    name: str
    left: Sequence[Part]
    right: Sequence[Part]
    needs: frozenset[str]
    """The sections that its parts are made from."""


PAGES = (
    Page(
        "all",
        (market.prices, machine.alerts, market.opportunities, money.pools),
        (money.in_progress, money.unhedged, money.exposure, money.positions, money.completed),
        frozenset({"quotes", "venues", "alerts", "opportunities", "trades", "positions", "capital"}),
    ),
    Page("market", (market.prices, market.opportunities), (), frozenset({"quotes", "venues", "opportunities"})),
    Page("trades", (money.orders, money.in_progress), (money.completed,), frozenset({"orders", "trades"})),
    Page("positions", (money.unhedged, money.exposure), (money.positions,), frozenset({"positions"})),
    Page("capital", (money.pools, money.balances), (), frozenset({"capital"})),
    Page(
        "profit",
        (_profit("By day", "days"), _profit("By symbol", "symbols")),
        (_profit("By venue", "venues"), _profit("By pool", "pools")),
        frozenset(),
    ),
    Page("venues", (machine.venues,), (machine.limits,), frozenset({"venues", "risk"})),
    Page("alerts", (machine.alerts,), (), frozenset()),
    Page("actors", (machine.actors,), (), frozenset({"tree"})),
)
ALWAYS = frozenset({"overview", "exposure", "pnl", "kill_switch", "alerts"})
"""The sections of the header."""


@attrs.frozen(kw_only=True)
class View:
    """What of it is shown."""

    page: int = 0
    offset: int = 0
    """Rows that were scrolled by."""
    held: bool = False
    lost: str = ""
    """Why there is no newer state; empty while there is."""

    def sections(self) -> list[str]:
        """The sections it is made from."""
        return sorted(ALWAYS | PAGES[self.page].needs)


def frame(look: Look, view: View, width: int, height: int) -> list[Line]:
    """Exactly `height` lines of exactly `width` cells."""
    if width <= 0 or height <= 0:
        return []
    above = header(look, view, width, roomy=height >= ROOMY)
    room = max(0, height - len(above) - 1)
    lines = _parts(look, view, width, room) if look.rows("overview") else []
    blank = joined([], width)
    body = [*above, *lines, *[blank] * (room - len(lines))][: height - 1]
    return [*body, footer(look, view, width)] if height > 1 else above[:1]


def _parts(look: Look, view: View, width: int, height: int) -> list[Line]:
    page = PAGES[view.page]
    if not page.right or width < TWO_COLUMNS_FROM:
        return _column(_merged(page, look, width), look, view, width, height)
    half = (width - BETWEEN) // 2
    rest = width - BETWEEN - half
    left = _column([part(look, half) for part in page.left], look, view, half, height)
    right = _column([part(look, rest) for part in page.right], look, view, rest, height)
    return [[*one, (" " * BETWEEN, ""), *other] for one, other in zip(left, right, strict=True)]


def _merged(page: Page, look: Look, width: int) -> list[Block]:
    """One column. With everything on one page, what is open comes before what only might be, and nothing stays away."""
    if page is not PAGES[0]:
        return [part(look, width) for part in (*page.left, *page.right)]
    prices, alerts, opportunities, pools = page.left
    order = (prices, alerts, opportunities, *(each for each in page.right if each is not money.exposure), pools)
    wanted = {prices, opportunities, money.in_progress, money.completed}
    blocks = [(part, part(look, width)) for part in order]
    return [each for part, each in blocks if part in wanted or not each.empty]


def _column(blocks: Sequence[Block], look: Look, view: View, width: int, height: int) -> list[Line]:
    gap = 1 if height >= ROOMY else 0
    wishes = [(min(LEAST, len(each.rows) + 1) + gap, len(each.rows) + 1 + gap) for each in blocks]
    blank = joined([], width)
    lines: list[Line] = []
    for each, size in zip(blocks, share(wishes, height), strict=True):
        if size:
            lines += [*each.lines(size - gap, view.offset, look.say("more")), *[blank] * gap]
    return (lines + [blank] * height)[:height]


# -- header and footer -------------------------------------------------------------------------------------------------


def header(look: Look, view: View, width: int, *, roomy: bool) -> list[Line]:
    """Mode, health, money; first of all whether this is the newest that could be known."""
    say, overview = look.say, look.rows("overview")
    lost = (
        [joined([(f" {say('NO ANSWER')}, {say('trying again')}: {view.lost} ", "alarm")], width)] if view.lost else []
    )
    if not overview:
        return [*lost, joined([(say("Waiting for the first state."), "dim")], width)]
    mode = overview["mode"]
    badge: Span = (f" {say(mode.upper())} ", f"mode-{mode}")
    trading = overview["trading"]
    state: Span = (f"{say('trading')}: {say(trading)}", "good" if trading == "running" else "bad bold")
    held: list[Span] = [(f" {say('HELD')} ", "alarm")] if view.held else []
    name: list[Span] = [badge, (f" PerpBot {overview['version']}   ", "bold"), state, ("  ", ""), *held]
    up: Span = (f"{overview['at'][11:19]} UTC  {say('up')} {clock(overview['uptime_s'])}", "dim")
    lines = [*lost, both_ends(name, [up], width), _earned(look, width), _at_stake(look, width)]
    problems = overview["problems"]
    if not problems:
        return [*lines, joined([(say("All is well."), "good")], width)]
    shown = problems[: LEAST if roomy else 1]
    lines += [joined([("! ", "bad"), (each, "bad")], width) for each in shown]
    if len(problems) > len(shown):
        more = f"  (+{len(problems) - len(shown)} {say('more')})"
        lines[-1] = [*joined([("! ", "bad"), (shown[-1], "bad")], max(0, width - cell_len(more))), (more, "bad")]
    return lines


def _earned(look: Look, width: int) -> Line:
    say, overview = look.say, look.rows("overview")
    spans: list[Span] = [(f"{say('PnL with what is open')}  ", "dim")]
    for currency, each in look.rows("pnl").get("currencies", {}).items():
        text, style = gain(amount(each["net"]))
        spans += [(text, f"{style} bold".strip()), (f" {currency}  ", "")]
    if len(spans) == 1:
        spans.append((say("nothing traded yet"), "dim"))
    today, style = gain(amount(overview["profit_today"]))
    spans += [(f" {say('today')} ", "dim"), (today, style)]
    over = overview.get("trades_over", "?")
    return both_ends(spans, [(f"{over} {say('over')}, {overview['trades_open']} {say('in progress')}", "")], width)


def _at_stake(look: Look, width: int) -> Line:
    say, overview = look.say, look.rows("overview")
    net = amount(overview.get("net_exposure"))
    spans: list[Span] = [(f"{say('Equity')} ", "dim"), (dollars(amount(overview["equity"])), "")]
    spans += [(f"  {say('exposure net')} ", "dim"), (dollars(net), "warn" if abs(net) > 1 else "")]
    spans += [(f"  {say('gross')} ", "dim"), (dollars(amount(overview.get("gross_exposure"))), "")]
    alone: Mapping[str, Mapping[str, str]] = look.rows("exposure").get("unhedged", {})
    if alone:
        oldest = max(look.age_s(each["since"]) for each in alone.values())
        spans.append((f"  {say('unhedged')} {len(alone)}, {say('oldest')} {seconds(oldest)}", "warn bold"))
    killed = look.rows("kill_switch")
    switch: Span = (
        (f" {say('KILL SWITCH ON')}: {', '.join(killed)} ", "alarm") if killed else (say("kill switch off"), "dim")
    )
    return both_ends(spans, [switch], width)


def footer(look: Look, view: View, width: int) -> Line:
    """The pages, and the keys."""
    say = look.say
    keys = f"↑↓ {say('scroll')}  p {say('go on' if view.held else 'hold')}  l EN/中文  q {say('quit')}"
    named = [f" {number} {say(page.name)} " for number, page in enumerate(PAGES, 1)]
    if cell_len("".join(named)) + cell_len(keys) >= width:
        named = [each if number == view.page else f" {number + 1} " for number, each in enumerate(named)]
    spans: list[Span] = [(each, "title" if number == view.page else "dim") for number, each in enumerate(named)]
    return both_ends(spans, [(keys, "dim")], width)
