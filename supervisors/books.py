"""The children of `books`: what we owe and own."""

from decimal import Decimal

from actors.balances import Balances
from actors.connection_health import Reliability
from actors.hedge_watch import HedgeWatch
from actors.orders import Orders
from actors.pool import CapitalPool, TopUp
from actors.positions import Positions
from actors.risk import Risk
from perpbot.capital.allocation import Allocation
from perpbot.capital.pool import fractions
from supervisors.addresses import (
    BALANCES,
    HEDGE_WATCH,
    JOURNAL,
    ORDERS,
    POOLS,
    POSITIONS,
    pool_address,
    scanner_address,
)
from supervisors.children import actor
from supervisors.parts import Parts
from supervisors.spec import ChildSpec

HUNDRED = Decimal(100)


def books(parts: Parts) -> list[ChildSpec]:
    """Orders first: all the others are sums of what it says."""
    settings = parts.settings
    connections = {venue: f"/venues/{venue}/trading" for venue in parts.trading}
    instruments = parts.each_venue("instruments").values()
    scanners = [scanner_address(symbol) for symbol in settings.symbols]
    return [
        actor(
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
        actor("balances", parts, lambda: Balances(JOURNAL, connections.values(), parts.settings.capital)),
        actor("positions", parts, lambda: Positions(JOURNAL, ORDERS, connections, scanners, instruments)),
        *(_pool(parts, name) for name in POOLS),
        actor(
            "hedge-watch",
            parts,
            lambda: HedgeWatch(
                ORDERS,
                patience_s=parts.settings.execution.unknown_timeout_sec,
                tolerance=parts.settings.risk.unhedged_tolerance,
            ),
        ),
        actor(
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
    return actor(f"pool-{name}", parts, lambda: _capital_pool(parts, name))


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
