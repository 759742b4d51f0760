"""A simulated venue: an engine, a house, a listener, and a dialect that a subclass speaks."""

import re
from abc import abstractmethod
from collections.abc import Sequence
from decimal import Decimal
from email.utils import formatdate
from threading import Lock
from time import sleep
from typing import Any, ClassVar

import attrs

from perpbot import clock
from perpbot.chance import Chance
from perpbot.model.instrument import Instrument, Side
from perpbot.simulation.venues.account import Account, FeeCoin
from perpbot.simulation.venues.engine import Engine
from perpbot.simulation.venues.faults import Faults
from perpbot.simulation.venues.ladder import Changes, HouseLadder
from perpbot.simulation.venues.market import COINS, Market
from perpbot.simulation.venues.orders import Ending, Event, Print, Ticket, VenueOrder
from perpbot.simulation.venues.server import Answer, Application, Request, Server
from perpbot.simulation.venues.store import Store
from perpbot.simulation.venues.stream import Topic, Topics
from perpbot.simulation.venues.tape import Tape
from perpbot.simulation.venues.websocket import Session, WebSocket

ACCOUNT = "main"
DEPOSIT = Decimal(10_000)
_HOUR_NS = 3600 * clock.NS_PER_SECOND
_QUOTED_NUMBER = re.compile(r'"\d+(\.\d+)?"')
_HTML = b"<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"


@attrs.frozen(kw_only=True)
class World:
    """What all the venues of one simulated world share."""

    id: str
    chance: Chance
    market: Market
    store: Store
    deposit: Decimal = DEPOSIT
    """What a new account starts with."""


