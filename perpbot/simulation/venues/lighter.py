"""A simulated Lighter: perpetuals settled in USDC, whose orders are signed transactions.

Signatures, nonces and expiries of transactions are checked as on the chain, tokens as by its API. The account is one
that pays fees, a premium one, of which more is asked at once than of others.
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import HTTP
from hashlib import shake_256
from typing import Any, ClassVar
from urllib.parse import parse_qsl

import msgspec

from perpbot import clock
from perpbot.model.instrument import Instrument, canonical_symbol
from perpbot.simulation.venues import lighter_words as words
from perpbot.simulation.venues.ladder import Changes
from perpbot.simulation.venues.lighter_data import BAR_MINUTES, LighterData
from perpbot.simulation.venues.lighter_stream import LighterStream
from perpbot.simulation.venues.lighter_trading import LighterTrading
from perpbot.simulation.venues.lighter_words import LighterError, Words
from perpbot.simulation.venues.limits import Limits
from perpbot.simulation.venues.orders import Event, Funded, OrderEvent, Print
from perpbot.simulation.venues.server import Answer, Request
from perpbot.simulation.venues.stream import MALFORMED
from perpbot.simulation.venues.venue import ACCOUNT, SimulatedVenue, World
from perpbot.simulation.venues.websocket import Session, WebSocket
from perpbot.venues.ecgfp5 import ORDER, encode, holds, public
from perpbot.venues.goldilocks import ELEMENT_BYTES, digest, limbs, to_bytes

_BASE, _API, _STREAM = "/lighter", "/lighter/api/v1/", "/lighter/stream"
_SLOW_NS = clock.NS_PER_SECOND
_LONGEST_TOKEN_S = 8 * 3600
_FACTS = {
    # coin: market, price decimals, size decimals, leverage
    "BTC": (1, 1, 5, 50),
    "ETH": (0, 2, 4, 50),
    "SOL": (2, 3, 3, 25),
    "DOGE": (3, 6, 0, 10),
}


class Lighter(SimulatedVenue):
    """Lighter."""

    name: ClassVar[str] = "lighter"
    currency: ClassVar[str] = "USDC"
    band: ClassVar[Decimal] = Decimal("0.2")
    fee_step: ClassVar[Decimal] = Decimal("1e-12")
    streams: dict[LighterStream, None]

    def __init__(self, world: World, coins: Sequence[str], now_ns: int, port: int = 0) -> None:
        super().__init__(world, coins, now_ns, port)
        keys = self.credentials()
        self.account_index, self.key_index = int(keys["accountId"]), int(keys["apiKey"])
        self.public_key = public(int.from_bytes(bytes.fromhex(keys["privateKey"]), "little"))
        self.data = LighterData(self)
        self.trading = LighterTrading(self)
        self.nonces = dict.fromkeys(self.coins, 9_182_390_020)
        """The matching engine's count when each book was last told."""
        self._limits = Limits(burst=1000, per_second=50)
        self._touch: dict[str, Words] = {}

    # -- facts ---------------------------------------------------------------------------------------------------

    def instruments(self, coins: Sequence[str]) -> list[Instrument]:
        """Perpetuals named by numbers, sized in coins."""
        return [_instrument(coin) for coin in coins]

    def credentials(self) -> dict[str, str]:
        """An API key's private key and index, and the account's index."""
        made = shake_256(f"{self.world.id}/lighter".encode()).digest(2 * ELEMENT_BYTES)
        key = int.from_bytes(made, "little") % (ORDER - 1) + 1
        return {
            "privateKey": key.to_bytes(ELEMENT_BYTES, "little").hex(),
            "apiKey": "5",
            "accountId": str(1_000 + int.from_bytes(made[:2], "little")),
        }

    def endpoints(self) -> dict[str, Any]:
        """The paths continue as on the real host: ``/api/v1/…`` and ``/stream``."""
        http, ws = (f"{scheme}://127.0.0.1:{self.server.port}" for scheme in ("http", "ws"))
        return {"rest": f"{http}{_BASE}", "ws": {"public": f"{ws}{_STREAM}", "private": f"{ws}{_STREAM}"}}

    # -- HTTP ----------------------------------------------------------------------------------------------------

    def trades(self, request: Request) -> bool:
        """Whether a request places or cancels orders."""
        return request.method == "POST" and request.path == f"{_API}sendTx"

    def too_many(self) -> Answer:
        """429 with a code."""
        return _refuse(LighterError(23000, "Too Many Requests!", 429))

    def respond(self, request: Request, now_ns: int) -> Answer:
        """Find the endpoint, check the token where it wants one, and answer with a code."""
        if not self._limits.allow("requests", now_ns):
            return self.too_many()
        try:
            return self._answer(request, now_ns)
        except LighterError as error:
            return _refuse(error)
        except MALFORMED:
            return _refuse(LighterError(20001, "invalid param"))

    def _answer(self, request: Request, now_ns: int) -> Answer:
        if request.path.rstrip("/") == _BASE:
            return _json({"status": 1, "network_id": 1, "timestamp": now_ns // clock.NS_PER_SECOND})
        if self.trades(request):
            return _envelope(self.trading.send(_form(request), now_ns))
        name, asked = request.path.removeprefix(_API), request.parameters
        handler = self.data.handlers.get(name) or self._about_anyone.get(name)
        if handler is None:
            handler = self.trading.handlers.get(name)
            if handler is None or request.method != "GET":
                return Answer(404, b"404 page not found", {"Content-Type": "text/plain"})
            self.check_token(request.headers.get("authorization", ""), now_ns)
            self._check_account(asked.get("account_index", ""))
        return _envelope(handler(asked, now_ns))

    @property
    def _about_anyone(self) -> dict[str, Any]:
        """Questions about an account that need no token."""
        return {"account": self._account, "apikeys": self._keys, "nextNonce": self._next_nonce}

    def _check_account(self, index: str) -> None:
        if index != str(self.account_index):
            raise LighterError(21100, "account not found")

    def check_token(self, token: str, now_ns: int) -> None:
        """Whether a token is the account's, and good at this time."""
        text, _, signature = token.rpartition(":")
        parts = text.split(":")
        if len(parts) != 3 or not all(each.isdecimal() for each in parts):  # noqa: PLR2004 - time, account, key
            raise LighterError(20013, "invalid auth token", 401)
        left_s = int(parts[0]) - now_ns // clock.NS_PER_SECOND
        if not 0 <= left_s <= _LONGEST_TOKEN_S or parts[1:] != [str(self.account_index), str(self.key_index)]:
            raise LighterError(20013, "invalid auth: expired, too long, or of another account", 401)
        try:
            signed = bytes.fromhex(signature)
        except ValueError as error:
            raise LighterError(20013, "invalid auth: signature", 401) from error
        if not holds(self.public_key, digest(limbs(text.encode())), signed):
            raise LighterError(20013, "invalid auth: signature", 401)

    def _account(self, asked: Any, _now_ns: int) -> Words:
        if asked.get("by") != "index":
            raise LighterError(20001, "invalid param : by")
        self._check_account(asked.get("value", ""))
        return {"total": 1, "accounts": [self.trading.account_words()]}

    def _keys(self, asked: Any, _now_ns: int) -> Words:
        self._check_account(asked.get("account_index", ""))
        if asked.get("api_key_index", "255") not in {"255", str(self.key_index)}:
            raise LighterError(21109, "api key not found")
        key = {"account_index": self.account_index, "api_key_index": self.key_index, "nonce": self.trading.nonce + 1}
        return {"api_keys": [{**key, "public_key": to_bytes(encode(self.public_key)).hex()}]}

    def _next_nonce(self, asked: Any, _now_ns: int) -> Words:
        self._check_account(asked.get("account_index", ""))
        return {"nonce": self.trading.nonce + 1}

    # -- streams -------------------------------------------------------------------------------------------------

    def open_stream(self, request: Request, socket: WebSocket) -> Session | None:
        """One stream for everything."""
        if request.path != _STREAM:
            return None
        with self.lock:
            stream = LighterStream(self, socket, self.now_ns)
            self.streams[stream] = None
            return stream

    def first_words(self, channel: str, now_ns: int) -> Words:
        """What a subscription starts with."""
        kind, _, rest = channel.partition(":")
        return {
            "type": f"subscribed/{kind}",
            "channel": channel,
            **self._content(kind, rest),
            "timestamp": words.ms(now_ns),
        }

    def _content(self, kind: str, rest: str) -> Words:
        if kind.startswith(("account", "user")):
            return self._own_content(kind)
        symbol = rest.partition(":")[0]
        if kind == "order_book":
            book, nonce = self.engine.books[symbol], self.nonces[symbol]
            asks, bids = (_level_words(side.picture(1000)) for side in (book.asks, book.bids))
            return {
                "order_book": {"code": 0, "asks": asks, "bids": bids, "offset": 0, "nonce": nonce, "begin_nonce": 0}
            }
        if kind == "market_stats":
            told = {each: self.data.stats_words(each) for each in self.coins}
            return {"market_stats": told if rest == "all" else told[symbol]}
        if kind == "ticker":
            return {"ticker": self.data.touch_words(symbol)}
        if kind == "candle":
            return {"candles": [self.data.bar_words(self.tapes[symbol].minute)]}
        return {"trades": [], "liquidation_trades": []}

    def _own_content(self, kind: str) -> Words:
        account = self.engine.accounts[ACCOUNT]
        if kind == "account_all_orders":
            return {"orders": _by_market(self.trading.order_words(each) for each in account.open_orders)}
        if kind == "account_all_positions":
            held = [symbol for symbol, each in account.positions.items() if each.size]
            return {"positions": self.trading.positions(held), "shares": []}
        if kind == "user_stats":
            return {"stats": words.stats_words(account, self.engine.marks)}
        if kind == "account_all":
            return self._summary([], list(self.coins))
        if kind == "account_all_assets":
            asset = {"symbol": "USDC", "asset_id": words.USDC, "balance": "0.000000", "locked_balance": "0.000000"}
            return {"assets": {str(words.USDC): asset}}
        return {"total_volume": 0, "monthly_volume": 0, "weekly_volume": 0, "daily_volume": 0}

    def announce(self, events: Sequence[Event], now_ns: int) -> None:
        """Orders one by one with their trades, then what has become of positions and collateral."""
        changed: dict[str, None] = {}
        for event in events:
            changed[event.symbol if isinstance(event, Funded) else event.order.symbol] = None
            if isinstance(event, OrderEvent):
                self._tell_order(event, now_ns)
        self._tell("account_all_positions", {"positions": self.trading.positions(changed), "shares": []}, now_ns)
        self._tell("user_stats", self._own_content("user_stats"), now_ns)
        fills = [
            words.fill_words(each.execution, self.instrument(each.order.symbol), self.account_index)
            for each in events
            if isinstance(each, OrderEvent) and each.execution is not None
        ]
        self._tell("account_all", self._summary(fills, changed), now_ns)

    def _summary(self, fills: Sequence[Words], symbols: Iterable[str]) -> Words:
        """What has become of the account, all at once: new trades, and positions in some markets."""
        volumes = {f"{span}_volume": 0 for span in ("total", "monthly", "weekly", "daily")}
        counts = {f"{span}_trades_count": len(fills) for span in ("total", "monthly", "weekly", "daily")}
        return {
            "account": self.account_index,
            **counts,
            **volumes,
            "funding_histories": {},
            "positions": self.trading.positions(symbols),
            "shares": [],
            "trades": _by_market(fills, "market_id"),
        }

    def _tell_order(self, event: OrderEvent, now_ns: int) -> None:
        if event.execution is not None:
            fill = words.fill_words(event.execution, self.instrument(event.order.symbol), self.account_index)
            self._tell("account_all_trades", {"trades": _by_market([fill], "market_id")}, now_ns)
        self._tell("account_all_orders", {"orders": _by_market([self.trading.order_words(event.order)])}, now_ns)

    def _tell(self, kind: str, content: Words, now_ns: int) -> None:
        channel = f"{kind}:{self.account_index}"
        for _ in range(2 if self.faults.take("duplicates") else 1):
            self._publish(channel, content, now_ns)

    def publish(self, symbol: str, bids: Changes, asks: Changes, prints: Sequence[Print], now_ns: int) -> None:
        """Books as changes, the touch when it changes, trades; the rest once a second."""
        if bids or asks:
            self._publish_book(symbol, bids, asks, now_ns)
            touch = self.data.touch_words(symbol)
            if touch != self._touch.get(symbol):
                self._touch[symbol] = touch
                self._publish(f"ticker:{symbol}", {"ticker": touch}, now_ns)
        if prints:
            told = [words.print_words(each, self.instrument(symbol)) for each in prints]
            self._publish(f"trade:{symbol}", {"trades": told, "liquidation_trades": []}, now_ns)
        if self.is_due(symbol, now_ns, _SLOW_NS):
            self._publish(f"market_stats:{symbol}", {"market_stats": self.data.stats_words(symbol)}, now_ns)
            if "market_stats:all" in self.topics:
                self._publish("market_stats:all", {"market_stats": {symbol: self.data.stats_words(symbol)}}, now_ns)
            for resolution in BAR_MINUTES:
                bar = (
                    self.tapes[symbol].minute
                    if resolution == "1m"
                    else self.tapes[symbol].bars(BAR_MINUTES[resolution])[-1]
                )
                self._publish(f"candle:{symbol}:{resolution}", {"candles": [self.data.bar_words(bar)]}, now_ns)
            for stream in list(self.streams):
                stream.beat(now_ns)

    def _publish(self, channel: str, content: Words, now_ns: int) -> None:
        if channel in self.topics:
            head = {"type": f"update/{channel.partition(':')[0]}", "channel": channel}
            whole = {**head, **content, "timestamp": words.ms(now_ns)}
            self.topics.publish(channel, msgspec.json.encode(whole).decode())

    def _publish_book(self, symbol: str, bids: Changes, asks: Changes, now_ns: int) -> None:
        """What has changed; the count begins with that of the change before."""
        begin = self.nonces[symbol]
        self.nonces[symbol] = nonce = begin + len(bids) + len(asks)
        self.publish_book(
            f"order_book:{symbol}",
            f'{{"order_book":{{"asks":[{_levels(asks)}],"bids":[{_levels(bids)}],"code":0,"offset":{nonce % 10**7},'
            f'"nonce":{nonce},"begin_nonce":{begin}}},"channel":"order_book:{symbol}","offset":{nonce % 10**7},'
            f'"timestamp":{words.ms(now_ns)},"type":"update/order_book"}}',
        )


def _levels(levels: Changes) -> str:
    return ",".join([f'{{"price":"{price!s}","size":"{size!s}"}}' for price, size in levels])


def _level_words(levels: Changes) -> list[Words]:
    return [{"price": str(price), "size": str(size)} for price, size in levels]


def _by_market(rows: Any, name: str = "market_index") -> dict[str, list[Words]]:
    """Rows under the markets they are of."""
    found: dict[str, list[Words]] = {}
    for row in rows:
        found.setdefault(str(row[name]), []).append(row)
    return found


def _form(request: Request) -> dict[str, str]:
    """The fields of a form, with several parts or written like a query."""
    kind = request.headers.get("content-type", "")
    if kind == "application/x-www-form-urlencoded":
        return dict(parse_qsl(request.body.decode(), strict_parsing=True))
    head = f"Content-Type: {kind}\r\n\r\n".encode()
    whole = BytesParser(_class=EmailMessage, policy=HTTP).parsebytes(head + request.body)
    return {
        str(part.get_param("name", header="content-disposition")): str(part.get_content()).strip()
        for part in whole.iter_parts()
    }


def _envelope(content: Words) -> Answer:
    return _json({"code": 200, **content})


def _refuse(error: LighterError) -> Answer:
    return _json({"code": error.code, "message": error.message}, error.status)


def _json(content: Words, status: int = 200) -> Answer:
    return Answer(status, msgspec.json.encode(content))


def _instrument(coin: str) -> Instrument:
    market, price_decimals, size_decimals, leverage = _FACTS[coin]
    lot = Decimal(1).scaleb(-size_decimals)
    return Instrument(
        venue="lighter",
        symbol=canonical_symbol(coin),
        native=str(market),
        base=coin,
        quote="USDC",
        tick=Decimal(1).scaleb(-price_decimals),
        lot=lot,
        min_quantity=lot * 20,
        min_notional=Decimal(10),
        maker_fee=Decimal("0.00004"),
        taker_fee=Decimal("0.00028"),
        funding_hours=Decimal(1),
        max_leverage=Decimal(leverage),
    )
