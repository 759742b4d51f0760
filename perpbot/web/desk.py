"""What the routes work with."""

from collections.abc import Mapping
from typing import Any

import attrs

from actors.runtime import ActorDeadError, AskTimeoutError, DomainError
from actors.state import State
from perpbot.config.web import Web
from perpbot.control.audit import Audit
from perpbot.program import Program
from perpbot.sections.feed import Feed
from perpbot.sections.observer import ADDRESS, LookNow
from perpbot.storage.history import TradeHistory
from perpbot.web.attempts import Attempts
from perpbot.web.log_tail import LogTail
from perpbot.web.operator import Operator
from perpbot.web.route import Problem
from perpbot.web.tokens import Tokens

PATIENCE_S = 5.0
STILL_TOLD_S = 15.0
"""How old the state may be where a new one cannot be had; it says itself of when it is."""


@attrs.define(kw_only=True)
class Desk:
    """One program as it is seen through the web. It outlives restarts of the server's actor."""

    program: Program
    settings: Web
    operator: Operator
    tokens: Tokens
    feed: Feed
    history: TradeHistory
    audit: Audit
    tail: LogTail
    attempts: Attempts = attrs.field(factory=Attempts)
    streams: int = 0
    """Event streams that are open."""
    checking: int = 0
    """Passwords that are being checked."""

    def sections(self) -> Mapping[str, Any]:
        """The newest state, section by section."""
        self.look()
        return self.feed.state

    def look(self) -> None:
        """Have the feed brought up to date; `Problem` when it cannot be, and what there is has become old."""
        try:
            self.program.system.ref(ADDRESS).ask(LookNow(), timeout_s=PATIENCE_S)
        except (ActorDeadError, AskTimeoutError) as error:
            if self.feed.age_s > STILL_TOLD_S:
                raise Problem(503, "unavailable", f"the state cannot be read now: {error}") from error
        if not self.feed.state:
            raise Problem(503, "unavailable", "the state cannot be read yet; try again in a moment")

    def state(self) -> State:
        """Everything at this moment, as the actors have it; `Problem`."""
        try:
            return self.program.state()
        except (ActorDeadError, AskTimeoutError, DomainError) as error:
            raise Problem(503, "unavailable", f"the state cannot be read now: {error}") from error
