"""Tests whose body runs in a simulated world of its own, in a fork."""

import inspect
from collections.abc import Callable
from typing import Any

import pytest

from perpbot.simulation.world import World, run_forked


def in_world(seed: int = 1, **options: Any) -> Callable[[Callable[..., None]], Callable[[], None]]:
    """Make a test of a function that takes the world, or nothing; `options` are those of `run_forked`."""

    def decorate(body: Callable[..., None]) -> Callable[[], None]:
        takes_world = bool(inspect.signature(body).parameters)

        def program(world: World) -> None:
            body(*[world][:takes_world])

        @pytest.mark.simulated
        def test() -> None:
            run_forked(program, seed, **options)

        test.__name__ = body.__name__
        test.__doc__ = body.__doc__
        return test

    return decorate
