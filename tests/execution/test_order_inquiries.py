"""Up to when all is known, and what is older than we are."""

from actors.order_inquiries import Inquiries

HOUR_MS = 3_600_000


def test_what_is_older_than_we_are_goes_by_the_venues_clock_where_ours_was_ahead() -> None:
    inquiries = Inquiries({}, {})
    inquiries.first_ms = 5 * HOUR_MS
    assert inquiries.began_ms("okx", "main") == 5 * HOUR_MS
    inquiries.mark("okx", "main", 4 * HOUR_MS)
    inquiries.mark("okx", "main", 6 * HOUR_MS)
    assert inquiries.began_ms("okx", "main") == 4 * HOUR_MS
    assert inquiries.began_ms("aster", "main") == 5 * HOUR_MS
