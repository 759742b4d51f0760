"""GRVT's public endpoints, all asked by POST."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from perpbot.clock import NS_PER_MS, NS_PER_SECOND
from perpbot.model.instrument import Side
from perpbot.simulation.venues.grvt_words import GrvtError, Words, decimal, instrument_words
from perpbot.simulation.venues.orders import Print
from perpbot.simulation.venues.tape import MINUTE_MS, Bar

if TYPE_CHECKING:
    from perpbot.simulation.venues.grvt import Grvt

Parameters = Mapping[str, Any]
Handler = Callable[[Parameters, int], Any]

_MINUTES = {"CI_1_M": 1, "CI_3_M": 3, "CI_5_M": 5, "CI_15_M": 15, "CI_30_M": 30, "CI_1_H": 60, "CI_2_H": 120}
_DEPTHS = frozenset({10, 50, 100, 500})


class GrvtData:
    """What anybody may ask."""

    def __init__(self, venue: "Grvt") -> None:
        self._venue = venue
        self.handlers: dict[str, Handler] = {
            "all_instruments": self._instruments,
            "instruments": self._instruments,
            "instrument": lambda words, _now_ns: {"result": self._instrument(self.symbol(words))},
            "currency": self._currencies,
            "mini": lambda words, now_ns: {"result": self.touch_words(self.symbol(words), now_ns)},
            "ticker": lambda words, now_ns: {"result": self.ticker_words(self.symbol(words), now_ns)},
            "book": self._book,
            "trade": self._trades,
            "kline": self._bars,
            "funding": self._funding_history,
        }

    def symbol(self, words: Parameters) -> str:
        """The market asked about."""
        symbol = str(words.get("instrument"))
        if symbol not in self._venue.coins:
            raise GrvtError(3000, "Instrument is invalid")
        return symbol

    # -- words that streams share --------------------------------------------------------------------------------

    def touch_words(self, symbol: str, now_ns: int) -> Words:
        """The best level of each side, mark and index."""
        venue = self._venue
        book, tape = venue.engine.books[symbol], venue.tapes[symbol]
        words: Words = {
            "event_time": str(now_ns),
            "instrument": symbol,
            "mark_price": decimal(venue.engine.marks[symbol]),
            "index_price": decimal(venue.index_price(symbol)),
            "last_price": decimal(tape.last),
            "last_size": decimal(tape.trades[-1].size) if tape.trades else "0.0",
            "mid_price": decimal(tape.last),
        }
        for name, side in (("bid", book.bids), ("ask", book.asks)):
            for price, size in side.picture(1):
                words |= {f"best_{name}_price": decimal(price), f"best_{name}_size": decimal(size)}
        return words

    def ticker_words(self, symbol: str, now_ns: int) -> Words:
        """All of it: the touch, the day, and funding in percent."""
        day, rate = self._venue.tapes[symbol].day(), decimal(self._venue.funding_rate(symbol) * 100)
        return {
            **self.touch_words(symbol, now_ns),
            "funding_rate_8h_curr": rate,
            "funding_rate_8h_avg": rate,
            "interest_rate": "0.0",
            "forward_price": "0.0",
            "buy_volume_24h_b": decimal(day.volume / 2),
            "sell_volume_24h_b": decimal(day.volume / 2),
            "buy_volume_24h_q": decimal(day.quote_volume / 2),
            "sell_volume_24h_q": decimal(day.quote_volume / 2),
            "high_price": decimal(day.high),
            "low_price": decimal(day.low),
            "open_price": decimal(day.open),
            "open_interest": "0.0",
            "long_short_ratio": "1.0",
            "funding_rate": rate,
            "funding_interval_hours": int(self._venue.instrument(symbol).funding_hours),
            "next_funding_time": str(self._venue.next_funding_ns[symbol]),
        }

    def book_words(self, symbol: str, depth: int | None, now_ns: int) -> Words:
        """The book, to a depth or all of it."""
        book = self._venue.engine.books[symbol]
        sides = {"bids": book.bids, "asks": book.asks}
        levels = {
            name: [
                {"price": str(price), "size": str(size), "num_orders": max(1, side.count(price))}
                for price, size in side.picture(depth)
            ]
            for name, side in sides.items()
        }
        return {**levels, "event_time": str(now_ns), "instrument": symbol}

    # -- endpoints -----------------------------------------------------------------------------------------------

    def _instrument(self, symbol: str) -> Words:
        return instrument_words(self._venue.instrument(symbol), self._venue.hashes[symbol])

    def _instruments(self, _words: Parameters, _now_ns: int) -> Any:
        return {"result": [self._instrument(symbol) for symbol in self._venue.coins]}

    def _currencies(self, _words: Parameters, _now_ns: int) -> Any:
        names = [self._venue.currency, *self._venue.coins.values()]
        return {
            "result": [
                {"id": number, "symbol": name, "balance_decimals": 9, "quantity_multiplier": "1000000000"}
                for number, name in enumerate(names, start=3)
            ]
        }

    def _book(self, words: Parameters, now_ns: int) -> Any:
        symbol, depth = self.symbol(words), int(words.get("depth", 10))
        if depth not in _DEPTHS:
            raise GrvtError(3031, "Depth is invalid")
        self._venue.flush(symbol, now_ns)
        return {"result": self.book_words(symbol, depth, now_ns)}

    def _trades(self, words: Parameters, _now_ns: int) -> Any:
        """Newest first."""
        trades = list(self._venue.tapes[self.symbol(words)].trades)[::-1]
        return {"result": [trade_words(each) for each in trades[: int(words.get("limit", 500))]]}

    def _bars(self, words: Parameters, _now_ns: int) -> Any:
        """Newest first."""
        symbol, minutes = self.symbol(words), _MINUTES.get(str(words.get("interval")))
        if minutes is None:
            raise GrvtError(1003, "Request could not be processed due to malformed syntax")
        begin, end = int(words.get("start_time") or 0), int(words.get("end_time") or 10**20)
        bars = [each for each in self._venue.tapes[symbol].bars(minutes) if begin <= each.open_ms * NS_PER_MS <= end]
        rows = [bar_words(symbol, each, minutes) for each in bars[::-1]]
        return {"result": rows[: int(words.get("limit") or 500)], "next": ""}

    def _funding_history(self, words: Parameters, _now_ns: int) -> Any:
        symbol = self.symbol(words)
        hours = int(self._venue.instrument(symbol).funding_hours)
        interval_ns = hours * 3_600 * NS_PER_SECOND
        last = self._venue.next_funding_ns[symbol] - interval_ns
        row = {
            "instrument": symbol,
            "funding_rate": decimal(self._venue.funding_rate(symbol) * 100),
            "mark_price": decimal(self._venue.engine.marks[symbol]),
            "funding_interval_hours": hours,
        }
        count = min(100, int(words.get("limit") or 100))
        return {
            "result": [{**row, "funding_time": str(last - back * interval_ns)} for back in range(count)],
            "next": "",
        }


def trade_words(trade: Print) -> Words:
    """A public trade."""
    price = decimal(trade.price)
    return {
        "event_time": str(trade.time_ns),
        "instrument": trade.symbol,
        "is_taker_buyer": trade.side is Side.BUY,
        "size": decimal(trade.size),
        "price": price,
        "mark_price": price,
        "index_price": price,
        "interest_rate": "0.0",
        "forward_price": "0.0",
        "trade_id": f"{trade.id}-1",
        "venue": "ORDERBOOK",
        "is_rpi": False,
    }


def bar_words(symbol: str, bar: Bar, minutes: int) -> Words:
    """A bar, over or not."""
    start_ns = bar.open_ms * NS_PER_MS
    return {
        "open_time": str(start_ns),
        "close_time": str(start_ns + minutes * MINUTE_MS * NS_PER_MS),
        "open": decimal(bar.open),
        "close": decimal(bar.close),
        "high": decimal(bar.high),
        "low": decimal(bar.low),
        "volume_b": decimal(bar.volume),
        "volume_q": decimal(bar.quote_volume),
        "trades": bar.trades,
        "instrument": symbol,
    }
