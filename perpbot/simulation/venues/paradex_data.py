"""Paradex's public REST endpoints. Each method takes what the path names, the parameters and the time."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from perpbot.model.instrument import Instrument
from perpbot.model.money import plain
from perpbot.simulation.venues.paradex_words import ParadexError, Words, ms
from perpbot.simulation.venues.tape import MINUTE_MS

if TYPE_CHECKING:
    from perpbot.simulation.venues.paradex import Paradex

Parameters = Mapping[str, str]
Handler = Callable[[str, Any, int], Any]
"""Takes the last part of the path, the parameters or the body, and the time."""

_KLINE_MINUTES = ("1", "3", "5", "15", "30", "60")
_BOOK_DEPTH = 20


class ParadexData:
    """What anybody may ask."""

    def __init__(self, venue: "Paradex") -> None:
        self._venue = venue

    def handlers(self) -> dict[str, Handler]:
        """Handlers by path; ``*`` stands for its last part."""
        return {
            "system/time": lambda _rest, _parameters, now_ns: {"server_time": str(ms(now_ns))},
            "system/state": lambda _rest, _parameters, _now_ns: {"status": "ok"},
            "system/config": self._config,
            "markets": self._markets,
            "markets/summary": self._summaries,
            "markets/klines": self._klines,
            "orderbook/*": self._book,
            "bbo/*": self._best,
            "trades": self._trades,
            "funding/data": self._funding,
        }

    def _config(self, _rest: str, _parameters: Parameters, _now_ns: int) -> Words:
        return {
            "starknet_chain_id": self._venue.chain_id,
            "l1_chain_id": "1",
            "environment": "simulated",
            "paraclear_decimals": 8,
        }

    def _markets(self, _rest: str, parameters: Parameters, _now_ns: int) -> Words:
        wanted = [self._one(parameters)] if parameters.get("market") else self._venue.coins
        return {"results": [_market_words(self._venue.instrument(symbol)) for symbol in wanted]}

    def _summaries(self, _rest: str, parameters: Parameters, now_ns: int) -> Words:
        if parameters.get("market", "ALL") == "ALL":
            return {"results": [self._summary(symbol, now_ns) for symbol in self._venue.coins]}
        return {"results": [self._summary(self._one(parameters), now_ns)]}

    def _summary(self, symbol: str, now_ns: int) -> Words:
        venue = self._venue
        book, tape = venue.engine.books[symbol], venue.tapes[symbol]
        day = tape.day()
        return {
            "symbol": symbol,
            "mark_price": plain(venue.engine.marks[symbol]),
            "underlying_price": plain(venue.index_price(symbol)),
            "last_traded_price": plain(tape.last),
            "bid": plain(book.bids.best() or Decimal(0)),
            "ask": plain(book.asks.best() or Decimal(0)),
            "volume_24h": plain(day.quote_volume),
            "total_volume": plain(day.quote_volume),
            "open_interest": "1000",
            "funding_rate": plain(venue.funding_rate(symbol)),
            "price_change_rate_24h": plain(round(tape.last / day.open - 1, 6)),
            "created_at": ms(now_ns),
        }

    def _klines(self, _rest: str, parameters: Parameters, _now_ns: int) -> Words:
        """Start, open, high, low, close and volume as numbers, oldest first."""
        if parameters.get("resolution") not in _KLINE_MINUTES:
            raise ParadexError("INVALID_REQUEST_PARAMETER", "resolution is not supported")
        minutes = int(parameters["resolution"])
        start, end = int(parameters.get("start_at", 0)), int(parameters.get("end_at", 10**15))
        bars = self._venue.tapes[self._one(parameters, "symbol")].bars(minutes)
        wanted = [each for each in bars if start - minutes * MINUTE_MS < each.open_ms <= end]
        return {
            "results": [
                [each.open_ms, *map(float, (each.open, each.high, each.low, each.close, each.quote_volume))]
                for each in wanted
            ]
        }

    def _book(self, rest: str, parameters: Parameters, now_ns: int) -> Words:
        symbol, depth = self._known(rest), int(parameters.get("depth", _BOOK_DEPTH))
        self._venue.flush(symbol, now_ns)
        book = self._venue.engine.books[symbol]
        bids, asks = (
            [[str(price), str(size)] for price, size in side.picture(depth)] for side in (book.bids, book.asks)
        )
        return {
            "market": symbol,
            "seq_no": self._venue.sequences[symbol],
            "last_updated_at": ms(now_ns),
            "bids": bids,
            "asks": asks,
            "best_bid_api": bids[0],
            "best_ask_api": asks[0],
        }

    def _best(self, rest: str, parameters: Parameters, now_ns: int) -> Words:
        book = self._book(rest, {**parameters, "depth": "1"}, now_ns)
        (bid, bid_size), (ask, ask_size) = book["bids"][0], book["asks"][0]
        numbers = {"bid": bid, "bid_size": bid_size, "ask": ask, "ask_size": ask_size}
        return {"market": rest, "seq_no": book["seq_no"], "last_updated_at": book["last_updated_at"], **numbers}

    def _trades(self, _rest: str, parameters: Parameters, _now_ns: int) -> Words:
        trades = list(self._venue.tapes[self._one(parameters)].trades)[::-1]
        rows = [
            {
                "id": str(each.id),
                "market": each.symbol,
                "side": each.side.value.upper(),
                "size": plain(each.size),
                "price": plain(each.price),
                "created_at": ms(each.time_ns),
                "trade_type": "FILL",
            }
            for each in trades[: int(parameters.get("page_size", 100))]
        ]
        return {"next": None, "prev": None, "results": rows}

    def _funding(self, _rest: str, parameters: Parameters, now_ns: int) -> Words:
        symbol = self._one(parameters)
        rate = plain(self._venue.funding_rate(symbol))
        hours = int(self._venue.instrument(symbol).funding_hours)
        row = {"market": symbol, "funding_rate": rate, "funding_period_hours": hours, "created_at": ms(now_ns)}
        return {"next": None, "prev": None, "results": [{**row, "funding_index": "0", "funding_premium": "0"}]}

    def _one(self, parameters: Parameters, name: str = "market") -> str:
        return self._known(parameters.get(name, ""))

    def _known(self, symbol: str) -> str:
        if symbol not in self._venue.coins:
            raise ParadexError("MARKET_NOT_FOUND", f"market {symbol} not found")
        return symbol


def _market_words(instrument: Instrument) -> Words:
    def fee(rate: Decimal) -> Words:
        return {"fee": plain(rate), "fee_cap": "0", "fee_floor": "0"}

    return {
        "symbol": instrument.native,
        "base_currency": instrument.base,
        "quote_currency": "USD",
        "settlement_currency": instrument.quote,
        "order_size_increment": plain(instrument.lot),
        "price_tick_size": plain(instrument.tick),
        "min_notional": plain(instrument.min_notional),
        "open_at": 1717065600000,
        "expiry_at": 0,
        "asset_kind": "PERP",
        "market_kind": "cross",
        "trading_mode": "STANDARD",
        "position_limit": "2000000",
        "price_bands_width": "0.05",
        "max_open_orders": 100,
        "max_order_size": "520000",
        "max_funding_rate": "0.05",
        "funding_period_hours": int(instrument.funding_hours),
        "delta1_cross_margin_params": {
            "imf_base": plain(1 / instrument.max_leverage),
            "imf_shift": "0",
            "imf_factor": "0",
            "mmf_factor": "0.5",
        },
        "fee_config": {"api_fee": {"maker_fee": fee(instrument.maker_fee), "taker_fee": fee(instrument.taker_fee)}},
        "tags": [],
    }
