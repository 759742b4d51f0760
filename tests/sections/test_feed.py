"""Whoever follows the state has the state, also after being away or too slow."""

import json
import re
from typing import Any
from unittest.mock import patch

import gevent
import pytest

from perpbot.sections import feed as feed_module
from perpbot.sections.differences import merged
from perpbot.sections.feed import MOST_WAITING, REMEMBERED, Feed, Follower, encode
from perpbot.simulation.world import in_world


class Reader:
    """What a browser does with the frames."""

    def __init__(self, data: bytes = b"") -> None:
        self.state: Any = None
        self.seq = 0
        self.events: list[str] = []
        self.read(data)

    def read(self, data: bytes) -> None:
        for block in data.decode().split("\n\n")[:-1]:
            fields = dict(line.split(": ", 1) for line in block.split("\n"))
            body = json.loads(fields["data"])
            self.events.append(fields["event"])
            if fields["event"] == "snapshot":
                self.state, self.seq = body["state"], body["seq"]
            elif fields["event"] == "diff":
                assert body["seq"] == self.seq + 1
                self.state, self.seq = merged(self.state, body["diff"]), body["seq"]


def advanced(feed: Feed, number: int) -> None:
    feed.advance({"quotes": {"okx": {"bid": str(number)}}})


@in_world()
def test_a_follower_begins_with_everything_and_gets_what_changes() -> None:
    feed = Feed()
    advanced(feed, 1)
    follower = feed.follow()
    reader = Reader(follower.take())
    for number in range(2, 5):
        advanced(feed, number)
    reader.read(follower.take())
    assert reader.events == ["snapshot", "diff", "diff", "diff"]
    assert reader.state == feed.state == {"quotes": {"okx": {"bid": "4"}}}


@in_world()
def test_nothing_is_told_when_nothing_changed() -> None:
    feed = Feed()
    advanced(feed, 1)
    follower, seq = feed.follow(), feed.seq
    follower.take()
    advanced(feed, 1)
    assert (follower.take(), feed.seq) == (b"", seq)


@in_world()
def test_one_who_was_away_gets_what_it_missed_and_no_more() -> None:
    feed = Feed()
    advanced(feed, 1)
    reader = Reader(feed.follow().take())
    for number in range(2, 6):
        advanced(feed, number)
    reader.read(feed.follow(reader.seq).take())
    assert reader.events == ["snapshot", *4 * ["diff"]]
    assert reader.state == feed.state


@in_world()
def test_one_who_missed_nothing_gets_nothing() -> None:
    feed = Feed()
    advanced(feed, 1)
    assert feed.follow(feed.seq).take() == b""


def resumed(since: Any, changes: int) -> list[str]:
    feed = Feed()
    before = feed.seq
    for number in range(changes):
        advanced(feed, number)
    return re.findall("event: (.*)", feed.follow(since(before, feed.seq)).take().decode())


CASES = {
    "too long ago": (lambda before, _: before, REMEMBERED + 1, ["snapshot"]),
    "just not too long ago": (lambda before, _: before + 1, REMEMBERED + 1, REMEMBERED * ["diff"]),
    "a number of the future": (lambda _, now: now + 1, 3, ["snapshot"]),
    "a number of another process": (lambda *_: 7, 3, ["snapshot"]),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_not_remembered_begins_with_everything(case: str) -> None:
    since, changes, events = CASES[case]
    in_world()(lambda: check(since, changes, events))()


def check(since: Any, changes: int, events: list[str]) -> None:
    assert resumed(since, changes) == events


@in_world()
def test_one_who_is_too_slow_costs_a_bounded_queue_and_catches_up_with_everything() -> None:
    feed = Feed()
    advanced(feed, 0)
    follower = feed.follow()
    for number in range(1, 3 * MOST_WAITING):
        advanced(feed, number)
    assert follower.lost
    reader = Reader(feed.catch_up(follower))
    assert reader.state == feed.state
    advanced(feed, -1)
    reader.read(follower.take())
    assert reader.state == feed.state


@in_world()
def test_an_alert_that_changes_is_an_event_of_its_own() -> None:
    feed = Feed()
    feed.advance({"alerts": {}})
    follower = feed.follow()
    reader = Reader(follower.take())
    feed.advance({"alerts": {"venue-down/okx": {"severity": "CRITICAL"}}})
    feed.advance({"alerts": {}})
    reader.read(follower.take())
    assert reader.events == ["snapshot", "diff", "alert", "diff", "alert"]


@in_world()
def test_one_who_left_is_told_nothing() -> None:
    feed = Feed()
    follower: Follower = feed.follow()
    feed.leave(follower)
    feed.leave(follower)
    follower.take()
    advanced(feed, 1)
    assert (len(feed), follower.take()) == (0, b"")


@in_world()
def test_followers_send_one_after_the_other_and_only_those_that_are_behind() -> None:
    feed = Feed()
    advanced(feed, 0)
    followers = [feed.follow() for _ in range(3)]
    for each in followers:
        each.take()
    advanced(feed, 1)
    followers[1].take()
    woken = [[each.news.is_set() for each in followers] for _ in feed.wake()]
    assert woken == [[True, False, False], [True, False, True]]


@in_world()
def test_however_many_follow_they_are_woken_in_a_bounded_number_of_steps() -> None:
    for followers, steps in ((0, 0), (15, 15), (16, 16), (17, 9), (50, 13), (200, 16), (1000, 16)):
        feed = Feed()
        everybody = [feed.follow() for _ in range(followers)]
        assert len(list(feed.wake())) == steps
        assert all(each.news.is_set() for each in everybody)


@in_world()
def test_the_whole_state_is_encoded_once_for_all_who_ask() -> None:
    feed = Feed()
    advanced(feed, 0)
    assert feed.body() is feed.body()
    before = feed.body()
    advanced(feed, 1)
    assert feed.body() != before


@in_world()
def test_a_difference_is_encoded_once_and_all_who_follow_share_its_bytes() -> None:
    feed = Feed()
    advanced(feed, 0)
    everybody = [feed.follow() for _ in range(50)]
    for each in everybody:
        each.take()
    with patch.object(feed_module, "encode", wraps=encode) as encoding:
        advanced(feed, 1)
        first, *others = [each.take() for each in everybody]
    encoding.assert_called_once()
    assert first
    assert all(each is first for each in others), "not even copied"


@in_world()
def test_one_who_comes_when_nobody_has_looked_for_a_while_waits_for_the_next_look() -> None:
    feed = Feed()
    advanced(feed, 0)
    gevent.sleep(10.0)
    follower, back = feed.follow(), feed.follow(feed.seq)
    assert (feed.take(follower), feed.take(back)) == (b"", b"")
    advanced(feed, 1)
    assert len(list(feed.wake())) == 2
    assert Reader(feed.take(follower)).events == ["snapshot"]
    assert b"event: diff" in feed.take(back)
