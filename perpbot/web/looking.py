"""The routes that show: the state, single sections of it, what a dashboard wants first, what machines ask."""

import os
import resource
from typing import Annotated, Any, NotRequired, TypedDict

import attrs
import msgspec

from actors.state import State
from perpbot.control import audit
from perpbot.control.arguments import BadRequestError
from perpbot.control.looking import tree as tree_from
from perpbot.control.process import process
from perpbot.metrics.rendering import CONTENT_TYPE, render
from perpbot.model.money import ZERO, plain
from perpbot.scores import component_scores, overall_score
from perpbot.sections import market_shapes, money, money_shapes, operations_shapes, shapes, texts
from perpbot.web.desk import Desk
from perpbot.web.route import TEXT, Access, Call, Encoded, Problem, Route

LEAST_VENUES = 2
"""What it takes to be ready: arbitrage needs two prices."""


class Totals(TypedDict):
    """What is owned, earned and held. Dollars of all kinds are added one to one."""

    total_value: texts.Money
    total_pnl: texts.Money
    """Net, since the journal began; what is open counts at its mark."""
    active_positions: int


class System(TypedDict):
    """The process."""

    cpu_usage: float
    """Share of one processor, over the whole run."""
    memory_usage: float
    """The most it has had, in megabytes."""
    uptime: int
    """Seconds."""


class Symbol(TypedDict):
    """One symbol that is traded."""

    symbol: str
    status: str
    """``trading``, ``watching`` (no trade in progress) or ``unlisted`` (fewer than two venues have it)."""
    balance: dict[str, texts.Money]
    """What is held, by venue, in coins."""
    last_trade: NotRequired[money_shapes.Trade]


class Dashboard(TypedDict):
    """The parts of the dashboard's page."""

    dashboard: Totals
    system: System
    symbols: list[Symbol]


class DashboardStatus(TypedDict):
    """What a dashboard's first page shows."""

    success: bool
    data: Dashboard


class QuickStats(TypedDict):
    """The few numbers that fit on a phone."""

    healthy: bool
    trading: str
    mode: str
    equity: texts.Money
    profit_today: texts.Money
    net_exposure: NotRequired[texts.Money]
    trades_open: int
    trades_over: NotRequired[int]
    problems: int


class Health(TypedDict):
    """How well it does."""

    alive: bool
    healthy: bool
    problems: list[str]
    score: float
    """Between 0 and 1: how much works, not what it earns."""
    scores: dict[str, float]
    """By component."""


class Alive(TypedDict):
    """Whether the process may be left alone."""

    alive: bool
    problems: list[str]


class Ready(TypedDict):
    """Whether it can trade."""

    ready: bool
    why_not: list[str]


class Positions(TypedDict):
    """What is held, and what is at stake."""

    positions: dict[str, money_shapes.Position]
    residuals: dict[str, money_shapes.Residual]
    """What trades have left, by id; part of the positions."""
    exposure: money_shapes.Exposure


class Mailbox(TypedDict):
    """What waits for an actor."""

    depth: int
    capacity: int
    high_water: int
    dropped: int


class Failure(TypedDict):
    """How an actor failed last."""

    at: texts.Time
    reason: str


class TreeNode(TypedDict):
    """One actor or supervisor, with those below it; as `perpbot tree --json` prints it."""

    address: str
    name: str
    kind: str
    type: str
    state: str
    uptime_s: float | None
    restarts: int
    mailbox: Mailbox
    messages: int
    latency_us: dict[str, float | None]
    last_failure: Failure | None
    circuit: str | None
    circuit_s: float | None
    strategy: str | None
    children: "list[TreeNode]"


class Deeds(TypedDict):
    """What operators did, the newest first."""

    items: list[operations_shapes.Audit]


@attrs.frozen(kw_only=True)
class TreeQuery:
    """Which part of the tree."""

    address: Annotated[str, msgspec.Meta(max_length=200)] | None = None
    """Where to begin; the root where not given."""


@attrs.frozen(kw_only=True)
class AuditQuery:
    """How much."""

    limit: Annotated[int, msgspec.Meta(ge=1, le=500)] = 100
    """The newest so many."""


# -- the state ---------------------------------------------------------------------------------------------------------


def state(call: Call) -> Encoded:
    """Read everything there is to show."""
    call.desk.look()
    return Encoded(call.desk.feed.body())


def positions(call: Call) -> Positions:
    """Read what is held, and what is at stake."""
    sections = call.desk.sections()
    return Positions(positions=sections["positions"], residuals=sections["residuals"], exposure=sections["exposure"])


def capital(call: Call) -> Any:
    """Read what there is at every venue, and which pool has it."""
    return call.desk.sections()["capital"]


def opportunities(call: Call) -> Any:
    """Read the newest opportunities, and what became of each."""
    return call.desk.sections()["opportunities"]


def tree(call: Call) -> Any:
    """Read the supervision tree."""
    try:
        return tree_from(call.desk.program, {"address": call.given.address})
    except BadRequestError as error:
        raise Problem(404, "not found", str(error)) from error


def deeds(call: Call) -> Deeds:
    """Read what operators did."""
    found = [audit.row(each) for each in call.desk.audit.newest(call.given.limit)]
    return Deeds(items=msgspec.convert(found, list[operations_shapes.Audit]))


# -- dashboards --------------------------------------------------------------------------------------------------------


