"""Conditions: what is printed is what was meant, and what is none is refused in words."""

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perpbot.alerts import action
from perpbot.alerts.action import ALLOWED, Action, ActionError, ActionKind
from perpbot.alerts.condition import FINEST, LARGEST, MOST_CHARACTERS, Clause, Condition, ConditionError, parse
from perpbot.alerts.signals import SIGNALS, Per

OPERATORS = (">", ">=", "<", "<=", "==", "!=")
LIMITS = st.decimals(-LARGEST, LARGEST, allow_nan=False, places=9).map(lambda each: each.quantize(FINEST))


@st.composite
def conditions(draw: st.DrawFn) -> Condition:
    per = draw(st.sampled_from(list(Per)))
    usable = [each for each in SIGNALS.values() if each.per in {per, Per.ALL}]
    clause = st.builds(Clause, st.sampled_from(usable), st.sampled_from(OPERATORS), LIMITS)
    alternatives = draw(st.lists(st.lists(clause, min_size=1, max_size=3), min_size=1, max_size=3))
    return Condition(tuple(map(tuple, alternatives)))


@given(conditions())
def test_what_is_printed_means_the_same(condition: Condition) -> None:
    if len(str(condition)) <= MOST_CHARACTERS:
        assert parse(str(condition)) == condition


@given(st.text() | st.text("quote_latency <>=!.0123456789smhd%andor\n"))
def test_nothing_but_a_condition_error_is_ever_raised(text: str) -> None:
    try:
        condition = parse(text)
    except ConditionError:
        return
    assert parse(str(condition)) == condition


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("quote_latency > 5000ms", "quote_latency > 5s"),
        ("quote_latency>2min", "quote_latency > 120s"),
        ("consecutive_failures >= 3", "consecutive_failures >= 3"),
        ("daily_pnl <= -500", "daily_pnl <= -500"),
        ("daily_pnl <= -500.50 USD", "daily_pnl <= -500.5"),
        ("drawdown >= 10%", "drawdown >= 10%"),
        ("error_rate > 12.5 % and error_streak != 0 or down_time > 1d",
         "error_rate > 12.5% and error_streak != 0 or down_time > 86400s"),
    ],
)  # fmt: skip
def test_numbers_have_units(text: str, printed: str) -> None:
    assert str(parse(text)) == printed


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "expected a signal"),
        ("quote_latencies > 5s", "did you mean quote_latency"),
        ("everything > 5", "docs/alerts.md lists them"),
        ("quote_latency > 5", "a time: behind the number stands ms or s or min"),
        ("drawdown >= 10", "a share: behind the number stands %"),
        ("daily_pnl <= -500EUR", "money: behind the number stands no unit or USD"),
        ("error_streak > 3s", "a count: behind the number stands no unit"),
        ("quote_latency > 5s and error_rate > 10%", "make two rules"),
        ("quote_latency > 0.0000000001s", "too fine"),
        (" or ".join(["drawdown > 1%"] * 11), "at most 10 comparisons"),
        ("x" * 401, "at most 400 characters"),
        ("__import__('os').system('true')", "expected a signal"),
        ("drawdown > 1% and", "expected a signal"),
    ],
)
def test_what_is_no_condition_is_refused_in_words(text: str, words: str) -> None:
    with pytest.raises(ConditionError) as caught:
        parse(text)
    assert words in str(caught.value)


VALUES = {
    "error_rate": {"okx/trading": Decimal("0.2"), "aster/trading": Decimal(0)},
    "error_streak": {"okx/trading": Decimal(5), "aster/trading": Decimal(1)},
    "drawdown": {"": Decimal("0.05")},
}


@pytest.mark.parametrize(
    ("text", "okx", "aster"),
    [
        ("error_rate > 10%", True, False),
        ("error_rate > 10% and error_streak > 5", False, False),
        ("error_rate > 10% or error_streak == 1", True, True),
        ("error_rate > 10% and drawdown >= 5%", True, False),
        ("error_rate > 10% and health_score < 50%", None, False),  # the score is not known
        ("error_rate > 10% or health_score < 50%", True, None),
        ("error_rate > 10% and error_streak > 1 or drawdown > 1%", True, True),
    ],
)
def test_and_binds_closer_than_or_and_what_is_not_known_decides_nothing(
    text: str, *, okx: bool | None, aster: bool | None
) -> None:
    condition = parse(text)
    assert [condition.holds(VALUES, each) for each in ("okx/trading", "aster/trading")] == [okx, aster]


def test_the_values_behind_a_condition_are_told() -> None:
    condition = parse("error_rate > 10% and error_streak > 5 or drawdown > 1%")
    assert condition.reading(VALUES, "okx/trading") == "error_rate 20%, error_streak 5, drawdown 5%"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("pause_trading", Action(ActionKind.PAUSE)),
        ("safe_mode_on", Action(ActionKind.SAFE_MODE)),
        ("emergency_stop", Action(ActionKind.EMERGENCY_STOP)),
        ("audio_alert", Action(ActionKind.SOUND)),
        ("flatten", Action(ActionKind.FLATTEN)),
        ("trigger_cooldown_60s", Action(ActionKind.COOLDOWN, seconds=60)),
        ("trigger_cooldown_5min", Action(ActionKind.COOLDOWN, seconds=300)),
        ("notify_telegram", Action(ActionKind.NOTIFY, channel="telegram")),
        ("notify_all_channels", Action(ActionKind.NOTIFY, channel="all_channels")),
    ],
)
def test_actions_are_those_of_the_documents(text: str, wanted: Action) -> None:
    assert action.parse(text) == wanted
    assert action.parse(str(wanted)) == wanted


@pytest.mark.parametrize(
    "text", ["", "notify", "trigger_cooldown", "trigger_cooldown_25h", "trigger_cooldown_0s", "buy"]
)
def test_any_other_action_is_refused_with_what_is_allowed(text: str) -> None:
    with pytest.raises(ActionError, match="an action is one of") as caught:
        action.parse(text)
    assert ALLOWED in str(caught.value)


def test_every_signal_is_told_of_in_one_line() -> None:
    assert json.dumps(list(SIGNALS)) == json.dumps([each.name for each in SIGNALS.values()])
    assert all(each.meaning.endswith(".") for each in SIGNALS.values())
