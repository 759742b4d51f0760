"""Section B of the list of what must hold: specs and flags."""

from itertools import product
from typing import Any

import pytest
from supervised import Stage

from actors.runtime import Backoff
from perpbot.simulation.world import in_world
from supervisors.administration import AdministrationError, GetChildSpec, Refused, StartChild
from supervisors.policy import Policy
from supervisors.spec import (
    AutoShutdown,
    ChildSpec,
    Flags,
    Kind,
    Limit,
    Reply,
    Restart,
    SpecError,
    StandIn,
    check_specs,
    child_spec,
)
from supervisors.supervisor import Supervisor

pytestmark = pytest.mark.simulated


def child(name: str = "a", **values: Any) -> ChildSpec:
    return child_spec({"name": name, "start": Supervisor, **values})


@in_world()
def test_defaults_of_a_spec_are_erlangs_and_it_can_be_read_back() -> None:
    """B1."""
    stage = Stage()
    worker, inner = stage.child("a"), stage.supervisor("b", [])
    stage.supervise([worker, inner])
    assert (worker.restart, worker.shutdown_s, worker.kind, worker.significant) == (
        Restart.PERMANENT, 5.0, Kind.ACTOR, False,
    )  # fmt: skip
    assert inner.shutdown_s is None
    assert stage.ask(GetChildSpec("a")) is worker
    assert stage.ask(GetChildSpec("b")) is inner
    assert stage.refusal(GetChildSpec("c")) is Refused.NOT_FOUND


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"start": Supervisor}, "name is missing"),
        ({"name": "a"}, "start is missing"),
        ({"name": "", "start": Supervisor}, "name must be text without '/', not ''"),
        ({"name": "a/b", "start": Supervisor}, "name must be text without '/', not 'a/b'"),
        ({"name": 7, "start": Supervisor}, "name must be text without '/', not 7"),
        ({"name": "a", "start": 7}, "start must be callable, not 7"),
        ({"name": "a", "start": Supervisor, "restart": "always"}, "restart must be one of .+, not 'always'"),
        ({"name": "a", "start": Supervisor, "restart": None}, "restart must be one of .+, not None"),
        ({"name": "a", "start": Supervisor, "kind": "gen_server"}, "kind must be one of .+, not 'gen_server'"),
        ({"name": "a", "start": Supervisor, "shutdown_s": -10}, "shutdown_s must be zero or more .+, not -10"),
        ({"name": "a", "start": Supervisor, "shutdown_s": True}, "shutdown_s must be .+, not True"),
        ({"name": "a", "start": Supervisor, "shutdown_s": float("nan")}, "shutdown_s must be .+, not nan"),
        ({"name": "a", "start": Supervisor, "shutdown_s": float("inf")}, "shutdown_s must be .+, not inf"),
        ({"name": "a", "start": Supervisor, "shutdown_s": "5"}, "shutdown_s must be .+, not '5'"),
        ({"name": "a", "start": Supervisor, "significant": "yes"}, "significant must be True or False, not 'yes'"),
        ({"name": "a", "start": Supervisor, "keep_mailbox": 1}, "keep_mailbox must be True or False, not 1"),
        ({"name": "a", "start": Supervisor, "start_timeout_s": -1}, "start_timeout_s must be .+, not -1"),
        ({"name": "a", "start": Supervisor, "shutdown": 5}, "'shutdown' is not a key of a child spec"),
    ],
)
def test_each_bad_value_of_a_spec_is_refused_by_name(values: dict[str, Any], message: str) -> None:
    """B2. OTP ignores unknown keys; a key that means nothing here is a mistake in writing, and refused."""
    with pytest.raises(SpecError, match=message):
        child_spec(values)


@in_world()
def test_two_children_of_one_name_are_refused_at_start() -> None:
    """B3."""
    stage = Stage()
    specs = stage.children("aba")
    with pytest.raises(SpecError, match="duplicate child name 'a'"):
        Supervisor(specs)
    with pytest.raises(SpecError, match="duplicate child name 'a'"):
        Policy(Flags(), specs)


