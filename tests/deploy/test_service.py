"""The unit, how it is installed, and how the service comes by its secrets."""

import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tools import DEPLOY, ROOT, run, tool

from perpbot.cli import main
from perpbot.cli.installing import _writable, problems
from perpbot.config.decisions import Execution
from perpbot.credentials import LARGEST, CredentialsError, with_credentials
from perpbot.references import resolve
from perpbot.shipped import AWAKE_UNIT, CONFIGURATIONS, UNIT, chosen_config
from supervisors.children import REPLAY_START_S

TEXT = UNIT.read_text()
CONFIG = ROOT / "config/simulation.yaml"
Perpbot = Callable[..., tuple[int, str]]


def setting(name: str) -> list[str]:
    return re.findall(rf"^{name}=(.*)$", TEXT, re.MULTILINE)


@pytest.fixture
def perpbot(capsys: pytest.CaptureFixture[str]) -> Perpbot:
    """Runs the command; its exit code and what it said."""

    def called(*arguments: object) -> tuple[int, str]:
        code = main([str(each) for each in arguments])
        said = capsys.readouterr()
        return code, said.out + said.err

    return called


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    path = tmp_path / "perpbot.service"
    path.write_text(TEXT.replace("@PYTHON@", "/bin/true").replace("@CONFIG@", "/etc/perpbot/perpbot.yaml"))
    return path


def test_systemd_finds_nothing_wrong_with_the_unit(unit: Path) -> None:
    assert run(tool("systemd-analyze", "systemd of Debian"), "verify", "--man=no", unit) == ""


def test_the_unit_is_exposed_less_than_2_of_10(unit: Path) -> None:
    told = run(tool("systemd-analyze", "systemd of Debian"), "security", "--offline=true", "--threshold=20", unit)
    assert float(re.findall(r"exposure level for perpbot.service: ([\d.]+)", told)[0]) < 2.0


def test_the_unit_waits_for_what_perpbot_waits_for() -> None:
    assert int(setting("TimeoutStopSec")[0]) > Execution().stop_timeout_sec + 30
    assert int(setting("TimeoutStartSec")[0]) >= 4 * REPLAY_START_S
    assert setting("RestartPreventExitStatus") == ["2 78"]
    assert setting("Type") == ["notify"]
    assert int(setting("WatchdogSec")[0]) > 15


def test_install_service_shows_the_unit_and_what_is_in_the_way_and_changes_nothing(
    perpbot: Perpbot, tmp_path: Path
) -> None:
    code, shown = perpbot("install-service", "--config", "/nowhere/perpbot.yaml", "--units", tmp_path)
    assert code == 0
    assert f"ExecStart={sys.executable} -m perpbot serve --config /nowhere/perpbot.yaml" in shown
    assert "would refuse: /nowhere/perpbot.yaml: cannot be read: No such file or directory" in shown
    assert list(tmp_path.iterdir()) == []


def test_install_service_refuses_what_would_not_start(perpbot: Perpbot, tmp_path: Path) -> None:
    config = tmp_path / "perpbot.yaml"
    config.write_text("mode: simulation\nsymbls: [BTC]\n")
    code, said = perpbot("install-service", "--write", "--config", config, "--units", tmp_path)
    assert code == 78
    assert "did you mean 'symbols'?" in said
    assert not (tmp_path / "perpbot.service").exists()


