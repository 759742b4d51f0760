"""`perpbot validate`: what would keep PerpBot from starting, and a score for each area."""

import os
from pathlib import Path

import pytest
from running_system import Commands

from perpbot.config.settings import load_settings
from perpbot.storage.journal import Journal
from perpbot.venues.registry import venue_names

CONFIG = Path("config")
VARIABLES = tuple(f"{name.upper()}_" for name in venue_names())


@pytest.fixture
def live(tmp_path: Path) -> Path:
    """The example for real venues, with trading switched on."""
    text = (CONFIG / "live.example.yaml").read_text()
    path = tmp_path / "live.yaml"
    path.write_text(text.replace("mode: paper", "mode: live").replace("trade_enabled: false", "trade_enabled: true"))
    return path


def exchanges(config: Path) -> list[str]:
    return list(load_settings(config, os.environ, tuple(venue_names())).exchanges)


@pytest.fixture(autouse=True)
def no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(VARIABLES):
            monkeypatch.delenv(name)


def test_the_default_is_valid(perpbot: Commands, tmp_path: Path) -> None:
    shown = perpbot("validate", "--state", tmp_path)
    assert (shown.code, shown.err) == (0, "")
    areas = ["configuration", "credentials", "alerts", "packages", "state"]
    assert [line.split()[0] for line in shown.out.splitlines()] == areas
    answer = perpbot("validate", "--state", tmp_path, "--json").json
    assert answer["ok"]
    assert all(area["passed"] == area["checked"] > 0 for area in answer["areas"].values())


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ("alerts: [{name: a, condition: drawdwn > 1%}]", "alerts.yaml:1:31: alerts[0].condition: expected a condition"),
        ("channels: [{name: phone, url: env:NO_SUCH_URL}]", "channel phone: the environment has no NO_SUCH_URL"),
    ],
)
def test_alert_rules_beside_the_configuration_are_checked(
    perpbot: Commands, tmp_path: Path, rules: str, said: str
) -> None:
    (tmp_path / "my.yaml").write_text(Path("config/simulation.yaml").read_text())
    (tmp_path / "alerts.yaml").write_text(rules)
    shown = perpbot("validate", "--config", tmp_path / "my.yaml", "--state", tmp_path)
    assert shown.code == 78
    assert said in shown.out


