"""What happened on paper, kept on disk: a line for each order's step, fill and payment, read at the next start."""

import os
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

import msgspec

from perpbot.model.events import Event
from perpbot.model.order import Fill, FundingPayment, OrderUpdate
from perpbot.simulation.paper.account import PaperAccount

_KINDS: Mapping[str, type[Fill | FundingPayment | OrderUpdate]] = {
    each.__name__: each for each in (Fill, FundingPayment, OrderUpdate)
}


class PaperBooks:
    """The file of one account."""

    def __init__(self, path: Path) -> None:
        """Keep it at `path`; `OSError` when that is not possible."""
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._path = path
        self._file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "a", encoding="utf-8")

    def account(self, venue: str, name: str, deposit: Decimal) -> PaperAccount:
        """The account as it was left, or a new one with `deposit` in it; `ValueError` for a file of something else."""
        account = PaperAccount(venue, name, deposit)
        for line in self._path.read_bytes().splitlines():
            kind, event = msgspec.json.decode(line)
            account.recall(msgspec.convert(event, _KINDS[kind], str_keys=True))
        return account

    def keep(self, event: Event) -> None:
        """Add a line. The process may die after that without anything being lost."""
        name = type(event).__name__
        if name in _KINDS:
            self._file.write(msgspec.json.encode([name, event]).decode() + "\n")
            self._file.flush()
