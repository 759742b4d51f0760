"""From an opportunity to both orders leaving, and from a fill to its hedge leaving, with the durable writes.

The actors are the program's own: executor, pool, risk rules, journal on this disk, order book, trades, a scanner for
each symbol. Only the connections are replaced, by actors that note when an order is handed to them: what is measured
ends there, before signing. Unlike the other figures these are real time: a durable write waits for the disk.

`OPEN_TRADES` are open all the time, hedged, each with an actor that looks after it. Each symbol is quoted at both
venues all the time, `QUOTES_PER_S` in all, one by one as frames come: scanners compare them, open trades go by them.
What is measured begins with the opportunity in the executor's mailbox. It begins only when the trade before is over:
what became of that is on disk, and nobody is still busy with it. The collector of garbage and the interpreter's lock
are set as the program sets them.
"""

import gc
import shutil
import sys
import tempfile
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import gevent
from gevent.event import Event
from gevent.greenlet import Greenlet

from actors.balances import EquityChanged, VenueCapital
from actors.connection_health import Reliability
from actors.executor import Admitted, CloseTrade, Executor
from actors.gate import Circuit, Gate, KillSwitches
from actors.instruments import LOADED, InstrumentsLoaded
from actors.journal import Journal
from actors.market_news import MarketMoved
from actors.order_news import OutcomeArrived, PlaceOrder, VenueNews
from actors.order_requests import ReadTrade
from actors.orders import Orders
from actors.pool import CapitalPool
from actors.risk import Risk
from actors.runtime import Actor, Ref, System, handles
from actors.runtime.actor import Ping
from actors.scanner import Opportunity, Scanner
from actors.trade import Trade
from perpbot.bench.life import quiet
from perpbot.bench.measured import Measured, quantile
from perpbot.clock import monotonic_ns, wall_ns
from perpbot.config.decisions import Execution
from perpbot.config.limits import Risk as Limits
from perpbot.execution.trade import CloseReason, Phase
from perpbot.main import SWITCH_INTERVAL_S
from perpbot.model.book import Book
from perpbot.model.instrument import Instrument
from perpbot.model.money import Money, Price, Quantity
from perpbot.model.order import Accepted, Fill, Liquidity, Order, OrderStatus, OrderUpdate
from perpbot.model.quote import Quote
from perpbot.scanning.edge import Edge, Terms
from perpbot.storage.journal import Journal as JournalFile
from perpbot.venues.set_up import SetUp

