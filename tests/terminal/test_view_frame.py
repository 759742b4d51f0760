"""The live view as lines: always exactly as wide and as high as the terminal, whatever the state is."""

import itertools
import re
from collections.abc import Callable
from decimal import Decimal

import attrs
import pytest
import view_states
from hypothesis import given
from hypothesis import strategies as some
from rich.cells import cell_len
from view_states import MONOTONIC_NS, decision, picture, usual, venue

from actors.order_requests import OrderCounts
from actors.state import State
from perpbot.clock import NS_PER_SECOND
from perpbot.terminal.frame import frame
from perpbot.terminal.layout import share
from perpbot.terminal.lines import both_ends, clock, fit, joined, number
from perpbot.terminal.painter import STYLES
from perpbot.terminal.picture import Picture

SIZES = [(80, 24), (160, 50), (100, 30), (149, 40), (150, 24), (240, 80), (40, 10), (20, 5), (5, 2), (1, 1)]
STATES: dict[str, Callable[[], State | None]] = {
    "usual": view_states.usual,
    "empty": view_states.empty,
    "extreme": view_states.extreme,
    "away": lambda: None,
}


def texts(shown: Picture, width: int, height: int) -> list[str]:
    return ["".join(text for text, _ in line) for line in frame(shown, width, height)]


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("name", STATES)
@pytest.mark.parametrize("stopping", [False, True])
def test_nothing_wraps_and_every_line_is_there(name: str, size: tuple[int, int], stopping: bool) -> None:  # noqa: FBT001
    width, height = size
    problems = [] if name == "usual" else ["okx trading is CIRCUIT_OPEN: 订单被拒绝 \x1b[2J"] * 7
    lines = texts(picture(STATES[name](), problems, stopping=stopping), width, height)
    assert len(lines) == height
    assert {cell_len(line) for line in lines} == {width}
    assert all(character.isprintable() for line in lines for character in line)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_every_style_is_known(size: tuple[int, int]) -> None:
    for make in STATES.values():
        for line in frame(picture(make(), ["bad"]), *size):
            assert {style for _, style in line} <= STYLES.keys()


def test_what_matters_most_is_on_80_by_24() -> None:
    lines = texts(picture(usual()), 80, 24)
    assert lines[0].startswith(" SIMULATION  PerpBot 0.1.0")
    assert lines[0].endswith("up 00:15:12   Ctrl-C stops")
    assert "+7.00 USDT  -3.25 USDC   open, at mark +0.50 USDT" in lines[1]
    assert lines[1].endswith(" 12 over")
    assert "kill switch off" in lines[2]
    assert lines[3].rstrip() == "All is well."
    assert lines[4].split() == ["Prices", "connection", "BTC", "ETH", "SOL"]
    assert lines[5].split()[:4] == ["okx", "connected", "96920.6", "96930.29"]
    titles = [line.split("  ")[0].strip() for line in lines]
    assert [each for each in titles if each in {"In progress", "Completed id"}] == ["In progress", "Completed id"]
    assert sum("trade t62" in line for line in lines) == 1
    assert sum("→" in line for line in lines) >= 9
    assert "41 actors  0 restarts  0 crashes  12 dead letters" in lines[23]


def test_a_larger_terminal_shows_more() -> None:
    small, large = (texts(picture(usual()), *size) for size in ((80, 24), (160, 50)))
    assert sum("target reached" in line for line in large) > sum("target reached" in line for line in small)
    assert any(line.startswith("Venues ") for line in large)
    assert any("Held" in line for line in large)


@pytest.mark.parametrize(
    ("trading", "data", "word"),
    [
        ("CONNECTED", "CONNECTED", "connected"),
        ("CIRCUIT_OPEN", "CONNECTED", "orders blocked"),
        ("CONNECTED", "DISCONNECTED", "data down"),
        ("DEGRADED", "CIRCUIT_OPEN", "data blocked"),
        ("DEGRADED", "DEGRADED", "probing"),
        ("NEW_WORD", "CONNECTED", "orders NEW_WO"),
    ],
)
def test_a_circuit_that_is_not_closed_is_named(trading: str, data: str, word: str) -> None:
    state = usual(venues={"okx": venue("okx", view_states.PRICES, trading=trading, market_data=data)})
    assert word in texts(picture(state), 80, 24)[5]


