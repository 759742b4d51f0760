"""The dashboard's pages: as large as the terminal, and with everything that an operator has to see."""

from typing import Any

import pytest
from dashboard_states import BUSY, EMPTY
from rich.cells import cell_len

from perpbot.cli.dashboard import PAGE_NAMES
from perpbot.terminal.dashboard.block import Look, seconds
from perpbot.terminal.dashboard.page import PAGES, View, frame
from perpbot.terminal.dashboard.words import CHINESE, LANGUAGES, language_of, words
from perpbot.terminal.painter import STYLES

SIZES = ((80, 24), (20, 5), (200, 60), (1, 1), (100, 2))


def shown(state: dict[str, Any], page: str, language: str = "en", size: tuple[int, int] = (110, 40), **of: Any) -> str:
    view = View(page=PAGE_NAMES.index(page), **of)
    lines = frame(Look(sections=state, say=words(language)), view, *size)
    return "\n".join("".join(text for text, _ in line) for line in lines)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("state", [BUSY, EMPTY, {}], ids=["busy", "empty", "nothing"])
def test_every_page_fills_the_terminal_exactly(size: tuple[int, int], language: str, state: dict[str, Any]) -> None:
    for number in range(len(PAGES)):
        view = View(page=number, offset=3, held=True, lost="no system is running")
        lines = frame(Look(sections=state, say=words(language)), view, *size)
        assert len(lines) == size[1]
        assert {sum(cell_len(text) for text, _ in line) for line in lines} == {size[0]}
        assert {style for line in lines for _, style in line} <= STYLES.keys()


def test_nothing_of_a_venue_steers_the_terminal() -> None:
    assert "\x1b" not in shown(BUSY, "alerts")


@pytest.mark.parametrize(
    ("page", "words_of_it"),
    [
        ("all", ["KILL SWITCH ON: global", "unhedged 1, oldest 47 s", "LIVE", "trading: killed", "-1.00 USDT"]),
        ("all", ["! a venue is away", "quotes-late/okx: Stream is down", "12 s are left", "trade t9"]),
        ("market", ["97033.2", "orders blocked", "not", "listed"]),
        ("trades", ["unknown", "hedging", "-0.4000"]),
        ("positions", ["-0.0051", "-0.01", "498.26", "47 s", "okx"]),
        ("capital", ["95%", "safe mode", "move 500"]),
        ("profit", ["2026-11-21", "-1.0000"]),
        ("venues", ["the circuit is open", "daily-loss", "900"]),
        ("alerts", ["critical", "firing", "acknowledged"]),
        ("actors", ["backing-off", "growing mailbox"]),
    ],
)
def test_a_page_shows_what_it_is_for(page: str, words_of_it: list[str]) -> None:
    text = shown(BUSY, page)
    assert [each for each in words_of_it if each not in text] == []


def test_in_chinese_every_heading_is_chinese() -> None:
    for page in PAGE_NAMES:
        text = shown(EMPTY, page, "zh", (160, 50))
        english = [each for each in CHINESE if each[0].isupper() and len(each) > 5 and each != "Actors"]
        assert [each for each in english if each in text] == []
    assert "纸上交易" in shown(EMPTY, "all", "zh")


def test_a_system_that_is_away_is_said_first_and_the_last_picture_stays() -> None:
    first, second, *_ = shown(BUSY, "all", lost="the system ended").splitlines()
    assert "NO ANSWER, trying again: the system ended" in first
    assert "LIVE" in second


def test_what_does_not_fit_is_counted_and_can_be_scrolled_to() -> None:
    tree = {f"/actor-{n}": {**BUSY["tree"]["/perpbot"], "name": f"actor-{n}"} for n in range(60)}
    state = {**EMPTY, "tree": tree}
    at_first = shown(state, "actors", size=(80, 20))
    assert "actor-0 " in at_first
    assert "… 47 more" in at_first
    below = shown(state, "actors", size=(80, 20), offset=20)
    assert "actor-0 " not in below
    assert "actor-20 " in below
    assert "actor-59 " in shown(state, "actors", size=(80, 20), offset=1_000)


def test_names_of_pages_are_those_of_the_command_and_sections_those_of_the_state() -> None:
    assert [page.name for page in PAGES] == list(PAGE_NAMES)
    assert set().union(*(View(page=number).sections() for number in range(len(PAGES)))) <= BUSY.keys()


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C.UTF-8"}, "en"),
        ({"LC_MESSAGES": "zh_TW", "LANG": "de_DE"}, "zh"),
    ],
)
def test_the_language_is_that_of_the_locale(environment: dict[str, str], language: str) -> None:
    assert language_of(environment) == language


@pytest.mark.parametrize(("age", "text"), [(0.44, "0.4 s"), (12.9, "12 s"), (185, "3:05"), (7_800, "2:10:00")])
def test_ages_are_short(age: float, text: str) -> None:
    assert seconds(age) == text
