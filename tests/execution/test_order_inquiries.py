"""When an order is asked for; up to when all is known, and what is older than we are."""

import pytest
from execution_values import order

from actors.order_inquiries import Inquiries
from perpbot.execution.inquiry import CLOCKS_NS, is_due
from perpbot.execution.record import OrderRecord
from perpbot.model.order import OrderStatus

MS = 1_000_000
HOUR_MS = 3_600_000


def test_what_is_older_than_we_are_goes_by_the_venues_clock_where_ours_was_ahead() -> None:
    inquiries = Inquiries({}, {})
    inquiries.first_ms = 5 * HOUR_MS
    assert inquiries.began_ms("okx", "main") == 5 * HOUR_MS
    inquiries.mark("okx", "main", 4 * HOUR_MS)
    inquiries.mark("okx", "main", 6 * HOUR_MS)
    assert inquiries.began_ms("okx", "main") == 4 * HOUR_MS
    assert inquiries.began_ms("aster", "main") == 5 * HOUR_MS


def questions_ms(status: OrderStatus, lifetime_ms: int, until_ms: int) -> list[int]:
    """When a venue that never answers is asked for an order, from its last news on; looked every 100 ms."""
    record = OrderRecord(order(), status=status, changed_ns=5_000 * MS)
    asked_ns, found = 0, []
    for at_ms in range(0, until_ms, 100):
        now = record.changed_ns + at_ms * MS
        if is_due(record, asked_ns, lifetime_ms * MS - CLOCKS_NS, now):
            asked_ns = now
            found.append(at_ms)
    return found


@pytest.mark.parametrize(
    ("status", "lifetime_ms", "asked_ms"),
    [
        (OrderStatus.UNKNOWN, 11_000, [200, 1_200, 2_400, 4_800, 8_800, 11_000, 15_000, 19_000]),
        (OrderStatus.UNKNOWN, 6_000, [200, 1_200, 2_400, 4_800, 6_000, 10_000, 14_000, 18_000]),
        (OrderStatus.ACCEPTED, 6_000, [2_000, 4_000, 6_000, 10_000, 14_000, 18_000]),
    ],
)
def test_questions_grow_rarer_but_one_is_put_as_soon_as_not_knowing_the_order_counts(
    status: OrderStatus, lifetime_ms: int, asked_ms: list[int]
) -> None:
    assert questions_ms(status, lifetime_ms, 20_000) == asked_ms
