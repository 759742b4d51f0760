import gc
import io
import queue
import signal
import socket
import sqlite3
import subprocess
import threading
import time
import weakref
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import gevent
import gevent.event
import gevent.lock
import gevent.monkey
import gevent.pool
import gevent.queue
import gevent.threadpool
import pytest
from gevent.exceptions import LoopExit

from perpbot.simulation.world import RealWorldError, StandstillError, World, in_world, run_forked
from perpbot.simulation.world.watchers import Timer

pytestmark = pytest.mark.simulated


@in_world(quantum_s=1e-9)
def test_timers_fire_at_their_time_and_in_order(world: World) -> None:
    seen = []
    for delay in (0.3, 0.1, 0.2):
        gevent.spawn_later(delay, lambda d: seen.append((d, world.now())), delay)
    gevent.sleep(1)
    assert seen == [(0.1, 0.1), (0.2, 0.2), (0.3, 0.3)]
    assert world.now() == 1


@in_world(quantum_s=0.001)
def test_timers_are_rounded_up_to_the_quantum(world: World) -> None:
    gevent.sleep(0.0101)
    assert world.now() == 0.011
    gevent.sleep(1e-9)
    assert world.now() == 0.012
    gevent.sleep(0)
    assert world.now() == 0.012


@in_world()
def test_an_hour_passes_at_once(world: World) -> None:
    gevent.sleep(3600)
    assert world.now() == 3600


def _order(world: World) -> str:
    seen: list[str] = []

    def fire(name: str) -> None:
        seen.append(name)
        world.loop.run_callback(seen.append, name.upper())

    for name in "abc":
        world.loop.timer(0.001).start(fire, name)
    gevent.sleep(1)
    return "".join(seen)


def test_timers_of_one_quantum_race_each_other_and_what_they_cause() -> None:
    orders = {run_forked(_order, seed) for seed in range(20)}
    assert len(orders) > 5
    assert all(order.index(name) < order.index(name.upper()) for order in orders for name in "abc")


@in_world()
def test_repeating_timer(world: World) -> None:
    seen: list[float] = []
    timer = world.loop.timer(0.5, 2.0)
    timer.start(lambda: seen.append(world.now()))
    gevent.sleep(5)
    timer.again(lambda: seen.append(-world.now()))
    gevent.sleep(3)
    timer.stop()
    assert not timer.active
    gevent.sleep(10)
    assert seen == [0.5, 2.5, 4.5, -7.0]


@in_world()
def test_stopped_callbacks_and_timers_do_not_run(world: World) -> None:
    seen: list[str] = []
    callback = world.loop.run_callback(seen.append, "callback")
    assert callback
    assert callback.pending
    callback.stop()
    assert not callback
    with world.loop.timer(1) as timer:
        timer.start(seen.append, "timer")
        assert timer.pending
        assert timer.callback is not None
    gevent.sleep(2)
    assert seen == []


@in_world()
def test_one_of_two_due_timers_stops_the_other(world: World) -> None:
    seen: list[str] = []
    first, second = world.loop.timer(1), world.loop.timer(1)

    def fire(name: str, other: Timer) -> None:
        seen.append(name)
        other.stop()

    first.start(fire, "first", second)
    second.start(fire, "second", first)
    gevent.sleep(2)
    assert len(seen) == 1


@in_world()
def test_timer_without_ref_does_not_keep_the_loop_alive() -> None:
    with pytest.raises(LoopExit):
        gevent.sleep(1, ref=False)
    gevent.spawn_later(5, lambda: None)
    gevent.sleep(1, ref=False)


@in_world()
def test_idle_and_async_watchers(world: World) -> None:
    order: list[str] = []
    gevent.spawn(order.append, "spawned")
    gevent.idle()
    order.append("idle")
    watcher = world.loop.async_()
    watcher.start(order.append, "async")
    watcher.send()
    gevent.sleep(0.1)
    watcher.stop()
    watcher.send()
    gevent.sleep(0.1)
    assert order == ["spawned", "idle", "async"]


