"""Section H of the list of what must hold: significant children and automatic shutdown."""

from itertools import product

import gevent
import pytest
from supervised import SUP, Stage, settle

from actors.runtime import ActorDeadError, ExitKind
from actors.runtime.exits import SHUTDOWN
from perpbot.simulation.world import World, in_world, run_forked
from supervisors.administration import ChangeChild, ChangeFlags, Refused
from supervisors.policy import Status
from supervisors.spec import AutoShutdown, Flags, Restart, Strategy

pytestmark = pytest.mark.simulated

ANY, ALL, NEVER = AutoShutdown.ANY_SIGNIFICANT, AutoShutdown.ALL_SIGNIFICANT, AutoShutdown.NEVER
ENDS = ("normal", "shutdown", "crash", "kill")
TEMPORARY, TRANSIENT = Restart.TEMPORARY, Restart.TRANSIENT


def end_insignificant(_: World, mode: AutoShutdown, restart: Restart) -> None:
    for how in ENDS:
        stage = Stage()
        stage.supervise(stage.children("ab", restart=restart), auto_shutdown=mode)
        stage.end("a", how)
        stage.end("b", how)
        assert stage.alive(SUP), how
        stage.stop()


@pytest.mark.parametrize(("mode", "restart"), list(product(AutoShutdown, [TEMPORARY, TRANSIENT])))
def test_insignificant_children_never_end_the_supervisor(mode: AutoShutdown, restart: Restart) -> None:
    """H1."""
    run_forked(end_insignificant, 1, mode, restart)


def end_significant(_: World, restart: Restart, how: str) -> None:
    stage = Stage()
    specs = [stage.child("a"), stage.child("b", restart=restart, significant=True), stage.child("c")]
    stage.supervise(specs, auto_shutdown=ANY)
    over = stage.cell(SUP).when_over()
    stage.taken()
    stage.end("b", how)
    if restart is TRANSIENT and how in {"crash", "kill"}:
        assert stage.incarnation("b") == 2
        assert stage.counts() == (3, 3, 0, 3)
    else:
        assert over.wait(1) == SHUTDOWN
        assert stage.events == [*["stop b"] * (how in {"normal", "shutdown"}), "stop c", "stop a"]
        assert stage.system.escalations == 0


@pytest.mark.parametrize("how", ENDS)
def test_each_end_of_a_temporary_significant_child_ends_the_supervisor(how: str) -> None:
    """H2."""
    run_forked(end_significant, 1, TEMPORARY, how)


@pytest.mark.parametrize("how", ENDS)
def test_only_an_end_in_order_of_a_transient_significant_child_ends_the_supervisor(how: str) -> None:
    """H3."""
    run_forked(end_significant, 1, TRANSIENT, how)


def terminate_significant(_: World, mode: AutoShutdown, restart: Restart) -> None:
    stage = Stage()
    stage.supervise([stage.child("a", restart=restart, significant=True)], auto_shutdown=mode)
    stage.terminate("a")
    settle()
    assert stage.alive(SUP)
    assert stage.counts()[1] == 0


@pytest.mark.parametrize(("mode", "restart"), list(product([ANY, ALL], [TEMPORARY, TRANSIENT])))
def test_terminating_a_significant_child_does_not_end_the_supervisor(mode: AutoShutdown, restart: Restart) -> None:
    """H2, H3."""
    run_forked(terminate_significant, 1, mode, restart)


def end_all(_: World, restart: Restart, how: str) -> None:
    stage = Stage()
    significant = stage.children("abc", restart=restart, significant=True)
    stage.supervise([*significant, stage.child("z")], auto_shutdown=ALL)
    stage.end("a", how)
    stage.terminate("b")
    assert stage.counts()[1] == 2
    stage.end("c", how)
    assert not stage.alive(SUP)
    assert not stage.alive("z")


@pytest.mark.parametrize(
    ("restart", "how"), [*product([TEMPORARY], ENDS), (TRANSIENT, "normal"), (TRANSIENT, "shutdown")]
)
def test_the_end_of_the_last_active_significant_child_ends_the_supervisor(restart: Restart, how: str) -> None:
    """H4."""
    run_forked(end_all, 1, restart, how)


