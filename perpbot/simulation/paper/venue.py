"""A real venue's market data with an account on paper: whatever would send an order stays in this process."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from time import sleep

from gevent.queue import Empty, Queue

from perpbot.clock import NS_PER_MS, wall_ns
from perpbot.model.events import Event
from perpbot.model.instrument import Instrument
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
)
from perpbot.simulation.paper.account import PaperAccount
from perpbot.venues.http import Http, Reply, Request
from perpbot.venues.venue import Heartbeat, Margin, Venue

SCHEME = "paper://"
ALIVE_S = 1.0
OK = 200


class PaperTrading(Venue):
    """Stands before a venue's own class and takes all that trades out of its hands.

    The venue's own part has no credentials: it could not sign anything if it were asked to.
    """

    credential_names = ()
    needs_login = False
    amends = False
    dead_man = False
    signs_slowly = False
    private_keepalive_s = None
    request_lifetime_s = 5.0

    paper: PaperAccount
    latency_s: float
    _news: "Queue[Event]"

    @classmethod
    def load(cls) -> None:
        """Nothing is signed."""

    def trade_on_paper(self, account: PaperAccount, keep: Callable[[Event], None], latency_s: float) -> None:
        """Use `account`, and have what happens there kept; orders take `latency_s` to arrive."""
        self.paper, self.latency_s = account, latency_s
        self._news = Queue()
        self._on_their_way: dict[str, Callable[[], Outcome | bool]] = {}
        account.tell = self._tell
        self._keep = keep
        self.http = PaperHttp(self.http, self._arrived)

    def _tell(self, event: Event) -> None:
        self._keep(event)
        self._news.put(event)

    # -- the private stream ----------------------------------------------------------------------------------------

    @property
    def private_heartbeat(self) -> Heartbeat:
        """There is no network between us."""
        return Heartbeat(interval_s=15.0, silence_s=60.0, frame=None)

    def open_private(self) -> str:
        """Nowhere."""
        return f"{SCHEME}{self.name}"

    def private_headers(self, url: str) -> Mapping[str, str]:
        """None."""
        del url
        return {}

    def keep_private_alive(self) -> None:
        """Nothing expires."""

    def login(self) -> list[str]:
        """Nobody asks."""
        return []

    def private_frames(self) -> Iterator[bytes]:
        """A frame for each piece of news, and an empty one every second."""
        while True:
            try:
                self._news.peek(timeout=ALIVE_S)
            except Empty:
                yield b""
                continue
            yield b"news"

    def private_subscriptions(self, instruments: Sequence[Instrument]) -> list[str]:
        """Everything comes anyway."""
        del instruments
        return []

    def decode_private(self, frame: str | bytes, received_ns: int) -> list[Event]:
        """All news that there is."""
        del frame, received_ns
        news = []
        while not self._news.empty():
            news.append(self._news.get())
        return news

    # -- trading ---------------------------------------------------------------------------------------------------

    def prepare_trading(self) -> None:
        """Nothing to be loaded."""

    def fetch_margins(self, instruments: Sequence[Instrument]) -> dict[str, Margin]:
        """What was set."""
        return {each.symbol: Margin(leverage=self._leverage(each), most=each.max_leverage) for each in instruments}

    def _leverage(self, instrument: Instrument) -> Decimal:
        return Decimal(self.paper.leverage.get(instrument.symbol, 1))

    def set_margin(self, instrument: Instrument, leverage: int) -> None:
        """Remember it."""
        self.paper.leverage[instrument.symbol] = leverage

    def set_dead_man(self, instruments: Sequence[Instrument], countdown_s: int) -> None:
        """No order outlives this process."""
        del instruments, countdown_s

    def place(self, order: Order, instrument: Instrument) -> Request:
        """The request that places `order`, here."""
        return self._request(order.wire_id, "order", lambda: self.paper.place(order, instrument, wall_ns()))

    def read_place(self, reply: Reply) -> Outcome:
        """What the account made of it."""
        told = json.loads(reply.body)
        return Accepted(told["id"]) if "id" in told else Refused(told["refused"])

    def cancel(self, order: Order, venue_order_id: str | None, instrument: Instrument) -> Request:
        """The request that cancels `order`, here."""
        del venue_order_id, instrument
        return self._request(order.wire_id, "cancel", lambda: self.paper.cancel(order.wire_id, wall_ns()))

    def amend(self, order: Order, venue_order_id: str | None, instrument: Instrument) -> Request:
        """Not on paper: `amends` says so, and nobody asks."""
        del venue_order_id, instrument
        raise NotImplementedError(f"{self.name}: orders on paper are not amended, and {order.client_id} is one")

    def _request(self, wire_id: str, what: str, act: Callable[[], Outcome | bool]) -> Request:
        url = f"{SCHEME}{self.name}/{what}/{wire_id}"
        self._on_their_way[url] = act
        return Request("POST", url)

    def _arrived(self, request: Request) -> Reply:
        sleep(self.latency_s)
        done = self._on_their_way.pop(request.url)()
        told: dict[str, object] = {"done": done}
        if isinstance(done, Accepted):
            told = {"id": done.venue_order_id}
        elif isinstance(done, Refused):
            told = {"refused": done.reason}
        return Reply(OK, json.dumps(told).encode())

    # -- questions -------------------------------------------------------------------------------------------------

    def fetch_order(self, order: Order, instrument: Instrument) -> OrderUpdate | None:
        """What became of it."""
        del instrument
        return self.paper.orders.get(order.wire_id)

    def fetch_open_orders(self) -> list[OrderUpdate]:
        """Those that wait."""
        return [self.paper.orders[each] for each in self.paper.waiting]

    def fetch_fills(self, since_ms: int) -> list[Fill]:
        """Those since then."""
        return [each for each in self.paper.fills if each.time_ns >= since_ms * NS_PER_MS]

    def fetch_positions(self) -> list[Position]:
        """What is held."""
        return self.paper.positions()

    def fetch_balances(self) -> list[Balance]:
        """The wallet."""
        return self.paper.balances()

    def fetch_funding_payments(self, since_ms: int) -> list[FundingPayment]:
        """Those since then."""
        return [each for each in self.paper.payments if each.settled_ns >= since_ms * NS_PER_MS]


class PaperHttp(Http):
    """The venue's own connections for questions about the market; what is for the account goes to the paper."""

    def __init__(self, real: Http, arrived: Callable[[Request], Reply]) -> None:
        self.__dict__.update(real.__dict__)
        self._arrived = arrived

    def send(self, request: Request) -> Reply:
        """Send it where it belongs; raises what `Http.send` raises."""
        return self._arrived(request) if request.url.startswith(SCHEME) else super().send(request)


def on_paper(real: type[Venue]) -> type[Venue]:
    """The class of a venue whose orders stay on paper."""
    made: type[Venue] = type(f"Paper{real.__name__}", (PaperTrading, real), {"__doc__": PaperTrading.__doc__})
    return made