@in_world()
def test_gevent_timeout(world: World) -> None:
    with pytest.raises(gevent.Timeout), gevent.Timeout(2):
        gevent.sleep(10)
    assert world.now() == 2
    with gevent.Timeout(1, False):  # type: ignore[arg-type]
        gevent.event.Event().wait()
    assert world.now() == 3
    assert not gevent.event.Event().wait(0.5)
    assert world.now() == 3.5
    with gevent.Timeout(1):
        gevent.sleep(0.5)
    gevent.sleep(10)


@in_world()
def test_gevent_queue_event_semaphore_and_pool() -> None:
    box: gevent.queue.Queue[int] = gevent.queue.Queue(maxsize=2)

    def fill() -> None:
        for number in range(5):
            box.put(number)

    gevent.spawn(fill)
    assert [box.get() for _ in range(5)] == [0, 1, 2, 3, 4]
    with pytest.raises(queue.Empty):
        box.get(timeout=1)
    gate = gevent.event.Event()
    gevent.spawn_later(1, gate.set)
    assert gate.wait(2)
    result: gevent.event.AsyncResult[str] = gevent.event.AsyncResult()
    gevent.spawn_later(1, result.set, "done")
    assert result.get(timeout=2) == "done"
    inside: list[int] = []
    most: list[int] = []
    room = gevent.lock.Semaphore(2)

    def visit(number: int) -> None:
        with room:
            inside.append(number)
            most.append(len(inside))
            gevent.sleep(1)
            inside.remove(number)

    pool = gevent.pool.Pool(10)
    pool.map(visit, range(7))
    assert max(most) == 2


@in_world()
def test_killed_greenlet() -> None:
    victim = gevent.spawn(gevent.sleep, 100)
    gevent.sleep(1)
    victim.kill()
    assert victim.dead


@in_world()
def test_threads_locks_and_events_of_the_standard_library(world: World) -> None:
    lock, gate, seen = threading.Lock(), threading.Event(), []

    def work(number: int) -> None:
        gate.wait()
        with lock:
            seen.append(number)
            time.sleep(1)

    workers = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for worker in workers:
        worker.start()
    assert not gate.wait(5)
    gate.set()
    for worker in workers:
        worker.join()
    assert sorted(seen) == [0, 1, 2, 3]
    assert world.now() == 9
    condition, box = threading.Condition(), queue.Queue[str]()
    threading.Timer(1, box.put, ("late",)).start()
    with condition:
        assert not condition.wait(0.5)
    assert box.get(timeout=5) == "late"
    assert world.now() == 10


@in_world()
def test_thread_pools_need_no_threads(world: World) -> None:
    database = sqlite3.connect(":memory:", isolation_level=None)
    database.execute("create table journal (id integer primary key, entry text)")
    pool = gevent.threadpool.ThreadPool(1)

    def write(entry: str) -> int:
        return database.execute("insert into journal (entry) values (?)", (entry,)).lastrowid or 0

    results = [pool.spawn(write, f"entry {number}") for number in range(10)]
    assert not any(result.ready() for result in results)
    assert [result.get() for result in results] == list(range(1, 11))
    assert pool.apply(write, ("last",)) == 11
    assert gevent.get_hub().threadpool.apply(threading.active_count) == 1
    with pytest.raises(sqlite3.OperationalError):
        pool.apply(database.execute, ("nonsense",))
    with ThreadPoolExecutor(3) as executor:
        assert list(executor.map(len, ["a", "bb", "ccc", "dddd"])) == [1, 2, 3, 4]
    assert world.now() == 0


@in_world()
def test_deadlock_is_found(world: World) -> None:
    gevent.sleep(3)
    with pytest.raises(LoopExit):
        queue.Queue[int]().get()
    gevent.sleep(1)
    assert world.now() == 4


