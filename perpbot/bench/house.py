"""A small PerpBot to measure trading in: its own actors, and connections that only note what is handed to them.

Executor, pool, risk rules, journal on this disk, order book, trades and a scanner for each symbol are the program's.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import gevent
from gevent.event import Event

from actors.balances import EquityChanged, VenueCapital
from actors.connection_health import Reliability
from actors.executor import Admitted, Executor
from actors.gate import Circuit, Gate, KillSwitches
from actors.instruments import LOADED, InstrumentsLoaded
from actors.journal import Journal
from actors.market_news import MarketMoved
from actors.order_news import PlaceOrder, VenueNews
from actors.orders import Orders
from actors.pool import CapitalPool
from actors.risk import Risk
from actors.runtime import Actor, Ref, System, handles
from actors.scanner import Opportunity, Scanner
from actors.trade import Trade
from perpbot.bench.life import kill_all, quiet
from perpbot.clock import monotonic_ns, wall_ns
from perpbot.config.decisions import Execution
from perpbot.config.limits import Risk as Limits
from perpbot.model.book import Book
from perpbot.model.instrument import Instrument
from perpbot.model.money import Money, Price, Quantity
from perpbot.model.order import Fill, Liquidity, Order, OrderStatus, OrderUpdate
from perpbot.model.quote import Quote
from perpbot.scanning.edge import Edge, Terms
from perpbot.storage.journal import Journal as JournalFile
from perpbot.venues.set_up import SetUp

VENUES = ("a", "b")
BID, ASK, HIGHER = Price(Decimal(100)), Price(Decimal("100.02")), Decimal("1.02")
SIZE = Quantity(Decimal(1))
WAIT_S = 5.0
Left = list[tuple[PlaceOrder, int]]
"""Orders that left, and when."""


class Connection(Actor):
    """In place of a trading connection: notes when an order is handed to it."""

    def __init__(self, placed: Callable[[PlaceOrder, int], None]) -> None:
        super().__init__()
        self._placed = placed

    @handles(PlaceOrder)
    def on_place(self, place: PlaceOrder) -> None:
        """Note it."""
        self._placed(place, monotonic_ns())


class Feed(Actor):
    """In place of a venue's quotes, and of its instruments: publishes what it is given."""


