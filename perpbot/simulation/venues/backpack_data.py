"""Backpack's public REST endpoints."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from perpbot.clock import NS_PER_MS, NS_PER_SECOND
from perpbot.model.instrument import Instrument, Side
from perpbot.model.money import plain
from perpbot.simulation.venues.backpack_words import BackpackError, Words, margin_function, micros, ms, naive
from perpbot.simulation.venues.tape import MINUTE_MS, Bar

if TYPE_CHECKING:
    from perpbot.simulation.venues.backpack import Backpack

Parameters = Mapping[str, str]
Handler = Callable[[Parameters, int], Any]

BAR_MINUTES = {"1m": 1, "3m": 3, "5m": 5, "15m": 15, "30m": 30, "1h": 60, "2h": 120, "4h": 240}
_DEPTHS = {"5", "10", "20", "50", "100", "500", "1000"}
_MS_PER_HOUR = 3_600_000


class BackpackData:
    """What anybody may ask."""

    def __init__(self, venue: "Backpack") -> None:
        self._venue = venue
        self.handlers: dict[str, Handler] = {
            "api/v1/status": lambda _parameters, _now_ns: {"status": "Ok", "message": None},
            "api/v1/time": lambda _parameters, now_ns: ms(now_ns),
            "api/v1/assets": self._assets,
            "api/v1/securities": lambda _parameters, _now_ns: [],
            "api/v1/markets": lambda _parameters, _now_ns: [self._market(symbol) for symbol in venue.coins],
            "api/v1/market": lambda parameters, _now_ns: self._market(self.symbol(parameters)),
            "api/v1/ticker": lambda parameters, _now_ns: self.day_words(self.symbol(parameters)),
            "api/v1/tickers": lambda _parameters, _now_ns: [self.day_words(symbol) for symbol in venue.coins],
            "api/v1/depth": self._depth,
            "api/v1/klines": self._klines,
            "api/v1/markPrices": self._marks,
            "api/v1/fundingRates": self._funding_history,
            "api/v1/trades": self._trades,
        }

    def symbol(self, parameters: Parameters) -> str:
        """The market asked about."""
        symbol = parameters.get("symbol")
        if symbol is None:
            raise BackpackError("INVALID_CLIENT_REQUEST", "failed to parse parameter `symbol`: missing")
        if symbol not in self._venue.coins:
            raise BackpackError("INVALID_MARKET", "Market not found")
        return symbol

    # -- words that streams share --------------------------------------------------------------------------------

    def day_words(self, symbol: str) -> Words:
        """The day so far."""
        tape = self._venue.tapes[symbol]
        day = tape.day()
        change = tape.last - day.open
        return {
            "symbol": symbol,
            "firstPrice": plain(day.open),
            "lastPrice": plain(tape.last),
            "high": plain(day.high),
            "low": plain(day.low),
            "priceChange": plain(change),
            "priceChangePercent": format(change / day.open, ".6f"),
            "volume": plain(day.volume),
            "quoteVolume": plain(day.quote_volume),
            "trades": str(day.trades),
        }

    def mark_words(self, symbol: str) -> Words:
        """Mark, index and the funding rate that will be paid next."""
        venue = self._venue
        return {
            "symbol": symbol,
            "markPrice": plain(venue.engine.marks[symbol]),
            "indexPrice": plain(venue.index_price(symbol)),
            "fundingRate": plain(venue.funding_rate(symbol)),
            "nextFundingTimestamp": ms(venue.next_funding_ns[symbol]),
        }

    # -- endpoints -----------------------------------------------------------------------------------------------

    def _assets(self, _parameters: Parameters, _now_ns: int) -> Any:
        names = [*self._venue.coins.values(), self._venue.currency]
        return [{"symbol": name, "displayName": name, "coingeckoId": name.lower(), "tokens": []} for name in names]

    def _market(self, symbol: str) -> Words:
        instrument = self._venue.instrument(symbol)
        return {
            "symbol": symbol,
            "baseSymbol": instrument.base,
            "quoteSymbol": instrument.quote,
            "marketType": "PERP",
            "filters": _filters(instrument),
            "fundingInterval": int(instrument.funding_hours) * _MS_PER_HOUR,
            "fundingRateLowerBound": "-100",
            "fundingRateUpperBound": "100",
            "imfFunction": margin_function(instrument),
            "mmfFunction": {"type": "sqrt", "base": "0.0125", "factor": "0.00006"},
            "openInterestLimit": "4000000",
            "orderBookState": "Open",
            "visible": True,
            "createdAt": "2025-01-21T06:34:54.691858",
        }

    def _depth(self, parameters: Parameters, now_ns: int) -> Any:
        """A picture right behind the last message of the stream. Both sides rise: the best bid is the last."""
        symbol, limit = self.symbol(parameters), parameters.get("limit", "1000")
        if limit not in _DEPTHS:
            raise BackpackError("INVALID_CLIENT_REQUEST", "failed to parse parameter `limit`")
        self._venue.flush(symbol, now_ns)
        book = self._venue.engine.books[symbol]
        bids, asks = (
            [[str(price), str(size)] for price, size in side.picture(int(limit))] for side in (book.bids, book.asks)
        )
        number = str(self._venue.numbers[symbol])
        return {"asks": asks, "bids": bids[::-1], "lastUpdateId": number, "timestamp": micros(now_ns)}

    def _klines(self, parameters: Parameters, _now_ns: int) -> Any:
        symbol, minutes = self.symbol(parameters), BAR_MINUTES.get(parameters.get("interval", ""))
        if minutes is None:
            raise BackpackError("INVALID_CLIENT_REQUEST", "failed to parse parameter `interval`")
        begin = int(parameters["startTime"]) * 1_000
        end = int(parameters.get("endTime", 10**11)) * 1_000
        bars = self._venue.tapes[symbol].bars(minutes)
        return [_bar_words(each, minutes) for each in bars if begin - minutes * MINUTE_MS < each.open_ms <= end]

    def _marks(self, parameters: Parameters, _now_ns: int) -> Any:
        if "symbol" in parameters:
            return [self.mark_words(self.symbol(parameters))]
        return [self.mark_words(symbol) for symbol in self._venue.coins]

    def _funding_history(self, parameters: Parameters, _now_ns: int) -> Any:
        symbol = self.symbol(parameters)
        interval_ns = int(self._venue.instrument(symbol).funding_hours) * 3_600 * NS_PER_SECOND
        first = int(parameters.get("offset", 0))
        ends = range(first, first + int(parameters.get("limit", 100)))
        last, rate = self._venue.next_funding_ns[symbol] - interval_ns, plain(self._venue.funding_rate(symbol))
        return [
            {"symbol": symbol, "fundingRate": rate, "intervalEndTimestamp": naive(last - back * interval_ns, "seconds")}
            for back in ends
        ]

    def _trades(self, parameters: Parameters, _now_ns: int) -> Any:
        """Newest first."""
        trades = list(self._venue.tapes[self.symbol(parameters)].trades)[::-1]
        return [
            {
                "id": each.id,
                "price": plain(each.price),
                "quantity": plain(each.size),
                "quoteQuantity": plain(each.price * each.size),
                "timestamp": ms(each.time_ns),
                "isBuyerMaker": each.side is Side.SELL,
            }
            for each in trades[: int(parameters.get("limit", 100))]
        ]


def _filters(instrument: Instrument) -> Words:
    tick, lot, least = plain(instrument.tick), plain(instrument.lot), plain(instrument.min_quantity)
    return {
        "price": {
            "minPrice": tick,
            "maxPrice": None,
            "tickSize": tick,
            "maxMultiplier": "1.25",
            "minMultiplier": "0.75",
            "maxImpactMultiplier": "1.03",
            "minImpactMultiplier": "0.97",
            "meanMarkPriceBand": {"maxMultiplier": "1.1", "minMultiplier": "0.9"},
            "meanPremiumBand": {"tolerancePct": "0.05"},
            "borrowEntryFeeMaxMultiplier": None,
            "borrowEntryFeeMinMultiplier": None,
        },
        "quantity": {"minQuantity": least, "maxQuantity": None, "stepSize": lot},
    }


def _bar_words(bar: Bar, minutes: int) -> Words:
    start_ns = bar.open_ms * NS_PER_MS
    end_ns = start_ns + minutes * MINUTE_MS * NS_PER_MS
    return {
        "start": naive(start_ns, "seconds").replace("T", " "),
        "end": naive(end_ns, "seconds").replace("T", " "),
        "open": plain(bar.open),
        "high": plain(bar.high),
        "low": plain(bar.low),
        "close": plain(bar.close),
        "volume": plain(bar.volume),
        "quoteVolume": plain(bar.quote_volume),
        "trades": str(bar.trades),
    }