SYMBOLS = 500
OPEN_TRADES = 200
ADMISSIONS = 250
"""Measured beside `OPEN_TRADES`, each in a symbol of its own."""
HEDGES = 200
QUOTES_PER_S = 2_000
"""Each symbol at each venue twice a second."""
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

    def __init__(self, folder: Path) -> None:
        self.system: System = quiet()
        self.file = JournalFile(folder, epoch=1)
        self.left: Left = []
        self.enough = Event()
        self.wanted = 0
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
        for number in range(SYMBOLS):
            spawn(partial(self._make_scanner, symbol(number)), f"/strategies/{symbol(number)}")
        for venue in VENUES:
            loaded = tuple(_instrument(venue, symbol(number)) for number in range(SYMBOLS))
            published(self.instruments[venue], LOADED, InstrumentsLoaded(venue, loaded))
        self.books = {
            (venue, symbol(number)): Book(venue, symbol(number)) for venue in VENUES for number in range(SYMBOLS)
        }
        equity = VenueCapital(Decimal(10_000_000), Decimal(10_000_000), Decimal(10_000_000), safe_mode=False)
        for each in (pool, risk):
            each.tell(EquityChanged(dict.fromkeys(VENUES, equity), equity.equity * 2, equity.equity * 2))

    def _gate(self, venue: str) -> Gate:
        kill = KillSwitches()
        kill.loaded = True
        gate = Gate(venue, f"/venues/{venue}/trading", kill, trading=True)
        gate.move(Circuit.CONNECTED, "bench")
        gate.set_up = SetUp({symbol(number): Decimal(5) for number in range(SYMBOLS)})
        return gate

    def _make_pool(self) -> CapitalPool:
        return CapitalPool("arb", Decimal(1), orders="/books/orders", balances="/books/balances", ttl_s=60.0)

    def _make_risk(self) -> Risk:
        return Risk(
            Limits(symbol_cooldown_sec=0.1, max_symbol_share_pct=Decimal(100)),
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

    def quote_all(self) -> None:
        """Quote one symbol after the other, for ever."""
        number, pause_s = 0, len(VENUES) / QUOTES_PER_S
        due_ns = monotonic_ns()
        while True:
            self.quote(number % SYMBOLS)
            number += 1
            due_ns += int(pause_s * 1e9)
            gevent.sleep(max(0.0, (due_ns - monotonic_ns()) / 1e9))

    def _start_trade(self, admitted: Admitted) -> None:
        self.system.spawn(
            lambda: Trade(
                admitted,
                self.rules,
                self.gates,
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
        """What leaves after `act`, once it is so many `orders`."""
        self.left, self.wanted = [], orders
        self.enough.clear()
        act()
        if not self.enough.wait(WAIT_S):
            raise RuntimeError(f"{len(self.left)} orders left, not {orders}: {self._why()}")
        return self.left

    def _why(self) -> Any:
        actor = self.executor.cell.actor
        return None if actor is None else actor.describe()["decisions"]

    def end(self) -> None:
        """Stop everything."""
        for cell in self.system.cells():
            cell.kill()
        gevent.sleep(0.1)
        self.file.close()


def published(ref: Ref, topic: str, message: object) -> None:
    """Have the feed at `ref` publish something."""
    feed = ref.cell.actor
    if feed is not None:
        feed.publish(topic, message, retain=True)


def trading() -> list[Measured]:
    """Measure both ways with `OPEN_TRADES` trades open."""
    folder = Path(tempfile.mkdtemp(prefix="perpbot-bench-", dir=Path.cwd()))
    interval_s = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    try:
        house = House(folder)
        gevent.sleep(0.1)
        for number in range(SYMBOLS):
            house.quote(number)
        for number in range(OPEN_TRADES):
            _open(house, number)
        gc.collect()
        gc.freeze()
        quoting = Greenlet.spawn(house.quote_all)
        admitted = [_admission_ms(house, OPEN_TRADES + number) for number in range(ADMISSIONS)]
        hedged = [_hedge_ms(house, number) for number in range(HEDGES)]
        quoting.kill()
        house.end()
    finally:
        sys.setswitchinterval(interval_s)
        gc.unfreeze()
        shutil.rmtree(folder)
    beside = f"beside {OPEN_TRADES} open trades, {SYMBOLS} symbols, {QUOTES_PER_S:,} quotes/s, written to disk"
    return [
        Measured("opportunity to orders, p50", quantile(admitted, 0.5), "ms", 0.6, at_least=False, detail=beside),
        Measured("opportunity to orders, p99", quantile(admitted, 0.99), "ms", 2.0, at_least=False),
        Measured(
            "fill to its hedge, p99",
            quantile(hedged, 0.99),
            "ms",
            5.0,
            at_least=False,
            detail=f"p50 {quantile(hedged, 0.5):.2f} ms, the fill written to disk first",
        ),
    ]


def _open(house: House, number: int) -> tuple[float, Ref]:
    """Open a trade: how long its orders took to leave, and its actor, once it is hedged and at rest."""
    opportunity = _opportunity(number)
    began = monotonic_ns()
    left = house.wait_for(2, lambda: house.executor.tell(opportunity))
    took_ms = (left[-1][1] - began) / 1e6
    _fill(house, left)
    return took_ms, _at_rest(house, left[0][0].order.trade_id)


def _fill(house: House, left: Left) -> None:
    """The venues take the orders, and fill them."""
    for place, _ in left:
        house.orders.tell(OutcomeArrived(place.order.client_id, Accepted(f"v{place.order.client_id}")))
        house.orders.tell(_news(place.order, _filled(place.order)))


def _at_rest(house: House, trade_id: str) -> Ref:
    """The actor of a trade, once it is hedged, on disk, and has nothing more to do."""
    trade = house.system.ref(f"/trades/{trade_id}")
    while house.orders.ask(ReadTrade(trade_id)).phase != Phase.OPEN.value:
        gevent.sleep(0.0005)
    trade.ask(Ping())
    return trade


def _close(house: House, trade: Ref) -> None:
    """Have a trade close, and wait until all of it is over."""
    _fill(house, house.wait_for(2, lambda: trade.tell(CloseTrade(CloseReason.STOP))))
    while trade.alive:
        gevent.sleep(0.0005)
    for each in ("/books/orders", "/books/arb", "/books/risk", "/trades/executor"):
        house.system.ref(each).ask(Ping())


def _admission_ms(house: House, number: int) -> float:
    took_ms, trade = _open(house, number)
    _close(house, trade)
    return took_ms


def _hedge_ms(house: House, number: int) -> float:
    """A trade of which one leg gets nothing: from the other's fill to the hedge."""
    first = OPEN_TRADES + ADMISSIONS + number % (SYMBOLS - OPEN_TRADES - ADMISSIONS)
    opportunity = _opportunity(first)
    (buy, _), (sell, _) = house.wait_for(2, lambda: house.executor.tell(opportunity))
    trade = house.system.ref(f"/trades/{buy.order.trade_id}")
    house.orders.tell(_news(sell.order, _end(sell.order, OrderStatus.CANCELLED)))
    for each in (house.executor, house.orders, trade, house.orders):
        each.ask(Ping())
    news = _news(buy.order, _filled(buy.order))
    began = monotonic_ns()
    left = house.wait_for(1, lambda: house.orders.tell(news))
    took_ms = (left[0][1] - began) / 1e6
    _fill(house, left)
    _close(house, _at_rest(house, buy.order.trade_id))
    return took_ms


def _opportunity(number: int) -> Opportunity:
    name = symbol(number)
    edge = Edge(
        symbol=name, buy_venue="a", sell_venue="b", quantity=SIZE, buy_price=ASK, sell_price=_quote("b", name).bid,
        buy_worst=ASK, sell_worst=_quote("b", name).bid, gross=Decimal("1.9"), fees=Decimal("0.2"),
        slippage=Decimal(0), funding=Decimal(0),
    )  # fmt: skip
    quotes = {venue: _quote(venue, name) for venue in VENUES}
    buy, sell = (_instrument(venue, name) for venue in VENUES)
    return Opportunity(edge, buy, sell, quotes, monotonic_ns())


def symbol(number: int) -> str:
    """The name of a symbol."""
    return f"C{number}-PERP"


def _instrument(venue: str, name: str) -> Instrument:
    step = Decimal("0.01")
    return Instrument(
        venue=venue, symbol=name, native=name, base=name, quote="USDT", tick=step, lot=step, min_quantity=step,
        max_leverage=Decimal(10),
    )  # fmt: skip


def _quote(venue: str, name: str) -> Quote:
    times, size, now = (HIGHER if venue == "b" else Decimal(1)), Quantity(Decimal(100)), monotonic_ns()
    return Quote(venue, name, Price(BID * times), size, Price((ASK * times).quantize(ASK)), size, wall_ns(), now)


def _news(order: Order, event: Fill | OrderUpdate) -> VenueNews:
    return VenueNews(order.venue, order.account, (event,))


def _filled(order: Order) -> Fill:
    return Fill(
        venue=order.venue, account=order.account, symbol=order.symbol, trade_ref=f"f{order.client_id}",
        client_id=order.wire_id, venue_order_id=f"v{order.client_id}", side=order.side, price=order.price,
        quantity=order.quantity, fee=Money(Decimal(0), "USDT"), liquidity=Liquidity.TAKER, time_ns=wall_ns(),
    )  # fmt: skip


def _end(order: Order, status: OrderStatus) -> OrderUpdate:
    return OrderUpdate(
        venue=order.venue, account=order.account, symbol=order.symbol, client_id=order.wire_id,
        venue_order_id=f"v{order.client_id}", status=status, filled=Quantity(Decimal(0)),
    )  # fmt: skip
