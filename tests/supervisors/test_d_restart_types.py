"""Section D of the list of what must hold: who is restarted after what."""

from itertools import product

import gevent
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from supervised import Stage

from actors.runtime.exits import KILLED, NORMAL, SHUTDOWN, Exit, ExitKind
from perpbot.simulation.world import World, run_forked
from supervisors.administration import RestartChild
from supervisors.policy import Status, restarts_after
from supervisors.spec import Restart, Strategy

pytestmark = pytest.mark.simulated

RESTARTED = {
    Restart.PERMANENT: {"normal", "shutdown", "crash", "kill"},
    Restart.TRANSIENT: {"crash", "kill"},
    Restart.TEMPORARY: set[str](),
}


def end_one(_: World, restart: Restart, how: str) -> None:
    stage = Stage()
    stage.supervise([stage.child("a", restart=restart), stage.child("b")])
    stage.end("a", how)
    again = how in RESTARTED[restart]
    assert stage.alive("a") is again
    if again:
        assert stage.counts() == (2, 2, 0, 2)
        assert stage.incarnation("a") == 2
    elif restart is Restart.TRANSIENT:
        assert stage.standing()["a"] is Status.STOPPED
    else:
        assert "a" not in stage.standing()
    assert stage.incarnation("b") == 1


@pytest.mark.parametrize(("restart", "how"), list(product(Restart, ["normal", "shutdown", "crash", "kill"])))
def test_the_restart_type_and_the_reason_decide(restart: Restart, how: str) -> None:
    """D1, D2, D3."""
    run_forked(end_one, 1, restart, how)


@settings(deadline=None)
@given(st.sampled_from(Restart), st.sampled_from([NORMAL, SHUTDOWN, KILLED]), st.booleans())
def test_a_reason_that_carries_a_term_decides_like_one_that_does_not(restart: Restart, exit_: Exit, term: bool) -> None:  # noqa: FBT001
    """D2. A supervisor that gave up ends with shutdown and a reason."""
    again = Exit(exit_.kind, RuntimeError("term") if term else None)
    assert restarts_after(restart, again) is restarts_after(restart, exit_)
    assert restarts_after(restart, Exit(ExitKind.FAILED, RuntimeError())) is (restart is not Restart.TEMPORARY)


def take_down_bystander(_: World, strategy: Strategy) -> None:
    stage = Stage()
    stage.supervise(
        [stage.child("a"), stage.child("t", restart=Restart.TEMPORARY), stage.child("b")], strategy=strategy
    )
    stage.crash("a")
    assert stage.events == ["start a", "start t", "start b", "stop b", "stop t", "start a", "start b"]
    assert stage.standing() == {"b": Status.UP, "a": Status.UP}
    stage.crash("a")
    assert stage.counts() == (2, 2, 0, 2)


@pytest.mark.parametrize("strategy", [Strategy.ONE_FOR_ALL, Strategy.REST_FOR_ONE])
def test_a_temporary_bystander_that_a_group_takes_down_stays_down(strategy: Strategy) -> None:
    """D4."""
    run_forked(take_down_bystander, 1, strategy)


def terminate_often(_world: World, restart: Restart, strategy: Strategy) -> None:
    stage = Stage()
    stage.supervise([stage.child("b"), stage.child("a", restart=restart)], intensity=0, strategy=strategy)
    for _ in range(5):
        stage.terminate("a")
        gevent.sleep(0.1)
        assert not stage.alive("a")
        if restart is Restart.TEMPORARY:
            stage.start(stage.child("a", restart=restart))
        else:
            stage.ask(RestartChild("a"))
    assert stage.incarnation("b") == 1
    assert stage.incarnation("/sup") == 1


@pytest.mark.parametrize(("restart", "strategy"), list(product(Restart, Strategy)))
def test_terminating_a_child_never_restarts_anything_and_never_counts(restart: Restart, strategy: Strategy) -> None:
    """D5."""
    run_forked(terminate_often, 1, restart, strategy)