@pytest.mark.parametrize(("restart", "shutdown_s", "kind"), list(product(Restart, [0, 0.5, 5, None], Kind)))
def test_every_combination_of_restart_shutdown_and_kind_is_valid(
    restart: Restart, shutdown_s: float | None, kind: Kind
) -> None:
    """B4. Plain text will do for the choices."""
    spec = child(restart=str(restart), shutdown_s=shutdown_s, kind=str(kind))
    assert (spec.restart, spec.shutdown_s, spec.kind) == (restart, shutdown_s, kind)
    assert spec.restart is restart
    assert spec.kind is kind


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"strategy": "simple_one_for_one"}, "strategy must be one of .+, not 'simple_one_for_one'"),
        ({"intensity": -1}, "intensity must be a whole number of 0 or more, not -1"),
        ({"intensity": 1.5}, "intensity must be a whole number of 0 or more, not 1.5"),
        ({"intensity": True}, "intensity must be .+, not True"),
        ({"intensity": None}, "intensity must be .+, not None"),
        ({"period_s": 0}, "period_s must be more than zero seconds, not 0"),
        ({"period_s": -5}, "period_s must be .+, not -5"),
        ({"period_s": float("inf")}, "period_s must be .+, not inf"),
        ({"auto_shutdown": "sometimes"}, "auto_shutdown must be one of .+, not 'sometimes'"),
        ({"dynamic": 1}, "dynamic must be True or False, not 1"),
        ({"dynamic": True, "max_children": -1}, "max_children must be a whole number of 0 or more or None, not -1"),
        ({"max_children": 5}, "max_children is for dynamic supervisors"),
        ({"dynamic": True, "strategy": "one_for_all"}, "a dynamic supervisor restarts one_for_one, not one_for_all"),
    ],
)
def test_each_bad_flag_is_refused_by_name(values: dict[str, Any], message: str) -> None:
    """B5."""
    with pytest.raises(SpecError, match=message):
        Flags(**values)


@in_world()
def test_intensity_zero_makes_the_first_restart_the_end() -> None:
    """B5."""
    stage = Stage()
    stage.supervise(stage.children("ab"), intensity=0)
    stage.crash("b")
    assert stage.events == ["start a", "start b", "stop a"]
    assert not stage.alive("/sup")


def test_a_significant_child_cannot_be_permanent_nor_live_where_nothing_shuts_down() -> None:
    """B6."""
    with pytest.raises(SpecError, match="a: a permanent child cannot be significant"):
        child(significant=True)
    significant = child(significant=True, restart="transient")
    with pytest.raises(SpecError, match="a: a significant child needs a supervisor whose auto_shutdown is not never"):
        check_specs(Flags(), [significant])
    check_specs(Flags(auto_shutdown=AutoShutdown.ANY_SIGNIFICANT), [significant])


@in_world()
def test_a_significant_child_is_refused_later_too() -> None:
    """B6."""
    stage = Stage()
    stage.supervise()
    spec = stage.child("a", significant=True, restart="transient")
    with pytest.raises(AdministrationError, match="auto_shutdown") as caught:
        stage.ask(StartChild(spec))
    assert caught.value.why is Refused.BAD_SPEC
    assert stage.counts() == (0, 0, 0, 0)


@pytest.mark.parametrize("auto_shutdown", ["any_significant", "all_significant"])
def test_a_dynamic_supervisor_neither_shuts_down_by_itself_nor_has_significant_children(auto_shutdown: str) -> None:
    """B7."""
    with pytest.raises(SpecError, match="its auto_shutdown must be never"):
        Flags(dynamic=True, auto_shutdown=auto_shutdown)
    with pytest.raises(SpecError, match="significant"):
        check_specs(Flags(dynamic=True), [child(significant=True, restart="temporary")])


def test_specs_are_checked_without_a_supervisor() -> None:
    """B8."""
    check_specs(Flags(), [child("a"), child("b")])
    with pytest.raises(SpecError, match="duplicate"):
        check_specs(Flags(), [child("a"), child("a")])
    with pytest.raises(SpecError, match="max_children is 1, and there are 2"):
        check_specs(Flags(dynamic=True, max_children=1), [child("a"), child("b")])


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"while_down": Reply(7)}, "need a backoff"),
        ({"backoff_limit": Limit(restarts=3)}, "need a backoff"),
        ({"backoff": Backoff(), "keep_mailbox": True}, "cannot keep its mailbox"),
    ],
)
def test_what_belongs_to_a_backoff_needs_one(values: dict[str, Any], message: str) -> None:
    """B2."""
    with pytest.raises(SpecError, match=message):
        child(**values)
    child(backoff=Backoff(), backoff_limit=Limit(restarts=0), while_down=StandIn("/other"))
