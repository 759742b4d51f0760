"""Hyperliquid's ``/info``: one endpoint, asked by ``type``. Whoever knows an address may ask about it."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from perpbot.model.money import ZERO, plain
from perpbot.simulation.venues import hyperliquid_words as words
from perpbot.simulation.venues.account import Account
from perpbot.simulation.venues.hyperliquid_words import Words, decimal, ms

if TYPE_CHECKING:
    from perpbot.simulation.venues.hyperliquid import Hyperliquid

Question = Mapping[str, Any]
Handler = Callable[[Question, int], Any]

BAR_MINUTES = {"1m": 1, "3m": 3, "5m": 5, "15m": 15, "30m": 30, "1h": 60, "2h": 120, "4h": 240}
LIGHT = frozenset(
    ("l2Book", "allMids", "clearinghouseState", "orderStatus", "spotClearinghouseState", "exchangeStatus")
)
"""Types that weigh 2 of the 1200 a minute; all others weigh 20."""
_USDC = {
    "name": "USDC", "szDecimals": 8, "weiDecimals": 8, "index": 0, "isCanonical": True, "evmContract": None,
    "fullName": None, "tokenId": "0x6d1e7cde53ba9467b783cb7c530ce054",
}  # fmt: skip
_MOST_FILLS = 2000
_MOST_PAYMENTS = 500


class HyperliquidInfo:
    """Answers by type."""

    def __init__(self, venue: "Hyperliquid") -> None:
        self._venue = venue
        self.handlers: dict[str, Handler] = {
            "meta": self._meta,
            "metaAndAssetCtxs": self._meta_and_contexts,
            "spotMeta": lambda _question, _now_ns: {"tokens": [_USDC], "universe": []},
            "spotMetaAndAssetCtxs": lambda _question, _now_ns: [{"tokens": [_USDC], "universe": []}, []],
            "perpDexs": lambda _question, _now_ns: [None],
            "exchangeStatus": lambda _question, now_ns: {"specialStatuses": None, "time": ms(now_ns)},
            "allMids": lambda _question, _now_ns: self.mids(),
            "l2Book": self._book,
            "recentTrades": self._trades,
            "candleSnapshot": self._candles,
            "fundingHistory": self._funding_history,
            "predictedFundings": self._predicted,
            "clearinghouseState": self._clearing,
            "spotClearinghouseState": lambda _question, _now_ns: {"balances": []},
            "openOrders": lambda question, _now_ns: self._open(question, words.order_words),
            "frontendOpenOrders": lambda question, _now_ns: self._open(question, words.full_order_words),
            "historicalOrders": self._history,
            "orderStatus": self._order,
            "userFills": self._fills,
            "userFillsByTime": self._fills_by_time,
            "userFunding": self._funding,
            "userFees": self._fees,
            "userRateLimit": self._rate_limit,
            "userAbstraction": lambda _question, _now_ns: "default",
            "userRole": lambda question, _now_ns: {"role": "user" if self._known(question) else "missing"},
            "userNonFundingLedgerUpdates": lambda _question, _now_ns: [],
            "maxBuilderFee": lambda _question, _now_ns: 0,
            "extraAgents": lambda _question, _now_ns: [],
            "activeAssetData": self._asset_data,
        }

    # -- words for one market ------------------------------------------------------------------------------------

    def mids(self) -> dict[str, str]:
        """The middle of every book."""
        return {coin: decimal(self._middle(coin)) for coin in self._venue.coins}

    def context_words(self, coin: str) -> Words:
        """What is going on in a market: prices, funding for the next hour, the day."""
        venue = self._venue
        mark, index, day = venue.engine.marks[coin], venue.index_price(coin), venue.tapes[coin].day()
        book = venue.engine.books[coin]
        touch = [side.best() or ZERO for side in (book.bids, book.asks)]
        return {
            "funding": decimal(venue.funding_rate(coin)),
            "openInterest": "10000.0",
            "prevDayPx": decimal(day.open),
            "dayNtlVlm": decimal(day.quote_volume),
            "dayBaseVlm": decimal(day.volume),
            "premium": decimal(round((mark - index) / index, 8)),
            "oraclePx": decimal(index),
            "markPx": decimal(mark),
            "midPx": decimal(self._middle(coin)),
            "impactPxs": [decimal(each) for each in touch],
        }

    def account(self, question: Question) -> Account:
        """The account of an address; an empty one for strangers."""
        account = self._known(question)
        if account is not None:
            return account
        return Account("nobody", self._venue.currency, leverage=dict.fromkeys(self._venue.coins, Decimal(1)))

    def clearing_words(self, account: Account, now_ns: int) -> Words:
        """An account's state."""
        engine = self._venue.engine
        instruments = {each.native: each for each in engine.instruments}
        return words.clearing_words(instruments, account, engine.marks, now_ns)

    def _known(self, question: Question) -> Account | None:
        if "user" not in question:
            raise KeyError("user")
        return self._venue.account_at(str(question["user"]))

    def _middle(self, coin: str) -> Decimal:
        book = self._venue.engine.books[coin]
        bid, ask = book.bids.best(), book.asks.best()
        return self._venue.engine.marks[coin] if bid is None or ask is None else (bid + ask) / 2

    # -- markets -------------------------------------------------------------------------------------------------

    def _meta(self, _question: Question, _now_ns: int) -> Any:
        universe = [
            {
                "szDecimals": -int(each.lot.log10()),
                "name": each.native,
                "maxLeverage": int(each.max_leverage),
                "marginTableId": int(each.max_leverage),
            }
            for each in self._venue.listed()
        ]
        tables = [
            [each["maxLeverage"], {"description": "", "marginTiers": [{"lowerBound": "0.0", **_tier(each)}]}]
            for each in universe
        ]
        return {"universe": universe, "marginTables": tables, "collateralToken": 0}

    def _meta_and_contexts(self, question: Question, now_ns: int) -> Any:
        contexts = [self.context_words(each.native) for each in self._venue.listed()]
        return [self._meta(question, now_ns), contexts]

    def _book(self, question: Question, now_ns: int) -> Any:
        coin = self._venue.check_coin(question["coin"])
        self._venue.flush(coin, now_ns)
        return self._venue.book_words(coin, now_ns)

    def _trades(self, question: Question, _now_ns: int) -> Any:
        trades = self._venue.tapes[self._venue.check_coin(question["coin"])].trades
        return [self._venue.trade_words(each) for each in list(trades)[::-1][:10]]

    def _candles(self, question: Question, _now_ns: int) -> Any:
        request = question["req"]
        coin, interval = self._venue.check_coin(request["coin"]), request["interval"]
        bars = self._venue.tapes[coin].bars(BAR_MINUTES[interval])
        begin, end = int(request.get("startTime", 0)), int(request.get("endTime", 10**15))
        return [self._venue.bar_words(coin, each, interval) for each in bars if begin <= each.open_ms <= end]

    def _funding_history(self, question: Question, now_ns: int) -> Any:
        coin = self._venue.check_coin(question["coin"])
        rate, hour = decimal(self._venue.funding_rate(coin)), 3_600_000
        begin = max(int(question["startTime"]), ms(now_ns) - _MOST_PAYMENTS * hour)
        times = range(-(-begin // hour) * hour, ms(now_ns) + 1, hour)
        return [{"coin": coin, "fundingRate": rate, "premium": "0.0", "time": each} for each in times]

    def _predicted(self, _question: Question, _now_ns: int) -> Any:
        venue = self._venue
        return [
            [
                coin,
                [["HlPerp", {"fundingRate": decimal(venue.funding_rate(coin)), "nextFundingTime": ms(next_ns)}]],
            ]
            for coin, next_ns in venue.next_funding_ns.items()
        ]

    # -- accounts ------------------------------------------------------------------------------------------------

    def _clearing(self, question: Question, now_ns: int) -> Any:
        return self.clearing_words(self.account(question), now_ns)

    def _open(self, question: Question, form: Callable[[Any], Words]) -> Any:
        return [form(each) for each in self.account(question).open_orders[::-1]]

    def _history(self, question: Question, _now_ns: int) -> Any:
        orders = list(self.account(question).orders.values())[::-1]
        return [words.history_words(each) for each in orders[:_MOST_FILLS]]

    def _order(self, question: Question, _now_ns: int) -> Any:
        """By the venue's id or by cloid; what it has never heard of is ``unknownOid``."""
        account, number = self.account(question), question["oid"]
        if isinstance(number, str) and number.startswith("0x"):
            order = account.by_client.get(number.lower())
        else:
            order = account.orders.get(int(number))
        if order is None:
            return {"status": "unknownOid"}
        return {"status": "order", "order": words.history_words(order)}

    def _fills(self, question: Question, _now_ns: int) -> Any:
        return [words.fill_words(each) for each in self.account(question).executions[::-1][:_MOST_FILLS]]

    def _fills_by_time(self, question: Question, _now_ns: int) -> Any:
        begin, end = _period(question)
        fills = self.account(question).executions
        return [words.fill_words(each) for each in fills if begin <= ms(each.time_ns) <= end][:_MOST_FILLS]

    def _funding(self, question: Question, _now_ns: int) -> Any:
        begin, end = _period(question)
        paid = self.account(question).funding
        return [words.ledger_words(each) for each in paid if begin <= ms(each.time_ns) <= end][:_MOST_PAYMENTS]

    def _fees(self, _question: Question, _now_ns: int) -> Any:
        instrument = self._venue.listed()[0]
        maker, taker = plain(instrument.maker_fee), plain(instrument.taker_fee)
        schedule = {"cross": taker, "add": maker, "spotCross": "0.0007", "spotAdd": "0.0004", "tiers": {}}
        rates = {
            "userCrossRate": taker,
            "userAddRate": maker,
            "userSpotCrossRate": "0.0007",
            "userSpotAddRate": "0.0004",
        }
        return {"dailyUserVlm": [], "feeSchedule": schedule, **rates, "activeReferralDiscount": "0.0", "trial": None}

    def _rate_limit(self, question: Question, _now_ns: int) -> Any:
        volume = sum((each.notional for each in self.account(question).orders.values()), ZERO)
        used = len(self.account(question).orders)
        return {"cumVlm": decimal(volume), "nRequestsUsed": used, "nRequestsCap": 10_000 + int(volume)}

    def _asset_data(self, question: Question, _now_ns: int) -> Any:
        coin, account = self._venue.check_coin(question["coin"]), self.account(question)
        mark, leverage = self._venue.engine.marks[coin], account.leverage[coin]
        free = account.available(self._venue.engine.marks)
        most = decimal(self._venue.instrument(coin).round_quantity(free * leverage / mark))
        return {
            "user": question["user"],
            "coin": coin,
            "leverage": {"type": "cross", "value": int(leverage)},
            "maxTradeSzs": [most, most],
            "availableToTrade": [decimal(round(free, 6))] * 2,
            "markPx": decimal(mark),
        }


def _period(question: Question) -> tuple[int, int]:
    return int(question.get("startTime") or 0), int(question.get("endTime") or 10**15)


def _tier(market: Mapping[str, Any]) -> dict[str, Any]:
    return {"maxLeverage": market["maxLeverage"]}
