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

import attrs

from actors.book_polling import BookPolling
from actors.instruments import Instruments
from actors.journal import Journal
from actors.kill_switch import KillSwitch
from actors.market_data import MarketDataConnection
from actors.paper_market import PaperMarket
from actors.quote_feed import QuoteFeed, tick_rules
from actors.reconfiguration import Reconfigured
from actors.runtime import Backoff
from actors.trading import TradingConnection
from perpbot.config.exchanges import Connection, Trading
from perpbot.config.settings import Settings
from perpbot.simulation.paper.venue import PaperTrading
from supervisors.addresses import (
    BALANCES,
    EXECUTOR,
    HEDGE_WATCH,
    JOURNAL,
    ORDERS,
    POOLS,
    RISK,
    STATE,
    pool_address,
    scanner_address,
)
from supervisors.books import books
from supervisors.breaker import BreakerRules
from supervisors.children import actor, backoff_of, flags_of, group, resilient, supervisor
from supervisors.operations import operations
from supervisors.parts import Parts
from supervisors.spec import ChildSpec, Kind, Limit, Strategy
from supervisors.trades import basis, flattening, scanner, trades
from supervisors.venue import Circuited, VenueSupervisor


def root(parts: Parts) -> ChildSpec:
    """The whole tree."""
    return group(
        "perpbot",
        parts,
        Strategy.ONE_FOR_ONE,
        [
            group("trading", parts, Strategy.REST_FOR_ONE, trading(parts)),
            group("operations", parts, Strategy.ONE_FOR_ONE, operations(parts)),
            group("surfaces", parts, Strategy.ONE_FOR_ONE, list(parts.surfaces)),
        ],
    )


def trading(parts: Parts) -> list[ChildSpec]:
    """Everything money depends on."""
    return [
        _storage(parts),
        actor("kill-switch", parts, lambda: KillSwitch(parts.kill, JOURNAL)),
        supervisor("venues", parts, Strategy.ONE_FOR_ONE, [venue(parts, name) for name in parts.venues]),
        supervisor("books", parts, Strategy.REST_FOR_ONE, books(parts)),
        flattening(parts),
        trades(parts),
        supervisor(
            "strategies",
            parts,
            Strategy.ONE_FOR_ONE,
            [basis(parts), *(scanner(parts, each) for each in parts.settings.symbols)],
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
    specs = [
        resilient("instruments", parts, lambda: Instruments(each, settings.symbols, _reconnect(exchange.market_data))),
        resilient("quotes", parts, lambda: QuoteFeed(name, tick_rules(settings.quote_engine))),
        resilient(
            "market-data",
            parts,
            lambda: MarketDataConnection(
                each,
                parts.gates[f"{at}/market-data"],
                instruments=f"{at}/instruments",
                feed=f"{at}/quotes",
                rules=tick_rules(settings.quote_engine),
                backoff=_reconnect(exchange.market_data),
                heartbeat_s=exchange.market_data.heartbeat_interval_sec,
            ),
        ),
        resilient(
            "polling",
            parts,
            lambda: BookPolling(
                each,
                parts.gates[f"{at}/market-data"],
                instruments=f"{at}/instruments",
                market_data=f"{at}/market-data",
                feed=f"{at}/quotes",
                rules=tick_rules(settings.quote_engine),
                interval_s=settings.quote_engine.rest_poll_interval_sec,
                failures=settings.quote_engine.rest_poll_failures,
            ),
        ),
    ]
    if name in parts.trading and isinstance(each, PaperTrading):
        specs.append(resilient("paper", parts, lambda: PaperMarket(each.paper, f"{at}/quotes", settings.symbols)))
    if name in parts.trading:
        circuits.append(Circuited(parts.gates[f"{at}/trading"], _breaker(exchange.trading)))
        specs.append(
            resilient(
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
    flags = flags_of(parts, Strategy.ONE_FOR_ONE)
    return ChildSpec(
        name=name,
        start=lambda: VenueSupervisor(specs, flags, circuits),
        kind=Kind.SUPERVISOR,
        backoff=backoff_of(parts),
    )


def _storage(parts: Parts) -> ChildSpec:
    """The journal waits for a disk that is full for a moment; when it stays so, PerpBot ends."""
    limit = Limit(restarts=parts.settings.supervision.intensity)
    return attrs.evolve(resilient("journal", parts, lambda: Journal(parts.journal)), backoff_limit=limit)


def _reconnect(connection: Connection) -> Backoff:
    return Backoff(min_s=connection.reconnect_delay_sec, max_s=connection.reconnect_delay_max_sec)


def _breaker(connection: Connection) -> BreakerRules:
    return BreakerRules(
        error_streak=connection.circuit_open_error_streak,
        wait_s=connection.circuit_halfopen_wait_sec,
        max_wait_s=connection.circuit_halfopen_wait_max_sec,
        silence_s=connection.heartbeat_timeout_sec,
        call_timeout_s=connection.request_timeout_sec if isinstance(connection, Trading) else None,
    )


# -- changes -----------------------------------------------------------------------------------------------------------


def reconfigure(parts: Parts, settings: Settings) -> None:
    """Have everybody go by `settings`: those who run are told, those who start find them."""
    parts.settings = settings
    scanners = [scanner_address(symbol) for symbol in settings.symbols]
    pools = map(pool_address, POOLS)
    for address in (BALANCES, *pools, RISK, HEDGE_WATCH, EXECUTOR, *scanners, STATE):
        parts.system.ref(address).tell(Reconfigured(settings))
