"""Randomness from the world's seed in place of the operating system's."""

from __future__ import annotations

import os
import random as real  # noqa: TID251 - its sources of entropy are replaced here
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from perpbot.chance import Chance

_seed, _urandom = real.Random.seed, os.urandom
_shared: real.Random = real.random.__self__  # type: ignore[attr-defined]


def replacements(chance: Chance) -> dict[str, Callable[..., Any]]:
    """What stands in for `urandom` and `getrandom` of `os`, by their names there."""
    stream = chance.stream("world/urandom")

    def urandom(size: int) -> bytes:
        return stream.randbytes(size)

    def getrandom(size: int, flags: int = 0) -> bytes:  # noqa: ARG001 - os's interface
        return stream.randbytes(size)

    return {"urandom": urandom, "getrandom": getrandom}


def seed_by_default() -> Callable[..., None]:
    """Seed every generator that is made without a seed from `os.urandom`.

    The answer is what stands in for `random.seed`; the generator behind `random`'s functions was seeded with it.
    """

    def seed(self: real.Random, a: Any = None, version: int = 2) -> None:
        if a is None and not isinstance(self, real.SystemRandom):
            a = int.from_bytes(os.urandom(16), "big")
        _seed(self, a, version)

    def seed_shared(a: Any = None, version: int = 2) -> None:
        seed(_shared, a, version)

    real.Random.seed = seed  # type: ignore[method-assign]
    seed_shared()
    return seed_shared


def restore() -> None:
    """Give `os` its own randomness back, for what the process does after the simulation."""
    os.urandom = _urandom
