"""The tree of PerpBot: who supervises whom, in the order of starting.

    perpbot             one_for_one     a surface that gives up never touches trading
      trading           rest_for_one    what stands lower depends on what stands higher
        journal                         the only writer to storage
        kill-switch                     read before any connection opens
        venues          one_for_one     one supervisor per venue, with its circuits
          okx           one_for_one     instruments, quotes, market-data, polling, trading
        books           rest_for_one    orders, balances, positions, pools, risk: what we owe and own
        flattening      one_for_one     closes what is open, also when trades and strategies are dead
        trades          one_for_one     the executor, and one actor per trade in progress
        strategies      one_for_one     one scanner per symbol, and what their currencies are worth
      operations        one_for_one     state, connections, vitals, heartbeat, status log, deliveries, alerts
      surfaces          one_for_one     control socket, terminal

`perpbot`, `trading`, `operations` and `surfaces` only group: an address starts below them, as in
``/venues/okx/trading`` or ``/books/orders``.
"""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

import attrs

from actors.alert_desk import AlertDesk, Neighbours
from actors.alert_doors import Addresses, Doors
from actors.alert_values import Sources, Watch
from actors.balances import Balances
from actors.basis import BasisWatch
from actors.book_polling import BookPolling
from actors.connection_health import HealthLimits, Reliability
from actors.connections import Connections
from actors.deliveries import Deliveries
from actors.executor import Admitted, Executor
from actors.flattener import Flattener
from actors.gate import Gate, KillSwitches
from actors.heartbeat import Heartbeat
from actors.hedge_watch import HedgeWatch
from actors.instruments import Instruments
from actors.journal import Journal
from actors.kill_switch import KillSwitch
from actors.market_data import MarketDataConnection
from actors.orders import Orders
from actors.paper_market import PaperMarket
from actors.pool import CapitalPool, TopUp
from actors.positions import Positions
from actors.quote_feed import QuoteFeed
from actors.reconfiguration import Reconfigured
from actors.risk import Risk
from actors.runtime import Actor, Backoff, System
from actors.scanner import Scanner, terms
from actors.state import StateView
from actors.status_log import StatusLog
from actors.trade import Trade
from actors.trading import TradingConnection
from perpbot.capital.allocation import Allocation
from perpbot.capital.pool import fractions
from perpbot.clock import NS_PER_MS
from perpbot.config.alerts import Alerts
from perpbot.config.exchanges import Connection, Trading
from perpbot.config.settings import Settings
from perpbot.delivery.channels import Channel
from perpbot.scanning.ticks import TickRules
from perpbot.scores import component_scores, overall_score
from perpbot.simulation.paper.venue import PaperTrading
from perpbot.storage.journal import Journal as JournalFile
from perpbot.venues.venue import Venue
from supervisors.administration import StartChild
from supervisors.breaker import BreakerRules
from supervisors.spec import ChildSpec, Flags, Kind, Limit, Restart, Strategy
from supervisors.supervisor import Supervisor
from supervisors.venue import Circuited, VenueSupervisor
from supervisors.vitals import GRAVE, Vitals

JOURNAL = "/journal"
KILL_SWITCH = "/kill-switch"
VITALS = "/vitals"
HEARTBEAT = "/heartbeat"
ORDERS = "/books/orders"
BALANCES = "/books/balances"
POSITIONS = "/books/positions"
HEDGE_WATCH = "/books/hedge-watch"
RISK = "/books/risk"
TRADES = "/trades"
EXECUTOR = "/trades/executor"
FLATTENING = "/flattening"
FLATTENER = "/flattening/flattener"
BASIS = "/strategies/basis"
STATE = "/state"
POOLS = ("wash", "arb", "reserve")
CONNECTIONS = "/connections"
ALERTS = "/alerts"
DELIVERIES = "/deliveries"
HUNDRED = Decimal(100)
REPLAY_START_S = 90.0
"""What reads the journal at its start gives up on that before its supervisor gives up on it."""
TREE_START_S = 4 * REPLAY_START_S
"""A supervisor's start is that of all its children."""
TRADE_START_S = 6.0
"""A trade whose start hangs keeps all others from being started again; it asks for 5 s at most."""


def pool_address(name: str) -> str:
    """Where the capital pool called `name` lives."""
    return f"/books/pool-{name}"


def scanner_address(symbol: str) -> str:
    """Where the scanner of `symbol` lives."""
    return f"/strategies/scanner-{symbol}"


