"""What is known of the trades in progress: which way they stand at a venue."""

from execution_values import BTC, fill, order, plan
from msgspec.structs import replace

from perpbot.execution.in_progress import InProgress
from perpbot.execution.plan import clearing_plan
from perpbot.model.instrument import Side


def test_trades_stand_the_way_their_legs_do() -> None:
    trades = InProgress()
    trades.add(plan())
    assert trades.sides(BTC) == {"a": Side.BUY, "b": Side.SELL}


def test_what_is_being_cleared_at_a_venue_stands_either_way() -> None:
    trades = InProgress()
    trades.add(clearing_plan("7-t2", fill(order(side=Side.BUY), 1, 1), seen_ns=0, wall_ns=0))
    trades.add(replace(plan(), trade_id="7-t3"))
    assert trades.sides(BTC) == {"a": None, "b": Side.SELL}
