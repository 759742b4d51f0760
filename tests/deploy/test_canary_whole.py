"""Secrets in every place a user may put them, each in its own words, and none of them in anything that leaves."""

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import yaml
from test_monitoring_whole import child, free_port, wait_for
from tools import ROOT

from perpbot.control.client import Client, RefusedError
from perpbot.statedir import SOCKET_NAME

pytestmark = [pytest.mark.full, pytest.mark.process]

PERPBOT = [sys.executable, "-m", "perpbot"]
CANARIES = {
    "a password of a proxy": "canary-proxy-5b1f0c",
    "a token of a channel, by ${NAME}": "canary-dollar-77ad21",
    "a token of a channel, by env:": "canary-env-c03e98",
    "a token of a channel, by cred:": "canary-cred-41d7aa",
    "a token of a channel, by file:": "canary-file-9e02b6",
}
ALERTS = """
language: en
channels:
  - {name: dollar, url: "tgram://123456789:${DOLLAR_TOKEN}abcdefghijklmnopqrstuvw/1"}
  - {name: env, url: "env:ENV_URL"}
  - {name: cred, url: "cred:cred-url"}
  - {name: file, url: "file:@FILE@"}
alerts:
  - name: anything
    title: It runs
    condition: consecutive_failures >= 0
    severity: critical
    actions: [notify_all_channels]
    runbook: docs/runbook.md#anything
"""
QUESTIONS = (
    ["status"], ["status", "--json"], ["tree", "--json"], ["trades", "--json"], ["positions", "--json"],
    ["opportunities", "--json"], ["dead-letters", "--each", "--json"], ["crashes", "--json"], ["stacks", "--full"],
    ["top", "--once"], ["health", "--json"], ["alerts", "list", "--json"], ["alerts", "test"],
    ["trace", "/venues/okx/trading", "--for", "2"], ["trace", "/alerts", "--for", "2"],
)  # fmt: skip


def configured(place: Path, served: Mapping[str, Any], port: int) -> dict[str, str]:
    """Write a configuration that trades at the simulated venues as if they were real; the environment it wants."""
    trading = {"trade_enabled": True}
    exchanges: dict[str, Any] = {
        "okx": {
            "trading": {
                **trading,
                "api_key_env": "OKX_API_KEY",
                "api_secret_env": "OKX_API_SECRET",
                "api_passphrase_env": "OKX_API_PASSPHRASE",
            }
        },
        "hyperliquid": {"trading": {**trading, "wallet_address_env": "HL_WALLET", "private_key_env": "HL_KEY"}},
        "aster": {"proxy_env": "ASTER_PROXY"},
    }
    for name in ("okx", "hyperliquid"):
        where = served[name]
        exchanges[name]["endpoints"] = {
            "rest": where["rest"],
            "public_ws": where["ws"]["public"],
            "private_ws": where["ws"]["private"],
        }
    settings = {
        "mode": "live",
        "symbols": ["BTC", "ETH"],
        "exchanges": exchanges,
        "metrics": {"listen": f"127.0.0.1:{port}", "balances": True},
        "log": {"level": "DEBUG"},
    }
    (place / "perpbot.yaml").write_text(yaml.safe_dump(settings))
    hook = "https://127.0.0.1:1/{}"
    (place / "file-url").write_text(hook.format(CANARIES["a token of a channel, by file:"]))
    (place / "alerts.yaml").write_text(ALERTS.replace("@FILE@", str(place / "file-url")))
    credentials = place / "credentials"
    credentials.mkdir()
    (credentials / "perpbot_HL_KEY").write_text(served["hyperliquid"]["credentials"]["privateKey"] + "\n")
    (credentials / "cred-url").write_text(hook.format(CANARIES["a token of a channel, by cred:"]))
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith(("PERPBOT_", "STATE_"))},
        "OKX_API_KEY": served["okx"]["credentials"]["apiKey"],
        "OKX_API_SECRET": served["okx"]["credentials"]["secret"],
        "OKX_API_PASSPHRASE": served["okx"]["credentials"]["password"],
        "HL_WALLET": served["hyperliquid"]["credentials"]["walletAddress"],
        "ASTER_PROXY": f"http://me:{CANARIES['a password of a proxy']}@127.0.0.1:1",
        "DOLLAR_TOKEN": CANARIES["a token of a channel, by ${NAME}"],
        "ENV_URL": hook.format(CANARIES["a token of a channel, by env:"]),
        "CREDENTIALS_DIRECTORY": str(credentials),
    }