def test_install_service_writes_the_unit(perpbot: Perpbot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("perpbot.cli.installing.HIDDEN", ())
    code, said = perpbot("install-service", "--write", "--config", CONFIG, "--units", tmp_path)
    assert code == 0
    assert "Next: sudo systemctl daemon-reload, then sudo systemctl enable --now perpbot" in said
    assert f"serve --config {CONFIG}\n" in (tmp_path / "perpbot.service").read_text()


def test_a_second_unit_keeps_the_processors_awake_while_the_first_runs(
    perpbot: Perpbot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("perpbot.cli.installing.HIDDEN", ())
    monkeypatch.setattr("perpbot.cli.installing._writable", lambda _: [])
    code, said = perpbot("install-service", "--awake", "--write", "--config", CONFIG, "--units", tmp_path)
    assert code == 0
    assert said.endswith("then sudo systemctl enable --now perpbot perpbot-awake\n")
    assert {each.name for each in tmp_path.iterdir()} == {"perpbot.service", "perpbot-awake.service"}
    text = (tmp_path / "perpbot-awake.service").read_text()
    assert f"ExecStart={sys.executable} -m perpbot awake\n" in text
    for line in ("PartOf=perpbot.service", "StopWhenUnneeded=yes", "WantedBy=perpbot.service"):
        assert f"{line}\n" in text
    verified = run(
        tool("systemd-analyze", "systemd of Debian"), "verify", "--man=no", tmp_path / "perpbot-awake.service"
    )
    assert verified == ""


def test_the_second_unit_leaves_the_first_as_it_is(
    perpbot: Perpbot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("perpbot.cli.installing.HIDDEN", ())
    monkeypatch.setattr("perpbot.cli.installing._writable", lambda _: [])
    (tmp_path / "perpbot.service").write_text("mine")
    code, said = perpbot("install-service", "--awake", "--write", "--config", CONFIG, "--units", tmp_path)
    assert code == 0
    assert said.startswith(f"Kept {tmp_path}/perpbot.service.\nWrote {tmp_path}/perpbot-awake.service. Next:")
    assert (tmp_path / "perpbot.service").read_text() == "mine"


def test_two_units_are_shown_each_under_its_name(perpbot: Perpbot, tmp_path: Path) -> None:
    _, shown = perpbot("install-service", "--awake", "--config", CONFIG, "--units", tmp_path)
    assert shown.startswith("# perpbot.service\n")
    assert "\n# perpbot-awake.service\n" in shown
    assert list(tmp_path.iterdir()) == []


def test_a_python_that_others_may_change_is_not_run_as_root(tmp_path: Path) -> None:
    python = tmp_path / "bin" / "python"
    python.parent.mkdir(mode=0o755)
    python.touch(mode=0o755)
    python.parent.chmod(0o775)
    (said,) = [each for each in _writable(python) if str(python.parent) + " " in each]
    assert said.endswith(
        "can be changed by others than root, and perpbot-awake runs it as root; install PerpBot as root"
    )


def test_the_second_unit_may_open_one_device_and_is_exposed_less_than_2_of_10(tmp_path: Path) -> None:
    unit = tmp_path / "perpbot-awake.service"
    unit.write_text(AWAKE_UNIT.read_text().replace("@PYTHON@", "/bin/true"))
    assert re.findall(r"^Device\w+=(.*)$", AWAKE_UNIT.read_text(), re.MULTILINE) == [
        "closed", "/dev/cpu_dma_latency w",
    ]  # fmt: skip
    told = run(tool("systemd-analyze", "systemd of Debian"), "security", "--offline=true", "--threshold=20", unit)
    assert float(re.findall(r"exposure level for perpbot-awake.service: ([\d.]+)", told)[0]) < 2.0


def test_a_place_for_units_that_is_not_there_is_one_message(
    perpbot: Perpbot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("perpbot.cli.installing.HIDDEN", ())
    code, said = perpbot("install-service", "--write", "--config", CONFIG, "--units", tmp_path / "none")
    assert code == 1
    why = "No such file or directory; make it, or give another --units"
    assert said == f"{tmp_path}/none/perpbot.service cannot be written: {why}\n"


@pytest.mark.parametrize(
    ("python", "config", "says"),
    [
        ("/home/me/venv/bin/python", "/etc/perpbot/perpbot.yaml", "/home/me/venv/bin/python lies in /home"),
        ("/opt/perpbot/bin/python", "/root/perpbot.yaml", "put it into /etc/perpbot/perpbot.yaml"),
        ("/opt/perp bot/bin/python", "/etc/perpbot/perpbot.yaml", "must have no spaces"),
    ],
)
def test_what_the_service_could_not_see_or_run_is_named(python: str, config: str, says: str) -> None:
    assert any(says in each for each in problems(Path(config), Path(python), {}))


# -- secrets as files ------------------------------------------------------------------------------------------------


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    (tmp_path / "perpbot_OKX_API_KEY").write_text("from-systemd\n")
    (tmp_path / "OKX_API_SECRET").write_text("mounted")
    (tmp_path / ".hidden").write_text("no")
    (tmp_path / "directory").mkdir()
    return tmp_path


def test_each_file_stands_for_the_variable_it_is_named_after_and_a_set_variable_comes_first(secrets: Path) -> None:
    environment = {"CREDENTIALS_DIRECTORY": str(secrets), "OKX_API_SECRET": "set"}
    assert with_credentials(environment) == {**environment, "OKX_API_KEY": "from-systemd"}
    assert with_credentials({"HOME": "/"}) == {"HOME": "/"}


@pytest.mark.parametrize("name", ["OKX_API_KEY", "OKX_API_SECRET"])
def test_a_reference_finds_the_file_that_stands_for_the_variable(secrets: Path, name: str) -> None:
    environment = {"CREDENTIALS_DIRECTORY": str(secrets)}
    assert resolve(f"cred:{name}", environment) == with_credentials(environment)[name]


@pytest.mark.parametrize(
    ("content", "says"), [(b"\xff\xfe", "is not text"), (b"x" * (LARGEST + 1), "is larger than 65536 bytes")]
)
def test_a_file_that_is_no_secret_is_named_and_not_repeated(secrets: Path, content: bytes, says: str) -> None:
    (secrets / "OKX_API_PASSPHRASE").write_bytes(content)
    with pytest.raises(CredentialsError, match=f"OKX_API_PASSPHRASE {says}") as caught:
        with_credentials({"CREDENTIALS_DIRECTORY": str(secrets)})
    assert "xxx" not in str(caught.value)


def test_a_directory_of_secrets_that_is_not_there_is_an_error() -> None:
    with pytest.raises(CredentialsError, match="/nowhere, which cannot be read: No such file or directory; make it"):
        with_credentials({"CREDENTIALS_DIRECTORY": "/nowhere"})


# -- what comes with the package -------------------------------------------------------------------------------------


def test_the_shipped_files_are_those_of_the_checkout() -> None:
    assert CONFIGURATIONS.resolve() == ROOT / "config"
    assert UNIT.resolve() == DEPLOY / "systemd/perpbot.service"
    assert AWAKE_UNIT.resolve() == DEPLOY / "systemd/perpbot-awake.service"


def test_the_default_configuration_is_the_one_here_or_else_the_shipped_one(
    perpbot: Perpbot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    default = Path("config/simulation.yaml")
    assert chosen_config(default) == CONFIGURATIONS / "simulation.yaml"
    assert chosen_config(Path("config/other.yaml")) == Path("config/other.yaml")
    assert perpbot("init")[0] == 0
    assert chosen_config(default) == default
    assert default.read_bytes() == CONFIG.read_bytes()


def test_init_keeps_what_is_there(perpbot: Perpbot, tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    mine = tmp_path / "config/simulation.yaml"
    mine.write_text("mine")
    code, said = perpbot("init", tmp_path)
    assert code == 0
    assert f"kept   {mine}" in said
    assert mine.read_text() == "mine"
    assert {each.name for each in mine.parent.iterdir()} == {each.name for each in CONFIGURATIONS.iterdir()}
