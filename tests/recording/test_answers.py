"""Recorded answers are found again, whatever host was asked then."""

import json
from urllib.parse import urlsplit

import pytest

from perpbot.recording.answers import Answers, RecordedHttp, offline
from perpbot.venues.http import NotSentError, Request
from perpbot.venues.lines import AnswerLine
from perpbot.venues.registry import venue_class, venue_names
from perpbot.venues.venue import VenueReadError


@pytest.mark.parametrize("name", venue_names())
def test_what_a_real_venue_answered_is_found_at_the_served_recording(name: str) -> None:
    rest = venue_class(name).mainnet.rest
    answer = AnswerLine(1, f"{rest}/one/two?b=2&a=1", "{}")
    answers = Answers(venue_class(name), [answer])
    served = f"http://recording/{name}{urlsplit(rest).path}"
    assert answers.to(f"{served}/one/two?a=1&b=2") == [answer]
    assert answers.to(f"{served}/one/two") == []
    assert answers.to(f"{served}/one/three?a=1&b=2") == []


def test_what_was_not_recorded_was_never_sent() -> None:
    http = RecordedHttp(Answers(venue_class("okx"), []))
    with pytest.raises(NotSentError, match="no answer to /api/v5/public/instruments"):
        http.read(Request("GET", "https://www.okx.com/api/v5/public/instruments?instType=SWAP"))


def test_a_book_is_told_from_what_holds_for_long() -> None:
    answers = Answers(venue_class("aster"), [])
    assert answers.is_book("http://x/fapi/v3/depth?symbol=BTCUSDT&limit=1000")
    assert not answers.is_book("http://x/fapi/v3/exchangeInfo")
    assert not answers.is_book("http://x/fapi/v3/depth")


def test_without_an_answer_about_instruments_nothing_can_be_read() -> None:
    with pytest.raises(VenueReadError, match="okx: nothing in the recording tells of instruments"):
        offline(venue_class("okx"), Answers(venue_class("okx"), []), ())


def test_a_coin_that_a_venue_lists_against_two_dollars_is_one_instrument() -> None:
    swap = {"settleCcy": "USDT", "ctType": "linear", "ctVal": "0.01", "tickSz": "0.1", "lotSz": "1", "minSz": "1"}
    rows = [
        {**swap, "instId": f"BTC-{dollar}-SWAP", "uly": f"BTC-{dollar}", "settleCcy": dollar, "state": "live"}
        for dollar in ("USDC", "USDT")
    ]
    url = "https://www.okx.com/api/v5/public/instruments?instType=SWAP"
    told = AnswerLine(1, url, json.dumps({"code": "0", "msg": "", "data": rows}))
    venue = offline(venue_class("okx"), Answers(venue_class("okx"), [told]), ())
    assert [each.native for each in venue.instruments] == ["BTC-USDT-SWAP"]