@attrs.define(kw_only=True)
class Parts:
    """What the tree is built from."""

    system: System
    settings: Settings
    """Those that are in force: an actor that starts anew goes by them."""
    venues: Mapping[str, Venue]
    trading: tuple[str, ...]
    """Venues that have a trading connection; the others are read-only."""
    journal: JournalFile
    kill: KillSwitches
    gates: Mapping[str, Gate]
    """By address of the connection."""
    surfaces: Sequence[ChildSpec] = ()
    beat: Callable[[], None] = lambda: None
    """Called once a second while journal and risk answer."""
    alerts: Alerts = attrs.field(factory=Alerts)
    """Alert rules, and how much is told when."""
    channels: Mapping[str, Channel] = attrs.field(factory=dict)
    """Ways to tell somebody, by name."""
    lost_log_lines: Callable[[], int] = lambda: 0

    def trading_gates(self) -> dict[str, Gate]:
        """The gate orders go through, by venue."""
        return {venue: self.gates[f"/venues/{venue}/trading"] for venue in self.trading}

    def health_limits(self) -> dict[str, HealthLimits]:
        """What alerts are raised beyond, by address of the connection."""
        limits = {}
        for address, gate in self.gates.items():
            exchange = self.settings.exchanges[gate.venue]
            limits[address] = _health_limits(exchange.trading if gate.trading else exchange.market_data)
        return limits

    def each_venue(self, child: str) -> dict[str, str]:
        """Address of a child that every venue has, by venue."""
        return {venue: f"/venues/{venue}/{child}" for venue in self.venues}


def make_gates(venues: Mapping[str, Venue], trading: Sequence[str], kill: KillSwitches) -> dict[str, Gate]:
    """The gates of all connections, by address."""
    gates = {}
    for venue in venues:
        for child in ("market-data", "trading") if venue in trading else ("market-data",):
            address = f"/venues/{venue}/{child}"
            gates[address] = Gate(venue, address, kill, trading=child == "trading")
    return gates


def root(parts: Parts) -> ChildSpec:
    """The whole tree."""
    return _group(
        "perpbot",
        parts,
        Strategy.ONE_FOR_ONE,
        [
            _group("trading", parts, Strategy.REST_FOR_ONE, trading(parts)),
            _group("operations", parts, Strategy.ONE_FOR_ONE, operations(parts)),
            _group("surfaces", parts, Strategy.ONE_FOR_ONE, list(parts.surfaces)),
        ],
    )


def trading(parts: Parts) -> list[ChildSpec]:
    """Everything money depends on."""
    return [
        _storage(parts),
        _actor("kill-switch", parts, lambda: KillSwitch(parts.kill, JOURNAL)),
        _supervisor("venues", parts, Strategy.ONE_FOR_ONE, [venue(parts, name) for name in parts.venues]),
        _supervisor("books", parts, Strategy.REST_FOR_ONE, books(parts)),
        _flattening(parts),
        _trades(parts),
        _supervisor(
            "strategies",
            parts,
            Strategy.ONE_FOR_ONE,
            [_basis(parts), *(scanner(parts, each) for each in parts.settings.symbols)],
        ),
    ]


# -- one venue -------------------------------------------------------------------------------------------------------


def venue(parts: Parts, name: str) -> ChildSpec:
    """The actors of one venue, under the supervisor that owns its circuits."""
    each = parts.venues[name]
    settings = parts.settings
    exchange = settings.exchanges[name]
    at = f"/venues/{name}"
    circuits = [Circuited(parts.gates[f"{at}/market-data"], _breaker(exchange.market_data))]
    ticks = TickRules(
        max_jump=settings.quote_engine.max_price_jump_pct / HUNDRED,
        min_notional=settings.quote_engine.min_volume_threshold,
        max_age_ns=int(settings.quote_engine.max_quote_age_ms * NS_PER_MS),
    )
    specs = [
        _resilient("instruments", parts, lambda: Instruments(each, settings.symbols, _reconnect(exchange.market_data))),
        _resilient("quotes", parts, lambda: QuoteFeed(name, ticks)),
        _resilient(
            "market-data",
            parts,
            lambda: MarketDataConnection(
                each,
                parts.gates[f"{at}/market-data"],
                instruments=f"{at}/instruments",
                feed=f"{at}/quotes",
                backoff=_reconnect(exchange.market_data),
                heartbeat_s=exchange.market_data.heartbeat_interval_sec,
            ),
        ),
        _resilient(
            "polling",
            parts,
            lambda: BookPolling(
                each,
                parts.gates[f"{at}/market-data"],
                instruments=f"{at}/instruments",
                market_data=f"{at}/market-data",
                feed=f"{at}/quotes",
                interval_s=settings.quote_engine.rest_poll_interval_sec,
                failures=settings.quote_engine.rest_poll_failures,
            ),
        ),
    ]
    if name in parts.trading and isinstance(each, PaperTrading):
        specs.append(_resilient("paper", parts, lambda: PaperMarket(each.paper, f"{at}/quotes", settings.symbols)))
    if name in parts.trading:
        circuits.append(Circuited(parts.gates[f"{at}/trading"], _breaker(exchange.trading)))
        specs.append(
            _resilient(
                "trading",
                parts,
                lambda: TradingConnection(
                    each,
                    parts.gates[f"{at}/trading"],
                    exchange.trading,
                    instruments=f"{at}/instruments",
                    orders=ORDERS,
                    backoff=_reconnect(exchange.trading),
                    snapshot_s=settings.capital.snapshot_interval_sec,
                ),
            )
        )
    flags = _flags(parts, Strategy.ONE_FOR_ONE)
    return ChildSpec(
        name=name,
        start=lambda: VenueSupervisor(specs, flags, circuits),
        kind=Kind.SUPERVISOR,
        backoff=_backoff(parts),
    )


