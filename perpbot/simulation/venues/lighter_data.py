"""Lighter's public REST endpoints. Each method takes the parameters and returns what stands beside the code."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from perpbot.clock import NS_PER_SECOND
from perpbot.model.instrument import Instrument
from perpbot.model.money import plain
from perpbot.simulation.venues import lighter_words as words
from perpbot.simulation.venues.ladder import Changes
from perpbot.simulation.venues.lighter_words import MARGIN_TICKS, REFUSALS, LighterError, Words
from perpbot.simulation.venues.orders import Refusal
from perpbot.simulation.venues.tape import Bar

if TYPE_CHECKING:
    from perpbot.simulation.venues.lighter import Lighter

Parameters = Mapping[str, str]
Handler = Callable[[Parameters, int], Words]

BAR_MINUTES = {"1m": 1, "5m": 5, "15m": 15, "30m": 30, "1h": 60, "4h": 240}
_MOST_ORDERS = 250
_HOUR_NS = 3600 * NS_PER_SECOND
_USUAL_MARGIN = 500


class LighterData:
    """What anybody may ask."""

    def __init__(self, venue: "Lighter") -> None:
        self._venue = venue
        self.handlers: dict[str, Handler] = {
            "orderBookDetails": self._details,
            "orderBookOrders": self._orders,
            "candles": self._candles,
            "funding-rates": self._funding_rates,
            "fundings": self._fundings,
            "assetDetails": self._assets,
        }

    def market(self, parameters: Parameters) -> str:
        """The market asked about."""
        market = parameters.get("market_id", "")
        if market not in self._venue.coins:
            raise LighterError(*REFUSALS[Refusal.SYMBOL])
        return market

    # -- words that the stream shares ----------------------------------------------------------------------------

    def stats_words(self, symbol: str) -> Words:
        """Prices, funding and the day of a market. Rates are percent in an hour."""
        venue = self._venue
        instrument, tape = venue.instrument(symbol), venue.tapes[symbol]
        day, rate = tape.day(), plain(venue.funding_rate(symbol) * 100)
        return {
            "symbol": instrument.base,
            "market_id": int(symbol),
            "index_price": plain(venue.index_price(symbol)),
            "mark_price": plain(venue.engine.marks[symbol]),
            "open_interest": "1000.000000",
            "open_interest_limit": "72057594037927936.000000",
            "funding_clamp_small": "0.0500",
            "funding_clamp_big": "4.0000",
            "last_trade_price": words.fixed(tape.last, instrument.tick),
            "current_funding_rate": rate,
            "funding_rate": rate,
            "funding_timestamp": words.ms(venue.next_funding_ns[symbol] - _HOUR_NS),
            "daily_base_token_volume": float(day.volume),
            "daily_quote_token_volume": float(day.quote_volume),
            "daily_price_low": float(day.low),
            "daily_price_high": float(day.high),
            "daily_price_change": float((tape.last - day.open) / day.open * 100),
        }

    def touch_words(self, symbol: str) -> Words:
        """The best level of each side; empty where there is none."""
        book = self._venue.engine.books[symbol]
        best = {name: next(iter(side.picture(1)), ("", "")) for name, side in (("a", book.asks), ("b", book.bids))}
        sides = {name: {"price": str(price), "size": str(size)} for name, (price, size) in best.items()}
        return {"s": self._venue.coins[symbol], **sides}

    def bar_words(self, bar: Bar) -> Words:
        """A bar, whose numbers are numbers."""
        return {
            "t": bar.open_ms,
            "o": float(bar.open),
            "h": float(bar.high),
            "l": float(bar.low),
            "c": float(bar.close),
            "v": float(bar.volume),
            "V": float(bar.quote_volume),
            "i": bar.trades,
        }

    # -- endpoints -----------------------------------------------------------------------------------------------

    def _details(self, parameters: Parameters, _now_ns: int) -> Words:
        asked = parameters.get("market_id", "255")
        chosen = list(self._venue.coins) if asked == "255" else [self.market(parameters)]
        return {
            "order_book_details": [self._market_words(self._venue.instrument(each)) for each in chosen],
            "spot_order_book_details": [],
        }

    def _market_words(self, each: Instrument) -> Words:
        stats = self.stats_words(each.native)
        size, price = -int(each.lot.as_tuple().exponent), -int(each.tick.as_tuple().exponent)
        least = int(MARGIN_TICKS / each.max_leverage)
        same = ("symbol", "market_id", "open_interest")
        return {
            **{name: value for name, value in stats.items() if name in same or name.startswith("daily_")},
            "market_type": "perp",
            "base_asset_id": 0,
            "quote_asset_id": 0,
            "status": "active",
            "taker_fee": "0.0000",
            "is_taker_fee_enabled": True,
            "maker_fee": "0.0000",
            "is_maker_fee_enabled": True,
            "liquidation_fee": "1.0000",
            "min_base_amount": words.fixed(each.min_quantity, each.lot),
            "min_quote_amount": plain(each.min_notional),
            "order_quote_limit": "281474976.710655",
            "supported_size_decimals": size,
            "supported_price_decimals": price,
            "supported_quote_decimals": 6,
            "size_decimals": size,
            "price_decimals": price,
            "quote_multiplier": 1,
            "default_initial_margin_fraction": max(_USUAL_MARGIN, least),
            "min_initial_margin_fraction": least,
            "maintenance_margin_fraction": least * 6 // 10,
            "closeout_margin_fraction": least * 4 // 10,
            "last_trade_price": float(stats["last_trade_price"]),
            "daily_trades_count": self._venue.tapes[each.native].day().trades,
            "daily_chart": {},
            "strategy_index": 0,
        }

    def _orders(self, parameters: Parameters, now_ns: int) -> Words:
        symbol, most = self.market(parameters), int(parameters.get("limit") or _MOST_ORDERS)
        if not 1 <= most <= _MOST_ORDERS:
            raise LighterError(20001, "invalid param : limit")
        self._venue.flush(symbol, now_ns)
        book = self._venue.engine.books[symbol]
        asks, bids = (_orders(side.picture(most)) for side in (book.asks, book.bids))
        return {"total_asks": len(asks), "asks": asks, "total_bids": len(bids), "bids": bids}

    def _candles(self, parameters: Parameters, _now_ns: int) -> Words:
        symbol, resolution = self.market(parameters), parameters.get("resolution", "1m")
        if resolution not in BAR_MINUTES:
            raise LighterError(20001, "invalid param : resolution")
        bars = self._venue.tapes[symbol].bars(BAR_MINUTES[resolution])[-int(parameters.get("count_back") or 100) :]
        return {"r": resolution, "c": [self.bar_words(bar) for bar in bars]}

    def _funding_rates(self, _parameters: Parameters, _now_ns: int) -> Words:
        """Rates as a fraction in eight hours."""
        rows = [
            {"market_id": int(each), "exchange": "lighter", "symbol": coin, "rate": float(self._rate(each) * 8)}
            for each, coin in self._venue.coins.items()
        ]
        return {"funding_rates": rows}

    def _fundings(self, parameters: Parameters, _now_ns: int) -> Words:
        """Rates in percent without their sign, and who pays."""
        symbol, rate = self.market(parameters), self._rate(self.market(parameters))
        last_s = (self._venue.next_funding_ns[symbol] - _HOUR_NS) // NS_PER_SECOND
        row = {"value": "0.00", "rate": plain(abs(rate) * 100), "direction": "short" if rate < 0 else "long"}
        return {"resolution": "1h", "fundings": [{"timestamp": last_s - back * 3600, **row} for back in range(10)]}

    def _rate(self, symbol: str) -> Any:
        return self._venue.funding_rate(symbol)

    def _assets(self, _parameters: Parameters, _now_ns: int) -> Words:
        usdc = {"asset_id": words.USDC, "symbol": "USDC", "l1_decimals": 6, "decimals": 6, "margin_mode": "enabled"}
        least = {"min_transfer_amount": "1.000000", "min_withdrawal_amount": "1.000000", "index_price": "1.000000"}
        return {"asset_details": [{**usdc, **least, "l1_address": "0x" + "33" * 20}]}


def _orders(levels: Changes) -> list[Words]:
    """Levels as if each were one order."""
    return [
        {
            "order_index": words.FIRST_ORDER_INDEX + at,
            "order_id": str(words.FIRST_ORDER_INDEX + at),
            "owner_account_index": words.OUTSIDER,
            "initial_base_amount": str(size),
            "remaining_base_amount": str(size),
            "price": str(price),
            "order_expiry": 0,
        }
        for at, (price, size) in enumerate(levels)
    ]