def test_modes_problems_kill_switches_and_the_end_are_plain() -> None:
    state = usual(mode="live", kill={"global": "operator"})
    lines = texts(picture(state, ["aster is away", "okx is away"], mode="live"), 80, 24)
    assert lines[0].startswith(" LIVE ")
    assert "KILL SWITCH ON: global" in lines[2]
    assert lines[3].startswith("! aster is away")
    assert lines[3].endswith("(+1 more)")
    assert texts(picture(state, stopping=True), 80, 24)[3].startswith(
        "STOPPING: no new trades, finishing 2 in progress"
    )


def test_a_new_password_stands_in_the_view_which_would_have_painted_over_it() -> None:
    said = "Sign in at http://127.0.0.1:8000 with the password kEyGg1yNnGTPs1wQ"
    lines = texts(picture(usual(), ["aster is away"], invitation=said), 80, 24)
    assert lines[3].startswith("! aster is away")
    assert lines[4].rstrip() == said
    assert len(lines) == 24


def test_old_prices_are_dim_and_gaps_stand_out() -> None:
    late = MONOTONIC_NS + 5 * NS_PER_SECOND
    stale = frame(attrs.evolve(picture(usual()), now_ns=late), 80, 24)[5]
    assert "stale" in {style for _, style in stale}
    apart = usual(venues={"okx": venue("okx", {"X-PERP": Decimal(5)}), "aster": venue("aster", {"X-PERP": Decimal(6)})})
    rows = frame(picture(apart), 80, 24)[5:7]
    assert [text.strip() for row in rows for text, style in row if style == "gap"] == ["5.0005", "6"]


def test_more_symbols_than_fit_are_counted() -> None:
    prices = {f"S{number}-PERP": Decimal(number + 1) for number in range(9)}
    state = usual(venues={"okx": venue("okx", prices), "hyperliquid": venue("hyperliquid", prices)})
    assert texts(picture(state), 80, 24)[4].split()[:3] == ["Prices", "+6", "connection"]


def test_a_venue_without_a_price_shows_that() -> None:
    state = usual(venues={"okx": venue("okx", {}), "aster": venue("aster", view_states.PRICES)})
    assert texts(picture(state), 80, 24)[5].split() == ["okx", "connected", "-", "-", "-"]


def test_a_symbol_that_a_venue_does_not_have_is_shown_as_not_listed() -> None:
    here, there = venue("okx", {}), venue("aster", view_states.PRICES)
    state = usual(venues={"okx": attrs.evolve(here, unlisted=("ETH-PERP",)), "aster": there})
    assert texts(picture(state), 80, 24)[5].split() == ["okx", "connected", "-", "not", "listed", "-"]


def test_all_trades_that_are_over_are_counted_not_only_those_that_are_shown() -> None:
    state = usual(orders=OrderCounts(48, 48, 0, 0, 0, 1234))
    assert "1,234 trades over, 2 in progress" in texts(picture(state), 160, 50)[1]


def test_that_the_kill_switch_is_on_is_read_at_80_columns() -> None:
    why = "refused: execution/connection: the kill switch is on (global, by me), allowed a connection that is up"
    lines = texts(picture(usual(decisions=(decision(why),))), 80, 24)
    assert any(" kill switch on" in line and "okx" in line for line in lines)


def test_a_large_terminal_has_its_free_lines_at_the_end() -> None:
    lines = [line.rstrip() for line in texts(picture(usual()), 200, 60)[:-1]]
    last = max(number for number, line in enumerate(lines) if line)
    assert all(lines[number] or lines[number + 1] for number in range(last))


def test_times_are_the_same_for_an_unchanged_state() -> None:
    assert frame(picture(usual()), 80, 24) == frame(picture(usual()), 80, 24)


