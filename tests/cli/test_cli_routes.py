"""A run over TLS: straight, through an HTTP proxy and through a SOCKS5 proxy; and with a certificate nobody knows."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest
import yaml
from authority import Authority
from running_system import PATIENCE_S, PERPBOT, Output, environment, in_process
from three_venues import NAMES, three_venues
from tiny_proxies import http_connect, proxy, socks5

from perpbot.children import ended
from perpbot.clock import NS_PER_SECOND, monotonic_ns

pytestmark = pytest.mark.process


class Secured(NamedTuple):
    """Venues that are served over TLS."""

    folder: Path
    details: dict[str, Any]
    authority: Authority

    @property
    def file(self) -> Path:
        return self.folder / "venues.json"

    def books(self, venue: str) -> Any:
        with urlopen(f"{self.details['admin']['url']}/admin/{venue}/books") as answer:  # noqa: S310 - on loopback
            return next(iter(json.load(answer).values()))

    def port(self, venue: str) -> int:
        return urlsplit(self.details[venue]["rest"]).port or 0


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    folder = tmp_path_factory.mktemp("secured")
    authority = Authority("known", folder)
    certificate, key = authority.loopback()
    command = [*PERPBOT, "venues", "serve", *NAMES, "--seed", "1", "--edge-every", "0.5", "--die-with-parent"]
    command += ["--tls-cert", str(certificate), "--tls-key", str(key)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment())
    assert process.stdout is not None
    with ended(process), process.stdout:
        line = process.stdout.readline()
        (folder / "venues.json").write_text(line)
        yield Secured(folder, json.loads(line), authority)


def config(folder: Path, **exchanges: dict[str, str]) -> Path:
    """The configuration of three venues, each with changes of its own."""
    path = three_venues(folder)
    whole = yaml.safe_load(path.read_text())
    whole["exchanges"] = {name: {**whole["exchanges"][name], **exchanges[name]} for name in NAMES}
    path.write_text(json.dumps(whole))
    return path


def test_orders_are_filled_over_tls_straight_and_through_both_proxies(secured: Secured, tmp_path: Path) -> None:
    ca = {"ca_file": str(secured.authority.file)}
    summary = tmp_path / "summary.json"
    with proxy(http_connect) as http, proxy(socks5) as socks:
        ways = {"hyperliquid": f"http://127.0.0.1:{http.port}", "aster": f"socks5://127.0.0.1:{socks.port}"}
        path = config(tmp_path, okx=ca, **{name: {**ca, "proxy": way} for name, way in ways.items()})
        command = [sys.executable, "-m", "perpbot.main", "--no-console", "--config", str(path)]
        command += ["--venues", str(secured.file), "--state", str(tmp_path / "state"), "--summary", str(summary)]
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment())
        assert process.stderr is not None
        with ended(process):
            output = Output(process.stderr)
            output.wait_for("after=CONNECTED", 2 * len(NAMES))
            deadline = monotonic_ns() + int(PATIENCE_S * NS_PER_SECOND)
            while not all(secured.books(name)["fills"] for name in NAMES):
                assert monotonic_ns() < deadline, f"some venue filled nothing:\n{''.join(output.lines[-20:])}"
            process.send_signal(signal.SIGTERM)
            assert process.wait(PATIENCE_S) == 0, output.text()
        assert set(http.targets) == {("127.0.0.1", secured.port("hyperliquid"))}
        assert set(socks.targets) == {("127.0.0.1", secured.port("aster"))}
        assert min(http.carried, socks.carried) > 10_000
    report = json.loads(summary.read_text())
    assert report["clean"] is True
    assert report["exposure"]["positions"] == {}
    profits = {name: secured.books(name) for name in NAMES}
    theirs: dict[str, Decimal] = {}
    for each in profits.values():
        currency = each["currency"]
        theirs[currency] = (
            theirs.get(currency, Decimal(0)) + Decimal(each["cash"][currency]) - Decimal(each["deposited"])
        )
    assert {currency: Decimal(each["net"]) for currency, each in report["pnl"]["by_currency"].items()} == theirs


def live(secured: Secured, folder: Path, ca_file: Path) -> Path:
    exchanges = {
        name: {
            "ca_file": str(ca_file),
            "endpoints": {
                "rest": secured.details[name]["rest"],
                "public_ws": secured.details[name]["ws"]["public"],
                "private_ws": secured.details[name]["ws"]["private"],
            },
        }
        for name in ("okx", "hyperliquid")
    }
    path = folder / "live.yaml"
    path.write_text(json.dumps({"mode": "paper", "symbols": ["BTC"], "exchanges": exchanges}))
    return path


def test_the_right_authority_is_believed_and_a_wrong_one_is_named_once(secured: Secured, tmp_path: Path) -> None:
    right = live(secured, tmp_path, secured.authority.file)
    assert in_process(["venues", "test", "okx", "--live", "--config", right]).code == 0
    wrong = live(secured, tmp_path, Authority("stranger", tmp_path).file)
    refused = in_process(["venues", "test", "okx", "--live", "--config", wrong])
    assert refused.code == 1
    said = [line for line in refused.out.splitlines() if "certificate" in line]
    (line,) = said
    assert line.startswith("okx, instruments: okx: the certificate of 127.0.0.1:")
    assert "is not to be trusted: " in line


def test_a_run_that_believes_nobody_sends_nothing_and_says_why(secured: Secured, tmp_path: Path) -> None:
    wrong = {"ca_file": str(Authority("stranger", tmp_path).file)}
    before = {name: len(secured.books(name)["orders"]) for name in NAMES}
    path = config(tmp_path, okx=wrong, hyperliquid=wrong, aster=wrong)
    command: list[str | Path] = [
        "run",
        "--config",
        path,
        "--venues",
        secured.file,
        "--state",
        tmp_path / "state",
        "--duration",
        "4",
    ]
    shown = in_process(command)
    said = [line for line in shown.err.splitlines() if "is not to be trusted" in line]
    assert len(said) == len(NAMES), shown.err
    assert "Traceback" not in shown.err
    assert {name: len(secured.books(name)["orders"]) for name in NAMES} == before


def test_a_certificate_that_is_none_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "no.pem"
    path.write_text("hello")
    refused = in_process(["venues", "serve", "okx", "--tls-cert", path])
    assert (refused.code, refused.out) == (2, "")
    assert f"{path} cannot be used as a certificate: " in refused.err
