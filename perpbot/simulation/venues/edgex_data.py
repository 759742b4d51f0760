"""EdgeX's public REST endpoints. Each method takes the parameters and returns what stands under ``data``."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from perpbot.clock import NS_PER_SECOND
from perpbot.model.instrument import Instrument
from perpbot.model.money import plain
from perpbot.simulation.venues.edgex_words import FIRST_COIN, FIRST_CONTRACT, REFUSALS, USDC, EdgexError, Words, ms
from perpbot.simulation.venues.ladder import Changes
from perpbot.simulation.venues.orders import Refusal
from perpbot.simulation.venues.tape import Bar

if TYPE_CHECKING:
    from perpbot.simulation.venues.edgex import Edgex

Parameters = Mapping[str, str]
Handler = Callable[[Parameters, int], Any]

CHAIN_ID = 3343
CONTRACT_ADDRESS = "0x" + "ed" * 20
USDC_RESOLUTION = 10**6
RESOLUTIONS = {"BTC": 10**10, "ETH": 10**9, "SOL": 10**8, "DOGE": 10**6}
"""Units in which sizes are signed."""
LEVELS = (15, 200)
BAR_MINUTES = {"MINUTE_1": 1, "MINUTE_5": 5, "MINUTE_15": 15, "MINUTE_30": 30, "HOUR_1": 60, "HOUR_4": 240}
_HOUR_NS = 3600 * NS_PER_SECOND


class EdgexData:
    """What anybody may ask."""

    def __init__(self, venue: "Edgex") -> None:
        self._venue = venue
        self.handlers: dict[str, Handler] = {
            "meta/getServerTime": lambda _parameters, now_ns: {"timeMillis": ms(now_ns)},
            "meta/getMetaData": lambda _parameters, _now_ns: self.metadata_words(),
            "quote/getTicker": self._ticker,
            "quote/getDepth": self._depth,
            "quote/getKline": self._klines,
            "funding/getLatestFundingRate": self._funding_rate,
            "funding/getFundingRatePage": self._funding_history,
        }

    def contract(self, parameters: Parameters) -> str:
        """The contract asked about."""
        contract = parameters.get("contractId", "")
        if contract not in self._venue.coins:
            raise EdgexError(*REFUSALS[Refusal.SYMBOL])
        return contract

    # -- words that streams share --------------------------------------------------------------------------------

    def metadata_words(self) -> Words:
        """Coins, contracts, and what orders are signed for."""
        coins: list[Words] = [
            {"coinId": USDC, "coinName": "USDC", "stepSize": "0.000001", "resolution": hex(USDC_RESOLUTION)}
        ]
        coins += [
            {"coinId": coin_id(each), "coinName": each.base, "stepSize": plain(each.lot), "resolution": None}
            for each in self._venue.engine.instruments
        ]
        chain = {"appName": "edgeX", "appEnv": "mainnet", "nativeChainId": str(CHAIN_ID)}
        return {
            "global": {**chain, "contractAddress": CONTRACT_ADDRESS},
            "coinList": coins,
            "contractList": [self._contract_words(each) for each in self._venue.engine.instruments],
            "multiChain": {"chainList": []},
        }

    def _contract_words(self, each: Instrument) -> Words:
        band, leverage = plain(self._venue.band), plain(each.max_leverage)
        tier = {"tier": 1, "positionValueUpperBound": "20000000", "maxLeverage": leverage}
        return {
            "contractId": each.native,
            "contractName": f"{each.base}USDC",
            "baseCoinId": coin_id(each),
            "quoteCoinId": USDC,
            "tickSize": plain(each.tick),
            "stepSize": plain(each.lot),
            "minOrderSize": plain(each.min_quantity),
            "maxOrderSize": "1000000",
            "maxOrderBuyPriceRatio": band,
            "minOrderSellPriceRatio": band,
            "maxPositionSize": "1000000",
            "riskTierList": [{**tier, "maintenanceMarginRate": "0.005"}],
            "defaultTakerFeeRate": plain(each.taker_fee),
            "defaultMakerFeeRate": plain(each.maker_fee),
            "defaultLeverage": "10",
            "enableTrade": True,
            "enableDisplay": True,
            "enableOpenPosition": True,
            "fundingRateIntervalMin": plain(each.funding_hours * 60),
            "displayMaxLeverage": leverage,
            "resolution": str(RESOLUTIONS[each.base]),
            "isStock": False,
            "isFx": False,
        }

    def ticker_words(self, symbol: str, now_ns: int) -> Words:
        """The day, prices and funding of a contract."""
        venue = self._venue
        instrument, tape = venue.instrument(symbol), venue.tapes[symbol]
        day, mark, next_ns = tape.day(), plain(venue.engine.marks[symbol]), venue.next_funding_ns[symbol]
        change = tape.last - day.open
        return {
            "contractId": symbol,
            "contractName": f"{instrument.base}USDC",
            "priceChange": plain(change),
            "priceChangePercent": format(change / day.open, ".6f"),
            "trades": str(day.trades),
            "size": plain(day.volume),
            "value": plain(day.quote_volume),
            "high": plain(day.high),
            "low": plain(day.low),
            "open": plain(day.open),
            "close": plain(tape.last),
            "startTime": str(day.open_ms),
            "endTime": ms(now_ns),
            "lastPrice": plain(tape.last),
            "indexPrice": plain(venue.index_price(symbol)),
            "oraclePrice": mark,
            "markPrice": mark,
            "openInterest": "1000",
            "fundingRate": plain(venue.funding_rate(symbol)),
            "fundingTime": ms(next_ns - int(instrument.funding_hours) * _HOUR_NS),
            "nextFundingTime": ms(next_ns),
        }

    def funding_words(self, symbol: str, now_ns: int, back: int = 0) -> Words:
        """The rate fixed at the last settlement, or `back` settlements before it; it is paid at the next."""
        venue = self._venue
        hours = int(venue.instrument(symbol).funding_hours)
        mark = plain(venue.engine.marks[symbol])
        return {
            "contractId": symbol,
            "fundingTime": ms(venue.next_funding_ns[symbol] - (back + 1) * hours * _HOUR_NS),
            "fundingTimestamp": ms(now_ns),
            "oraclePrice": mark,
            "markPrice": mark,
            "indexPrice": plain(venue.index_price(symbol)),
            "fundingRate": plain(venue.funding_rate(symbol)),
            "isSettlement": back > 0,
            "fundingRateIntervalMin": str(hours * 60),
        }

    def book_words(self, symbol: str, level: int) -> Words:
        """A picture of a book with the number of the last message about it."""
        version, book = self._venue.versions[symbol], self._venue.engine.books[symbol]
        return {
            "asks": _levels(book.asks.picture(level)),
            "bids": _levels(book.bids.picture(level)),
            "startVersion": str(version[0]),
            "endVersion": str(version[1]),
            "level": level,
            "contractId": symbol,
            "contractName": f"{self._venue.coins[symbol]}USDC",
            "depthType": "SNAPSHOT",
        }

    def touch_words(self, symbol: str) -> Words:
        """The best level of each side, zeros where there is none."""
        book = self._venue.engine.books[symbol]
        sides = (("Ask", book.asks), ("Bid", book.bids))
        words: Words = {"contractId": symbol, "contractName": f"{self._venue.coins[symbol]}USDC"}
        for name, side in sides:
            price, size = next(iter(side.picture(1)), (0, 0))
            words |= {f"best{name}Price": str(price), f"best{name}Size": str(size)}
        return words

    def bar_words(self, symbol: str, bar: Bar, kind: str) -> Words:
        """A bar."""
        return {
            "klineId": str(bar.open_ms),
            "contractId": symbol,
            "contractName": f"{self._venue.coins[symbol]}USDC",
            "klineType": kind,
            "klineTime": str(bar.open_ms),
            "priceType": "LAST_PRICE",
            "trades": str(bar.trades),
            "size": plain(bar.volume),
            "value": plain(bar.quote_volume),
            "high": plain(bar.high),
            "low": plain(bar.low),
            "open": plain(bar.open),
            "close": plain(bar.close),
        }

    # -- endpoints -----------------------------------------------------------------------------------------------

    def _ticker(self, parameters: Parameters, now_ns: int) -> list[Words]:
        chosen = [self.contract(parameters)] if parameters.get("contractId") else list(self._venue.coins)
        return [self.ticker_words(symbol, now_ns) for symbol in chosen]

    def _depth(self, parameters: Parameters, now_ns: int) -> list[Words]:
        symbol, level = self.contract(parameters), int(parameters.get("level", LEVELS[0]))
        if level not in LEVELS:
            raise EdgexError("INVALID_LEVEL", f"invalid level:{level}")
        self._venue.flush(symbol, now_ns)
        return [self.book_words(symbol, level)]

    def _klines(self, parameters: Parameters, _now_ns: int) -> Words:
        symbol, kind = self.contract(parameters), parameters.get("klineType", "MINUTE_1")
        if kind not in BAR_MINUTES:
            raise EdgexError("INVALID_KLINE_TYPE", f"invalid klineType:{kind}")
        bars = self._venue.tapes[symbol].bars(BAR_MINUTES[kind])[::-1][: int(parameters.get("size") or 100)]
        return {"dataList": [self.bar_words(symbol, bar, kind) for bar in bars], "nextPageOffsetData": ""}

    def _funding_rate(self, parameters: Parameters, now_ns: int) -> list[Words]:
        asked = parameters.get("contractId")
        chosen = [self.contract({"contractId": each}) for each in asked.split(",")] if asked else self._venue.coins
        return [self.funding_words(symbol, now_ns) for symbol in chosen]

    def _funding_history(self, parameters: Parameters, now_ns: int) -> Words:
        symbol = self.contract(parameters)
        rows = [self.funding_words(symbol, now_ns, back) for back in range(10)]
        return {"dataList": rows[: int(parameters.get("size") or 100)], "nextPageOffsetData": ""}


def coin_id(instrument: Instrument) -> str:
    """The number of a contract's coin."""
    return str(int(instrument.native) - FIRST_CONTRACT + FIRST_COIN)


def _levels(levels: Changes) -> list[Words]:
    return [{"price": str(price), "size": str(size)} for price, size in levels]
