"""All checks at one venue, one after the other, and what came of each."""

from collections.abc import Callable, Mapping

import attrs
import websocket

from perpbot.model.events import DecodeError
from perpbot.trial.checks import Trial
from perpbot.trial.client import TrialError
from perpbot.venues.http import NoAnswerError, NotSentError
from perpbot.venues.venue import VenueReadError

FAILURES = (
    TrialError,
    VenueReadError,
    NotSentError,
    NoAnswerError,
    DecodeError,
    OSError,
    websocket.WebSocketException,
)
"""What can go wrong at a venue; anything else is a mistake of ours and ends the program."""


@attrs.frozen
class Verdict:
    """What came of one check."""

    held: bool | None
    """None when it was not tried."""
    said: str
    """What was seen, what went wrong, or why it was not tried."""


Report = Mapping[str, Verdict]
"""The verdicts of one venue, by the name of the check."""


def report(trial: Trial, checks: Mapping[str, Callable[[Trial], str]]) -> Report:
    """Carry out `checks` in order. When the first one fails, the others are not tried."""
    verdicts: dict[str, Verdict] = {}
    for name, check in checks.items():
        first = next(iter(verdicts), None)
        if first is not None and verdicts[first].held is False:
            verdicts[name] = Verdict(None, f"{first} failed")
        elif name == "balance" and trial.client.venue.credentials is None:
            verdicts[name] = Verdict(None, "there are no credentials")
        else:
            verdicts[name] = _verdict(trial, check)
    trial.client.close()
    return verdicts


def _verdict(trial: Trial, check: Callable[[Trial], str]) -> Verdict:
    try:
        return Verdict(True, check(trial))
    except FAILURES as error:
        return Verdict(False, f"{error}" or type(error).__name__)


def all_held(reports: Mapping[str, Report]) -> bool:
    """Whether no check failed and at each venue the first one was tried."""
    return all(verdict.held is not False for each in reports.values() for verdict in each.values())
