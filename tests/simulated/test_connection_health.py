"""How well connections work: figures, alerts, the registry, and what scanners make of it."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import gevent
import pytest
from hypothesis import given
from hypothesis import strategies as st
from whole import Whole, check_accounts

from actors.connection_health import RECENT, ConnectionHealth, HealthLimits, Reliability
from actors.connections import ReadRegistry, Registry, report
from actors.gate import Circuit, Gate, KillSwitches
from actors.state import ReadState
from perpbot.clock import NS_PER_MS, NS_PER_SECOND, monotonic_ns
from perpbot.control.pages import status
from perpbot.simulation.world import World, in_world, run_forked

pytest_plugins = ["whole"]
pytestmark = pytest.mark.simulated

LIMITS = HealthLimits(max_latency_ms=100, error_streak=3, heartbeat_s=10)


def gate() -> Gate:
    made = Gate("okx", "/venues/okx/trading", KillSwitches(), trading=True)
    made.move(Circuit.CONNECTED, "connected")
    return made


def alerts(made: Gate, now_ns: int | None = None) -> list[str]:
    found = report(made.address, made, LIMITS, monotonic_ns() if now_ns is None else now_ns)
    assert found.healthy is (not found.alerts)
    return [each.partition(":")[0] for each in found.alerts]


@given(st.lists(st.integers(-50, 5_000), min_size=1, max_size=1_200))
def test_mean_and_quantiles_are_those_of_the_recent_latencies(latencies_ms: list[int]) -> None:
    health = ConnectionHealth()
    for each in latencies_ms:
        health.took(each * NS_PER_MS)
    recent = sorted(max(0, each) for each in latencies_ms[-RECENT:])
    assert health.mean_ms == pytest.approx(sum(recent) / len(recent))
    assert health.quantile_ms(0.5) == recent[len(recent) // 2]
    assert health.quantile_ms(1.0) == recent[-1]


@given(st.lists(st.booleans(), max_size=1_200))
def test_rate_and_streak_are_those_of_the_recent_results(results: list[bool]) -> None:
    health = ConnectionHealth()
    for each in results:
        health.went(well=each)
    recent = results[-RECENT:]
    assert health.error_rate == (recent.count(False) / len(recent) if recent else 0)
    last_good = next((place for place, each in enumerate(reversed(results)) if each), len(results))
    assert health.streak == last_good


def test_each_limit_has_its_alert_and_no_other() -> None:
    slow, wrong, failing, silent = (gate() for _ in range(4))
    slow.health.took(101 * NS_PER_MS)
    for each in range(20):
        wrong.health.went(well=each % 5 != 0)
    for _ in range(3):
        failing.health.went(well=False)
    assert [alerts(each) for each in (gate(), slow, wrong, failing)] == [[], ["latency"], ["errors"], ["error streak"]]
    assert alerts(silent, silent.heard_ns + 11 * NS_PER_SECOND) == ["heartbeat"]
    silent.move(Circuit.CIRCUIT_OPEN, "silent")
    assert report(silent.address, silent, LIMITS, silent.heard_ns + 11 * NS_PER_SECOND).alerts == ()


@pytest.mark.parametrize(
    ("latency_ms", "errors", "wanted"),
    [(0, 0, "1"), (100, 0, "1"), (200, 0, "0.5"), (0, 10, "0.5"), (400, 10, "0.125"), (0, 20, "0")],
)
def test_errors_and_latency_lower_the_reliability(latency_ms: int, errors: int, wanted: str) -> None:
    health = ConnectionHealth()
    health.took(latency_ms * NS_PER_MS)
    for each in range(20):
        health.went(well=each >= errors)
    assert health.reliability(LIMITS) == Decimal(wanted)


@in_world()
def test_a_venue_is_as_reliable_as_its_worse_connection() -> None:
    gates = {each: Gate("okx", each, KillSwitches(), trading=False) for each in ("/a", "/b")}
    gates["/b"].health.took(200 * NS_PER_MS)
    reliability = Reliability(gates, dict.fromkeys(gates, LIMITS))
    assert [reliability("okx"), reliability("elsewhere")] == [Decimal("0.5"), 1]
    gates["/b"].health.took(0)
    assert reliability("okx") == Decimal("0.5")
    gevent.sleep(1.0)
    assert reliability("okx") == 1


def slow_venue(world: World, state: Path) -> dict[str, Any]:
    whole = Whole(world, state)
    whole.program.start()
    whole.wait_until(whole.all_connected, 10.0, "all connections up")
    registry: Registry = whole.program.system.ref("/connections").ask(ReadRegistry())
    assert set(registry.venues(healthy=True)) == {"okx", "hyperliquid", "aster"}
    assert all(registry.trading_allowed.values())
    whole.venues.admin.set_faults("okx", latency_ms=900)

    def told(name: str) -> list[Any]:
        return [each for each in whole.log if each.get("event") == name and each["about"] == "latency"]

    whole.wait_until(lambda: bool(told("connection alert")), 120.0, "an alert")
    assert told("connection alert")[0]["connection"] == "okx/trading"
    page = status(whole.program.system.ref("/state").ask(ReadState()), whole.program.system)
    assert page["connections"]["unhealthy"] == ["okx"]
    shown = page["connections"]["each"]["okx/trading"]
    whole.venues.admin.set_faults("okx", latency_ms=0)
    report_ = whole.stop()
    check_accounts(whole, report_)
    return {"shown": shown, "clean": report_["clean"], "feed": page["connections"]["each"]["okx/market-data"]}


def test_a_slow_venue_raises_an_alert_and_shows_in_the_registry(state: Path) -> None:
    found = run_forked(slow_venue, 64, state)
    assert found["clean"] is True
    assert found["shown"]["latency_ms"]["mean"] > 500
    assert found["shown"]["latency_ms"]["p99"] >= 900
    assert found["shown"]["alerts"][0].startswith("latency: ")
    assert found["feed"]["healthy"] is True
    assert found["feed"]["latency_ms"]["p50"] < 50