def dashboard(call: Call) -> DashboardStatus:
    """Read what a dashboard's first page shows."""
    now = call.desk.state()
    earned = sum((each.net for currency, each in now.profit.items() if currency not in now.fee_coins), ZERO)
    held = {} if now.positions is None else now.positions.holdings
    totals = Totals(
        total_value=money.equity(now),
        total_pnl=plain(round(earned, 4)),
        active_positions=sum(bool(each.quantity) for each in held.values()),
    )
    symbols = [_symbol(now, each) for each in call.desk.program.setting.settings.symbols]
    data = Dashboard(dashboard=totals, system=_system(now), symbols=symbols)
    return DashboardStatus(success=True, data=data)


def _symbol(now: State, symbol: str) -> Symbol:
    listed = [venue for venue in now.venues.values() if symbol not in venue.unlisted]
    traded = any(trade.plan.symbol == symbol for trade in now.trades)
    held = {} if now.positions is None else now.positions.holdings
    row = Symbol(
        symbol=symbol,
        status="unlisted" if len(listed) < LEAST_VENUES else "trading" if traded else "watching",
        balance={venue: plain(each.quantity) for (venue, _, what), each in held.items() if what == symbol},
    )
    last = next((record for record in reversed(now.records) if record.symbol == symbol), None)
    if last is not None:
        row["last_trade"] = money.trade_over(last)
    return row


def _system(now: State) -> System:
    used = os.times()
    return System(
        cpu_usage=round((used.user + used.system) / max(1.0, now.uptime_s), 4),
        memory_usage=round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_024, 1),
        uptime=int(now.uptime_s),
    )


def quick_stats(call: Call) -> QuickStats:
    """Read the few numbers that fit on a phone."""
    overview: operations_shapes.Overview = call.desk.sections()["overview"]
    row = QuickStats(
        healthy=overview["healthy"],
        trading=overview["trading"],
        mode=overview["mode"],
        equity=overview["equity"],
        profit_today=overview["profit_today"],
        trades_open=overview["trades_open"],
        problems=len(overview["problems"]),
    )
    if "net_exposure" in overview:
        row["net_exposure"] = overview["net_exposure"]
    if "trades_over" in overview:
        row["trades_over"] = overview["trades_over"]
    return row


def health(call: Call) -> Health:
    """Read how well everything works, as scores and problems."""
    program, now = call.desk.program, call.desk.state()
    overview: operations_shapes.Overview = call.desk.sections()["overview"]
    scores = component_scores(now, program.system, program.setting.settings.symbols)
    return Health(
        alive=overview["alive"],
        healthy=overview["healthy"],
        problems=overview["problems"],
        score=overall_score(scores),
        scores={name: round(each, 4) for name, each in scores.items()},
    )


# -- machines ----------------------------------------------------------------------------------------------------------


def alive(call: Call) -> Alive:
    """Ask whether the process may be left alone."""
    found = process(call.desk.program.system)
    if not found["alive"]:
        raise Problem(503, "not alive", "; ".join(found["problems"]) or "no sign of life yet")
    return Alive(alive=True, problems=found["problems"])


def ready(call: Call) -> Ready:
    """Ask whether it can trade: up, not stopping, and connected at two venues."""
    why_not = _why_not_ready(call.desk)
    if why_not:
        raise Problem(503, "not ready", "; ".join(why_not))
    return Ready(ready=True, why_not=why_not)


def _why_not_ready(desk: Desk) -> list[str]:
    program, found = desk.program, []
    if program.ended.is_set():
        found.append("it is stopping")
    if not program.kill.loaded:
        found.append("the kill switches have not been read yet")
    gates = [gate for gate in program.parts.gates.values() if not gate.trading]
    connected = [gate.venue for gate in gates if gate.circuit.value == "CONNECTED"]
    if len(connected) < LEAST_VENUES:
        found.append(f"market data comes from {len(connected)} venues, and arbitrage needs {LEAST_VENUES}")
    if not process(program.system)["alive"]:
        found.append("the process is not well")
    return found


def public_metrics(call: Call) -> Encoded:
    """Read all metrics, without a token; not here where they have a listener of their own."""
    listen = call.desk.program.setting.settings.metrics.listen
    if listen is not None:
        raise Problem(404, "not found", f"metrics are served at {listen}, as metrics.listen says")
    return metrics(call)


def metrics(call: Call) -> Encoded:
    """Read all metrics."""
    return Encoded(render(call.desk.program), CONTENT_TYPE)


ROUTES = [
    Route(method="GET", path="/api/state", handle=state, answer=shapes.Snapshot),
    Route(method="GET", path="/api/positions", handle=positions, answer=Positions),
    Route(method="GET", path="/api/capital", handle=capital, answer=money_shapes.CapitalPools),
    Route(method="GET", path="/api/opportunities", handle=opportunities, answer=dict[str, market_shapes.Opportunity]),
    Route(method="GET", path="/api/tree", handle=tree, given=TreeQuery, answer=TreeNode, problems=(404,)),
    Route(method="GET", path="/api/audit", handle=deeds, given=AuditQuery, answer=Deeds),
    Route(method="GET", path="/api/dashboard/status", handle=dashboard, answer=DashboardStatus),
    Route(method="GET", path="/api/dashboard/quick-stats", handle=quick_stats, answer=QuickStats),
    Route(method="GET", path="/api/health", handle=health, answer=Health),
    Route(method="GET", path="/api/metrics", handle=metrics, answer=None, media=TEXT),
    Route(
        method="GET", path="/metrics", handle=public_metrics, answer=None, media=TEXT, access=Access.OPEN,
        problems=(404,),
    ),
    Route(method="GET", path="/healthz", handle=alive, answer=Alive, access=Access.OPEN, problems=(503,)),
    Route(method="GET", path="/readyz", handle=ready, answer=Ready, access=Access.OPEN, problems=(503,)),
]  # fmt: skip
