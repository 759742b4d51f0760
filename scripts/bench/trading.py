"""From an opportunity to both orders leaving, and from a fill to its hedge leaving, with the durable writes.

The actors are the program's own: executor, pool, risk rules, journal on this disk, order book, trades. Only the two
trading connections are replaced, by actors that note when an order is handed to them. Unlike the other figures these
are real time: a durable write waits for the disk.
"""

import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import gevent
from gevent.event import Event
from life import quiet
from measured import Measured, quantile

from actors.balances import EquityChanged, VenueCapital
from actors.executor import Admitted, Executor
from actors.gate import Circuit, Gate, KillSwitches
from actors.instruments import InstrumentsLoaded
from actors.journal import Journal
from actors.market_news import MarketMoved
from actors.order_news import OutcomeArrived, PlaceOrder, VenueNews
from actors.orders import Orders
from actors.pool import CapitalPool
from actors.risk import Risk
from actors.runtime import Actor, System, handles
from actors.scanner import Opportunity
from actors.trade import Trade
from perpbot.clock import monotonic_ns, wall_ns
from perpbot.config.decisions import Execution
from perpbot.config.limits import Risk as Limits
from perpbot.model.book import Book
from perpbot.model.instrument import Instrument
from perpbot.model.money import Money, Price, Quantity
from perpbot.model.order import Accepted, Fill, Liquidity, Order, OrderStatus, OrderUpdate
from perpbot.model.quote import Quote
from perpbot.scanning.edge import Edge
from perpbot.storage.journal import Journal as JournalFile
from perpbot.venues.set_up import SetUp

SYMBOLS = 500
OPEN_TRADES = 200
ADMISSIONS = 250
"""Measured beside `OPEN_TRADES`, each in a symbol of its own."""
HEDGES = 200
VENUES = ("a", "b")
BID, ASK, HIGHER = Price(Decimal(100)), Price(Decimal("100.02")), Decimal("1.02")
SIZE = Quantity(Decimal(1))
WAIT_S = 5.0


class Connection(Actor):
    """In place of a trading connection: notes when an order is handed to it."""

    def __init__(self, placed: Callable[[PlaceOrder, int], None]) -> None:
        super().__init__()
        self._placed = placed

    @handles(PlaceOrder)
    def on_place(self, place: PlaceOrder) -> None:
        """Note it."""
        self._placed(place, monotonic_ns())


class House:
    """The actors that a trade needs, and two connections."""

    def __init__(self, folder: Path) -> None:
        self.system: System = quiet()
        self.file = JournalFile(folder, epoch=1)
        self.left: list[tuple[PlaceOrder, int]] = []
        self.enough = Event()
        self.wanted = 0
        self.gates = {venue: self._gate(venue) for venue in VENUES}
        self.rules = Execution(max_open_trades=1_000, trades_per_symbol=100)
        spawn = self.system.spawn
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

    def wait_for(self, orders: int, act: Callable[[], None]) -> list[tuple[PlaceOrder, int]]:
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


def trading() -> list[Measured]:
    """Measure both ways with `OPEN_TRADES` trades open."""
    folder = Path(tempfile.mkdtemp(prefix="perpbot-bench-", dir=Path.cwd()))
    try:
        house = House(folder)
        gevent.sleep(0.1)
        for number in range(OPEN_TRADES):
            _fill_both(house, house.wait_for(2, partial(_offer, house, number)))
        admitted = [_admission_ms(house, OPEN_TRADES + number) for number in range(ADMISSIONS)]
        hedged = [_hedge_ms(house, number) for number in range(HEDGES)]
        house.end()
    finally:
        shutil.rmtree(folder)
    beside = f"beside {OPEN_TRADES} open trades, {SYMBOLS} symbols, written to disk"
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


def _admission_ms(house: House, number: int) -> float:
    began = monotonic_ns()
    left = house.wait_for(2, lambda: _offer(house, number))
    took = (left[-1][1] - began) / 1e6
    _fill_both(house, left)
    return took


def _fill_both(house: House, left: Sequence[tuple[PlaceOrder, int]]) -> None:
    for place, _ in left:
        house.orders.tell(OutcomeArrived(place.order.client_id, Accepted(f"v{place.order.client_id}")))
        house.orders.tell(_news(place.order, _fill(place.order)))
    gevent.sleep(0.002)  # what follows is not measured


def _hedge_ms(house: House, number: int) -> float:
    """A trade of which one leg gets nothing: from the other's fill to the hedge."""
    first = OPEN_TRADES + ADMISSIONS + number % (SYMBOLS - OPEN_TRADES - ADMISSIONS)
    (buy, _), (sell, _) = house.wait_for(2, lambda: _offer(house, first))
    trade = house.system.ref(f"/trades/{buy.order.trade_id}")
    for venue in VENUES:
        trade.tell(InstrumentsLoaded(venue, (_instrument(venue, buy.order.symbol),)))
        trade.tell(MarketMoved(_quote(venue, buy.order.symbol), Book(venue, buy.order.symbol), None))
    house.orders.tell(_news(sell.order, _end(sell.order, OrderStatus.CANCELLED)))
    gevent.sleep(0.002)
    began = monotonic_ns()
    left = house.wait_for(1, lambda: house.orders.tell(_news(buy.order, _fill(buy.order))))
    took = (left[0][1] - began) / 1e6
    house.orders.tell(_news(left[0][0].order, _fill(left[0][0].order)))
    gevent.sleep(0.002)
    return took


def _offer(house: House, number: int) -> None:
    name = symbol(number)
    edge = Edge(
        symbol=name,
        buy_venue="a",
        sell_venue="b",
        quantity=SIZE,
        buy_price=ASK,
        sell_price=_quote("b", name).bid,
        buy_worst=ASK,
        sell_worst=_quote("b", name).bid,
        gross=Decimal("1.9"),
        fees=Decimal("0.2"),
        slippage=Decimal(0),
        funding=Decimal(0),
    )
    quotes = {venue: _quote(venue, name) for venue in VENUES}
    buy, sell = (_instrument(venue, name) for venue in VENUES)
    house.executor.tell(Opportunity(edge, buy, sell, quotes, monotonic_ns()))


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


def _fill(order: Order) -> Fill:
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
