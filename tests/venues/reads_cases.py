"""What the tests of reads share: the moment they are at, and a venue that answers then."""

from collections.abc import Callable
from typing import Any

from venue_cases import Answer, venue, with_bitcoin

from perpbot.venues.http import Request
from perpbot.venues.venue import Venue
from perpbot.venues.venue_clock import VenueClock

DAY_MS = 24 * 3_600_000
NOW_MS = 1_800_000_000_000


class StoppedClock(VenueClock):
    """It is always now."""

    def now_ms(self) -> int:
        return NOW_MS


def ok(rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {"code": "0", "msg": "", "data": rows}


def knowing(name: str, answer: Callable[[Request], Answer]) -> Venue:
    """A venue that answers like this, now."""
    made = with_bitcoin(venue(name, answer))
    made.http.venue_clock = StoppedClock()
    return made


def okx_order(number: int, state: str = "live") -> dict[str, Any]:
    return {
        "instId": "BTC-USDT-SWAP", "ordId": str(number), "clOrdId": f"perp{number}", "state": state,
        "accFillSz": "0", "side": "buy", "uTime": str(NOW_MS),
    }  # fmt: skip


BACKPACK_NOT_FOUND: Answer = (404, '{"code":"RESOURCE_NOT_FOUND","message":"Order not found"}')
GRVT_NOT_FOUND: Answer = (404, '{"code":1004,"message":"Data Not Found","status":404}')


def grvt_order(number: int, status: str = "FILLED") -> dict[str, Any]:
    state = {"status": status, "reject_reason": "UNSPECIFIED", "traded_size": ["0.3"], "update_time": "5"}
    return {
        "order_id": "77", "legs": [{"instrument": "BTC_USDT_Perp"}], "metadata": {"client_order_id": str(number)},
        "state": state,
    }  # fmt: skip
