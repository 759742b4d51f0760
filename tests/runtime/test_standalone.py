"""Pykka's interface is for standalone actors; PerpBot's own have references and nothing else."""

import gevent
import pykka
import pytest
from runtime_actors import Notebook

from actors.runtime.standalone import Promise, StandaloneActor
from perpbot.simulation.world import in_world


class Adder(StandaloneActor):
    def add(self, one: int, other: int) -> int:
        return one + other

    def on_receive(self, message: object) -> object:
        return f"got {message}"


@in_world()
def test_an_actor_of_a_tree_gives_out_no_proxies() -> None:
    """N20."""
    with pytest.raises(TypeError, match="derive from StandaloneActor"):
        Notebook.start()
    assert not hasattr(Notebook(), "actor_ref")


@in_world()
def test_a_standalone_actor_is_used_as_pykkas_own() -> None:
    """N19."""
    ref = Adder.start()
    assert ref.ask("mail") == "got mail"
    assert ref.proxy().add(1, 2).get(timeout=1) == 3
    assert pykka.ActorRegistry.get_by_class(Adder) == [ref]
    assert ref.stop()
    assert not ref.is_alive()
    assert pykka.ActorRegistry.get_all() == []


@in_world()
def test_any_number_may_wait_for_one_promise() -> None:
    """N19."""
    promise = Promise()
    waiting = [gevent.spawn(promise.get) for _ in range(3)]
    gevent.sleep(1)
    promise.set(7)
    gevent.joinall(waiting)
    assert [each.value for each in waiting] == [7, 7, 7]
    assert promise.map(lambda value: value + 1).get() == 8