class House:
    """The actors that a trade needs, and two connections."""

    def __init__(self, folder: Path, symbols: int) -> None:
        self.symbols = symbols
        self.system: System = quiet()
        self.file = JournalFile(folder, epoch=1)
        self.left: Left = []
        self.enough = Event()
        self.wanted = self.began_ns = 0
        self.gates = {venue: self._gate(venue) for venue in VENUES}
        self.rules = Execution(max_open_trades=1_000, trades_per_symbol=100, max_hold_sec=604_800)
        spawn = self.system.spawn
        self.feeds = {venue: spawn(Feed, f"/venues/{venue}/quotes") for venue in VENUES}
        self.instruments = {venue: spawn(Feed, f"/venues/{venue}/instruments") for venue in VENUES}
        spawn(lambda: Journal(self.file), "/journal")
        connections = {venue: f"/venues/{venue}/trading" for venue in VENUES}
        for address in connections.values():
            spawn(lambda: Connection(self.placed), address)
        wire_ids: Mapping[str, Callable[[int], str]] = dict.fromkeys(VENUES, str)
        lifetimes = dict.fromkeys(VENUES, 1_000.0)
        own_orders = {venue: gate.own_orders for venue, gate in self.gates.items()}
        self.orders = spawn(lambda: Orders("/journal", connections, wire_ids, lifetimes, own_orders), "/books/orders")
        pool = spawn(self._make_pool, "/books/arb")
        risk = spawn(self._make_risk, "/books/risk")
        self.executor = spawn(self._make_executor, "/trades/executor")
        for number in range(symbols):
            spawn(partial(self._make_scanner, symbol(number)), f"/strategies/{symbol(number)}")
        for venue in VENUES:
            loaded = tuple(instrument(venue, symbol(number)) for number in range(symbols))
            published(self.instruments[venue], LOADED, InstrumentsLoaded(venue, loaded))
        self.books = {
            (venue, symbol(number)): Book(venue, symbol(number)) for venue in VENUES for number in range(symbols)
        }
        equity = VenueCapital(Decimal(10_000_000), Decimal(10_000_000), Decimal(10_000_000), safe_mode=False)
        for each in (pool, risk):
            each.tell(EquityChanged(dict.fromkeys(VENUES, equity), equity.equity * 2, equity.equity * 2))

    def _gate(self, venue: str) -> Gate:
        kill = KillSwitches()
        kill.loaded = True
        gate = Gate(venue, f"/venues/{venue}/trading", kill, trading=True)
        gate.move(Circuit.CONNECTED, "bench")
        gate.set_up = SetUp({symbol(number): Decimal(5) for number in range(self.symbols)})
        return gate

    def _make_pool(self) -> CapitalPool:
        return CapitalPool("arb", Decimal(1), orders="/books/orders", balances="/books/balances", ttl_s=60.0)

    def _make_risk(self) -> Risk:
        """With limits that are never reached: every trade loses a little, for a day if need be."""
        limits = Limits(
            symbol_cooldown_sec=0.1,
            max_symbol_share_pct=Decimal(100),
            daily_loss_limit=Decimal(10_000_000),
            daily_loss_limit_pct=Decimal(100),
        )
        return Risk(
            limits,
            self.gates,
            journal="/journal",
            orders="/books/orders",
            positions="/books/positions",
            balances="/books/balances",
            hedge_watch="/books/hedge-watch",
        )

    def _make_executor(self) -> Executor:
        return Executor(
            self.rules,
            max_age_ms=60_000,
            slippage=Decimal(0),
            margin_buffer=Decimal(0),
            gates=self.gates,
            accounts=dict.fromkeys(VENUES, "main"),
            orders="/books/orders",
            pool="/books/arb",
            risk="/books/risk",
            start_trade=self._start_trade,
        )

    def _make_scanner(self, name: str) -> Scanner:
        """One that finds nothing worth its while: the opportunities are made here."""
        terms = Terms(
            min_profit=Decimal(1), slippage=Decimal(0), holding_s=Decimal(3_600), max_notional=Decimal(1_000),
            min_notional=Decimal(10), profit_weight=Decimal(1), liquidity_weight=Decimal(0),
            reliability_weight=Decimal(0),
        )  # fmt: skip
        return Scanner(
            name, terms, max_age_ns=60_000_000_000, priority=(), depth=10, limits=Limits(),
            feeds=[feed.address for feed in self.feeds.values()],
            instruments=[each.address for each in self.instruments.values()],
            reliability=Reliability({}, {}), basis="/strategies/basis", executor="/trades/executor", risk="/books/risk",
        )  # fmt: skip

    def quote(self, number: int) -> None:
        """Quote a symbol at both venues."""
        for venue, feed in self.feeds.items():
            quoted = _quote(venue, symbol(number))
            published(feed, quoted.symbol, MarketMoved(quoted, self.books[venue, quoted.symbol], None))

    def quote_all(self, quotes_per_s: int) -> None:
        """Quote one symbol after the other, for ever, so many a second in all."""
        number, pause_s = 0, len(VENUES) / quotes_per_s
        due_ns = monotonic_ns()
        while True:
            self.quote(number % self.symbols)
            number += 1
            due_ns += int(pause_s * 1e9)
            gevent.sleep(max(0.0, (due_ns - monotonic_ns()) / 1e9))

    def _start_trade(self, admitted: Admitted) -> None:
        self.system.spawn(
            lambda: Trade(
                admitted,
                self.rules,
                self.gates,
                tolerance=Decimal(10),
                max_age_ms=60_000,
                orders="/books/orders",
                risk="/books/risk",
                executor="/trades/executor",
                feeds={venue: f"/venues/{venue}/quotes" for venue in VENUES},
                instruments={venue: f"/venues/{venue}/instruments" for venue in VENUES},
            ),
            f"/trades/{admitted.plan.trade_id}",
        )

    def placed(self, place: PlaceOrder, at_ns: int) -> None:
        """An order is handed to a connection."""
        self.left.append((place, at_ns))
        if len(self.left) >= self.wanted:
            self.enough.set()

    def wait_for(self, orders: int, act: Callable[[], None]) -> Left:
        """What leaves after `act`, once it is so many `orders`; `began_ns` says when that was.

        It is done by the loop, when everything here is ready to wait: what that takes is nobody's.
        """

        def begin() -> None:
            self.began_ns = monotonic_ns()
            act()

        self.left, self.wanted = [], orders
        self.enough.clear()
        gevent.get_hub().loop.run_callback(begin)
        if not self.enough.wait(WAIT_S):
            raise RuntimeError(f"{len(self.left)} orders left, not {orders}: {self._why()}")
        return self.left

    def _why(self) -> Any:
        actor = self.executor.cell.actor
        return None if actor is None else actor.describe()["decisions"]

    def end(self) -> None:
        """Stop everything."""
        kill_all(self.system)
        self.file.close()