class SimulatedVenue(Application):
    """What every venue does the same way. Whatever touches its state holds `lock`."""

    name: ClassVar[str]
    currency: ClassVar[str]
    band: ClassVar[Decimal]
    """How far beyond the mark, as a fraction of it, an order's price may be."""
    fee_step: ClassVar[Decimal] = Decimal("1e-8")
    tells_fee_coin: ClassVar[bool] = False
    """Whether its words say which currency a fee was taken in."""

    def __init__(self, world: World, coins: Sequence[str], now_ns: int, port: int = 0) -> None:
        self.world = world
        self.lock = Lock()
        self.faults = Faults()
        self.topics = Topics()
        self.streams: dict[Any, None] = {}
        """Sessions of its own kind that hear more than topics."""
        self.server = Server(self.name, self, port)
        chance = world.chance.stream(f"{world.id}/{self.name}/ids")
        instruments = self.instruments(coins)
        self.engine = Engine(
            instruments, band=self.band, fee_step=self.fee_step, first_id=chance.randrange(10**11, 2 * 10**11)
        )
        self.coins = {each.native: each.base for each in instruments}
        self._instruments = {each.native: each for each in instruments}
        depth = world.market.settings.depth
        self._ladders = {
            each.native: HouseLadder(each, COINS[each.base], world.chance, f"house/{self.name}/{each.base}", depth)
            for each in instruments
        }
        self._trades = world.chance.stream(f"trades/{self.name}")
        self._trade_odds = world.market.settings.trades_per_second / world.market.settings.frames_per_second
        self._deadlines: dict[tuple[str, str | None], int] = {}
        self._slow_ns = dict.fromkeys(self.coins, 0)
        self.next_funding_ns = {each.native: _next_settlement(each, now_ns) for each in instruments}
        saved = world.store.account(self.name, ACCOUNT)
        if saved is None:
            self.engine.open_account(ACCOUNT, self.currency, world.deposit)
        else:
            self.engine.adopt(saved)
        self.tapes: dict[str, Tape] = {}
        for each in instruments:
            self._move(each.native, now_ns)
            past = world.chance.stream(f"past/{self.name}/{each.base}").gauss
            self.tapes[each.native] = Tape(self.engine.marks[each.native], each.tick, now_ns, past)
        self._connections = 0

    # -- what a dialect says -------------------------------------------------------------------------------------

    @abstractmethod
    def instruments(self, coins: Sequence[str]) -> list[Instrument]:
        """The venue's markets in `coins`."""

    @abstractmethod
    def credentials(self) -> dict[str, str]:
        """What a client needs to sign as the one account, derived from the world's id."""

    @abstractmethod
    def endpoints(self) -> dict[str, Any]:
        """``rest`` and ``ws`` URLs in the form the venue's own clients take."""

    @abstractmethod
    def respond(self, request: Request, now_ns: int) -> Answer:
        """Carry out a request and answer it."""

    @abstractmethod
    def trades(self, request: Request) -> bool:
        """Whether a request places or cancels orders."""

    @abstractmethod
    def too_many(self) -> Answer:
        """The answer to one request too many."""

    @abstractmethod
    def open_stream(self, request: Request, socket: WebSocket) -> Session | None:
        """The session of a WebSocket at this path; None when there is none."""

    @abstractmethod
    def publish(self, symbol: str, bids: Changes, asks: Changes, prints: Sequence[Print], now_ns: int) -> None:
        """Send what changed in a market to those who listen: levels of its book, and public trades."""

    @abstractmethod
    def announce(self, events: Sequence[Event], now_ns: int) -> None:
        """Send what happened to the account to those who listen."""

    @property
    def now_ns(self) -> int:
        """The venue's one clock, by which it dates whatever it says, keeps deadlines and settles funding."""
        return clock.wall_ns() + self.faults.clock_ahead_ms * clock.NS_PER_MS

    # -- the listener's questions --------------------------------------------------------------------------------

    def answer(self, request: Request) -> Answer | None:
        """Answer one HTTP request, as well as the faults allow."""
        faults = self.faults
        spared = faults.trading_only and not self.trades(request)
        if faults.latency_ms and not spared:
            sleep(faults.latency_ms / 1000)
        with self.lock:
            now_ns = self.now_ns
            if spared:
                answer: Answer | None = self._carry_out(request, now_ns)
            elif faults.take("drop_requests"):
                return None
            else:
                answer = self._refusal() or self._spoil(self._carry_out(request, now_ns))
        return None if answer is None else _dated(answer, now_ns)

    def upgrade(self, request: Request, socket: WebSocket) -> Session | None:
        """Open the session of a WebSocket."""
        return None if self.faults.take("refuse_streams") else self.open_stream(request, socket)

    def count_connection(self) -> int:
        """A number for a new connection."""
        self._connections += 1
        return self._connections

    def _carry_out(self, request: Request, now_ns: int) -> Answer:
        answer = self.respond(request, now_ns)
        self.settle(now_ns)
        return answer

    def _refusal(self) -> Answer | None:
        if self.faults.take("status_500"):
            return Answer(500, b"Internal Server Error", {"Content-Type": "text/plain"})
        if self.faults.take("status_429"):
            return self._too_many()
        if self.faults.take("html"):
            return Answer(502, _HTML, {"Content-Type": "text/html"})
        return None

    def _too_many(self) -> Answer:
        answer, wait_s = self.too_many(), self.faults.retry_after_s
        return attrs.evolve(answer, headers={**answer.headers, "Retry-After": str(wait_s)}) if wait_s else answer

    def _spoil(self, answer: Answer) -> Answer | None:
        if self.faults.take("drop_answers"):
            return None
        if self.faults.take("masked_500"):
            return Answer(500, b"Internal Server Error", {"Content-Type": "text/plain"})
        if self.faults.take("truncated"):
            return attrs.evolve(answer, body=answer.body[: len(answer.body) // 2])
        return answer

    # -- trading -------------------------------------------------------------------------------------------------

    def place(self, ticket: Ticket, now_ns: int) -> VenueOrder:
        """Place an order; `RefusedError` when the engine does not take it."""
        at_most = None
        if self.engine.books.get(ticket.symbol) and self._takes(ticket) and self.faults.take("partial_fills"):
            lot = self.instrument(ticket.symbol).lot
            at_most = max(lot, ticket.size / 2 // lot * lot)
        return self.engine.place(ticket, now_ns, at_most)

    def take_fees_in(self, coin: str, price: Decimal, deposit: Decimal) -> None:
        """Take the account's fees in `coin` from now on, as long as there is some, and pay `deposit` of it in.

        Raises:
            ValueError: the venue does not do that, or a number is not above zero.
        """
        if not self.tells_fee_coin:
            raise ValueError(f"{self.name} takes fees in {self.currency} only")
        if price <= 0 or deposit <= 0:
            raise ValueError(f"neither price nor deposit may be zero or less: {price}, {deposit}")
        account = self.engine.accounts[ACCOUNT]
        account.fee_coin = FeeCoin(coin, price)
        account.deposit(coin, deposit)
        self.engine.accounts_changed = True

    def set_deadline(self, account: str, symbol: str | None, at_ns: int | None) -> None:
        """Cancel the account's orders of one market, or all, at `at_ns` unless it is set anew; None for never."""
        self._deadlines.pop((account, symbol), None)
        if at_ns is not None:
            self._deadlines[account, symbol] = at_ns

    def settle(self, now_ns: int) -> None:
        """Save what happened to accounts, then tell those who listen."""
        if self.engine.accounts_changed:
            self.engine.accounts_changed = False
            events = self.engine.take_events()
            self.world.store.save(self.name, self.engine.accounts.values(), events)
            self.announce(events, now_ns)

    def _takes(self, ticket: Ticket) -> bool:
        return self.engine.books[ticket.symbol].reaches(ticket.side, ticket.price)

    def instrument(self, symbol: str) -> Instrument:
        """A market of the venue; `KeyError` when it has none of that name."""
        return self._instruments[symbol]

    # -- time passes ---------------------------------------------------------------------------------------------

    def tick(self, symbol: str, now_ns: int) -> None:
        """Move one book to `now_ns` and publish it."""
        with self.lock:
            self._move(symbol, now_ns)
            self._keep_deadlines(now_ns)
            self._keep_funding(symbol, now_ns)
            self.settle(now_ns)
            self.flush(symbol, now_ns)

    def flush(self, symbol: str, now_ns: int) -> None:
        """Publish what has changed in a market by now, so that a picture of it follows the last message."""
        if symbol in list(self.coins)[: self.faults.silent_books]:
            return
        book, prints = self.engine.books[symbol], self.engine.take_prints(symbol)
        self.tapes[symbol].feed(prints, self.engine.marks[symbol], now_ns)
        self.publish(symbol, book.bids.take_changes(), book.asks.take_changes(), prints, now_ns)

    def is_due(self, symbol: str, now_ns: int, every_ns: int) -> bool:
        """Whether to tell again what a market tells seldom. A clock that is set back silences nothing."""
        due = abs(now_ns - self._slow_ns[symbol]) >= every_ns
        if due:
            self._slow_ns[symbol] = now_ns
        return due

    def publish_book(self, topic: Topic, text: str) -> None:
        """Send a book's message, as well as the faults allow. The first number in quotes must be a price."""
        spoilt = self.spoil_book(text) if topic in self.topics else None
        if spoilt is not None:
            self.topics.publish(topic, spoilt)

    def spoil_book(self, text: str) -> str | None:
        """A book's message as the faults leave it: None when it is to be lost."""
        if self.faults.take("gap"):
            return None
        if self.faults.take("not_a_number"):
            return _QUOTED_NUMBER.sub('"NaN"', text, count=1)
        return text

    def funding_rate(self, symbol: str) -> Decimal:
        """The rate of the next settlement, for the venue's own interval."""
        instrument = self.instrument(symbol)
        rate = self.world.market.funding(self.name, instrument.base) * float(instrument.funding_hours) / 8
        return Decimal(f"{rate:.8f}")

    def index_price(self, symbol: str) -> Decimal:
        """The price behind the mark."""
        return _on_grid(self.world.market.index(self.coins[symbol]), self.instrument(symbol))

    def _move(self, symbol: str, now_ns: int) -> None:
        market, book = self.world.market, self.engine.books[symbol]
        coin = self.coins[symbol]
        mid = market.mid(self.name, coin)
        self.engine.marks[symbol] = _on_grid(market.mark(self.name, coin), self.instrument(symbol))
        eaten = book.bids.take_eaten(), book.asks.take_eaten()
        bids, asks = self._ladders[symbol].step(mid, market.roughness, eaten)
        self.engine.house(symbol, bids, asks, now_ns)
        if self._trades.random() < self._trade_odds:
            self._outsider(symbol, now_ns)

    def _outsider(self, symbol: str, now_ns: int) -> None:
        """Somebody takes a part of the best level."""
        side = self._trades.choice((Side.BUY, Side.SELL))
        other = self.engine.books[symbol].other(side)
        best = other.best()
        if best is not None:
            lot = self.instrument(symbol).lot
            lots = 1 + int(self._trades.random() ** 3 * int(other.levels[best].total / lot))
            self.engine.house_trade(symbol, side, lots * lot, now_ns)

    def _keep_deadlines(self, now_ns: int) -> None:
        for account, symbol in [place for place, at_ns in self._deadlines.items() if now_ns >= at_ns]:
            del self._deadlines[account, symbol]
            self.engine.cancel_all(account, symbol, now_ns, Ending.TIMER)

    def _keep_funding(self, symbol: str, now_ns: int) -> None:
        if now_ns >= self.next_funding_ns[symbol]:
            self.engine.fund(symbol, self.funding_rate(symbol), self.next_funding_ns[symbol])
            self.next_funding_ns[symbol] = _next_settlement(self.instrument(symbol), now_ns)

    # -- administration ------------------------------------------------------------------------------------------

    def details(self) -> dict[str, Any]:
        """Where the venue is and how to sign, as `perpbot venues serve` prints it."""
        endpoints = self.endpoints()
        return {**(endpoints if self.server.tls is None else _secured(endpoints)), "credentials": self.credentials()}

    def books(self) -> dict[str, Any]:
        """The venue's own accounting, decimals as they are."""
        with self.lock:
            return {name: _accounting(account) for name, account in self.engine.accounts.items()}


def _secured(endpoints: Any) -> Any:
    """The same URLs over TLS."""
    if isinstance(endpoints, dict):
        return {name: _secured(each) for name, each in endpoints.items()}
    return re.sub("^(http|ws):", r"\1s:", endpoints)


def _accounting(account: Account) -> dict[str, Any]:
    return {
        "currency": account.currency,
        "deposited": account.deposited,
        "cash": dict(account.cash),
        "earned": account.earned,
        "positions": {symbol: attrs.asdict(held) for symbol, held in account.positions.items() if held.size},
        "fees_paid": account.fees_paid,
        "funding_received": account.funding_received,
        "duplicates": account.duplicates,
        "orders": [attrs.asdict(each) for each in account.orders.values()],
        "fills": [attrs.asdict(each) for each in account.executions],
        "funding": [attrs.asdict(each) for each in account.funding],
    }


def _on_grid(price: float, instrument: Instrument) -> Decimal:
    return round(price / float(instrument.tick)) * instrument.tick


def _next_settlement(instrument: Instrument, now_ns: int) -> int:
    interval = int(instrument.funding_hours) * _HOUR_NS
    return (now_ns // interval + 1) * interval


def _dated(answer: Answer, now_ns: int) -> Answer:
    date = formatdate(now_ns // clock.NS_PER_SECOND, usegmt=True)
    return attrs.evolve(answer, headers={**answer.headers, "Date": date})