def asked(*arguments: str, state: Path) -> str:
    command = [*PERPBOT, *arguments, "--state", str(state)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, cwd=ROOT)
    return done.stdout + done.stderr


def told(verb: str, state: Path) -> Any:
    """What the running system answers to a question; nothing while there is none."""
    return json.loads(asked(verb, "--json", state=state).partition("no system is running")[0] or "{}")


def fetched(url: str, token: str = "") -> str:
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"})  # noqa: S310 - our own
    try:
        with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310 - our own
            return f"{response.headers}{response.read(10_000_000).decode(errors='replace')}"
    except urllib.error.HTTPError as error:
        return f"{error.headers}{error.read().decode(errors='replace')}"


def operator_password(output: str) -> str:
    return Path(output.split("Sign in with the password in ")[1].split(";", maxsplit=1)[0]).read_text().strip()


def token(base: str, output: str) -> str:
    body = json.dumps({"password": operator_password(output)}).encode()
    request = urllib.request.Request(f"{base}/api/auth/token", body, {"Content-Type": "application/json"})  # noqa: S310
    with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310 - our own
        return str(json.load(response)["access_token"])


def pages(base: str, output: str) -> Iterator[tuple[str, str]]:
    """Every page that can be read and is no stream."""
    described = json.loads(fetched(f"{base}/openapi.json").partition("\n\n")[2])
    mine = token(base, output)
    for path, methods in described["paths"].items():
        if "get" in methods and "{" not in path and not path.endswith(("/events", "/stream")):
            yield path, fetched(base + path, mine)


def inspected(client: Client, address: str) -> str:
    """What is told of an actor; of a trade that was over meanwhile, that it is."""
    try:
        return json.dumps(client.ask("inspect", address=address))
    except RefusedError as error:
        if not address.startswith("/trades/"):
            raise
        return str(error)


def test_no_secret_of_a_user_is_in_any_log_page_answer_metric_alert_or_file(tmp_path: Path) -> None:
    served_file, state, log = tmp_path / "venues.json", tmp_path / "state", tmp_path / "output.txt"
    with ExitStack() as stack:
        serve = (*PERPBOT, "venues", "serve", "okx", "hyperliquid", "--edge-every", "1")
        stack.enter_context(child(served_file, *serve))
        wait_for(lambda: served_file.read_text().count("\n"), "the venues are served")
        served = json.loads(served_file.read_text().splitlines()[0])
        metrics, web = free_port(), free_port()
        environment = configured(tmp_path, served, metrics)
        options = ["--no-console", "--config", tmp_path / "perpbot.yaml", "--state", state, "--port", str(web)]
        with log.open("wb") as output:
            command = [*PERPBOT, "run", *map(str, options)]
            process = subprocess.Popen(command, env=environment, stdout=output, stderr=output, cwd=ROOT)
        stack.callback(process.wait, 60)
        stack.callback(process.send_signal, signal.SIGTERM)
        wait_for(lambda: process.poll() is not None or told("health", state).get("alive"), "it runs")
        assert process.poll() is None, log.read_text()
        wait_for(lambda: told("trades", state)["over"], "a trade is over")
        asked("kill", "/venues/okx/trading", "--yes", state=state)
        said = {" ".join(each): asked(*each, state=state) for each in QUESTIONS}
        addresses = {node["address"] for node in nodes(json.loads(said["tree --json"]))}
        with Client(state / SOCKET_NAME) as client:
            said |= {f"inspect {each}": inspected(client, each) for each in sorted(addresses)}
        said |= dict(pages(f"http://127.0.0.1:{web}", log.read_text()))
        said["metrics"] = fetched(f"http://127.0.0.1:{metrics}/metrics")
    kept = [path for path in state.rglob("*") if path.is_file()]
    said |= {str(path.relative_to(tmp_path)): path.read_bytes().decode(errors="replace") for path in (log, *kept)}
    assert "perpbot_equity_usd" in said["metrics"]
    assert len(said["/api/state"]) > 1000
    secrets = {f"okx {name}": value for name, value in served["okx"]["credentials"].items()}
    secrets["hyperliquid privateKey"] = served["hyperliquid"]["credentials"]["privateKey"].removeprefix("0x")
    leaks = [
        (place, what) for place, text in said.items() for what, secret in (secrets | CANARIES).items() if secret in text
    ]
    assert leaks == []
    password = operator_password(said["output.txt"])
    assert [place for place, text in said.items() if password in text] == ["state/operator.password"]
    assert "message not delivered" in said["output.txt"]  # the channels were tried


def nodes(node: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield node
    for each in node["children"]:
        yield from nodes(each)
