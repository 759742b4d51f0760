"""What the tests of venues share: venues without a network, answers that were written down, orders to place."""

import json
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from extended_cases import start as extended_start

from perpbot.model.instrument import Instrument, InstrumentTable, Side
from perpbot.model.money import Money, Price, Quantity
from perpbot.model.order import Fill, Liquidity, Order, TimeInForce
from perpbot.venues.grvt import Grvt
from perpbot.venues.grvt_client import Session
from perpbot.venues.http import Http, Reply, Request
from perpbot.venues.registry import venue_class
from perpbot.venues.venue import Credentials, Venue

PRIVATE_KEY = "0x" + "4f" * 32
"""Of no wallet that holds anything."""
MASTER = "0x" + "ab" * 20

CREDENTIALS: Mapping[str, Mapping[str, str]] = {
    "okx": {"apiKey": "key-1", "secret": "secret-1", "password": "phrase-1"},
    "hyperliquid": {"privateKey": PRIVATE_KEY, "walletAddress": MASTER},
    "aster": {"privateKey": PRIVATE_KEY, "walletAddress": MASTER},
    "backpack": {
        "apiKey": "6kpsY+KcUgq+9VB7Ey7F+ZVHdq6+vnuSQh7qaRRG0iw=",
        "secret": "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=",
    },
    "edgex": {
        "apiKey": "key-1",
        "secret": "secret-1",
        "password": "phrase-1",
        "privateKey": PRIVATE_KEY,
        "accountId": "77",
    },
    "grvt": {"apiKey": "key-1", "privateKey": PRIVATE_KEY},
    "extended": {"apiKey": "key-1", "privateKey": "0x" + "4f" * 31},
    "paradex": {"privateKey": "0x" + "4f" * 31, "walletAddress": "0x" + "ab" * 31},
    "lighter": {"privateKey": "4f" * 39 + "00", "apiKey": "5", "accountId": "65"},
}
NAMES = tuple(CREDENTIALS)
NATIVE_BTC = {
    "okx": "BTC-USDT-SWAP",
    "hyperliquid": "BTC",
    "aster": "BTCUSDT",
    "backpack": "BTC_USDC_PERP",
    "grvt": "BTC_USDT_Perp",
    "extended": "BTC-USD",
    "paradex": "BTC-USD-PERP",
    "edgex": "30000001",
    "lighter": "1",
}
QUOTES = dict.fromkeys(("edgex", "hyperliquid", "backpack", "paradex", "extended", "lighter"), "USDC")
"""Those that are not settled in USDT."""
EDGEX_META: dict[str, Any] = {
    "global": {"nativeChainId": "3343", "contractAddress": "0x" + "ed" * 20},
    "coinList": [
        {"coinId": "1000", "coinName": "USDC", "stepSize": "0.000001", "resolution": "0xf4240"},
        {"coinId": "1001", "coinName": "BTC", "stepSize": "0.001", "resolution": None},
    ],
    "contractList": [
        {
            "contractId": "30000001", "contractName": "BTCUSDC", "baseCoinId": "1001", "quoteCoinId": "1000",
            "tickSize": "0.1", "stepSize": "0.001", "minOrderSize": "0.002", "defaultTakerFeeRate": "0.00045",
            "defaultMakerFeeRate": "0.0004", "fundingRateIntervalMin": "240", "enableTrade": True,
            "enableOpenPosition": True, "resolution": "10000000000", "riskTierList": [{"maxLeverage": "100"}],
        }
    ],
    "status": "NORMAL",
}  # fmt: skip
"""EdgeX's metadata, and the status of an account beside it: one answer to both questions asked before trading."""
LIGHTER_MARKETS: dict[str, Any] = {
    "code": 200,
    "order_book_details": [
        {
            "symbol": "BTC", "market_id": 1, "market_type": "perp", "status": "active", "taker_fee": "0.0280",
            "maker_fee": "0.0040", "min_base_amount": "0.00020", "min_quote_amount": "10.000000", "size_decimals": 5,
            "price_decimals": 1, "default_initial_margin_fraction": 500, "min_initial_margin_fraction": 200,
        },
        {
            "symbol": "1000PEPE", "market_id": 4, "market_type": "perp", "status": "active", "taker_fee": "0.0000",
            "maker_fee": "0.0000", "min_base_amount": "500", "min_quote_amount": "10.000000", "size_decimals": 0,
            "price_decimals": 6, "default_initial_margin_fraction": 1000, "min_initial_margin_fraction": 1000,
        },
    ],
}  # fmt: skip
META = '{"universe":[{"name":"BTC","szDecimals":5,"maxLeverage":40},{"name":"kPEPE","szDecimals":0,"maxLeverage":10}]}'

PARADEX_START = '{"starknet_chain_id":"PRIVATE_SN_PARACLEAR_MAINNET","jwt_token":"token-1"}'
"""The answers to both questions Paradex is asked before it is traded at."""

GRVT_ACCOUNT = "2147050003876484"
GRVT_MARKET: dict[str, Any] = {
    "instrument": "BTC_USDT_Perp", "instrument_hash": "0x030501", "base": "BTC", "quote": "USDT", "kind": "PERPETUAL",
    "base_decimals": 9, "quote_decimals": 6, "tick_size": "0.1", "min_size": "0.001", "funding_interval_hours": 4,
    "min_notional": "100.0",
}  # fmt: skip


def price(text: str) -> Price:
    """A price as a venue writes it."""
    return Price(Decimal(text))


def size(text: str) -> Quantity:
    """Coins as a venue writes them."""
    return Quantity(Decimal(text))


Answer = str | bytes | dict[str, Any] | list[Any] | tuple[int, str | bytes] | Exception


