"""Extended's public REST endpoints. Each method takes what the path names, the parameters and the time."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from perpbot.model.instrument import Instrument
from perpbot.model.money import plain
from perpbot.simulation.venues.extended_words import ExtendedError, Words, bar_words, ms

if TYPE_CHECKING:
    from perpbot.simulation.venues.extended import Extended

Parameters = Mapping[str, Any]
Handler = Callable[[str, Any, int], Any]
"""Takes the market or id in the path, the parameters or the body, and the time."""

RESOLUTION = 1_000_000
"""Units of the chain in one coin, and in one dollar."""
COLLATERAL_ID = "0x1"
_MINUTES = {"PT1M": 1, "PT5M": 5, "PT15M": 15, "PT30M": 30, "PT1H": 60, "PT2H": 120, "PT4H": 240}


def synthetic_id(coin: str) -> str:
    """What a coin is called when an order is signed: its name and the decimals of its unit."""
    return "0x" + f"{coin}-6".encode().hex().ljust(30, "0")


class ExtendedData:
    """What anybody may ask."""

    def __init__(self, venue: "Extended") -> None:
        self._venue = venue

    def handlers(self) -> dict[str, Handler]:
        """Handlers by path; ``*`` stands for a market."""
        return {
            "info/markets": self._markets,
            "info/assets": self._assets,
            "info/markets/*/stats": lambda market, _parameters, _now_ns: self._stats(self._known(market)),
            "info/markets/*/orderbook": self._book,
            "info/markets/*/trades": self._trades,
            "info/candles/*/trades": self._candles,
            "info/*/funding": self._funding,
        }

    def _markets(self, _market: str, parameters: Parameters, _now_ns: int) -> list[Words]:
        wanted = [self._known(parameters["market"])] if parameters.get("market") else self._venue.coins
        return [self._market(self._venue.instrument(symbol)) for symbol in wanted]

    def _market(self, instrument: Instrument) -> Words:
        return {
            "name": instrument.native,
            "uiName": instrument.native,
            "type": "PERPETUAL",
            "category": "Crypto",
            "assetName": instrument.base,
            "assetPrecision": 5,
            "collateralAssetName": "USD",
            "collateralAssetPrecision": 6,
            "description": instrument.base,
            "active": True,
            "status": "ACTIVE",
            "isRfq": False,
            "isOffHours": False,
            "tradingHours": "CONTINUOUS",
            "visibleOnUi": True,
            "createdAt": 1752829532673,
            "marketStats": self._stats(instrument.native),
            "tradingConfig": {
                "minOrderSize": plain(instrument.min_quantity),
                "minOrderSizeChange": plain(instrument.lot),
                "minPriceChange": plain(instrument.tick),
                "maxMarketOrderValue": "3000000",
                "maxLimitOrderValue": "15000000",
                "maxPositionValue": "60000000",
                "maxLeverage": plain(instrument.max_leverage),
                "maxNumOrders": "200",
                "limitPriceCap": "0.05",
                "limitPriceFloor": "0.05",
                "riskFactorConfig": [],
            },
            "l2Config": {
                "type": "STARKX",
                "collateralId": COLLATERAL_ID,
                "collateralResolution": RESOLUTION,
                "syntheticId": synthetic_id(instrument.base),
                "syntheticResolution": RESOLUTION,
            },
        }

    def _assets(self, _market: str, _parameters: Parameters, _now_ns: int) -> list[Words]:
        facts = {"precision": 6, "isActive": True, "isCollateral": True, "starkexResolution": RESOLUTION}
        return [{"id": 1, "name": "USD", "symbol": "USD", "starkexId": COLLATERAL_ID, "type": "SPOT", **facts}]

    def _stats(self, symbol: str) -> Words:
        venue = self._venue
        book, tape = venue.engine.books[symbol], venue.tapes[symbol]
        day, mark = tape.day(), venue.engine.marks[symbol]
        return {
            "dailyVolume": plain(day.quote_volume),
            "dailyVolumeBase": plain(day.volume),
            "dailyPriceChange": plain(tape.last - day.open),
            "dailyPriceChangePercentage": plain(round(tape.last / day.open - 1, 6)),
            "dailyLow": plain(day.low),
            "dailyHigh": plain(day.high),
            "lastPrice": plain(tape.last),
            "askPrice": plain(book.asks.best() or Decimal(0)),
            "bidPrice": plain(book.bids.best() or Decimal(0)),
            "markPrice": plain(mark),
            "indexPrice": plain(venue.index_price(symbol)),
            "fundingRate": plain(venue.funding_rate(symbol)),
            "nextFundingRate": ms(venue.next_funding_ns[symbol]),
            "openInterest": "1000000",
            "openInterestBase": "10",
        }

    def _book(self, market: str, _parameters: Parameters, now_ns: int) -> Words:
        symbol = self._known(market)
        self._venue.flush(symbol, now_ns)
        book = self._venue.engine.books[symbol]
        bids, asks = (
            [{"qty": str(size), "price": str(price)} for price, size in side.picture()]
            for side in (book.bids, book.asks)
        )
        return {"market": symbol, "bid": bids, "ask": asks}

    def _trades(self, market: str, _parameters: Parameters, _now_ns: int) -> list[Words]:
        return [self._venue.trade_words(each) for each in list(self._venue.tapes[self._known(market)].trades)[::-1]]

    def _candles(self, market: str, parameters: Parameters, _now_ns: int) -> list[Words]:
        """Newest first."""
        minutes = _MINUTES.get(parameters.get("interval", ""))
        if minutes is None:
            raise ExtendedError(1005, "Not supported interval.")
        bars = self._venue.tapes[self._known(market)].bars(minutes)[::-1]
        return [bar_words(each) for each in bars[: int(parameters.get("limit", 1000))]]

    def _funding(self, market: str, _parameters: Parameters, now_ns: int) -> list[Words]:
        symbol = self._known(market)
        return [{"m": symbol, "f": plain(self._venue.funding_rate(symbol)), "T": ms(now_ns)}]

    def _known(self, symbol: str) -> str:
        if symbol not in self._venue.coins:
            raise ExtendedError("NOT_FOUND", "Market not found")
        return symbol
