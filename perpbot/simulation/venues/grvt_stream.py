"""GRVT's WebSocket sessions: JSON-RPC, one place for market data and one for the account."""

from typing import TYPE_CHECKING, Any

from perpbot.simulation.venues.grvt_words import GrvtError, Words
from perpbot.simulation.venues.stream import PingedStream
from perpbot.simulation.venues.websocket import WebSocket

if TYPE_CHECKING:
    from perpbot.simulation.venues.grvt import Grvt

BOOK_RATES = ("50", "100", "500", "1000")
_RATES: dict[str, tuple[str, ...]] = {
    "v1.book.d": BOOK_RATES,
    "v1.book.s": ("500-10", "500-50", "500-100", "500-500", "1000-10", "1000-50", "1000-100", "1000-500"),
    "v1.ticker.s": ("200", "500", "1000", "5000"),
    "v1.mini.s": ("200", "500", "1000", "5000"),
    "v1.trade": ("50", "200", "500", "1000"),
    "v1.candle": ("CI_1_M-TRADE",),
}
PRIVATE = ("v1.order", "v1.fill", "v1.position")


class GrvtStream(PingedStream):
    """One connection."""

    silence_s: float | None = 60.0
    most_pings = 3

    def __init__(self, venue: "Grvt", socket: WebSocket, *, private: bool, logged_in: bool) -> None:
        super().__init__(venue, socket)
        self._venue = venue
        self._private = private
        self._logged_in = logged_in

    def handle(self, message: Any, now_ns: int) -> None:
        """Take one request; all of its selectors or none."""
        number, method, words = message.get("id"), message["method"], message["params"]
        try:
            if method not in {"subscribe", "unsubscribe"}:
                raise GrvtError(1003, "Request could not be processed due to malformed syntax")
            stream, selectors = str(words["stream"]), [str(each) for each in words["selectors"]]
            for selector in selectors:
                self._check(stream, selector)
            self._change(method, stream, selectors, number, now_ns)
        except GrvtError as error:
            complaint = {"code": error.code, "message": error.message}
            self.send({"jsonrpc": "2.0", "error": complaint, "id": number, "method": method})

    def complain(self, text: str) -> None:
        """Code 1003."""
        del text
        complaint = {"code": 1003, "message": "Request could not be processed due to malformed syntax"}
        self.send({"jsonrpc": "2.0", "error": complaint, "id": None, "method": ""})

    def _check(self, stream: str, selector: str) -> None:
        if stream in PRIVATE:
            account, _, symbol = selector.partition("-")
            if not self._private or not self._logged_in:
                raise GrvtError(1000, "You need to authenticate prior to using this functionality")
            if account != self._venue.sub_account or (symbol and symbol not in self._venue.coins):
                raise GrvtError(1001, "You are not authorized to access this functionality")
            return
        symbol, _, rate = selector.partition("@")
        if stream not in _RATES or self._private:
            raise GrvtError(1003, "Request could not be processed due to malformed syntax")
        if symbol not in self._venue.coins or rate not in _RATES[stream]:
            raise GrvtError(3000, "Instrument is invalid")

    def _change(self, method: str, stream: str, selectors: list[str], number: Any, now_ns: int) -> None:
        subscribe, numbers = method == "subscribe", [0 for _ in selectors]
        if subscribe and stream == "v1.book.d":
            numbers = [self._venue.last_number(selector.partition("@")[0], now_ns) for selector in selectors]
        result: Words = {
            "stream": stream,
            "subs": selectors if subscribe else [],
            "unsubs": [] if subscribe else selectors,
            "num_snapshots": [1 if stream == "v1.book.d" else 0 for _ in selectors],
            "first_sequence_number": [str(number + 1) for number in numbers],
            "latest_sequence_number": [str(number) for number in numbers],
        }
        self.send({"jsonrpc": "2.0", "result": result, "id": number, "method": method})
        for selector in selectors:
            if not subscribe:
                self._venue.topics.remove((stream, selector), self.socket)
            else:
                self._add(stream, selector, now_ns)

    def _add(self, stream: str, selector: str, now_ns: int) -> None:
        """Listen; changes of a book begin with all of it, right behind the last change the others got."""
        if stream == "v1.book.d":
            feed = self._venue.data.book_words(selector.partition("@")[0], None, now_ns)
            numbers = {"sequence_number": "0", "prev_sequence_number": "0"}
            self.send({"feed": feed, "stream": stream, "selector": selector, **numbers})
        self._venue.topics.add((stream, selector), self.socket)
