"""Made-up states for the views: usual, empty, and extreme ones."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import attrs

from actors.executor import Decision
from actors.order_requests import OrderCounts
from actors.pool import PoolView
from actors.positions import PositionsView
from actors.scanner import Opportunity
from actors.state import State, VenueState
from perpbot.clock import NS_PER_SECOND
from perpbot.control.episodes import Episodes
from perpbot.execution.entries import TradeRecord
from perpbot.execution.plan import Leg, Plan
from perpbot.execution.views import OrderView, TradeView
from perpbot.model.instrument import Instrument, Side
from perpbot.model.money import Price, Quantity
from perpbot.model.order import Balance, Order, OrderStatus, TimeInForce
from perpbot.model.quote import Quote
from perpbot.portfolio.exposure import exposure
from perpbot.portfolio.holding import Holding
from perpbot.portfolio.profit import Profit
from perpbot.scanning.edge import Edge
from perpbot.terminal.picture import Picture, Supervision

NOW_NS = 1_795_220_535_000_000_000
MONOTONIC_NS = 500 * NS_PER_SECOND
NAMES = ("okx", "hyperliquid", "aster")
PRICES = {"BTC-PERP": Decimal("96920.6"), "ETH-PERP": Decimal("3404.25"), "SOL-PERP": Decimal("189.66")}


def quote(venue: str, symbol: str, bid: Decimal, *, age_s: float = 0.1) -> Quote:
    received_ns = MONOTONIC_NS - int(age_s * NS_PER_SECOND)
    size = Quantity(Decimal(1))
    return Quote(venue, symbol, Price(bid), size, Price(bid * Decimal("1.0001")), size, NOW_NS, received_ns)


def venue(name: str, prices: Mapping[str, Decimal], **circuits: str) -> VenueState:
    states = {"market-data": "CONNECTED", "trading": "CONNECTED"} | {
        key.replace("_", "-"): value for key, value in circuits.items()
    }
    return VenueState(
        name=name,
        circuits=states,
        reasons=dict.fromkeys(states, "connected"),
        quotes={symbol: quote(name, symbol, price) for symbol, price in prices.items()},
        counts={"quotes": 12_345, "gaps": 0, "reconnects": 1, "errors": 0},
        unlisted=(),
    )


def instrument(name: str, symbol: str) -> Instrument:
    base = symbol.removesuffix("-PERP")
    step = Decimal("0.001")
    return Instrument(
        venue=name,
        symbol=symbol,
        native=symbol,
        base=base,
        quote="USDC" if name == "hyperliquid" else "USDT",
        tick=Decimal("0.01"),
        lot=step,
        min_quantity=step,
        taker_fee=Decimal("0.0005"),
        maker_fee=Decimal("0.0002"),
        funding_hours=Decimal(8),
    )


def decision(verdict: str, symbol: str = "BTC-PERP", at_ns: int = NOW_NS, **changes: Any) -> Decision:
    price = Price(PRICES.get(symbol, Decimal(1)))
    edge = Edge(
        symbol=symbol,
        buy_venue="okx",
        sell_venue="hyperliquid",
        quantity=Quantity(Decimal("0.005")),
        buy_price=price,
        sell_price=price,
        buy_worst=price,
        sell_worst=price,
        gross=Decimal("2.5"),
        fees=Decimal("0.9"),
        slippage=Decimal("0.1"),
        funding=Decimal("0.01"),
    )
    edge = attrs.evolve(edge, **changes)
    ends = (instrument(edge.buy_venue, symbol), instrument(edge.sell_venue, symbol))
    return Decision(at_ns, Opportunity(edge, *ends, {}, MONOTONIC_NS), verdict)


def leg(side: Side, name: str, price: Decimal) -> Leg:
    return Leg(side=side, venue=name, account="main", limit=Price(price), expected=Price(price))


def trade(number: int, phase: str = "open", quantity: str = "0.005", symbol: str = "BTC-PERP") -> TradeView:
    price = PRICES.get(symbol, Decimal(1))
    plan = Plan(
        trade_id=f"1795220521-t{number}",
        symbol=symbol,
        quantity=Quantity(Decimal(quantity)),
        buy=leg(Side.BUY, "okx", price),
        sell=leg(Side.SELL, "hyperliquid", price),
        expected_net=Decimal("0.7105"),
        seen_ns=MONOTONIC_NS,
        opened_at_ns=NOW_NS - 4 * NS_PER_SECOND,
    )
    order = Order(
        client_id=f"1795220521-{number}",
        wire_id=str(number),
        venue="okx",
        account="main",
        symbol=symbol,
        side=Side.BUY,
        quantity=plan.quantity,
        price=plan.buy.limit,
        time_in_force=TimeInForce.IOC,
        reduce_only=False,
        trade_id=plan.trade_id,
        leg="buy",
        purpose="open",
    )
    seen = OrderView(
        order=order,
        status=OrderStatus.FILLED,
        settled=True,
        held=plan.quantity,
        fills=(),
        reason="",
        changed_ns=MONOTONIC_NS,
    )
    return TradeView(plan=plan, pool="arb", reserved={}, phase=phase, reason="", opened_ns=None, orders=(seen,))


def record(number: int, net: str = "0.3438", phase: str = "completed", **changes: Any) -> TradeRecord:
    made = TradeRecord(
        trade_id=f"1795220521-t{number}",
        symbol="BTC-PERP",
        buy_venue="hyperliquid",
        sell_venue="aster",
        quantity=Decimal("0.005"),
        phase=phase,
        reason="target reached",
        trading=Decimal(net) + Decimal("0.77"),
        fees=Decimal("0.77"),
        funding=Decimal(0),
        currencies=["USDC", "USDT"],
        expected_net=Decimal("0.5"),
        slippage=Decimal("0.01"),
        opened_at_ns=NOW_NS - 60 * NS_PER_SECOND,
        settled_at_ns=NOW_NS - number % 1_000 * NS_PER_SECOND,
        sent_ms=8.4,
        hedged_ms=2.0,
        max_unhedged=Decimal(0),
        unhedged_ms=0.0,
    )
    return attrs.evolve(made, **changes)


def positions(held: Mapping[tuple[str, str], str], price: Decimal = Decimal(100)) -> PositionsView:
    quantities = {(name, "main", symbol): Quantity(Decimal(amount)) for (name, symbol), amount in held.items()}
    marks = {symbol: price for _, symbol in held}
    return PositionsView(
        holdings={key: Holding(quantity=quantity) for key, quantity in quantities.items()},
        currencies=dict.fromkeys(held, "USDT"),
        marks=marks,
        exposure=exposure(quantities, marks),
        mismatches=(),
    )


def usual(**changes: Any) -> State:
    """A quarter of an hour into a good day."""
    state = State(
        registry=None,
        at_ns=NOW_NS,
        uptime_s=912.0,
        mode="simulation",
        venues={
            name: venue(name, {symbol: price + shift for symbol, price in PRICES.items()})
            for shift, name in enumerate(NAMES)
        },
        trades=(trade(62), trade(63, "opening", symbol="ETH-PERP")),
        records=tuple(record(number, "-0.0767" if number == 3 else "0.3438") for number in range(12, 0, -1)),
        positions=positions({("okx", "BTC-PERP"): "0.005", ("hyperliquid", "BTC-PERP"): "-0.005"}),
        balances=tuple(
            Balance(
                venue=name,
                account="main",
                currency="USDT",
                wallet=Decimal(10_000),
                available=Decimal(9_000),
                equity=Decimal("10012.44"),
            )
            for name in NAMES
        ),
        pools=(PoolView("arb", {}, {}, dict.fromkeys(NAMES, Decimal(5000)), ()),),
        decisions=(
            decision("symbol is traded already"),
            decision("admitted: 1795220521-t62", at_ns=NOW_NS - 100_000_000),
            decision("refused: position/symbol-cooldown: BTC rests for 4 s", "ETH-PERP", NOW_NS - 9 * NS_PER_SECOND),
        ),
        kill={},
        profit={
            "USDT": Profit(trading=Decimal(12), fees=Decimal("4.5"), funding=Decimal(0)),
            "USDC": Profit(trading=Decimal(1), fees=Decimal("4.5"), funding=Decimal("0.25")),
        },
        open_profit={"USDT": Profit(trading=Decimal("0.8"), fees=Decimal("0.3"), funding=Decimal(0))},
        blocks=(),
        naked=(),
        orders=OrderCounts(48, 48, 0, 0, 0, 12),
        missing=(),
    )
    return attrs.evolve(state, **changes)


def empty() -> State:
    """The first moment: nothing has answered yet."""
    return usual(
        uptime_s=0.0,
        venues={name: venue(name, {}, market_data="DISCONNECTED", trading="DISCONNECTED") for name in NAMES},
        trades=(),
        records=(),
        positions=None,
        balances=(),
        pools=(),
        decisions=(),
        profit={},
        open_profit={},
        orders=None,
        missing=("/books/positions", "/books/orders"),
    )


def extreme() -> State:
    """Huge numbers, long names, foreign scripts, many of everything, and what wants to steer the terminal."""
    huge = Decimal("98765432109876.123456789")
    names = [f"venue-with-a-long-name-{number}" for number in range(9)]
    symbols = {f"{1_000_000 + number}LONGNAME-PERP": huge * (number + 1) for number in range(12)}
    tiny = Decimal("0.000000012345")
    nasty = "订单被拒绝 \x1b[2J\x07 refused\r\nby the venue"
    return usual(
        uptime_s=9e8,
        venues={
            name: venue(name, symbols | {"TINY-PERP": tiny}, trading="CIRCUIT_OPEN", market_data="DEGRADED")
            for name in names
        },
        trades=tuple(trade(10**12 + number, "closing", "98765432109876.123") for number in range(50)),
        records=tuple(
            record(10**12 + number, str(-huge), "unwound", reason=nasty, quantity=huge, fees=huge)
            for number in range(200)
        ),
        positions=positions({(name, symbol): str(huge) for name in names for symbol in symbols}, huge),
        decisions=tuple(
            decision(f"refused: {nasty}", f"{number}LONGNAME-PERP", gross=huge, buy_venue=names[0], sell_venue=names[1])
            for number in range(20)
        ),
        kill={"global": nasty, **dict.fromkeys(names, "operator")},
        profit={f"COIN{number}": Profit(trading=huge, fees=huge * 3, funding=huge) for number in range(9)},
        missing=tuple(f"/venues/{name}/quotes" for name in names),
    )


def picture(state: State | None, problems: Sequence[str] = (), **changes: Any) -> Picture:
    episodes = Episodes()
    symbols: dict[str, None] = {}
    if state is not None:
        episodes.take(state.decisions)
        symbols = {symbol: None for venue in state.venues.values() for symbol in venue.quotes}
    made = Picture(
        version="0.1.0",
        mode="simulation",
        symbols=list(symbols or PRICES),
        state=state,
        now_ns=MONOTONIC_NS,
        stale_ns=2 * NS_PER_SECOND,
        problems=problems,
        episodes=episodes.newest,
        supervision=Supervision(actors=41, restarts=0, crashes=0, dead_letters=12),
        stopping=False,
        stop_s=15.0,
        hint=".venv/bin/perpbot status",
        invitation="",
    )
    return attrs.evolve(made, **changes)
