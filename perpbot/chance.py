"""The one source of randomness.

A `Chance` is made once, from a seed or from the operating system, and handed to whoever needs it. Streams drawn
from it by name are independent of each other and of the order in which they are drawn, so that one more user of
chance does not change what the others see.
"""

import os
from base64 import urlsafe_b64encode
from hashlib import sha256
from random import Random  # noqa: TID251 - the one source

__all__ = ["Chance", "Random", "secret"]


class Chance:
    """A seed, and independent random streams named after their users."""

    def __init__(self, seed: int | None = None) -> None:
        self.seed = int.from_bytes(os.urandom(8), "big") if seed is None else seed

    def stream(self, name: str) -> Random:
        """A generator of its own for `name`; the same seed and name give the same numbers."""
        digest = sha256(f"{self.seed}/{name}".encode()).digest()
        return Random(int.from_bytes(digest[:16], "big"))  # noqa: S311 - markets and jitter, never keys


def secret(size: int = 32) -> str:
    """A text that nobody guesses, made of `size` bytes from the operating system: keys, tokens, passwords."""
    return urlsafe_b64encode(os.urandom(size)).rstrip(b"=").decode()
