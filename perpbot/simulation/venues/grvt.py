"""A simulated GRVT: perpetuals settled in USDT, a cookie for the session, orders signed by a wallet."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from email.utils import formatdate
from typing import Any, ClassVar

import msgspec

from perpbot import clock
from perpbot.model.instrument import Instrument, canonical_symbol
from perpbot.simulation.venues.ethereum import address_of_private, keccak, private_key, recover, signature_bytes
from perpbot.simulation.venues.grvt_data import GrvtData, bar_words, trade_words
from perpbot.simulation.venues.grvt_signing import login_digest
from perpbot.simulation.venues.grvt_stream import BOOK_RATES, GrvtStream
from perpbot.simulation.venues.grvt_trading import GrvtTrading
from perpbot.simulation.venues.grvt_words import GrvtError, Words, fill_words, order_words, position_words
from perpbot.simulation.venues.ladder import Changes
from perpbot.simulation.venues.limits import Limits
from perpbot.simulation.venues.orders import Event, OrderEvent, Print
from perpbot.simulation.venues.server import Answer, Request
from perpbot.simulation.venues.stream import MALFORMED
from perpbot.simulation.venues.venue import ACCOUNT, SimulatedVenue, World
from perpbot.simulation.venues.websocket import Session, WebSocket

_SLOW_NS = clock.NS_PER_SECOND
_SESSION_NS = 24 * 3_600 * clock.NS_PER_SECOND
_MALFORMED = (1003, "Request could not be processed due to malformed syntax")
_SLOW_RATES = {"v1.ticker.s": ("200", "500", "1000", "5000"), "v1.mini.s": ("200", "500", "1000", "5000")}
_TRADE_RATES = ("50", "200", "500", "1000")
_FACTS = {
    # coin: hash, tick, lot, leverage
    "BTC": ("0x030501", "0.1", "0.001", 50),
    "ETH": ("0x030401", "0.01", "0.01", 50),
    "SOL": ("0x030601", "0.01", "0.1", 50),
    "DOGE": ("0x030701", "0.00001", "10", 25),
}


class Grvt(SimulatedVenue):
    """GRVT."""

    name: ClassVar[str] = "grvt"
    currency: ClassVar[str] = "USDT"
    band: ClassVar[Decimal] = Decimal("0.1")
    fee_step: ClassVar[Decimal] = Decimal("1e-6")

    def __init__(self, world: World, coins: Sequence[str], now_ns: int, port: int = 0) -> None:
        super().__init__(world, coins, now_ns, port)
        self.address = address_of_private(self.credentials()["privateKey"])
        """Of the wallet that signs."""
        self.main_account = "0x" + keccak(f"{world.id}/grvt/main".encode())[:20].hex()
        self.sub_account = str(int.from_bytes(keccak(f"{world.id}/grvt/sub".encode())[:6], "big"))
        self.hashes = {native: _FACTS[coin][0] for native, coin in self.coins.items()}
        self.data = GrvtData(self)
        self.trading = GrvtTrading(self)
        self._limits = Limits(burst=1500, per_second=50)
        self._sessions: dict[str, int] = {}
        """Until when each cookie is good."""
        self._numbers = dict.fromkeys(self.coins, 1_061_000)
        """The last number used in each book."""

    # -- facts ---------------------------------------------------------------------------------------------------

    def instruments(self, coins: Sequence[str]) -> list[Instrument]:
        """Perpetuals named ``BTC_USDT_Perp``, sized in coins."""
        return [_instrument(coin) for coin in coins]

    def credentials(self) -> dict[str, str]:
        """An API key, and the wallet's key that signs."""
        api_key = keccak(f"{self.world.id}/grvt/api".encode()).hex()[:28]
        return {"apiKey": api_key, "privateKey": private_key(f"{self.world.id}/grvt")}

    def endpoints(self) -> dict[str, Any]:
        """One base for all three hosts of the real one: ``auth/…`` and ``full/v1/…`` continue from it."""
        http, ws = (f"{scheme}://127.0.0.1:{self.server.port}/grvt" for scheme in ("http", "ws"))
        streams = {"public": f"{ws}/market-data/ws/full", "private": f"{ws}/trades/ws/full"}
        return {"rest": http, "ws": streams}

    # -- HTTP ----------------------------------------------------------------------------------------------------

    def trades(self, request: Request) -> bool:
        """Whether a request places or cancels orders."""
        return request.path.endswith(("/create_order", "/cancel_order", "/cancel_all_orders"))

    def too_many(self) -> Answer:
        """429 with code 1006."""
        return _complaint(GrvtError(1006, "You have surpassed the allocated rate limit for your tier"))

    def respond(self, request: Request, now_ns: int) -> Answer:
        """Find the endpoint, check the session where it wants one, and answer."""
        path = request.path.removeprefix("/grvt/")
        if not self._limits.allow("requests", now_ns):
            return self.too_many()
        try:
            words: dict[str, Any] = msgspec.json.decode(request.body, type=dict[str, Any])
            if path in {"auth/api_key/login", "auth/wallet/login"}:
                return self._log_in(path, words, now_ns)
            name = path.removeprefix("full/v1/")
            if name in self.data.handlers:
                return _json(self.data.handlers[name](words, now_ns))
            if name not in self.trading.handlers:
                return Answer(404, b"404 page not found", {"Content-Type": "text/plain"})
            if not self.session_holds(request, now_ns):
                raise GrvtError(1000, "You need to authenticate prior to using this functionality")
            self.trading.check_account(name, words)
            return _json(self.trading.handlers[name](words, now_ns))
        except GrvtError as error:
            return _complaint(error)
        except MALFORMED:
            return _complaint(GrvtError(*_MALFORMED))

    def _log_in(self, path: str, words: Mapping[str, Any], now_ns: int) -> Answer:
        if path.startswith("auth/api_key"):
            known = words["api_key"] == self.credentials()["apiKey"]
        else:
            known = self._wallet_signed(words, now_ns)
        if not known:
            raise GrvtError(1000, "You need to authenticate prior to using this functionality")
        token = keccak(f"{self.world.id}/grvt/{now_ns}/{len(self._sessions)}".encode()).hex()
        self._sessions[token] = now_ns + _SESSION_NS
        ends = formatdate((now_ns + _SESSION_NS) / clock.NS_PER_SECOND, usegmt=True)
        cookie = f"gravity={token}; Path=/; Domain=grvt.io; Expires={ends}; HttpOnly; Secure; SameSite=None"
        headers = {
            "Content-Type": "application/json",
            "Set-Cookie": cookie,
            "X-Grvt-Account-Id": self.main_account,
        }
        return Answer(200, b'{"location":"","status":"success"}', headers)

    def _wallet_signed(self, words: Mapping[str, Any], now_ns: int) -> bool:
        address, signature = str(words["address"]).lower(), words["signature"]
        if int(signature["expiration"]) <= now_ns:
            raise GrvtError(2001, "Signature has expired")
        signer = recover(login_digest(address, signature), signature_bytes(signature))
        return signer == address == self.address

    def session_holds(self, request: Request, now_ns: int) -> bool:
        """Whether a request carries a cookie that is still good, and the account it is for."""
        cookies = (each.strip().partition("=") for each in request.headers.get("cookie", "").split(";"))
        tokens = [value for name, _, value in cookies if name == "gravity"]
        known = any(now_ns < self._sessions.get(token, 0) for token in tokens)
        return known and request.headers.get("x-grvt-account-id") == self.main_account

    # -- the account's streams -----------------------------------------------------------------------------------

    def open_stream(self, request: Request, socket: WebSocket) -> Session | None:
        """Market data for everybody, the account's streams for those who carry a session."""
        path = request.path.removeprefix("/grvt")
        if path == "/market-data/ws/full":
            return GrvtStream(self, socket, private=False, logged_in=False)
        if path == "/trades/ws/full":
            logged_in = self.session_holds(request, self.now_ns)
            return GrvtStream(self, socket, private=True, logged_in=logged_in)
        return None

    def announce(self, events: Sequence[Event], now_ns: int) -> None:
        """Orders one by one, each fill, and the position after it."""
        account, marks = self.engine.accounts[ACCOUNT], self.engine.marks
        for event in events:
            symbol = event.order.symbol if isinstance(event, OrderEvent) else event.symbol
            fill = event.execution if isinstance(event, OrderEvent) else None
            if isinstance(event, OrderEvent):
                self._tell("v1.order", symbol, order_words(event.order, self.sub_account))
            if fill is not None:
                self._tell("v1.fill", symbol, fill_words(fill, self.sub_account))
            if fill is not None or not isinstance(event, OrderEvent):
                words = position_words(symbol, account, marks[symbol], now_ns, self.sub_account)
                self._tell("v1.position", symbol, words)

    def _tell(self, stream: str, symbol: str, feed: Words) -> None:
        """To those who listen to all markets, and to those who listen to this one."""
        text = msgspec.json.encode(feed).decode()
        for selector in (self.sub_account, f"{self.sub_account}-{symbol}"):
            topic = stream, selector
            if topic in self.topics:
                self.topics.publish(topic, _framed(text, stream, selector))
                if self.faults.take("duplicates"):
                    self.topics.publish(topic, _framed(text, stream, selector))

    # -- market streams ------------------------------------------------------------------------------------------

    def publish(self, symbol: str, bids: Changes, asks: Changes, prints: Sequence[Print], now_ns: int) -> None:
        """Book changes and trades; the rest once a second."""
        if bids or asks:
            self._publish_book(symbol, bids, asks, now_ns)
        for each in prints:
            self._send("v1.trade", symbol, _TRADE_RATES, trade_words(each))
        if self.is_due(symbol, now_ns, _SLOW_NS):
            for stream, rates in _SLOW_RATES.items():
                if self.topics.any_of((stream, f"{symbol}@{rate}") for rate in rates):
                    self._send(stream, symbol, rates, self.data.ticker_words(symbol, now_ns))
            self._send("v1.candle", symbol, ("CI_1_M-TRADE",), bar_words(symbol, self.tapes[symbol].minute, 1))

    def last_number(self, symbol: str, now_ns: int) -> int:
        """The number of a book's last change, with all that has changed by now published."""
        self.flush(symbol, now_ns)
        return self._numbers[symbol]

    def _publish_book(self, symbol: str, bids: Changes, asks: Changes, now_ns: int) -> None:
        self._numbers[symbol] += 1
        number = self._numbers[symbol]
        text = f'{{"bids":[{_levels(bids)}],"asks":[{_levels(asks)}],"event_time":"{now_ns}","instrument":"{symbol}"}}'
        for rate in BOOK_RATES:
            selector = f"{symbol}@{rate}"
            self.publish_book(("v1.book.d", selector), _framed(text, "v1.book.d", selector, number))
        for topic in (("v1.book.s", f"{symbol}@500-{depth}") for depth in (10, 50, 100, 500)):
            if topic in self.topics:
                feed = self.data.book_words(symbol, int(topic[1].rpartition("-")[2]), now_ns)
                self.publish_book(topic, _framed(msgspec.json.encode(feed).decode(), *topic))

    def _send(self, stream: str, symbol: str, rates: Sequence[str], feed: Words) -> None:
        for selector in (f"{symbol}@{rate}" for rate in rates):
            if (stream, selector) in self.topics:
                text = _framed(msgspec.json.encode(feed).decode(), stream, selector)
                self.topics.publish((stream, selector), text)


def _framed(feed: str, stream: str, selector: str, number: int = 0) -> str:
    numbers = f'"sequence_number":"{number}","prev_sequence_number":"{max(0, number - 1)}"'
    return f'{{"feed":{feed},"stream":"{stream}","selector":"{selector}",{numbers}}}'


def _levels(levels: Changes) -> str:
    return ",".join([f'{{"price":"{price!s}","size":"{size!s}","num_orders":1}}' for price, size in levels])


def _json(value: object, status: int = 200) -> Answer:
    return Answer(status, msgspec.json.encode(value))


def _complaint(error: GrvtError) -> Answer:
    return _json(error.words(), error.status)


def _instrument(coin: str) -> Instrument:
    _, tick, lot, leverage = _FACTS[coin]
    return Instrument(
        venue="grvt",
        symbol=canonical_symbol(coin),
        native=f"{coin}_USDT_Perp",
        base=coin,
        quote="USDT",
        tick=Decimal(tick),
        lot=Decimal(lot),
        min_quantity=Decimal(lot),
        min_notional=Decimal(5),
        maker_fee=Decimal("-0.000001"),
        taker_fee=Decimal("0.00045"),
        funding_hours=Decimal(8),
        max_leverage=Decimal(leverage),
    )