def published(ref: Ref, topic: str, message: object) -> None:
    """Have the feed at `ref` publish something."""
    feed = ref.cell.actor
    if feed is not None:
        feed.publish(topic, message, retain=True)


def opportunity(number: int) -> Opportunity:
    """An edge in one symbol that is worth a trade."""
    name = symbol(number)
    edge = Edge(
        symbol=name, buy_venue="a", sell_venue="b", quantity=SIZE, buy_price=ASK, sell_price=_quote("b", name).bid,
        buy_worst=ASK, sell_worst=_quote("b", name).bid, gross=Decimal("1.9"), fees=Decimal("0.2"),
        slippage=Decimal(0), funding=Decimal(0),
    )  # fmt: skip
    quotes = {venue: _quote(venue, name) for venue in VENUES}
    buy, sell = (instrument(venue, name) for venue in VENUES)
    return Opportunity(edge, buy, sell, quotes, monotonic_ns())


def symbol(number: int) -> str:
    """The name of a symbol."""
    return f"C{number}-PERP"


def instrument(venue: str, name: str) -> Instrument:
    """A symbol at one of the venues."""
    step = Decimal("0.01")
    return Instrument(
        venue=venue, symbol=name, native=name, base=name, quote="USDT", tick=step, lot=step, min_quantity=step,
        max_leverage=Decimal(10),
    )  # fmt: skip


def _quote(venue: str, name: str) -> Quote:
    times, size, now = (HIGHER if venue == "b" else Decimal(1)), Quantity(Decimal(100)), monotonic_ns()
    return Quote(venue, name, Price(BID * times), size, Price((ASK * times).quantize(ASK)), size, wall_ns(), now)


def news(order: Order, event: Fill | OrderUpdate) -> VenueNews:
    """What the order's venue tells of it."""
    return VenueNews(order.venue, order.account, (event,))


def filled(order: Order) -> Fill:
    """A fill of the whole order."""
    return Fill(
        venue=order.venue, account=order.account, symbol=order.symbol, trade_ref=f"f{order.client_id}",
        client_id=order.wire_id, venue_order_id=f"v{order.client_id}", side=order.side, price=order.price,
        quantity=order.quantity, fee=Money(Decimal(0), "USDT"), liquidity=Liquidity.TAKER, time_ns=wall_ns(),
    )  # fmt: skip


def ended(order: Order, status: OrderStatus) -> OrderUpdate:
    """The end of an order of which nothing was filled."""
    return OrderUpdate(
        venue=order.venue, account=order.account, symbol=order.symbol, client_id=order.wire_id,
        venue_order_id=f"v{order.client_id}", status=status, filled=Quantity(Decimal(0)),
    )  # fmt: skip