# -- what we owe and own ---------------------------------------------------------------------------------------------


def books(parts: Parts) -> list[ChildSpec]:
    """Orders first: all the others are sums of what it says."""
    settings = parts.settings
    connections = {venue: f"/venues/{venue}/trading" for venue in parts.trading}
    instruments = parts.each_venue("instruments").values()
    scanners = [scanner_address(symbol) for symbol in settings.symbols]
    return [
        _actor(
            "orders",
            parts,
            lambda: Orders(
                JOURNAL,
                connections,
                wire_ids={venue: parts.venues[venue].wire_id for venue in parts.trading},
                lifetimes_s={venue: parts.venues[venue].request_lifetime_s for venue in parts.trading},
                own_orders={venue: gate.own_orders for venue, gate in parts.trading_gates().items()},
            ),
        ),
        _actor("balances", parts, lambda: Balances(JOURNAL, connections.values(), parts.settings.capital)),
        _actor("positions", parts, lambda: Positions(JOURNAL, ORDERS, connections.values(), scanners, instruments)),
        *(_pool(parts, name) for name in POOLS),
        _actor(
            "hedge-watch",
            parts,
            lambda: HedgeWatch(
                ORDERS,
                patience_s=parts.settings.execution.unknown_timeout_sec,
                tolerance=parts.settings.risk.unhedged_tolerance,
            ),
        ),
        _actor(
            "risk",
            parts,
            lambda: Risk(
                parts.settings.risk,
                parts.trading_gates(),
                journal=JOURNAL,
                orders=ORDERS,
                positions=POSITIONS,
                balances=BALANCES,
                hedge_watch=HEDGE_WATCH,
                reliability=Reliability(parts.gates, parts.health_limits()),
            ),
        ),
    ]


def _pool(parts: Parts, name: str) -> ChildSpec:
    return _actor(f"pool-{name}", parts, lambda: _capital_pool(parts, name))


def _capital_pool(parts: Parts, name: str) -> CapitalPool:
    settings = parts.settings.capital
    arb = name == "arb"
    return CapitalPool(
        name,
        fractions(settings)[name],
        orders=ORDERS,
        balances=BALANCES,
        ttl_s=settings.reservation_ttl_sec,
        allocation=_allocation(parts) if arb else None,
        rebalance_s=settings.allocation.rebalance_interval_sec,
        top_up=TopUp(lender=pool_address("reserve"), most_use=settings.reserve_topup_pct / HUNDRED) if arb else None,
    )


def _allocation(parts: Parts) -> Allocation:
    settings = parts.settings.capital.allocation
    allocation = Allocation(settings.method)
    for symbol in parts.settings.symbols:
        allocation.register(symbol)
    allocation.follow(settings)
    return allocation


# -- trades and strategies -------------------------------------------------------------------------------------------


def _trades(parts: Parts) -> ChildSpec:
    settings = parts.settings
    accounts = {venue: settings.exchanges[venue].trading.account for venue in parts.trading}
    executor = _resilient(
        "executor",
        parts,
        lambda: Executor(
            parts.settings.execution,
            max_age_ms=settings.quote_engine.max_quote_age_ms,
            slippage=parts.settings.scanner.slippage_pct / HUNDRED,
            margin_buffer=parts.settings.capital.margin_buffer_pct / HUNDRED,
            gates=parts.trading_gates(),
            accounts=accounts,
            orders=ORDERS,
            pool=pool_address("arb"),
            risk=RISK,
            start_trade=_trade_starter(parts, TRADES),
        ),
    )
    flags = attrs.evolve(_flags(parts, Strategy.ONE_FOR_ONE), dynamic=True)
    return _supervised("trades", [executor], flags)