def test_mistakes_are_told_as_the_program_tells_them(perpbot: Commands, tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text((CONFIG / "simulation.yaml").read_text().replace("\nscanner:", "\nscaner:").replace("BTC", "btc"))
    shown = perpbot("validate", "--config", path, "--state", tmp_path)
    assert shown.code == 78
    assert f"{path}:7:11: symbols[0]: expected a base asset in capitals" in shown.out
    assert "unknown key 'scaner', did you mean 'scanner'?" in shown.out
    area = perpbot("validate", "--config", path, "--state", tmp_path, "--json").json["areas"]["configuration"]
    assert len(area["problems"]) == area["checked"] - area["passed"] >= 2


@pytest.mark.parametrize("content", [None, b"", b"\xff\xfe", b"a: [1", b"- 1"])
def test_files_that_are_no_configuration(perpbot: Commands, tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "config.yaml"
    if content is not None:
        path.write_bytes(content)
    answer = perpbot("validate", "--config", path, "--state", tmp_path, "--json")
    assert answer.code == 78
    assert answer.json["areas"]["configuration"]["passed"] == 0
    assert answer.json["areas"]["credentials"]["note"].startswith("not checked")


def test_every_missing_credential_is_named_and_no_secret_shown(
    perpbot: Commands, tmp_path: Path, live: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("OKX_API_KEY", "OKX_API_SECRET", "OKX_API_PASSPHRASE"):
        monkeypatch.setenv(name, "hunter2hunter2")
    monkeypatch.setenv("ASTER_WALLET_ADDRESS", "hunter2hunter2")
    shown = perpbot("validate", "--config", live, "--state", tmp_path)
    assert shown.code == 78
    assert (
        "hyperliquid trades, but the environment has no HYPERLIQUID_WALLET_ADDRESS, HYPERLIQUID_PRIVATE_KEY"
        in shown.out
    )
    assert "aster trades, but the environment has no ASTER_PRIVATE_KEY;" in shown.out
    assert "hunter2" not in shown.out
    (line,) = [each for each in shown.out.splitlines() if each.startswith("credentials")]
    _, score, note = line.split(maxsplit=2)
    lacking = [name for name in exchanges(live) if name != "okx"]
    assert score == f"1/{len(venue_names())}"
    assert note == f"complete for okx; missing for {', '.join(lacking)}"


def test_where_no_trading_venue_has_its_credentials_nothing_is_called_read_only_that_trades(
    perpbot: Commands, tmp_path: Path, live: Path
) -> None:
    on, off = "      trade_enabled: true", "      trade_enabled: false"
    live.write_text(live.read_text().replace(on, off).replace(off, on, 2))
    (first, second), others = exchanges(live)[:2], "the other venues are read-only"
    shown = perpbot("validate", "--config", live, "--state", tmp_path)
    (line,) = [each for each in shown.out.splitlines() if each.startswith("credentials")]
    assert line.split(maxsplit=2)[2].startswith(f"missing for {first}, {second}; {others}; not set")


def test_mode_simulation_never_means_real_venues(perpbot: Commands, tmp_path: Path, live: Path) -> None:
    live.write_text(live.read_text().replace("mode: live", "mode: simulation"))
    shown = perpbot("validate", "--config", live, "--state", tmp_path)
    assert shown.code == 78
    assert "mode simulation needs simulated venues" in shown.out


def test_a_state_directory_that_is_a_file(perpbot: Commands, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    shown = perpbot("validate", "--state", tmp_path / "file")
    assert shown.code == 78
    assert f"{tmp_path / 'file'} is not a directory; give another --state" in shown.out


def test_a_state_directory_that_is_too_deep_for_a_socket(perpbot: Commands, tmp_path: Path) -> None:
    shown = perpbot("validate", "--state", tmp_path / ("x" * 200))
    assert shown.code == 78
    assert "is too long for a socket, by " in shown.out


def test_a_journal_that_is_none(perpbot: Commands, tmp_path: Path) -> None:
    (tmp_path / "journal.sqlite").write_text("this is no database, and it is long enough for SQLite to notice" * 20)
    shown = perpbot("validate", "--state", tmp_path)
    assert shown.code == 78
    assert "cannot be read as a journal" in shown.out


def test_a_journal_that_was_never_written_to_is_no_problem(perpbot: Commands, tmp_path: Path) -> None:
    (tmp_path / "journal.sqlite").touch()
    assert perpbot("validate", "--state", tmp_path).code == 0


def test_a_journal_without_what_it_wrote_last(perpbot: Commands, tmp_path: Path) -> None:
    journal = Journal(tmp_path, epoch=7)
    journal.prove()
    journal.let_go()  # as a crash does
    assert perpbot("validate", "--state", tmp_path).code == 0
    (tmp_path / "journal.ahead").unlink()
    shown = perpbot("validate", "--state", tmp_path)
    assert shown.code == 78
    told = " ".join(shown.out.split())
    assert f"{tmp_path / 'journal.ahead'} is gone, and journal.sqlite is of a run that crashed" in told


def test_older_settings_of_five_layers_are_valid_and_the_note_says_how_they_are_understood(
    perpbot: Commands, tmp_path: Path
) -> None:
    text = Path("config/simulation.yaml").read_text(encoding="utf-8")
    begin, end = text.index("  pools: "), text.index("  safe_mode_drawdown_pct:")
    config = tmp_path / "older.yaml"
    config.write_text(f"{text[:begin]}  layer_targets: {{L1: 0.5, L3: 0.3, L5: 0.2}}\n{text[end:]}", encoding="utf-8")
    shown = perpbot("validate", "--config", config, "--state", tmp_path)
    assert shown.code == 0
    assert "capital.layer_targets is of an older configuration" in shown.out
    assert "wash 50 %, arb 30 %, reserve 20 %" in shown.out
