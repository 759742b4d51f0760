"""Aster's public REST endpoints."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from perpbot.model.instrument import Instrument, Side
from perpbot.model.money import plain
from perpbot.simulation.venues.aster_words import AsterError, Words, amount, ms
from perpbot.simulation.venues.orders import Print
from perpbot.simulation.venues.tape import MINUTE_MS, Bar

if TYPE_CHECKING:
    from perpbot.simulation.venues.aster import Aster

Parameters = Mapping[str, str]
Handler = Callable[[Parameters, int], Any]

BAR_MINUTES = {"1m": 1, "3m": 3, "5m": 5, "15m": 15, "30m": 30, "1h": 60, "2h": 120, "4h": 240}
_RATE_LIMITS = [
    {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 2400},
    {"rateLimitType": "ORDERS", "interval": "MINUTE", "intervalNum": 1, "limit": 1200},
]
_FAR_MS = 4_133_404_800_000


class AsterData:
    """What anybody may ask."""

    def __init__(self, venue: "Aster") -> None:
        self._venue = venue
        self.handlers: dict[str, Handler] = {
            "ping": lambda _parameters, _now_ns: {},
            "time": lambda _parameters, now_ns: {"serverTime": ms(now_ns)},
            "exchangeInfo": self._exchange,
            "depth": self._depth,
            "trades": self._trades,
            "historicalTrades": self._trades,
            "aggTrades": self._aggregates,
            "klines": self._klines,
            "premiumIndex": self._premium,
            "fundingRate": self._funding_history,
            "fundingInfo": self._funding,
            "ticker/24hr": self._day,
            "ticker/price": self._price,
            "ticker/bookTicker": self._touch,
        }

    def symbol(self, parameters: Parameters) -> str:
        """The market asked about; error -1102 or -1121 when there is none."""
        symbol = parameters.get("symbol")
        if symbol is None:
            raise AsterError(-1102, "Mandatory parameter 'symbol' was not sent, was empty/null, or malformed.")
        if symbol not in self._venue.coins:
            raise AsterError(-1121, "Invalid symbol.")
        return symbol

    # -- words that streams share --------------------------------------------------------------------------------

    def day_words(self, symbol: str, now_ns: int) -> Words:
        """The day so far."""
        tape = self._venue.tapes[symbol]
        day = tape.day()
        change = tape.last - day.open
        return {
            "symbol": symbol,
            "priceChange": plain(change),
            "priceChangePercent": format(change / day.open * 100, ".3f"),
            "weightedAvgPrice": plain(round(day.quote_volume / day.volume, 8)) if day.volume else "0",
            "lastPrice": plain(tape.last),
            "lastQty": plain(tape.trades[-1].size) if tape.trades else "0",
            "openPrice": plain(day.open),
            "highPrice": plain(day.high),
            "lowPrice": plain(day.low),
            "volume": plain(day.volume),
            "quoteVolume": plain(day.quote_volume),
            "openTime": day.open_ms,
            "closeTime": ms(now_ns),
            "firstId": tape.trades[0].id if tape.trades else 0,
            "lastId": tape.trades[-1].id if tape.trades else 0,
            "count": day.trades,
        }

    def premium_words(self, symbol: str, now_ns: int) -> Words:
        """Mark, index and the funding rate that will be paid next."""
        venue = self._venue
        return {
            "symbol": symbol,
            "markPrice": amount(venue.engine.marks[symbol]),
            "indexPrice": amount(venue.index_price(symbol)),
            "estimatedSettlePrice": amount(venue.index_price(symbol)),
            "lastFundingRate": amount(venue.funding_rate(symbol)),
            "interestRate": "0.00010000",
            "nextFundingTime": ms(venue.next_funding_ns[symbol]),
            "time": ms(now_ns),
        }

    def touch_words(self, symbol: str) -> Words:
        """The best level of each side."""
        book = self._venue.engine.books[symbol]
        words: Words = {}
        for name, side in (("bid", book.bids), ("ask", book.asks)):
            price, size = next(iter(side.picture(1)), (None, None))
            words[f"{name}Price"] = "0" if price is None else plain(price)
            words[f"{name}Qty"] = "0" if size is None else plain(size)
        return words

    # -- endpoints -----------------------------------------------------------------------------------------------

    def _exchange(self, _parameters: Parameters, now_ns: int) -> Any:
        return {
            "timezone": "UTC",
            "serverTime": ms(now_ns),
            "exchangeFilters": [],
            "rateLimits": _RATE_LIMITS,
            "assets": [{"asset": "USDT", "marginAvailable": True, "autoAssetExchange": "-10000"}],
            "symbols": [_symbol_words(self._venue.instrument(symbol)) for symbol in self._venue.coins],
        }

    def _depth(self, parameters: Parameters, now_ns: int) -> Any:
        """A picture with a number that lies within the next message of the stream."""
        symbol, limit = self.symbol(parameters), int(parameters.get("limit", 500))
        self._venue.flush(symbol, now_ns)
        book = self._venue.engine.books[symbol]
        bids, asks = (
            [[str(price), str(size)] for price, size in side.picture(limit)] for side in (book.bids, book.asks)
        )
        number = self._venue.number_snapshot(symbol)
        return {"lastUpdateId": number, "E": ms(now_ns), "T": ms(now_ns), "bids": bids, "asks": asks}

    def _trades(self, parameters: Parameters, _now_ns: int) -> Any:
        trades = list(self._venue.tapes[self.symbol(parameters)].trades)
        return [
            {
                "id": each.id,
                "price": plain(each.price),
                "qty": plain(each.size),
                "quoteQty": plain(each.price * each.size),
                "time": ms(each.time_ns),
                "isBuyerMaker": each.side is Side.SELL,
            }
            for each in trades[-int(parameters.get("limit", 500)) :]
        ]

    def _aggregates(self, parameters: Parameters, _now_ns: int) -> Any:
        trades = list(self._venue.tapes[self.symbol(parameters)].trades)
        return [aggregate_words(each) for each in trades[-int(parameters.get("limit", 500)) :]]

    def _klines(self, parameters: Parameters, _now_ns: int) -> Any:
        symbol, minutes = self.symbol(parameters), BAR_MINUTES.get(parameters.get("interval", ""))
        if minutes is None:
            raise AsterError(-1120, "Invalid interval.")
        begin, end = int(parameters.get("startTime", 0)), int(parameters.get("endTime", 10**15))
        bars = [each for each in self._venue.tapes[symbol].bars(minutes) if begin <= each.open_ms <= end]
        return [_bar_row(each, minutes) for each in bars[-int(parameters.get("limit", 500)) :]]

    def _premium(self, parameters: Parameters, now_ns: int) -> Any:
        return self._each(parameters, lambda symbol: self.premium_words(symbol, now_ns))

    def _funding_history(self, parameters: Parameters, _now_ns: int) -> Any:
        symbol = self.symbol(parameters)
        interval = int(self._venue.instrument(symbol).funding_hours) * 3_600_000
        last = ms(self._venue.next_funding_ns[symbol]) - interval
        times = [last - back * interval for back in range(int(parameters.get("limit", 100)))][::-1]
        begin, rate = int(parameters.get("startTime", 0)), amount(self._venue.funding_rate(symbol))
        return [{"symbol": symbol, "fundingRate": rate, "fundingTime": each} for each in times if each >= begin]

    def _funding(self, _parameters: Parameters, now_ns: int) -> Any:
        return [
            {
                "symbol": symbol,
                "interestRate": "0.00010000",
                "time": ms(now_ns),
                "fundingIntervalHours": int(self._venue.instrument(symbol).funding_hours),
                "fundingFeeCap": 0.03,
                "fundingFeeFloor": -0.03,
            }
            for symbol in self._venue.coins
        ]

    def _day(self, parameters: Parameters, now_ns: int) -> Any:
        return self._each(parameters, lambda symbol: self.day_words(symbol, now_ns))

    def _price(self, parameters: Parameters, now_ns: int) -> Any:
        tapes = self._venue.tapes
        return self._each(
            parameters, lambda symbol: {"symbol": symbol, "price": plain(tapes[symbol].last), "time": ms(now_ns)}
        )

    def _touch(self, parameters: Parameters, now_ns: int) -> Any:
        return self._each(parameters, lambda symbol: {"symbol": symbol, **self.touch_words(symbol), "time": ms(now_ns)})

    def _each(self, parameters: Parameters, words: Callable[[str], Words]) -> Any:
        """One market's words, or a list of all markets' when none is named."""
        if "symbol" in parameters:
            return words(self.symbol(parameters))
        return [words(symbol) for symbol in self._venue.coins]


def aggregate_words(trade: Print) -> Words:
    """A public trade in the aggregate form."""
    return {
        "a": trade.id,
        "p": plain(trade.price),
        "q": plain(trade.size),
        "f": trade.id,
        "l": trade.id,
        "T": ms(trade.time_ns),
        "m": trade.side is Side.SELL,
    }


def _bar_row(bar: Bar, minutes: int) -> list[object]:
    prices = (plain(each) for each in (bar.open, bar.high, bar.low, bar.close))
    volume, value = plain(bar.volume), plain(bar.quote_volume)
    return [bar.open_ms, *prices, volume, bar.open_ms + minutes * MINUTE_MS - 1, value, bar.trades, volume, value, "0"]


def _symbol_words(instrument: Instrument) -> Words:
    lot = {"minQty": plain(instrument.min_quantity), "stepSize": plain(instrument.lot)}
    tick = plain(instrument.tick)
    return {
        "symbol": instrument.native,
        "pair": instrument.native,
        "contractType": "PERPETUAL",
        "deliveryDate": _FAR_MS,
        "onboardDate": 1_598_252_400_000,
        "status": "TRADING",
        "maintMarginPercent": "2.5000",
        "requiredMarginPercent": "5.0000",
        "baseAsset": instrument.base,
        "quoteAsset": instrument.quote,
        "marginAsset": instrument.quote,
        "pricePrecision": _places(tick),
        "quantityPrecision": _places(lot["stepSize"]),
        "baseAssetPrecision": 8,
        "quotePrecision": 8,
        "underlyingType": "COIN",
        "underlyingSubType": [],
        "settlePlan": 0,
        "triggerProtect": "0.0500",
        "liquidationFee": "0.012500",
        "marketTakeBound": "0.05",
        "filters": [
            {"filterType": "PRICE_FILTER", "minPrice": tick, "maxPrice": "10000000", "tickSize": tick},
            {"filterType": "LOT_SIZE", **lot, "maxQty": "100000000"},
            {"filterType": "MARKET_LOT_SIZE", **lot, "maxQty": "10000000"},
            {"filterType": "MAX_NUM_ORDERS", "limit": 200},
            {"filterType": "MIN_NOTIONAL", "notional": plain(instrument.min_notional)},
            {
                "filterType": "PERCENT_PRICE",
                "multiplierUp": "1.1500",
                "multiplierDown": "0.8500",
                "multiplierDecimal": "4",
            },
        ],
        "orderTypes": ["LIMIT", "MARKET"],
        "timeInForce": ["GTC", "IOC", "FOK", "GTX"],
    }


def _places(step: str) -> int:
    return len(step.partition(".")[2])