def _flattening(parts: Parts) -> ChildSpec:
    """Beside the trades, so that it lives when they do not."""
    flattener = _resilient(
        "flattener",
        parts,
        lambda: Flattener(orders=ORDERS, trades=TRADES, start_trade=_trade_starter(parts, FLATTENING)),
    )
    flags = attrs.evolve(_flags(parts, Strategy.ONE_FOR_ONE), dynamic=True)
    return _supervised("flattening", [flattener], flags)


def _trade_starter(parts: Parts, supervisor: str) -> Callable[[Admitted], None]:
    def start(admitted: Admitted) -> None:
        spec = attrs.evolve(
            _resilient(admitted.plan.trade_id, parts, lambda: _trade(parts, admitted)),
            restart=Restart.TRANSIENT,
            start_timeout_s=TRADE_START_S,
        )
        parts.system.ref(supervisor).ask(StartChild(spec))

    return start


def _trade(parts: Parts, admitted: Admitted) -> Trade:
    return Trade(
        admitted,
        parts.settings.execution,
        parts.trading_gates(),
        max_age_ms=parts.settings.quote_engine.max_quote_age_ms,
        orders=ORDERS,
        risk=RISK,
        executor=EXECUTOR,
        feeds=parts.each_venue("quotes"),
        instruments=parts.each_venue("instruments"),
    )


def _basis(parts: Parts) -> ChildSpec:
    scanners = [scanner_address(symbol) for symbol in parts.settings.symbols]
    return _resilient("basis", parts, lambda: BasisWatch(scanners, parts.each_venue("instruments").values()))


def scanner(parts: Parts, symbol: str) -> ChildSpec:
    """The scanner of one symbol."""
    reliability = Reliability(parts.gates, parts.health_limits())
    tradable = [f"/venues/{venue}" for venue in parts.trading or parts.venues]
    return _resilient(
        f"scanner-{symbol}",
        parts,
        lambda: Scanner(
            symbol,
            terms(parts.settings.scanner),
            max_age_ns=int(parts.settings.quote_engine.max_quote_age_ms * NS_PER_MS),
            priority=parts.settings.scanner.priority_exchange_pairs,
            depth=parts.settings.quote_engine.l2_depth,
            limits=parts.settings.risk,
            feeds=[f"{at}/quotes" for at in tradable],
            instruments=[f"{at}/instruments" for at in tradable],
            reliability=reliability,
            basis=BASIS,
            executor=EXECUTOR,
            risk=RISK,
        ),
    )


# -- looking after it ------------------------------------------------------------------------------------------------


def operations(parts: Parts) -> list[ChildSpec]:
    """What watches and reports. All of it backs off: looking after trading never ends it."""
    return [
        _resilient(
            "state",
            parts,
            lambda: StateView(
                parts.settings,
                parts.gates,
                parts.kill,
                feeds=parts.each_venue("quotes"),
                market_data=parts.each_venue("market-data"),
                instruments=parts.each_venue("instruments"),
                pools=[pool_address(name) for name in POOLS],
                orders=ORDERS,
                positions=POSITIONS,
                balances=BALANCES,
                executor=EXECUTOR,
                risk=RISK,
                hedge_watch=HEDGE_WATCH,
                basis=BASIS,
                connections=CONNECTIONS,
                alerts=ALERTS,
            ),
        ),
        _resilient("connections", parts, lambda: Connections(parts.gates, parts.health_limits())),
        _resilient("vitals", parts, Vitals),
        _resilient("heartbeat", parts, lambda: Heartbeat((JOURNAL, RISK), parts.beat)),
        _resilient("status-log", parts, lambda: StatusLog(STATE, parts.settings.log.status_interval_sec)),
        _resilient(
            "deliveries",
            parts,
            lambda: Deliveries(parts.channels, journal=JOURNAL, give_up_s=parts.alerts.give_up_sec),
        ),
        _resilient("alerts", parts, lambda: _alert_desk(parts)),
    ]


