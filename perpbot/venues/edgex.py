"""EdgeX, version 2 of its interface: linear perpetuals settled in USDC, cross margin, net positions.

Private requests are signed with an API key (``apiKey``, ``secret``, ``password``), orders besides that with the key of
a signer of the account (``privateKey``). Source: https://edgex-1.gitbook.io/edgeX-documentation/api-v2 and the
official Python SDK 2.0.1.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlencode, urlsplit

import msgspec

from perpbot.model.book import Follows
from perpbot.model.events import BookDelta, BookSnapshot, DecodeError, Event
from perpbot.model.instrument import Instrument, Side
from perpbot.model.money import plain
from perpbot.model.order import (
    Accepted,
    Balance,
    Fill,
    FundingPayment,
    Order,
    OrderUpdate,
    Outcome,
    Position,
    Refused,
    TimeInForce,
    Unknown,
)
from perpbot.venues.answers import OK, first, reads, unclear_or_limited
from perpbot.venues.edgex_account import FUNDING, Assets, FillRow, OrderRow, PositionChange
from perpbot.venues.edgex_client import SUCCESS, Answer, EdgexClient, Page, reader
from perpbot.venues.edgex_frames import Depth, EdgexFrames
from perpbot.venues.edgex_instruments import Account, MetaData, contracts, instruments
from perpbot.venues.edgex_signing import (
    Contract,
    Domain,
    Json,
    SignedOrder,
    order_signature,
)
from perpbot.venues.http import Reply, Request
from perpbot.venues.recorded import Recorded
from perpbot.venues.venue import Endpoints, Heartbeat, Margin, Venue, VenueReadError
from perpbot.venues.wire import JsonReader, positive

BOOK_LEVELS = 15
PRIVATE_STREAM = "/api/v1/private/ws"
"""The path that the handshake's signature covers."""
DAY_MS = 24 * 3_600_000
ORDER_DAYS = 22
"""How long an order waits."""
SIGNATURE_DAYS = 8
"""How much longer its signature must be good."""
HISTORY_DAYS = 2
"""How far back an order is looked for that EdgeX does not find by its client id."""

_TIFS = {
    TimeInForce.IOC: "IMMEDIATE_OR_CANCEL",
    TimeInForce.GTC: "GOOD_TIL_CANCEL",
    TimeInForce.POST_ONLY: "POST_ONLY",
}
_DUPLICATE = re.compile(r"DUPLICAT|REPEAT|ALREADY|CLIENT_ORDER_ID")
_LIMITED = re.compile(r"TOO_MANY|RATE_LIMIT|FREQUEN")
_REFUSAL = re.compile(
    r"INVALID|NOT_ENOUGH|INSUFFICIENT|UNAUTHORIZED|FORBIDDEN|DISABLED?|EXPIRED?|REDUCE_ONLY|EXCEED|TOO_SMALL|TOO_LARGE"
)
"""Codes after which there is no order. EdgeX lists none, so that what is not plainly one leaves the order open."""


class _Placed(msgspec.Struct, rename="camel"):
    order_id: str


