"""Commands that make a running system do something. The tests build on each other's end: everything is off again."""

import pytest
from running_system import PATIENCE_S, Commands, Running, in_process

pytestmark = pytest.mark.process


def test_kill_switches_are_off_at_first(system: Running, perpbot: Commands) -> None:
    assert perpbot("kill-switch", "status", "--state", system.state).out == "All kill switches are off.\n"
    assert perpbot("kill-switch", "status", "--json", "--state", system.state).json == {"on": {}, "loaded": True}


@pytest.mark.parametrize(
    ("options", "scope"),
    [([], "global"), (["--venue", "okx"], "okx"), (["--connection", "/venues/okx/trading"], "/venues/okx/trading")],
)
def test_a_kill_switch_is_turned_on_and_off(system: Running, perpbot: Commands, options: list[str], scope: str) -> None:
    turned = perpbot("kill-switch", "on", *options, "--state", system.state)
    assert turned.code == 0
    assert turned.out.startswith(f"ON  {scope}  (by ")
    status = perpbot("status", "--json", "--state", system.state)
    assert (status.code, list(status.json["kill_switch"])) == (1, [scope])
    assert perpbot("status", "--state", system.state).out.splitlines()[-1].startswith(f"! kill switch on: {scope}")
    off = perpbot("kill-switch", "off", *options, "--yes", "--state", system.state)
    assert (off.code, off.out) == (0, "All kill switches are off.\n")


def test_turning_off_asks_first(system: Running, perpbot: Commands) -> None:
    perpbot("kill-switch", "on", "--venue", "aster", "--state", system.state)
    refused = in_process(["kill-switch", "off", "--venue", "aster", "--state", system.state])
    assert refused.code == 2
    assert "give --yes" in refused.err
    assert list(perpbot("kill-switch", "status", "--json", "--state", system.state).json["on"]) == ["aster"]
    perpbot("kill-switch", "off", "--venue", "aster", "--yes", "--state", system.state)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--venue", "nowhere"], "no venue 'nowhere' here; there are okx, hyperliquid, aster"),
        (["--connection", "/books"], "no connection '/books'; there are /venues/okx/market-data, "),
        (["--venue", "okx", "--connection", "/venues/okx/trading"], "give a venue or a connection, not both"),
    ],
)
def test_a_switch_that_is_not_there(system: Running, perpbot: Commands, options: list[str], message: str) -> None:
    refused = perpbot("kill-switch", "on", *options, "--state", system.state)
    assert (refused.code, refused.out) == (2, "")
    assert refused.err.startswith(message)


def test_flattening_an_unknown_venue(system: Running, perpbot: Commands) -> None:
    refused = perpbot("flatten", "--venue", "nowhere", "--yes", "--state", system.state)
    assert (refused.code, refused.err) == (2, "no venue 'nowhere' here; there are okx, hyperliquid, aster\n")


def test_flatten_closes_what_is_open(system: Running, perpbot: Commands) -> None:
    perpbot("kill-switch", "on", "--state", system.state)
    flat = perpbot("flatten", "--yes", "--state", system.state)
    assert flat.code == 0
    assert flat.out.startswith(("Closed ", "No trade to close."))
    assert flat.out.endswith("Nothing is held now.\n"), "with the kill switch on no new trade follows"
    answer = perpbot("flatten", "--yes", "--json", "--state", system.state).json
    assert (answer["closed"], answer["positions"]["positions"]) == ([], [])
    perpbot("kill-switch", "off", "--yes", "--state", system.state)


def test_cancel_all_says_what_waited_at_each_venue(system: Running, perpbot: Commands) -> None:
    done = perpbot("cancel-all", "--venue", "okx", "--state", system.state)
    assert (done.code, done.out) == (0, "okx: none of our orders waits.\n")
    answer = perpbot("cancel-all", "--json", "--state", system.state).json
    assert {each["venue"] for each in answer["venues"]} >= {"okx", "hyperliquid", "aster"}
    assert not any(each["left"] or each["trouble"] for each in answer["venues"])


def test_adopting_where_nothing_is_foreign(system: Running, perpbot: Commands) -> None:
    refused = perpbot("adopt", "okx", "BTC-PERP", "--yes", "--state", system.state)
    assert (refused.code, refused.out) == (2, "")
    assert refused.err.startswith("nothing foreign at okx in BTC-PERP: it holds what our fills say")


def test_cancelling_at_an_unknown_venue(system: Running, perpbot: Commands) -> None:
    refused = perpbot("cancel-all", "--venue", "nowhere", "--state", system.state)
    assert refused.code == 2
    assert refused.err.startswith("nothing is traded at 'nowhere'; there are okx, ")


def test_alerts_are_listed_with_how_many_rules_are_looked_at(system: Running, perpbot: Commands) -> None:
    listed = perpbot("alerts", "list", "--json", "--state", system.state)
    assert listed.json["rules"] == 18
    assert set(listed.json) == {"alerts", "recent", "silences", "rules", "missing_channels", "channels"}
    assert listed.json["missing_channels"] == ["telegram", "lark"]


def test_a_rule_is_silenced_and_heard_again(system: Running, perpbot: Commands) -> None:
    silenced = perpbot("alerts", "silence", "few-succeed", "--hours", "2", "--state", system.state)
    assert (silenced.code, silenced.out.startswith("few-succeed is silenced until ")) == (0, True)
    ended = perpbot("alerts", "silence", "few-succeed", "--hours", "0", "--json", "--state", system.state)
    assert (ended.code, ended.json["silences"]) == (0, [])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["ack", "nonsense"], "no alert 'nonsense' fires"),
        (["silence", "nonsense"], "no rule 'nonsense'; there are quotes-late, "),
        (["test", "--channel", "phone"], "no channel 'phone'; there are none"),
    ],
)
def test_what_is_not_there_is_said(system: Running, perpbot: Commands, arguments: list[str], said: str) -> None:
    refused = perpbot("alerts", *arguments, "--state", system.state)
    assert refused.code == 1
    assert said in refused.err


def test_without_channels_a_test_says_where_they_would_be(system: Running, perpbot: Commands) -> None:
    tried = perpbot("alerts", "test", "--state", system.state)
    assert (tried.code, "alerts.yaml" in tried.out) == (0, True)


def test_stop_ends_the_system_in_order(system: Running, perpbot: Commands) -> None:
    stopped = perpbot("stop", "--state", system.state)
    assert stopped.code == 0
    assert stopped.out.startswith("Stopped cleanly: ")
    assert stopped.err.startswith("Stopping: no new trades. ")
    assert system.process.wait(PATIENCE_S) == 0
    assert "Stopped cleanly: " in system.output.text()
    gone = perpbot("status", "--state", system.state)
    assert gone.code == 69
    assert gone.err.startswith(f"no system is running at {system.socket}; start one with")
