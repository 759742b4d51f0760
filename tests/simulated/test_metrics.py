"""What Prometheus reads of a program that trades at nine simulated venues."""

import socket
from pathlib import Path
from typing import Any

import attrs
import gevent
import pytest
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families
from whole import Whole, settings

from perpbot import logs
from perpbot.config.operation import Metrics
from perpbot.metrics import render
from perpbot.metrics.catalogue import METRICS
from perpbot.metrics.listener import metrics_listener
from perpbot.program import Program, open_journal
from perpbot.simulation.world import World, run_forked
from perpbot.venues.registry import venue_class, venue_names
from supervisors.spec import ChildSpec

pytest_plugins = ["whole"]
pytestmark = pytest.mark.simulated

MOST_LINES = 500
SOMETIMES = {"actor_troubles", "risk_refusals"}
WITH_BALANCES = "with `metrics.balances: true`"


def scrape(world: World, state: Path, names: list[str]) -> dict[bool, str]:
    """What is read without balances and with them."""
    whole = Whole(world, state, settings=settings(names))
    program = whole.program
    program.start()
    gevent.sleep(8.0)
    texts = {}
    for balances in (False, True):
        changed = attrs.evolve(program.setting.settings, metrics=Metrics(balances=balances))
        program.setting = attrs.evolve(program.setting, settings=changed)
        texts[balances] = render(program).decode()
    whole.stop()
    return texts


def parsed(text: str) -> dict[str, Metric]:
    found = {family.name: family for family in text_string_to_metric_families(text)}
    return {name.removeprefix("perpbot_"): each for name, each in found.items() if name.startswith("perpbot_")}


@pytest.fixture
def texts(state: Path) -> dict[bool, str]:
    for name in venue_names():
        venue_class(name)  # loaded before the fork
    return run_forked(scrape, 1, state, venue_names())


def test_a_scrape_of_nine_venues_has_every_metric_of_the_catalogue_and_no_other(texts: dict[bool, str]) -> None:
    found, bare = parsed(texts[True]), parsed(texts[False])
    assert set(found) - SOMETIMES == set(METRICS) - SOMETIMES
    for name, each in found.items():
        assert each.documentation == METRICS[name].meaning
        assert each.type == METRICS[name].kind.value
        assert {frozenset(sample.labels) - {"le"} for sample in each.samples} == {frozenset(METRICS[name].labels)}
    assert {METRICS[name].seen for name in found.keys() - bare.keys()} == {WITH_BALANCES}
    for text in texts.values():
        assert len([line for line in text.splitlines() if not line.startswith("#")]) < MOST_LINES
    values = {sample.name: sample.value for each in found.values() for sample in each.samples if not sample.labels}
    assert 0.9 < values["perpbot_health_ratio"] <= 1
    assert values["perpbot_orders_sent_total"] > 0
    assert values["perpbot_uptime_seconds"] == pytest.approx(8, abs=1)


def ask(request: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", 9464), timeout=5) as client:
        client.sendall(request + b"Host: localhost\r\nConnection: close\r\n\r\n")
        return b"".join(iter(lambda: client.recv(65_536), b""))


def listen(world: World, state: Path) -> dict[str, Any]:
    whole = Whole(world, state)
    whole.program.journal.close()

    def surfaces(program: Program) -> list[ChildSpec]:
        return [metrics_listener(program, "127.0.0.1:9464")]

    setting = whole.program.setting
    program = whole.program = Program(setting, open_journal(state), logs.make_log("INFO", whole.log.append), surfaces)
    program.start()
    whole.wait_until(whole.all_connected, 10, "all connections are up")
    answers = [ask(f"{line} HTTP/1.1\r\n".encode()) for line in ("GET /metrics", "GET /", "POST /metrics")]
    whole.crash("/metrics")
    whole.wait_until(lambda: program.system.cell("/metrics").restarts == 1, 10, "the listener is back")
    gevent.sleep(1.0)
    again = ask(b"GET /metrics HTTP/1.1\r\n")
    whole.crash("/state")
    without_state = render(program)
    whole.stop()
    return {"answers": answers, "again": again, "without_state": without_state}


def test_a_listener_of_their_own_serves_metrics_and_nothing_else_and_comes_back_after_a_crash(state: Path) -> None:
    told = run_forked(listen, 1, state)
    good, *bad = told["answers"]
    for each in (good, told["again"]):
        head, _, body = each.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 OK")
        assert b"text/plain; version=" in head
        assert b'perpbot_connection_up{connection="trading",venue="okx"} 1.0' in body
    assert [each[:12] for each in bad] == [b"HTTP/1.1 404"] * 2
    assert b"perpbot_state_missing 1.0" in told["without_state"]
    assert b"perpbot_actor_mailbox_depth" in told["without_state"]