class Edgex(Venue):
    """EdgeX with one account at it."""

    name = "edgex"
    mainnet = Endpoints(
        rest="https://edgex-prod-v2.edgex.exchange",
        public_ws="wss://edgex-quote-prod-v2.edgex.exchange/api/v1/public/ws",
        private_ws=f"wss://edgex-quote-prod-v2.edgex.exchange{PRIVATE_STREAM}",
    )
    credential_names = ("apiKey", "secret", "password", "privateKey", "accountId")
    recorded = Recorded("getMetaData", book="getDepth", named="contractId")
    request_lifetime_s: ClassVar[float] = 10.0
    """Signed into every order that does not wait. One that waits is good for as long as EdgeX takes the time of its
    request, which is not documented."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._client = EdgexClient(self)
        self._contracts: dict[str, Contract] = {}
        self._domain: Domain | None = None
        self._frames = EdgexFrames(self)
        self._read_answer: JsonReader[Answer] = reader(Answer)
        self._read_meta: JsonReader[MetaData] = reader(MetaData)
        self._read_account: JsonReader[Account] = reader(Account)
        self._read_depths: JsonReader[list[Depth]] = reader(list[Depth])
        self._read_placed: JsonReader[_Placed] = reader(_Placed)
        self._read_orders: JsonReader[list[OrderRow] | None] = reader(list[OrderRow] | None)
        self._read_order_page: JsonReader[Page[OrderRow]] = reader(Page[OrderRow])
        self._read_fill_page: JsonReader[Page[FillRow]] = reader(Page[FillRow])
        self._read_change_page: JsonReader[Page[PositionChange]] = reader(Page[PositionChange])
        self._read_assets: JsonReader[Assets] = reader(Assets)

    # -- instruments ---------------------------------------------------------------------------------------------

    @reads
    def fetch_instruments(self) -> list[Instrument]:
        """Every contract in which positions may be opened; fees are the account's where there are credentials."""
        meta = self._learn()
        if self.credentials is None:
            return instruments(meta)
        return instruments(meta, self._client.private(self._read_account, "account/getAccountById"))

    def _learn(self) -> MetaData:
        meta = self._client.public(self._read_meta, "meta/getMetaData")
        self._frames.coins = meta.coins()
        return meta

    def read_instruments(self, answer: bytes) -> list[Instrument]:
        """The contracts in an answer of ``getMetaData``."""
        return instruments(self._read_meta(self._read_answer(answer).data))

    def read_book(self, native: str, answer: bytes) -> BookSnapshot:
        """The book in an answer of ``getDepth``."""
        del native  # the answer names it
        return self._frames.book(first(self.name, self._read_depths(self._read_answer(answer).data)))

    # -- public stream -------------------------------------------------------------------------------------------

    @property
    def public_heartbeat(self) -> Heartbeat:
        """Quiet books send empty changes; EdgeX pings too, and closes a stream that leaves five unanswered."""
        return Heartbeat(interval_s=10.0, silence_s=25.0, frame='{"type":"ping","time":"0"}')

    def public_subscriptions(self, instruments: Sequence[Instrument]) -> list[str]:
        """Book, and the ticker with mark price and funding, of each contract."""
        return [
            _message("subscribe", channel)
            for each in instruments
            for channel in (_depth(each), f"ticker.{each.native}")
        ]

    def tape_subscriptions(self, instruments: Sequence[Instrument]) -> list[str]:
        """Trades, and bars of the last price."""
        return [
            _message("subscribe", channel)
            for each in instruments
            for channel in (f"trades.{each.native}", f"kline.LAST_PRICE.{each.native}.MINUTE_1")
        ]

    def book_resubscription(self, instrument: Instrument) -> list[str]:
        """Leave the book's channel and enter it again: the snapshot comes first."""
        return [_message("unsubscribe", _depth(instrument)), _message("subscribe", _depth(instrument))]

    def decode_public(self, frame: str | bytes, received_ns: int) -> list[Event]:
        """The events in a frame; `DecodeError` when it is not EdgeX's protocol."""
        return self._frames.decode(frame, received_ns)

    def follows(self, book_sequence: int, delta: BookDelta) -> Follows:
        """A change begins with the version that the one before ended with."""
        return Follows.NEXT if delta.previous == book_sequence else Follows.GAP

    @reads
    def fetch_book(self, instrument: Instrument) -> BookSnapshot:
        """The book's best levels, as many as the stream has."""
        asked = {"contractId": instrument.native, "level": str(BOOK_LEVELS)}
        rows = self._client.public(self._read_depths, "quote/getDepth", **asked)
        return self._frames.book(first(self.name, rows))

    # -- private stream ------------------------------------------------------------------------------------------

    def open_private(self) -> str:
        """Where the account's stream is, with the time it is asked for."""
        query = {"accountId": self.secrets["accountId"], "timestamp": str(self.venue_ms())}
        return f"{self.endpoints.private_ws}?{urlencode(query)}"

    def private_headers(self, url: str) -> Mapping[str, str]:
        """The signature of the handshake over what its URL asks for."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        return self._client.signed("GET", PRIVATE_STREAM, query, query["timestamp"])

    def private_subscriptions(self, instruments: Sequence[Instrument]) -> list[str]:
        """None: the stream brings everything."""
        del instruments
        return []

    def decode_private(self, frame: str | bytes, received_ns: int) -> list[Event]:
        """The events in a frame; `DecodeError` when it is not EdgeX's protocol."""
        return self._frames.decode(frame, received_ns)

    # -- trading -------------------------------------------------------------------------------------------------

    @reads
    def prepare_trading(self) -> None:
        """Learn what signing needs to know of the contracts, and make sure that the account may trade."""
        meta = self._learn()
        self._contracts, self._domain = contracts(meta), meta.domain()
        status = self._client.private(self._read_account, "account/getAccountById").status
        if status != "NORMAL":
            raise VenueReadError(f"edgex: account {self.account!r} cannot trade, its status is {status}")

    @reads
    def fetch_margins(self, instruments: Sequence[Instrument]) -> dict[str, Margin]:
        """The leverage of each contract that has one of its own; the others' is not known until it is set."""
        settings = self._client.private(self._read_account, "account/getAccountById").contract_id_to_trade_setting
        return {
            each.symbol: Margin(positive(told.max_leverage, self.name, f"maxLeverage of {each.symbol}"))
            for each in instruments
            if (told := settings.get(each.native)) is not None and told.is_set_max_leverage
        }

    @reads
    def set_margin(self, instrument: Instrument, leverage: int) -> None:
        """Set the leverage of a contract; the account's margin is cross."""
        asked = {"contractId": instrument.native, "leverage": str(leverage)}
        self._client.carry_out("account/updateLeverageSetting", asked)

    def place(self, order: Order, instrument: Instrument) -> Request:
        """The signed request that places `order`. One that does not wait expires after `request_lifetime_s`."""
        size, price = instrument.wire_size(order.quantity), instrument.wire_price(order.price)
        now_ms = self.venue_ms()
        waits = order.time_in_force is not TimeInForce.IOC
        life_ms = ORDER_DAYS * DAY_MS if waits else int(self.request_lifetime_s * 1_000)
        expires_s = (now_ms + life_ms) // 1_000
        contract, domain = self._facts(instrument)
        signed = SignedOrder(
            account_id=int(self.secrets["accountId"]),
            contract_id=int(instrument.native),
            client_id=order.wire_id,
            buys=order.side is Side.BUY,
            size=size,
            price=price,
            expires_s=expires_s,
        )
        body: dict[str, Json] = {
            "contractId": instrument.native,
            "price": plain(price),
            "size": plain(size),
            "type": "LIMIT",
            "side": order.side.value.upper(),
            "timeInForce": _TIFS[order.time_in_force],
            "clientOrderId": order.wire_id,
            "expireTime": str(expires_s * 1_000),
            "reduceOnly": order.reduce_only,
            "isPositionTpsl": False,
            "isSetOpenTp": False,
            "isSetOpenSl": False,
            "l2Nonce": str(signed.nonce),
            "l2Value": plain(signed.value),
            "l2Size": plain(size),
            "l2LimitFee": plain(signed.most_fee(contract)),
            "l2ExpireTime": str(expires_s * 1_000 + SIGNATURE_DAYS * DAY_MS),
            "l2Signature": order_signature(self.secrets["privateKey"], domain, signed, contract),
        }
        return self._client.post("order/createOrder", body)

    def _facts(self, instrument: Instrument) -> tuple[Contract, Domain]:
        contract = self._contracts.get(instrument.native)
        if contract is None or self._domain is None:
            raise VenueReadError(f"edgex: {instrument.native} was not listed when trading was prepared")
        return contract, self._domain

    def read_place(self, reply: Reply) -> Outcome:
        """What became of an order; the answer's code says it."""
        by_status = unclear_or_limited(self.name, reply)
        if by_status is not None:
            return by_status
        try:
            answer = self._read_answer(reply.body)
            if answer.code == SUCCESS and reply.status == OK:
                order_id = self._read_placed(answer.data).order_id
                return Accepted(order_id) if order_id else Unknown(f"edgex answered {reply.excerpt!r}")
        except DecodeError as error:
            return Unknown(f"{error} in {reply.excerpt!r}")
        return _complaint(answer.code, answer.msg or "")

    def cancel(self, order: Order, venue_order_id: str | None, instrument: Instrument) -> Request:
        """The signed request that cancels `order`."""
        del instrument
        if venue_order_id:
            return self._client.post("order/cancelOrderById", {"orderIdList": [venue_order_id]})
        return self._client.post("order/cancelOrderByClientOrderId", {"clientOrderIdList": [order.wire_id]})

    @reads
    def fetch_order(self, order: Order, instrument: Instrument) -> OrderUpdate | None:
        """What EdgeX knows of `order`: by its client id, and where that finds nothing in the history of late."""
        path = "order/getOrderByClientOrderId"
        rows = self._client.private(self._read_orders, path, clientOrderIdList=order.wire_id) or self._history(
            instrument
        )
        found = next((row for row in rows if row.client_order_id == order.wire_id), None)
        return None if found is None else self._frames.account.order(found)

    def _history(self, instrument: Instrument) -> list[OrderRow]:
        since_ms = self.venue_ms() - HISTORY_DAYS * DAY_MS
        asked = {"filterContractIdList": instrument.native, "filterStartCreatedTimeInclusive": str(since_ms)}
        return self._client.pages(self._read_order_page, "order/getHistoryOrderPage", **asked)

    @reads
    def fetch_open_orders(self) -> list[OrderUpdate]:
        """Every open order."""
        rows = self._client.pages(self._read_order_page, "order/getActiveOrderPage")
        return [self._frames.account.order(row) for row in rows]

    @reads
    def fetch_fills(self, since_ms: int) -> list[Fill]:
        """The account's fills, oldest first."""
        path = "order/getHistoryOrderFillTransactionPage"
        rows = self._client.pages(self._read_fill_page, path, filterStartCreatedTimeInclusive=str(max(since_ms, 0)))
        once = {row.id: row for row in rows}
        ordered = sorted(once.values(), key=lambda row: (row.created_time, len(row.id), row.id))
        return [self._frames.account.fill(row) for row in ordered]

    @reads
    def fetch_positions(self) -> list[Position]:
        """Every position that is not zero."""
        rows = self._client.private(self._read_assets, "account/getAccountAsset").position_list
        return [each for row in rows if (each := self._frames.account.position(row)).quantity]

    @reads
    def fetch_balances(self) -> list[Balance]:
        """Every coin that is not zero."""
        return self._frames.account.balances(self._client.private(self._read_assets, "account/getAccountAsset"))

    @reads
    def fetch_funding_payments(self, since_ms: int) -> list[FundingPayment]:
        """Funding paid and received, oldest first."""
        asked = {"filterTypeList": FUNDING, "filterStartCreatedTimeInclusive": str(max(since_ms, 0))}
        rows = self._client.pages(self._read_change_page, "account/getPositionTransactionPage", **asked)
        once = {row.id: row for row in rows if row.type == FUNDING}
        paid = [self._frames.account.funding_payment(row) for row in once.values()]
        return sorted(paid, key=lambda each: each.settled_ns)


def _message(kind: str, channel: str) -> str:
    return json.dumps({"type": kind, "channel": channel}, separators=(",", ":"))


def _depth(instrument: Instrument) -> str:
    return f"depth.{instrument.native}.{BOOK_LEVELS}"


def _complaint(code: str, message: str) -> Outcome:
    text = f"edgex: {code} {message}"
    if _LIMITED.search(code):
        return Refused(text, retryable=True)
    return Unknown(text) if _DUPLICATE.search(code) or not _REFUSAL.search(code) else Refused(text)