@in_world()
def test_polling_without_sleeping_is_found(world: World) -> None:
    world.loop.standstill_steps = 10_000
    gevent.sleep(1)
    gevent.spawn_later(1, lambda: None)

    def poll() -> None:
        while True:
            gevent.sleep(0)

    with pytest.raises(StandstillError, match="polls without sleeping"):
        poll()


@in_world()
def test_the_real_world_is_refused_by_name() -> None:
    with Path("/dev/null").open("rb") as file, pytest.raises(RealWorldError, match=r"read from .*/dev/null"):
        gevent.get_hub().loop.io(file.fileno(), 1)
    with pytest.raises(RealWorldError, match=r"subprocess.Popen .*sleep"):
        subprocess.run(["sleep", "1"], check=True)
    with pytest.raises(RealWorldError, match="child process 7"):
        gevent.get_hub().loop.child(7)


@in_world()
def test_signals_come_from_the_world_only(world: World) -> None:
    seen: list[str] = []
    gevent.signal_handler(signal.SIGTERM, seen.append, "asked to end")
    world.signal(signal.SIGTERM)
    gevent.sleep(0.1)
    assert seen == ["asked to end"]


@in_world()
def test_uncaught_errors_end_their_greenlet_only() -> None:
    broken = gevent.spawn(lambda: 1 // 0)
    broken.join()
    assert isinstance(broken.exception, ZeroDivisionError)
    gevent.sleep(1)


@in_world()
def test_system_exit_reaches_the_main_greenlet() -> None:
    def leave() -> None:
        raise SystemExit(3)

    gevent.spawn(leave)
    with pytest.raises(SystemExit):
        gevent.sleep(1)
    gevent.sleep(1)


def _race(_: World) -> int:
    """The classic lost update: two who read, think, and write."""
    free = 100

    def spend() -> None:
        nonlocal free
        gevent.sleep(0.01)
        seen = free
        gevent.sleep(0)
        free = seen - 10

    gevent.joinall([gevent.spawn(spend) for _ in range(2)])
    return free


def test_a_race_shows_both_outcomes_over_seeds() -> None:
    outcomes = [run_forked(_race, seed) for seed in range(12)]
    assert set(outcomes) == {80, 90}
    assert outcomes[:3] == [run_forked(_race, seed) for seed in range(3)]


@in_world()
def test_failing_callbacks_are_reported_and_the_loop_goes_on(world: World) -> None:
    report = io.StringIO()
    gevent.get_hub().exception_stream = report
    world.loop.run_callback(lambda: 1 // 0)
    gevent.sleep(1)
    assert "ZeroDivisionError" in report.getvalue()
    assert "2026-01-01T00:00:00Z" in report.getvalue()


@in_world()
def test_blocking_in_the_hub_is_an_error(world: World) -> None:
    report = io.StringIO()
    gevent.get_hub().exception_stream = report
    world.loop.run_callback(gevent.sleep, 1)
    gevent.sleep(2)
    assert "Impossible to call blocking function in the event loop callback" in report.getvalue()


@in_world()
def test_destroyed_hub_forgets_everything(world: World) -> None:
    seen: list[str] = []
    gevent.spawn_later(1, seen.append, "never")
    gevent.sleep(0.5)
    gevent.get_hub().destroy()
    assert world.loop.pendingcnt == world.loop.activecnt == 0
    assert seen == []


@in_world()
def test_garbage_is_collected_at_moments_of_the_worlds_own(world: World) -> None:
    class Knot:
        def __init__(self) -> None:
            self.itself = self

    weakly = weakref.ref(Knot())
    assert not gc.isenabled()
    for _ in range(200_000):
        gevent.sleep(0)
    assert weakly() is not None
    gevent.sleep(1)
    assert weakly() is None
    assert world.loop.iteration == world.loop.steps >= 200_000


@in_world()
def test_patching_again_changes_nothing() -> None:
    before = dict(vars(socket)), dict(vars(threading))
    gevent.monkey.patch_all()
    assert before == (dict(vars(socket)), dict(vars(threading)))