@in_world()
def test_a_significant_child_that_waits_for_its_restart_is_still_active() -> None:
    """H4."""
    stage = Stage()
    stage.supervise(stage.children("ab", restart=TRANSIENT, significant=True), auto_shutdown=ALL, intensity=1000)

    def hang() -> None:
        gevent.sleep(1)
        raise RuntimeError("not yet")

    stage.script("a").start = hang
    stage.crash("a")
    stage.end("b", "normal")
    gevent.sleep(5)
    assert stage.standing() == {"b": Status.STOPPED, "a": Status.RESTARTING}


def stop_bystanders(_: World, strategy: Strategy, mode: AutoShutdown) -> None:
    for restart in (TEMPORARY, TRANSIENT):
        stage = Stage()
        specs = [stage.child("a"), stage.child("b", restart=restart, significant=True), stage.child("c")]
        stage.supervise(specs, strategy=strategy, auto_shutdown=mode)
        stage.crash("a")
        gone = restart is TEMPORARY and strategy is not Strategy.ONE_FOR_ONE
        assert stage.standing() == {"c": Status.UP, **({} if gone else {"b": Status.UP}), "a": Status.UP}


@pytest.mark.parametrize(("strategy", "mode"), list(product(Strategy, [ANY, ALL])))
def test_significant_siblings_that_a_group_takes_down_do_not_end_the_supervisor(
    strategy: Strategy, mode: AutoShutdown
) -> None:
    """H5."""
    run_forked(stop_bystanders, 1, strategy, mode)


def end_innermost(_: World, restart: Restart, *, significant: bool) -> None:
    stage = Stage()
    inner = stage.supervisor(
        "b",
        [stage.child("c", restart=TRANSIENT, significant=True), stage.child("d")],
        Flags(auto_shutdown=ANY),
        restart=restart,
        significant=significant,
    )
    stage.supervise([inner, stage.child("e")], auto_shutdown=ANY)
    stage.end("/sup/b/c", "normal")
    assert not stage.alive("/sup/b")
    assert not stage.alive("/sup/b/d")
    assert stage.alive(SUP) is not significant
    assert stage.alive("e") is not significant


@pytest.mark.parametrize(("restart", "significant"), list(product([TEMPORARY, TRANSIENT], [False, True])))
def test_a_supervisor_that_ended_by_itself_ends_the_one_above_only_where_it_is_significant(
    restart: Restart,
    significant: bool,  # noqa: FBT001
) -> None:
    """H6."""
    run_forked(lambda world: end_innermost(world, restart, significant=significant), 1)


@in_world()
def test_changing_auto_shutdown_counts_from_the_next_end_on() -> None:
    """H7."""
    stage = Stage()
    stage.supervise(stage.children("abc", restart=TRANSIENT, significant=True), auto_shutdown=ALL)
    stage.end("a", "normal")
    stage.ask(ChangeFlags(Flags(auto_shutdown=ANY)))
    settle()
    assert stage.counts() == (3, 2, 0, 3)
    stage.end("b", "normal")
    assert not stage.alive(SUP)


@in_world()
def test_changing_significance_counts_from_the_next_end_on() -> None:
    """H7."""
    stage = Stage()
    stage.supervise(stage.children("abc", restart=TRANSIENT), auto_shutdown=ANY)
    stage.end("a", "normal")
    stage.ask(ChangeChild(stage.child("b", restart=TRANSIENT, significant=True)))
    stage.end("c", "normal")
    assert stage.alive(SUP)
    assert stage.incarnation("b") == 1
    stage.end("b", "normal")
    assert not stage.alive(SUP)


@in_world()
def test_a_change_that_does_not_fit_is_refused() -> None:
    """H7."""
    stage = Stage()
    stage.supervise(stage.children("a", restart=TRANSIENT))
    change = ChangeChild(stage.child("a", restart=TRANSIENT, significant=True))
    assert stage.refusal(change) is Refused.BAD_SPEC
    assert stage.refusal(ChangeChild(stage.child("b"))) is Refused.NOT_FOUND


@in_world()
def test_nobody_waits_for_an_answer_of_a_child_that_is_done() -> None:
    """D2. Its spec stays, its mailbox does not take anything in that nobody would read."""
    stage = Stage()
    stage.supervise(stage.children("a", restart=TRANSIENT))
    over = stage.cell("a").when_over()
    stage.end("a", "normal")
    assert over.wait(1).kind is ExitKind.NORMAL
    with pytest.raises(ActorDeadError):
        stage.ask("anything", "/sup/a")
