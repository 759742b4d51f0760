"""The lines of a recording: what is written is read again, and nothing is lost."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perpbot.venues.lines import (
    AnswerLine,
    FrameLine,
    Header,
    SessionBegan,
    SessionEnded,
    answer_line,
    began_line,
    ended_line,
    frame_line,
    header_line,
    read_header,
    read_line,
)

TIMES = st.integers(1, 2**62)
WORDS = st.text(max_size=8)
VALUES = st.none() | st.integers() | WORDS
JSON: st.SearchStrategy[Any] = st.lists(VALUES, max_size=3) | st.dictionaries(WORDS, VALUES, max_size=3)
URL = "https://www.okx.com/api/v5/public/instruments?instType=SWAP"


@settings(deadline=None)
@given(frame=st.binary(), time_ns=TIMES)
def test_no_byte_of_a_frame_that_is_no_json_is_lost(frame: bytes, time_ns: int) -> None:
    line = frame_line(frame, time_ns)
    held = read_line(f"{line}\n")
    assert "\n" not in line
    assert isinstance(held, FrameLine)
    assert held.time_ns == time_ns
    if isinstance(held.frame, bytes):
        assert held.frame == frame
    else:
        assert held.frame == frame.decode().replace("\n", " ").replace("\r", " ").strip()


@settings(max_examples=40, deadline=None)
@given(value=JSON, indent=st.sampled_from([None, 2]), time_ns=TIMES)
def test_json_stays_readable_and_means_the_same(value: Any, indent: int | None, time_ns: int) -> None:
    line = frame_line(json.dumps(value, indent=indent, ensure_ascii=False).encode("utf-8", "replace"), time_ns)
    held = read_line(line)
    assert isinstance(held, FrameLine)
    assert isinstance(held.frame, str)
    assert json.loads(held.frame) == json.loads(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))


@settings(max_examples=40, deadline=None)
@given(value=JSON, time_ns=TIMES)
def test_an_answer_is_one_line(value: Any, time_ns: int) -> None:
    held = read_line(answer_line(URL, json.dumps(value, indent=1).encode(), time_ns))
    assert isinstance(held, AnswerLine)
    assert (held.time_ns, held.url, json.loads(held.body)) == (time_ns, URL, value)


def test_sessions_begin_and_end() -> None:
    assert read_line(began_line("wss://ws.okx.com:8443/ws", 1_500_000_000)) == SessionBegan(
        1_500_000_000, "wss://ws.okx.com:8443/ws"
    )
    ended = read_line(ended_line("wss://ws.okx.com:8443/ws", "gone:\nfor good", 2_000_000_001))
    assert ended == SessionEnded(2_000_000_001, "wss://ws.okx.com:8443/ws", "gone: for good")


def test_the_first_line_says_what_is_recorded() -> None:
    assert read_header(header_line("okx", ("BTC-PERP", "ETH-PERP"))) == Header("okx", ("BTC-PERP", "ETH-PERP"))
    assert read_header("# something else") is None


def test_a_name_and_a_password_in_an_address_are_left_out() -> None:
    written = answer_line("https://me:hunter2@proxy.example/a?b=c", b"{}", 1) + began_line("ws://me:hunter2@x/", 1)
    assert "hunter2" not in written
    assert "https://proxy.example/a?b=c" in written


@pytest.mark.parametrize(
    "text", ["", "hello", "12: hello", "# a comment", "12 {}", "1.2.3: {}", "https://x/ -> {}", "12: base64:@@@@"]
)
def test_other_lines_are_none(text: str) -> None:
    assert read_line(text) is None
