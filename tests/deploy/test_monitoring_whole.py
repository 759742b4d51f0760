"""A real Prometheus scrapes a PerpBot that trades; an alert travels from a venue that is gone to a webhook."""

import json
import re
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import attrs
import pytest
import yaml
from three_venues import NAMES, three_venues
from tools import DEPLOY, ROOT, tool

from perpbot.children import ended
from perpbot.clock import NS_PER_SECOND, monotonic_ns
from perpbot.metrics.dashboard import PANELS

pytestmark = [pytest.mark.full, pytest.mark.process]

PATIENCE_S = 120.0
GONE = "hyperliquid"
TIMES = {
    "prometheus/prometheus.yml": "5s",
    "prometheus/rules.yml": r"\d+[ms]$",
    "alertmanager/alertmanager.yml": "5s|1m",
}
"""The files, and the times in them that a test does not wait for."""
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def wait_for(condition: Callable[[], Any], what: str) -> Any:
    """Wait until `condition` is true; what it was then."""
    deadline = monotonic_ns() + int(PATIENCE_S * NS_PER_SECOND)
    while not (found := condition()):
        if monotonic_ns() > deadline:
            pytest.fail(f"not within {PATIENCE_S:g} s: {what}")
        threading.Event().wait(0.2)
    return found


@contextmanager
def child(log: Path, *command: object) -> Iterator[subprocess.Popen[bytes]]:
    """A program for as long as the test wants it."""
    with log.open("wb") as output:
        process = subprocess.Popen([str(each) for each in command], stdout=output, stderr=subprocess.STDOUT, cwd=ROOT)
    with ended(process):
        yield process


@contextmanager
def webhook() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Somewhere alerts can go: its URL, and what came."""
    alerts: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            alerts.extend(json.loads(self.rfile.read(int(self.headers["Content-Length"])))["alerts"])
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Nobody reads it."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/", alerts
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def answer(url: str, data: bytes | None = None) -> Any:
    """What a server says, or None while it does not."""
    try:
        with urllib.request.urlopen(url, data, timeout=5) as response:  # noqa: S310 - our own
            text = response.read().decode()
    except (OSError, urllib.error.URLError):
        return None
    return json.loads(text) if text.startswith("{") else text


@attrs.frozen
class Whole:
    prometheus: str
    admin: str
    alerts: list[dict[str, Any]]

    def query(self, expression: str) -> list[dict[str, Any]]:
        told = answer(f"{self.prometheus}/api/v1/query?{urllib.parse.urlencode({'query': expression})}")
        assert told is None or told["status"] == "success", told
        return [] if told is None else told["data"]["result"]

    def tell_venues(self, venue: str, action: str) -> None:
        assert answer(f"{self.admin}/admin/{venue}/{action}", b"") is not None

    def alert(self, status: str) -> dict[str, Any] | None:
        for each in self.alerts:
            labels = each["labels"]
            if (labels["alertname"], labels.get("venue"), each["status"]) == ("VenueDisconnected", GONE, status):
                return each
        return None


def command(service: str, program: str, where: dict[str, str]) -> list[str]:
    """The command of the container, for this machine."""
    text = "\n".join(COMPOSE[service]["command"])
    for old, new in where.items():
        text = text.replace(old, new)
    return [program, *text.split("\n")]


@pytest.fixture
def whole(tmp_path: Path) -> Iterator[Whole]:
    prometheus, alertmanager = tool("prometheus", "Debian"), tool("prometheus-alertmanager", "Debian")
    ports = {old: str(free_port()) for old in ("9464", "9090", "9093")}
    with ExitStack() as stack:
        url, alerts = stack.enter_context(webhook())
        served = tmp_path / "venues.json"
        stack.enter_context(child(served, sys.executable, "-m", "perpbot", "venues", "serve", *NAMES))
        wait_for(lambda: served.read_text().count("\n"), "the venues are served")
        config = three_venues(tmp_path)
        with config.open("a") as file:
            file.write(f"\nmetrics: {{listen: '127.0.0.1:{ports['9464']}'}}\n")
        options = ("--config", config, "--venues", served, "--state", tmp_path / "state", "--no-console", "--no-web")
        stack.enter_context(child(tmp_path / "perpbot.log", sys.executable, "-m", "perpbot.main", *options))
        for name, old in TIMES.items():
            text = (DEPLOY / name).read_text()
            text = re.sub(rf"(_interval|_wait|for): ({old})", r"\1: 1s", text, flags=re.MULTILINE)
            for port, mine in ports.items():
                text = text.replace(port, mine)
            (tmp_path / Path(name).name).write_text(text.replace("WEBHOOK_URL", url))
        where = {
            "/etc/prometheus": str(tmp_path), "/prometheus\n": f"{tmp_path}/tsdb\n", "/etc/alertmanager": str(tmp_path),
            "=/alertmanager": f"={tmp_path}/alerts", **{f":{old}": f":{new}" for old, new in ports.items()},
        }  # fmt: skip
        stack.enter_context(child(tmp_path / "prometheus.log", *command("prometheus", prometheus, where)))
        stack.enter_context(child(tmp_path / "alertmanager.log", *command("alertmanager", alertmanager, where)))
        admin = json.loads(served.read_text().splitlines()[0])["admin"]["url"]
        made = Whole(f"http://127.0.0.1:{ports['9090']}", admin, alerts)
        wait_for(lambda: made.query('up{job="perpbot"} == 1'), "Prometheus scrapes PerpBot")
        wait_for(lambda: answer(f"http://127.0.0.1:{ports['9093']}/-/ready"), "Alertmanager is ready")
        yield made


def test_every_panel_and_rule_has_data_and_an_alert_travels_from_a_venue_that_is_gone_to_a_webhook(
    whole: Whole,
) -> None:
    panels = [query.replace("$__rate_interval", "30s") for panel in PANELS for query in panel.queries.values()]
    rules = yaml.safe_load((DEPLOY / "prometheus/rules.yml").read_text())["groups"]
    # a comparison with `bool` tells of every series whether it holds
    conditions = [
        re.sub(r"(==|>=|<|>) (?=\d)", r"\1 bool ", rule["expr"]) for group in rules for rule in group["rules"]
    ]
    wait_for(lambda: whole.query("perpbot_trades_total{outcome='completed'} > 0"), "a trade is over")
    for expression in (*panels, *conditions):
        wait_for(lambda: whole.query(expression), f"data for {expression}")  # noqa: B023 - called before the next one
    assert whole.alert("firing") is None
    whole.tell_venues(GONE, "stop")
    told = wait_for(lambda: whole.alert("firing"), "the alert comes")
    assert told["annotations"]["runbook"] == "docs/monitoring.md#venuedisconnected"
    whole.tell_venues(GONE, "start")
    wait_for(lambda: whole.alert("resolved"), "it is over")
