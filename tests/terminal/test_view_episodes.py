"""Quote after quote of the same opportunity is one episode."""

from view_states import NOW_NS, decision

from perpbot.clock import NS_PER_SECOND
from perpbot.control.episodes import KEEP, Episodes

TRADED = "symbol is traded already"


def test_the_same_opportunity_is_one_episode_with_its_latest_profit() -> None:
    episodes = Episodes()
    episodes.take([decision(TRADED, at_ns=NOW_NS + 5, fees=0), decision("too late", at_ns=NOW_NS)])
    (episode,) = episodes.newest
    assert (episode.seen, episode.began_ns, episode.last_ns, episode.verdict) == (2, NOW_NS, NOW_NS + 5, TRADED)
    assert episode.net == decision("", fees=0).opportunity.edge.net


def test_what_was_taken_in_before_is_not_counted_again() -> None:
    first, second, third = (decision(TRADED, at_ns=NOW_NS + number) for number in range(3))
    episodes = Episodes()
    episodes.take([second, first])
    episodes.take([third, second, first])
    episodes.take([third, second])
    episodes.take([])
    assert [each.seen for each in episodes.newest] == [3]


def test_that_it_was_admitted_is_not_forgotten() -> None:
    episodes = Episodes()
    episodes.take([decision(TRADED, at_ns=NOW_NS + 1), decision("admitted: 17-t4", at_ns=NOW_NS)])
    assert episodes.newest[0].verdict == "admitted: 17-t4"
    episodes.take([decision("admitted: 17-t9", at_ns=NOW_NS + 2)])
    assert episodes.newest[0].verdict == "admitted: 17-t9"


def test_after_silence_it_is_a_new_one() -> None:
    episodes = Episodes()
    episodes.take([decision(TRADED, at_ns=NOW_NS)])
    episodes.take([decision(TRADED, at_ns=NOW_NS + 3 * NS_PER_SECOND)])
    assert [each.began_ns - NOW_NS for each in episodes.newest] == [3 * NS_PER_SECOND, 0]


def test_another_way_round_or_symbol_is_another_one() -> None:
    episodes = Episodes()
    episodes.take(
        [
            decision(TRADED, buy_venue="hyperliquid", sell_venue="okx"),
            decision(TRADED, "ETH-PERP"),
            decision(TRADED),
        ]
    )
    assert len(episodes.newest) == 3


def test_only_so_many_are_kept() -> None:
    episodes = Episodes()
    episodes.take([decision(TRADED, f"S{number}-PERP") for number in range(KEEP + 20)])
    assert len(episodes.newest) == KEEP
