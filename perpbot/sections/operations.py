"""Sections about the machine: the overview, venues, actors, latencies."""

from collections.abc import Mapping

from actors.alert_requests import AlertRow
from actors.gate import GLOBAL, Gate
from actors.runtime import Cell
from actors.runtime.telemetry import SUM, HandlerTimes
from actors.state import State, VenueState
from perpbot import __version__
from perpbot.clock import NS_PER_SECOND, iso, monotonic_ns
from perpbot.control.looking import troubles
from perpbot.control.pages import problems
from perpbot.control.process import process
from perpbot.model.money import plain
from perpbot.program import Program
from perpbot.sections import operations_shapes as shapes
from perpbot.sections.moments import wall_second
from perpbot.sections.money import equity
from perpbot.sections.turns import Turns
from supervisors.pulse import Pulse
from supervisors.supervisor import Supervisor
from supervisors.vitals import GRAVE

NS_PER_US = 1_000
REASON_LENGTH = 200


def overview(program: Program, state: State, profit_today: str, stream_clients: int) -> shapes.Overview:
    """Is it well, what is it doing, what did it earn."""
    cells, system = program.system.cells(), program.system
    alive = process(system)
    grave = [each for each in troubles(program.vitals()) if each["kind"] in GRAVE]
    wrong = [*alive["problems"], *problems(state), *(f"{each['address']}: {each['what']}" for each in grave)]
    row = shapes.Overview(
        at=iso(state.at_ns // NS_PER_SECOND * NS_PER_SECOND),
        version=__version__,
        mode=state.mode,
        config=program.setting.config,
        uptime_s=int(state.uptime_s),
        healthy=not wrong,
        problems=wrong,
        alive=alive["alive"],
        trading=_trading(program, state),
        symbols=list(program.setting.settings.symbols),
        equity=equity(state),
        profit_today=profit_today,
        trades_open=len(state.trades),
        actors=sum(cell.alive for cell in cells),
        restarts=sum(cell.restarts for cell in cells),
        crashes=system.crashes.total,
        dead_letters=system.letters.total,
        log_lines_lost=sum(each.lost for each in program.writers),
        stream_clients=stream_clients,
    )
    if state.trades_over is not None:
        row["trades_over"] = state.trades_over
    if state.orders is not None:
        row["orders_unknown"] = state.orders.unknown_open
    if state.positions is not None:
        row["net_exposure"] = plain(round(state.positions.exposure.net_total, 4))
        row["gross_exposure"] = plain(round(state.positions.exposure.gross_total, 4))
    return row


def _trading(program: Program, state: State) -> str:
    if program.ended.is_set():
        return "stopping"
    if GLOBAL in state.kill:
        return "killed"
    return "blocked" if state.blocks else "running"


# -- venues ------------------------------------------------------------------------------------------------------------


def venues(program: Program, state: State) -> dict[str, shapes.Venue]:
    """Every venue and how we stand with it."""
    return {name: _venue(program, state, each) for name, each in state.venues.items()}


def _venue(program: Program, state: State, venue: VenueState) -> shapes.Venue:
    name = venue.name
    gates = {address.rsplit("/", 1)[-1]: gate for address, gate in program.parts.gates.items() if gate.venue == name}
    trading = gates.get("trading")
    refusal = "nothing is traded here" if trading is None else trading.refusal_to_open()
    http = program.parts.venues[name].http
    limits = http.limiter.describe(monotonic_ns())
    row = shapes.Venue(
        state=(trading or gates["market-data"]).circuit.value,
        trading=trading is not None,
        open_allowed=refusal is None,
        connections={each: _connection(state, gate) for each, gate in gates.items()},
        tokens=dict(limits["tokens"]),
        paused_s=limits["paused_s"],
        clock_ahead_ms=http.venue_clock.ahead_ms,
        killed=bool(state.kill.keys() & {GLOBAL, name}),
        counts=dict(venue.counts),
        unlisted=list(venue.unlisted),
    )
    if refusal is not None:
        row["refusal"] = refusal
    if name in state.dead_men:
        row["dead_man"] = state.dead_men[name]
    return row


def _connection(state: State, gate: Gate) -> shapes.Connection:
    row = shapes.Connection(
        circuit=gate.circuit.value,
        reason=gate.reason,
        since=wall_second(gate.moved_ns),
        latency_ms={},
        alerts=[],
    )
    kind = gate.address.rsplit("/", 1)[-1]
    for each in () if state.registry is None else state.registry.reports:
        if (each.venue, each.connection) == (gate.venue, kind):
            known = {"mean": each.mean_ms, "p50": each.p50_ms, "p99": each.p99_ms}
            row["latency_ms"] = {name: ms for name, ms in known.items() if ms is not None}
            row["healthy"], row["alerts"] = each.healthy, list(each.alerts)
            row["error_rate"], row["error_streak"] = each.error_rate, each.error_streak
    return row


def alerts(state: State) -> dict[str, shapes.Alert]:
    """Those that fire or are pending, by id; one that is gone is over."""
    return {each.id: alert(each) for each in state.alerts.alerts}


def alert(each: AlertRow) -> shapes.Alert:
    """One of them."""
    return shapes.Alert(
        severity=each.severity,
        state=each.phase,
        text=f"{each.title}: {each.reading}" if each.reading else each.title,
        titles=dict(each.titles),
        reading=each.reading,
        since=iso(each.at_ns),
        rule=each.rule,
        acknowledged=bool(each.acknowledged_by),
        silenced=each.silenced,
        runbook=each.runbook,
        about=each.about,
        sound=each.sound,
    )


# -- actors ------------------------------------------------------------------------------------------------------------


def tree(program: Program, turns: Turns) -> dict[str, shapes.Node]:
    """Every actor and supervisor, parents before their children."""
    vitals = program.vitals()
    pulses = {} if vitals is None else vitals.pulses
    rows = {}
    for cell in [cell for cell in program.system.cells() if cell.incarnation]:
        rows[cell.address] = _node(program, cell, pulses.get(cell.address))
        turns.offer()
    return rows


def _node(program: Program, cell: Cell, pulse: Pulse | None) -> shapes.Node:
    row = shapes.Node(
        name=cell.name,
        kind=cell.kind,
        type=cell.type_name,
        state=cell.state.value,
        restarts=cell.restarts,
        depth=cell.mailbox.depth,
        high_water=cell.mailbox.high_water,
        dropped=cell.mailbox.dropped,
        troubles=[] if pulse is None else [each.what for each in pulse.troubles()],
    )
    if cell.parent is not None:
        row["parent"] = cell.parent.address
    if isinstance(cell.actor, Supervisor):
        row["strategy"] = cell.actor.policy.flags.strategy.value
    gate = program.parts.gates.get(cell.address)
    if gate is not None:
        row["circuit"] = gate.circuit.value
    rates = None if pulse is None else pulse.rates()
    if rates is not None:
        row["messages_per_s"], row["busy"] = round(rates.messages, 1), round(rates.busy, 4)
    if cell.last_failure is not None:
        row["last_failure"] = program.mask(str(cell.last_failure.exit))[:REASON_LENGTH]
    return row


def latencies(stages: Mapping[str, HandlerTimes]) -> dict[str, shapes.Latency]:
    """How long the stages that span actors take."""
    return {name: _latency(times) for name, times in sorted(stages.items())}


def _latency(times: HandlerTimes) -> shapes.Latency:
    return shapes.Latency(
        count=times.count,
        p50_us=(times.quantile_ns(0.5) or 0) / NS_PER_US,
        p99_us=(times.quantile_ns(0.99) or 0) / NS_PER_US,
        max_us=times.max_ns / NS_PER_US,
        histogram={f"{(1 << bits) / NS_PER_US:g}": count for bits, count in enumerate(times.cells[:SUM]) if count},
    )