def _alert_desk(parts: Parts) -> AlertDesk:
    system, symbols = parts.system, parts.settings.symbols
    sources = Sources(
        gates=parts.gates,
        feeds=parts.each_venue("quotes"),
        instruments=parts.each_venue("instruments"),
        score=lambda state: overall_score(component_scores(state, system, symbols)),
        troubles=lambda: _grave_troubles(system),
        lost_log_lines=parts.lost_log_lines,
    )
    doors = Addresses(kill_switch=KILL_SWITCH, risk=RISK, balances=BALANCES, flattener=FLATTENER)
    return AlertDesk(
        parts.alerts,
        parts.channels,
        Watch(sources, system),
        Doors(doors, parts.kill, system.ref),
        Neighbours(state=STATE, heartbeat=HEARTBEAT, journal=JOURNAL, deliveries=DELIVERIES),
        mode=parts.settings.mode.value,
    )


def _grave_troubles(system: System) -> int:
    """How many actors are in trouble that makes a system unwell."""
    vitals = system.cell(VITALS).actor
    troubles = vitals.troubles() if isinstance(vitals, Vitals) else []
    return len({address for address, trouble in troubles if trouble.kind in GRAVE})


# -- specs -----------------------------------------------------------------------------------------------------------


def _actor(name: str, parts: Parts, start: Callable[[], Actor]) -> ChildSpec:
    """A child whose failures count: when it cannot be kept up, everything that depends on it starts anew."""
    return ChildSpec(
        name=name,
        start=start,
        shutdown_s=parts.settings.supervision.shutdown_sec,
        start_timeout_s=REPLAY_START_S,
    )


def _storage(parts: Parts) -> ChildSpec:
    """The journal waits for a disk that is full for a moment; when it stays so, PerpBot ends."""
    limit = Limit(restarts=parts.settings.supervision.intensity)
    return attrs.evolve(_resilient("journal", parts, lambda: Journal(parts.journal)), backoff_limit=limit)


def _resilient(name: str, parts: Parts, start: Callable[[], Actor]) -> ChildSpec:
    """A child that backs off: it may fail for as long as it likes without taking anybody down."""
    return attrs.evolve(_actor(name, parts, start), backoff=_backoff(parts))


def _supervisor(name: str, parts: Parts, strategy: Strategy, specs: list[ChildSpec]) -> ChildSpec:
    return _supervised(name, specs, _flags(parts, strategy))


def _group(name: str, parts: Parts, strategy: Strategy, specs: list[ChildSpec]) -> ChildSpec:
    return _supervised(name, specs, attrs.evolve(_flags(parts, strategy), group=True))


def _supervised(name: str, specs: list[ChildSpec], flags: Flags) -> ChildSpec:
    return ChildSpec(
        name=name, start=lambda: Supervisor(specs, flags), kind=Kind.SUPERVISOR, start_timeout_s=TREE_START_S
    )


def _flags(parts: Parts, strategy: Strategy) -> Flags:
    settings = parts.settings.supervision
    return Flags(strategy=strategy, intensity=settings.intensity, period_s=settings.period_sec)


def _backoff(parts: Parts) -> Backoff:
    settings = parts.settings.supervision
    return Backoff(
        min_s=settings.backoff_min_sec,
        max_s=settings.backoff_max_sec,
        jitter=settings.backoff_jitter,
    )


def _reconnect(connection: Connection) -> Backoff:
    return Backoff(min_s=connection.reconnect_delay_sec, max_s=connection.reconnect_delay_max_sec)


def _health_limits(connection: Connection) -> HealthLimits:
    return HealthLimits(
        max_latency_ms=connection.max_latency_ms,
        error_streak=connection.circuit_open_error_streak,
        heartbeat_s=min(connection.heartbeat_timeout_sec, 2 * connection.heartbeat_interval_sec),
    )


def _breaker(connection: Connection) -> BreakerRules:
    return BreakerRules(
        error_streak=connection.circuit_open_error_streak,
        wait_s=connection.circuit_halfopen_wait_sec,
        max_wait_s=connection.circuit_halfopen_wait_max_sec,
        silence_s=connection.heartbeat_timeout_sec,
        call_timeout_s=connection.request_timeout_sec if isinstance(connection, Trading) else None,
    )


# -- changes ---------------------------------------------------------------------------------------------------------


def reconfigure(parts: Parts, settings: Settings) -> None:
    """Have everybody go by `settings`: those who run are told, those who start find them."""
    parts.settings = settings
    scanners = [scanner_address(symbol) for symbol in settings.symbols]
    pools = map(pool_address, POOLS)
    for address in (BALANCES, *pools, RISK, HEDGE_WATCH, EXECUTOR, *scanners, STATE):
        parts.system.ref(address).tell(Reconfigured(settings))
