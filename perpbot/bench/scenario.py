"""The four scenarios: how long each component is measured, and with how much to do (PRF-2)."""

from collections.abc import Mapping
from pathlib import Path

import attrs


@attrs.frozen(kw_only=True)
class Scenario:
    """One of them. A component is measured in rounds, at least one, until `seconds` are over."""

    name: str
    about: str
    seconds: float
    messages: int
    """In each round, between two actors."""
    idle_actors: int
    symbols: int
    open_trades: int
    """Open all the time, and looked after, while trading is measured."""
    trades: int
    """Admitted in each round, and as many hedged."""
    quotes_per_s: int
    """One by one, while trading is measured."""
    levels: int
    """On each side of a book."""
    frames: int
    """Of each venue."""
    commits: int
    """Of the journal, in each round."""
    history: int
    """Entries that a journal is read back with."""
    virtual_s: int
    """Lived in the simulated world in each round."""
    run_s: int
    """How long the whole program runs in each round."""
    disk: Path = Path()
    """Where durable writes are measured."""


SCENARIOS: Mapping[str, Scenario] = {
    each.name: each
    for each in (
        Scenario(
            name="smoke", about="does everything work, and about how fast", seconds=0,
            messages=2_000, idle_actors=1_000, symbols=100, open_trades=10, trades=20, quotes_per_s=200, levels=25,
            frames=50, commits=50, history=1_000, virtual_s=10, run_s=30,
        ),
        Scenario(
            name="standard", about="what the goals are for", seconds=5,
            messages=20_000, idle_actors=10_000, symbols=500, open_trades=200, trades=200, quotes_per_s=2_000,
            levels=50, frames=500, commits=1_000, history=100_000, virtual_s=60, run_s=60,
        ),
        Scenario(
            name="stress", about="several times as much as there should ever be", seconds=30,
            messages=20_000, idle_actors=50_000, symbols=1_000, open_trades=500, trades=200, quotes_per_s=4_000,
            levels=400, frames=2_000, commits=5_000, history=500_000, virtual_s=600, run_s=120,
        ),
        Scenario(
            name="endurance", about="the standard load for a long time: what grows, what slows down", seconds=1_200,
            messages=20_000, idle_actors=10_000, symbols=500, open_trades=200, trades=200, quotes_per_s=2_000,
            levels=50, frames=500, commits=1_000, history=100_000, virtual_s=60, run_s=60,
        ),
    )
}  # fmt: skip
