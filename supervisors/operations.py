"""The children of `operations`: what watches and reports."""

from actors.alert_desk import AlertDesk, Neighbours
from actors.alert_doors import Addresses, Doors
from actors.alert_values import Sources, Watch
from actors.connections import Connections
from actors.deliveries import Deliveries
from actors.heartbeat import Heartbeat
from actors.runtime import System
from actors.state import StateView
from actors.status_log import StatusLog
from perpbot.scores import component_scores, overall_score
from supervisors.addresses import (
    ALERTS,
    BALANCES,
    BASIS,
    CONNECTIONS,
    DELIVERIES,
    EXECUTOR,
    FLATTENER,
    HEARTBEAT,
    HEDGE_WATCH,
    JOURNAL,
    KILL_SWITCH,
    ORDERS,
    POOLS,
    POSITIONS,
    RISK,
    STATE,
    VITALS,
    pool_address,
)
from supervisors.children import resilient
from supervisors.parts import Parts
from supervisors.spec import ChildSpec
from supervisors.vitals import GRAVE, Vitals


def operations(parts: Parts) -> list[ChildSpec]:
    """What watches and reports. All of it backs off: looking after trading never ends it."""
    return [
        resilient(
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
        resilient("connections", parts, lambda: Connections(parts.gates, parts.health_limits())),
        resilient("vitals", parts, Vitals),
        resilient("heartbeat", parts, lambda: Heartbeat((JOURNAL, RISK), parts.beat)),
        resilient("status-log", parts, lambda: StatusLog(STATE, parts.settings.log.status_interval_sec)),
        resilient(
            "deliveries",
            parts,
            lambda: Deliveries(parts.channels, journal=JOURNAL, give_up_s=parts.alerts.give_up_sec),
        ),
        resilient("alerts", parts, lambda: _alert_desk(parts)),
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