def test_an_opportunity_is_one_line_however_often_it_is_seen() -> None:
    seen = tuple(decision("symbol is traded already", at_ns=view_states.NOW_NS - number) for number in range(20))
    lines = texts(picture(usual(decisions=seen)), 120, 30)
    assert sum("okx → hyperliquid" in line and "traded already" in line for line in lines) == 1


# -- the parts lines are made of -------------------------------------------------------------------------------------


@given(some.text(), some.integers(0, 60), some.booleans())
def test_text_fits_exactly(text: str, width: int, right: bool) -> None:  # noqa: FBT001
    assert cell_len(fit(text, width, right=right)) == width


@given(
    some.lists(some.text(max_size=30), max_size=6), some.lists(some.text(max_size=30), max_size=3), some.integers(1, 60)
)
def test_lines_are_exactly_as_wide_as_asked(left: list[str], right: list[str], width: int) -> None:
    spans, others = [(each, "") for each in left], [(each, "") for each in right]
    for line in (joined(spans, width), both_ends(spans, others, width)):
        assert sum(cell_len(text) for text, _ in line) == width


@given(
    some.decimals(allow_nan=False, allow_infinity=False, min_value=0, max_value=Decimal("1e17")), some.integers(7, 12)
)
def test_numbers_fit(value: Decimal, width: int) -> None:
    assert len(number(value, width)) <= width


@pytest.mark.parametrize(
    ("value", "width", "text"),
    [
        ("96920.6", 8, "96920.6"),
        ("96920.625", 8, "96920.62"),
        ("0.000012345", 8, "0.000012"),
        ("123456789", 8, "123.5M"),
        ("98765432109876", 8, "98.8T"),
        ("1E+30", 8, "1.0E+30"),
        ("0", 3, "0"),
    ],
)
def test_numbers_lose_what_matters_least(value: str, width: int, text: str) -> None:
    assert number(Decimal(value), width) == text


@given(
    some.lists(
        some.tuples(some.integers(1, 9), some.integers(0, 30)).map(lambda each: (each[0], sum(each))), max_size=6
    ),
    some.integers(0, 100),
)
def test_lines_are_shared_without_giving_away_more_than_there_are(wishes: list[tuple[int, int]], height: int) -> None:
    given_ = share(wishes, height)
    assert sum(given_) <= height
    for (least, most), lines in zip(wishes, given_, strict=True):
        assert lines == 0 or least <= lines <= most
    if any(0 < lines < most for (_, most), lines in zip(wishes, given_, strict=True)):
        assert sum(given_) == height


def test_durations() -> None:
    assert [clock(each) for each in (0, 59.9, 3_661, 90_061, -5)] == [
        "00:00:00",
        "00:00:59",
        "01:01:01",
        "1 d 01:01:01",
        "00:00:00",
    ]


def test_sizes_change_nothing_but_the_frame() -> None:
    shown = picture(view_states.extreme(), ["x"] * 3)
    for width, height in itertools.product(range(1, 200, 23), range(1, 60, 11)):
        assert {cell_len(line) for line in texts(shown, width, height)} == {width}


@pytest.mark.parametrize("size", [(80, 24), (120, 30), (200, 50)], ids=lambda size: f"{size[0]}x{size[1]}")
def test_nine_venues_have_their_prices_beside_opportunities_and_trades(size: tuple[int, int]) -> None:
    names = [f"venue{number}" for number in range(9)]
    lines = texts(picture(usual(venues={name: venue(name, view_states.PRICES) for name in names})), *size)
    assert all(any(line.startswith(f"{name} ") and "96920.6" in line for line in lines) for name in names)
    shown = "\n".join(lines)
    assert all(part in shown for part in ("Opportunities", "In progress", "Completed"))
    assert re.search(r"t\d+ .* open ", shown)
    assert "target reach" in shown


def test_venues_there_is_no_room_for_are_counted() -> None:
    names = [f"venue{number}" for number in range(9)]
    lines = texts(picture(usual(venues={name: venue(name, view_states.PRICES) for name in names})), 80, 20)
    assert [line.split()[0] for line in lines[5:11]] == ["venue0", "venue1", "venue2", "venue3", "…", "Opportunities"]
    assert lines[9].startswith("… and 5 more: perpbot status")
