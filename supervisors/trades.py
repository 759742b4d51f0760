"""Who opens, looks after and closes trades, and who finds them."""

from collections.abc import Callable
from decimal import Decimal

import attrs

from actors.basis import BasisWatch
from actors.connection_health import Reliability
from actors.executor import Admitted, Executor
from actors.flattener import Flattener
from actors.scanner import Scanner, terms
from actors.trade import Trade
from perpbot.clock import NS_PER_MS
from supervisors.addresses import BASIS, EXECUTOR, FLATTENING, ORDERS, RISK, TRADES, pool_address, scanner_address
from supervisors.administration import StartChild
from supervisors.children import flags_of, resilient, supervised
from supervisors.parts import Parts
from supervisors.spec import ChildSpec, Restart, Strategy

HUNDRED = Decimal(100)
TRADE_START_S = 6.0
"""A trade whose start hangs keeps all others from being started again; it asks for 5 s at most."""


def trades(parts: Parts) -> ChildSpec:
    """The executor, and one actor per trade in progress."""
    settings = parts.settings
    accounts = {venue: settings.exchanges[venue].trading.account for venue in parts.trading}
    executor = resilient(
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
    flags = attrs.evolve(flags_of(parts, Strategy.ONE_FOR_ONE), dynamic=True)
    return supervised("trades", [executor], flags)


def flattening(parts: Parts) -> ChildSpec:
    """Beside the trades, so that it lives when they do not."""
    flattener = resilient(
        "flattener",
        parts,
        lambda: Flattener(orders=ORDERS, trades=TRADES, start_trade=_trade_starter(parts, FLATTENING)),
    )
    flags = attrs.evolve(flags_of(parts, Strategy.ONE_FOR_ONE), dynamic=True)
    return supervised("flattening", [flattener], flags)


def _trade_starter(parts: Parts, supervisor: str) -> Callable[[Admitted], None]:
    def start(admitted: Admitted) -> None:
        spec = attrs.evolve(
            resilient(admitted.plan.trade_id, parts, lambda: _trade(parts, admitted)),
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
        tolerance=parts.settings.risk.unhedged_tolerance,
        max_age_ms=parts.settings.quote_engine.max_quote_age_ms,
        orders=ORDERS,
        risk=RISK,
        executor=EXECUTOR,
        feeds=parts.each_venue("quotes"),
        instruments=parts.each_venue("instruments"),
    )


def basis(parts: Parts) -> ChildSpec:
    """What the currencies of the venues are worth."""
    scanners = [scanner_address(symbol) for symbol in parts.settings.symbols]
    return resilient("basis", parts, lambda: BasisWatch(scanners, parts.each_venue("instruments").values()))


def scanner(parts: Parts, symbol: str) -> ChildSpec:
    """The scanner of one symbol."""
    reliability = Reliability(parts.gates, parts.health_limits())
    tradable = [f"/venues/{venue}" for venue in parts.trading or parts.venues]
    return resilient(
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