class Answers(Http):
    """An `Http` that opens no connection: every request is kept and answered by a function."""

    def __init__(self, answer: Callable[[Request], Answer] | None = None) -> None:
        super().__init__()
        self._answer = answer
        self.requests: list[Request] = []

    def send(self, request: Request) -> Reply:
        """The answer written down for `request`."""
        self.requests.append(request)
        if self._answer is None:
            raise AssertionError(f"a request went out: {request.method} {request.url}")
        return reply(self._answer(request))


def reply(answer: Answer) -> Reply:
    """`answer` as a reply of status 200, or of the status given with it."""
    if isinstance(answer, Exception):
        raise answer
    status, body = answer if isinstance(answer, tuple) else (200, answer)
    text = body if isinstance(body, str | bytes) else json.dumps(body)
    return Reply(status, text.encode() if isinstance(text, str) else text)


def in_turn(answers: Sequence[Answer]) -> Callable[[Request], Answer]:
    """Answers given one after the other."""
    remaining = iter(answers)
    return lambda _request: next(remaining)


def venue(name: str, answer: Callable[[Request], Answer] | None = None, *, signed: bool = True) -> Venue:
    """A venue that asks `answer` in place of the network."""
    kind = venue_class(name)
    if name == "paradex" and answer is not None:
        answer = once_logged_in(answer)
    made = kind(kind.mainnet, Answers(answer), Credentials(CREDENTIALS[name]) if signed else None)
    if isinstance(made, Grvt):
        made.client.session, made.client.sub_account = Session("gravity=cookie-1", MASTER), GRVT_ACCOUNT
    return made


def once_logged_in(answer: Callable[[Request], Answer]) -> Callable[[Request], Answer]:
    """`answer`, but Paradex's token and the number of its chain are given away."""
    begins = ("/v1/auth", "/v1/system/config")
    return lambda request: PARADEX_START if urlsplit(request.url).path in begins else answer(request)


def parameters_of(request: Request) -> dict[str, Any]:
    """What a request asks for, by query, form or JSON."""
    if request.body is None:
        return dict(parse_qsl(urlsplit(request.url).query))
    text = request.body if isinstance(request.body, str) else request.body.decode()
    if text.startswith("--"):  # a form in parts: Lighter's, whose transaction is JSON
        text = text[text.index("{") : text.rindex("}") + 1]
    found: dict[str, Any] = json.loads(text) if text.startswith("{") else dict(parse_qsl(text))
    return found


def edgex(data: object, code: str = "SUCCESS") -> dict[str, Any]:
    """EdgeX's envelope."""
    return {"code": code, "data": data, "msg": None, "errorParam": None}


def trading(name: str) -> Venue:
    """A venue that is ready to sign and may not send."""
    start: dict[str, Answer] = {"edgex": edgex(EDGEX_META), "grvt": {"result": [GRVT_MARKET]}}
    made = venue(name, extended_start if name == "extended" else lambda _request: start.get(name, META))
    if name == "grvt":
        made.fetch_instruments()
    if name in {"edgex", "extended", "hyperliquid", "paradex"}:
        made.prepare_trading()
    made.http = Answers()
    return made


def sent(made: Venue) -> list[Request]:
    """The requests a venue of these tests has sent."""
    assert isinstance(made.http, Answers)
    return made.http.requests


def bitcoin(name: str, **changes: Any) -> Instrument:
    """Bitcoin's perpetual as `name` trades it."""
    usual: dict[str, Any] = {
        "venue": name,
        "symbol": "BTC-PERP",
        "native": NATIVE_BTC[name],
        "base": "BTC",
        "quote": QUOTES.get(name, "USDT"),
        "tick": Decimal("0.1"),
        "lot": Decimal("0.001"),
        "min_quantity": Decimal("0.001"),
        "contract_size": Decimal("0.01") if name == "okx" else Decimal(1),
        "significant_figures": 5 if name == "hyperliquid" else None,
    }
    return Instrument(**{**usual, **changes})


def with_bitcoin(made: Venue, **changes: Any) -> Venue:
    """`made`, knowing Bitcoin's perpetual."""
    made.instruments = InstrumentTable([bitcoin(made.name, **changes)])
    return made


def an_order(made: Venue, **changes: Any) -> Order:
    """A small order; `changes` say what is different about it."""
    usual: dict[str, Any] = {
        "client_id": "1",
        "wire_id": made.wire_id(1),
        "venue": made.name,
        "account": "main",
        "symbol": "BTC-PERP",
        "side": Side.BUY,
        "quantity": Quantity(Decimal("0.05")),
        "price": Price(Decimal(65_000)),
        "time_in_force": TimeInForce.IOC,
        "reduce_only": False,
        "trade_id": "trade-1",
        "leg": "buy",
        "purpose": "open",
    }
    return Order(**{**usual, **changes})


def fill_of(
    name: str,
    side: Side,
    liquidity: Liquidity,
    time_ns: int,
    *,
    at: str,
    quantity: str,
    fee: str,
    trade_ref: str,
    client_id: str,
    venue_order_id: str,
) -> Fill:
    """A fill of Bitcoin's perpetual in the main account at `name`; `fee` is in what that is quoted in."""
    quote = QUOTES.get(name, "USDT")
    return Fill(
        venue=name,
        account="main",
        symbol="BTC-PERP",
        trade_ref=trade_ref,
        client_id=client_id,
        venue_order_id=venue_order_id,
        side=side,
        price=price(at),
        quantity=size(quantity),
        fee=Money(Decimal(fee), quote),
        liquidity=liquidity,
        time_ns=time_ns,
        quote=quote,
    )
