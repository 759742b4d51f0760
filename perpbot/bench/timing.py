"""How late a timer is while actors talk without a pause."""

from time import thread_time_ns

import gevent

from actors.runtime import System
from perpbot.bench.life import kill_all, quiet
from perpbot.bench.measured import Measured, quantile
from perpbot.bench.messaging import Hopping, InlineHopping, Tick

TIMER_S = 0.001
ENDLESS = 1_000_000_000


def timing(samples: int) -> list[Measured]:
    """The lateness of a timer of one millisecond under a storm of messages between actors of both kinds."""
    system = quiet()
    storm = [_storm(system, cls, name) for cls, name in ((Hopping, "waiting"), (InlineHopping, "computing"))]
    late_ms = []
    for _ in range(samples):
        began = thread_time_ns()
        gevent.sleep(TIMER_S)
        late_ms.append((thread_time_ns() - began) / 1e6)
    hops = sum(ENDLESS - actor.left for actors in storm for actor in actors)
    kill_all(system)
    detail = f"p50 {quantile(late_ms, 0.5):.2f} ms, {hops:,} messages meanwhile"
    return [Measured("1 ms timer in a storm, p99", quantile(late_ms, 0.99), "ms", 2.0, detail=detail)]


def _storm(system: System, cls: type[Hopping], name: str) -> list[Hopping]:
    """Two actors that send a message to and fro, and count it in what they have left."""
    refs = [system.spawn(cls, f"/{name}/{side}") for side in ("one", "other")]
    actors = [cell.actor for cell in (ref.cell for ref in refs) if isinstance(cell.actor, Hopping)]
    for actor, other in zip(actors, reversed(refs), strict=True):
        actor.other, actor.left = other, ENDLESS
    refs[0].tell(Tick())
    return actors
