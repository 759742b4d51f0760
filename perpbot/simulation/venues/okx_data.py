"""OKX's public REST endpoints. Each method takes the parameters and returns what stands under ``data``."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING

from perpbot.model.instrument import Instrument
from perpbot.model.money import plain
from perpbot.simulation.venues.okx_words import OkxError, Words, contracts, ms

if TYPE_CHECKING:
    from perpbot.simulation.venues.okx import Okx

Parameters = Mapping[str, str]
Handler = Callable[[Parameters, int], list[object]]

BAR_MINUTES = {"1m": 1, "3m": 3, "5m": 5, "15m": 15, "30m": 30, "1H": 60, "2H": 120, "4H": 240}
_LISTED_MS = "1548133413000"


class OkxData:
    """What anybody may ask."""

    def __init__(self, venue: "Okx") -> None:
        self._venue = venue

    def handlers(self) -> dict[str, Handler]:
        """Handlers by path."""
        return {
            "public/time": self._time,
            "public/instruments": self._instruments,
            "public/funding-rate": self._funding_rate,
            "public/funding-rate-history": self._funding_history,
            "public/mark-price": self._mark_price,
            "public/price-limit": self._price_limit,
            "public/open-interest": self._open_interest,
            "market/books": self._books,
            "market/books-full": self._books,
            "market/ticker": self._ticker,
            "market/tickers": self._tickers,
            "market/trades": self._trades,
            "market/history-trades": self._trades,
            "market/candles": self._candles,
            "market/history-candles": self._candles,
            "system/status": lambda _parameters, _now_ns: [],
        }

    # -- words for one market ------------------------------------------------------------------------------------

    def instrument_words(self, instrument: Instrument) -> Words:
        """A market's facts."""
        family = instrument.native.removesuffix("-SWAP")
        return {
            "instType": "SWAP",
            "instId": instrument.native,
            "instIdCode": sum(instrument.native.encode()),
            "uly": family,
            "instFamily": family,
            "baseCcy": "",
            "quoteCcy": "",
            "settleCcy": "USDT",
            "ctVal": plain(instrument.contract_size),
            "ctMult": "1",
            "ctValCcy": instrument.base,
            "ctType": "linear",
            "alias": "",
            "category": "1",
            "optType": "",
            "stk": "",
            "listTime": _LISTED_MS,
            "expTime": "",
            "lever": plain(instrument.max_leverage),
            "tickSz": plain(instrument.tick),
            "lotSz": contracts(instrument, instrument.lot),
            "minSz": contracts(instrument, instrument.min_quantity),
            "maxLmtSz": "100000000",
            "maxMktSz": "100000",
            "state": "live",
            "ruleType": "normal",
        }

    def funding_words(self, symbol: str, now_ns: int) -> Words:
        """The rate that will be paid next, and when."""
        venue = self._venue
        next_ns = venue.next_funding_ns[symbol]
        hours = int(venue.instrument(symbol).funding_hours)
        return {
            "instType": "SWAP",
            "instId": symbol,
            "method": "current_period",
            "formulaType": "withRate",
            "fundingRate": plain(venue.funding_rate(symbol)),
            "fundingTime": ms(next_ns),
            "nextFundingRate": "",
            "nextFundingTime": ms(next_ns + hours * 3600 * 10**9),
            "minFundingRate": "-0.015",
            "maxFundingRate": "0.015",
            "interestRate": "0.0001",
            "impactValue": "",
            "premium": "",
            "settState": "settled",
            "settFundingRate": "",
            "prevFundingTime": ms(next_ns - hours * 3600 * 10**9),
            "ts": ms(now_ns),
        }

    def mark_words(self, symbol: str, now_ns: int) -> Words:
        """The mark price."""
        return {
            "instType": "SWAP",
            "instId": symbol,
            "markPx": plain(self._venue.engine.marks[symbol]),
            "ts": ms(now_ns),
        }

    def ticker_words(self, symbol: str, now_ns: int) -> Words:
        """Touch, last trade and the day."""
        venue = self._venue
        instrument, book, tape = venue.instrument(symbol), venue.engine.books[symbol], venue.tapes[symbol]
        day = tape.day()
        ask, bid = (next(iter(side.picture(1)), (Decimal(0), Decimal(0))) for side in (book.asks, book.bids))
        return {
            "instType": "SWAP",
            "instId": symbol,
            "last": plain(tape.last),
            "lastSz": contracts(instrument, tape.trades[-1].size) if tape.trades else "0",
            "askPx": plain(ask[0]),
            "askSz": contracts(instrument, ask[1]),
            "bidPx": plain(bid[0]),
            "bidSz": contracts(instrument, bid[1]),
            "open24h": plain(day.open),
            "high24h": plain(day.high),
            "low24h": plain(day.low),
            "volCcy24h": plain(day.volume),
            "vol24h": contracts(instrument, day.volume),
            "sodUtc0": plain(day.open),
            "sodUtc8": plain(day.open),
            "ts": ms(now_ns),
        }

    def book_words(self, symbol: str, depth: int, now_ns: int) -> Words:
        """A picture of the book with the number of the last message about it."""
        asks, bids = (self._venue.level_words(symbol, bids=side, depth=depth) for side in (False, True))
        return {"asks": asks, "bids": bids, "ts": ms(now_ns), "seqId": self._venue.sequences[symbol]}

    # -- endpoints -----------------------------------------------------------------------------------------------

    def _time(self, _parameters: Parameters, now_ns: int) -> list[object]:
        return [{"ts": ms(now_ns)}]

    def _instruments(self, parameters: Parameters, _now_ns: int) -> list[object]:
        return [self.instrument_words(self._venue.instrument(symbol)) for symbol in self._chosen(parameters)]

    def _funding_rate(self, parameters: Parameters, now_ns: int) -> list[object]:
        if parameters.get("instId") == "ANY":
            parameters = {}
        return [self.funding_words(symbol, now_ns) for symbol in self._chosen(parameters)]

    def _funding_history(self, parameters: Parameters, _now_ns: int) -> list[object]:
        symbol = self._one(parameters)
        rate = plain(self._venue.funding_rate(symbol))
        hours = int(self._venue.instrument(symbol).funding_hours)
        times = [self._venue.next_funding_ns[symbol] - back * hours * 3600 * 10**9 for back in range(1, 11)]
        return [
            {"instType": "SWAP", "instId": symbol, "fundingRate": rate, "realizedRate": rate, "fundingTime": ms(each)}
            for each in times
        ]

    def _mark_price(self, parameters: Parameters, now_ns: int) -> list[object]:
        return [self.mark_words(symbol, now_ns) for symbol in self._chosen(parameters)]

    def _price_limit(self, parameters: Parameters, now_ns: int) -> list[object]:
        symbol = self._one(parameters)
        mark, band = self._venue.engine.marks[symbol], self._venue.band
        limits = {"buyLmt": plain(mark * (1 + band)), "sellLmt": plain(mark * (1 - band))}
        return [{"instType": "SWAP", "instId": symbol, **limits, "ts": ms(now_ns), "enabled": True}]

    def _open_interest(self, parameters: Parameters, now_ns: int) -> list[object]:
        return [
            {"instType": "SWAP", "instId": symbol, "oi": "1000000", "oiCcy": "10000", "ts": ms(now_ns)}
            for symbol in self._chosen(parameters)
        ]

    def _books(self, parameters: Parameters, now_ns: int) -> list[object]:
        symbol = self._one(parameters)
        self._venue.flush(symbol, now_ns)
        return [self.book_words(symbol, int(parameters.get("sz", "1")), now_ns)]

    def _ticker(self, parameters: Parameters, now_ns: int) -> list[object]:
        return [self.ticker_words(self._one(parameters), now_ns)]

    def _tickers(self, parameters: Parameters, now_ns: int) -> list[object]:
        return [self.ticker_words(symbol, now_ns) for symbol in self._chosen(parameters)]

    def _trades(self, parameters: Parameters, _now_ns: int) -> list[object]:
        symbol = self._one(parameters)
        trades = list(self._venue.tapes[symbol].trades)[::-1]
        return [self._venue.trade_words(each) for each in trades[: int(parameters.get("limit", "100"))]]

    def _candles(self, parameters: Parameters, _now_ns: int) -> list[object]:
        """Newest first; `after` and `before` leave out what is not older, or not newer."""
        symbol = self._one(parameters)
        minutes = BAR_MINUTES.get(parameters.get("bar", "1m"))
        if minutes is None:
            raise OkxError("51000", "Parameter bar error", 400)
        bars = self._venue.tapes[symbol].bars(minutes)[::-1]
        words = [self._venue.bar_words(symbol, bar, over=number > 0) for number, bar in enumerate(bars)]
        after, before = int(parameters.get("after", 10**15)), int(parameters.get("before", -1))
        wanted = [each for each in words if before < int(each[0]) < after]
        return list(wanted[: int(parameters.get("limit", "100"))])

    def _chosen(self, parameters: Parameters) -> list[str]:
        """Markets the parameters ask for: one, those of a kind, or all."""
        if parameters.get("instType", "SWAP") != "SWAP":
            return []
        return [self._one(parameters)] if "instId" in parameters else list(self._venue.coins)

    def _one(self, parameters: Parameters) -> str:
        symbol = parameters.get("instId")
        if symbol is None:
            raise OkxError("50014", "Parameter instId can not be empty.", 400)
        if symbol not in self._venue.coins:
            raise OkxError("51001", "Instrument ID, Instrument ID code, or Spread ID doesn't exist.")
        return symbol
