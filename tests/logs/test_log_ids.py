"""What a greenlet has bound stands in every line that is logged in it."""

import contextvars
from collections.abc import Mapping
from typing import Any

from perpbot.logs import bind, make_log


def test_what_is_bound_stands_in_every_line_of_that_context_and_in_no_other() -> None:
    events: list[Mapping[str, Any]] = []
    log = make_log("INFO", events.append).bind(actor="/trades/t1")

    def trade() -> None:
        bind(trade="t1")
        log.info("inside", venue="okx")

    contextvars.copy_context().run(trade)
    log.info("outside")
    assert [each.get("trade") for each in events] == ["t1", None]
    assert events[0]["venue"] == "okx"
