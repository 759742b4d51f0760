"""SIGTERM in the middle of trades, to a real process that trades over real sockets."""

from pathlib import Path

import pytest
from over_sockets import over_sockets

from perpbot.execution.entries import TradeSettled
from perpbot.execution.trade import CloseReason
from perpbot.storage.reading import read

pytestmark = [pytest.mark.process, pytest.mark.full]


@pytest.fixture(autouse=True)
def _no_thread_is_left() -> None:
    """The venues' threads outlive what the test asks of them; `over_sockets` sees that all of them end."""


def test_a_process_that_is_told_to_end_closes_its_trades_and_says_that_it_ended_cleanly(tmp_path: Path) -> None:
    with over_sockets(tmp_path) as whole:
        whole.wait(lambda: any(each.phase == "open" for each in whole.ledger().trades()), "an open trade")
        in_progress = {each.plan.trade_id for each in whole.ledger().trades()}
        whole.stop()
        records = [line.entry.record for line in read(whole.journal, (TradeSettled,))]  # type: ignore[union-attr]
        assert whole.ledger().trades() == []
        assert in_progress <= {each.trade_id for each in records}
        assert any(each.reason == CloseReason.STOP.value for each in records)
        assert "Stopped cleanly" in whole.output.text()
        assert "Left open" not in whole.output.text()
