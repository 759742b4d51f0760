"""The record of what operators did, through the web or the control socket: in the journal, and the newest at hand."""

from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

import attrs

from actors.journal import Append
from actors.runtime import ActorDeadError, AskTimeoutError, DomainError, MailboxFullError
from perpbot.clock import iso, wall_ns
from perpbot.control.arguments import BadRequestError
from perpbot.execution.entries import OperatorActed
from perpbot.program import Program
from perpbot.storage.reading import read
from supervisors.addresses import JOURNAL

KEPT = 500
PATIENCE_S = 5.0


@attrs.frozen
class Deed:
    """One thing an operator did."""

    number: int
    at_ns: int
    """Wall clock."""
    acted: OperatorActed


class Audit:
    """Keeps the newest, those of earlier runs included."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._newest: deque[Deed] = deque(maxlen=KEPT)
        self._done: set[str] = set()
        for line in read(program.journal.path, (OperatorActed,)):
            if isinstance(line.entry, OperatorActed):
                self._newest.append(Deed(line.seq, line.at_ns, line.entry))

    def note(self, acted: OperatorActed) -> None:
        """Write it down. What was done is done: where the journal is away, the log says so, and nothing is undone."""
        self._program.log.warning("operator", **attrs.asdict(acted))
        if acted.outcome == "done":
            self._done.add(acted.action)
        at_ns = wall_ns()
        try:
            number = self._program.system.ref(JOURNAL).ask(Append([acted]), timeout_s=PATIENCE_S)
        except (ActorDeadError, AskTimeoutError, MailboxFullError) as error:
            self._program.log.error("not in the journal", action=acted.action, who=acted.who, reason=str(error))
            number = max((each.number for each in self._newest), default=0) + 1
        self._newest.append(Deed(number, at_ns, acted))

    def done(self, action: str) -> bool:
        """Whether somebody did it since the start."""
        return action in self._done

    def newest(self, limit: int = KEPT) -> list[Deed]:
        """The newest first, in the order of the journal: of two at once, either may hear first that it is written."""
        return sorted(self._newest, key=lambda deed: deed.number, reverse=True)[:limit]

    def section(self, limit: int = 50) -> dict[str, dict[str, str]]:
        """The newest as a section of the state, by number."""
        return {str(each.number): row(each) for each in self.newest(limit)}


LOOKS = ("status", "list", "show", None)
"""Actions that change nothing. Whatever a client sends can be looked for in it."""
ALWAYS = {"flatten", "cancel-all", "stop"}
HANDS = {"restart", "kill", "suspend", "resume", "adopt"}
"""Verbs of the control socket that act where they are meant, and not only asked about."""
SOMETIMES = {"kill-switch", "alerts", "risk"}
"""Verbs that act with some actions."""


def deed(verb: str, args: Mapping[str, Any]) -> str | None:
    """What a request over the control socket does, in words; None where it only looks."""
    named = [args.get(name) for name in ("venue", "symbol", "connection", "address", "name", "channel")]
    what = " ".join(str(each) for each in named if each)
    if verb in ALWAYS or (verb in HANDS and (args.get("yes") or verb == "resume")):
        return what or "everywhere"
    if verb in SOMETIMES and args.get("action") not in LOOKS:
        return f"{args['action']} {what}".rstrip()
    return None


def carried_out(do: Callable[[], Any], note: Callable[[str], None]) -> Any:
    """What `do` answers, or raises; what came of it is noted, however it went."""
    try:
        found = do()
    except BadRequestError:
        raise  # nothing was done
    except (DomainError, ActorDeadError, MailboxFullError) as error:
        note(f"not done: {error}")
        raise
    except Exception as error:
        note(f"not known: {error}" if isinstance(error, AskTimeoutError) else f"not known: {error!r}")
        raise
    note(outcome(found))
    return found


def outcome(found: object) -> str:
    """``done``, or what of it was not: orders that may still wait at a venue, and why."""
    told = found if isinstance(found, Mapping) else {}
    cancelled = [*told.get("venues", ()), *filter(None, [told.get("cancelled")])]
    left = [
        f"{each['venue']}: {len(each['left'])} orders may still wait{each['trouble'] and ': '}{each['trouble']}"
        for each in cancelled
        if each["left"] or each["trouble"]
    ]
    return f"not all done: {'; '.join(left)}" if left else "done"


def row(deed: Deed) -> dict[str, str]:
    """One of them for whoever asks."""
    acted = deed.acted
    return {
        "at": iso(deed.at_ns),
        "who": acted.who,
        "source": acted.source,
        "action": acted.action,
        "what": acted.what,
        "outcome": acted.outcome,
    }
