"""Who waits for the rate limit leaves first come, first served, within how much it matters."""

from hypothesis import given
from hypothesis import strategies as st

from actors.departures import Departures
from perpbot.venues.rate_limit import Urgency

Step = tuple[str, Urgency]
STEPS = st.lists(st.tuples(st.sampled_from(("join", "join", "leave", "give up")), st.sampled_from(Urgency)))


@given(STEPS)
def test_nobody_is_overtaken_by_who_came_later_and_matters_no_more(steps: list[Step]) -> None:
    line: Departures[tuple[Urgency, int]] = Departures()
    waiting: list[tuple[Urgency, int]] = []
    for number, (step, urgency) in enumerate(steps):
        if step == "join":
            line.join(urgency, (urgency, number))
            waiting.append((urgency, number))
        elif step == "leave" and waiting:
            head = line.next
            assert head is not None
            assert head[1] == min(waiting), "the most urgent, and of those the first to come"
            assert head[0] is head[1][0]
            line.leave()
            waiting.remove(head[1])
        elif step == "give up":
            gone = line.give_up(lambda each: each[0] is urgency and each[1] % 2 == 0)  # noqa: B023 - called at once
            assert set(gone) <= set(waiting)
            waiting = [each for each in waiting if each not in gone]
        assert len(line) == len(waiting)
    assert (line.next is None) == (not waiting)


def test_who_gives_up_is_told_once_and_all_others_keep_their_places() -> None:
    line: Departures[str] = Departures()
    for name in ("early", "late", "later"):
        line.join(Urgency.REDUCE, name)
    line.join(Urgency.OPEN, "late opening")
    assert line.give_up(lambda name: name.startswith("late ") or name == "late") == ["late", "late opening"]
    assert line.give_up(lambda name: name == "late") == []
    assert line.next == (Urgency.REDUCE, "early")
    line.leave()
    assert line.next == (Urgency.REDUCE, "later")
