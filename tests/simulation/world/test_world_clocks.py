# ruff: noqa: TID251, S311 - these tests call the very functions that are replaced
import logging
import os
import random
import secrets
import tempfile
import time
import uuid
from datetime import UTC, datetime
from pathlib import Path

import gevent
import pytest

from perpbot import clock
from perpbot.chance import Chance
from perpbot.simulation.world import World, WorldError, in_world, install, real_seconds, run_forked

pytestmark = pytest.mark.simulated

START_NS = 1_767_225_600_000_000_000


@in_world(quantum_s=1e-9)
def test_all_clocks_tell_virtual_time() -> None:
    def read() -> list[float]:
        return [
            time.time(), time.time_ns() / 1e9, time.monotonic(), time.perf_counter(), time.process_time(),
            time.clock_gettime(time.CLOCK_REALTIME), time.clock_gettime(time.CLOCK_MONOTONIC),
            clock.wall_ns() / 1e9, clock.monotonic_ns() / 1e9, time.mktime(time.gmtime()),
            time.mktime(time.localtime()), logging.makeLogRecord({}).created,
        ]  # fmt: skip

    before = read()
    gevent.sleep(7)
    assert [late - early for early, late in zip(before, read(), strict=True)] == pytest.approx([7.0] * len(before))
    assert clock.wall_ns() == START_NS + 7_000_000_000
    assert time.strftime("%Y-%m-%d %H:%M:%S") == "2026-01-01 00:00:07"
    assert time.ctime() == time.asctime() == "Thu Jan  1 00:00:07 2026"
    assert time.ctime(0) == "Thu Jan  1 00:00:00 1970"


@in_world(wall_ns=0)
def test_wall_clock_can_start_anywhere_and_be_stepped(world: World) -> None:
    assert clock.iso(clock.wall_ns()) == "1970-01-01T00:00:00.000Z"
    before = time.monotonic()
    world.step_wall_clock(3600)
    assert time.time() == 3600
    assert datetime.fromtimestamp(time.time(), tz=UTC).hour == 1
    world.step_wall_clock(-7200)
    assert time.time() == -3600
    assert time.monotonic() == before


@in_world()
def test_a_machine_that_sleeps_grows_older(world: World) -> None:
    boot, linux, wall = clock.monotonic_ns(), time.monotonic(), time.time()
    world.suspend(3600)
    assert clock.monotonic_ns() - boot == 3600 * clock.NS_PER_SECOND
    assert time.monotonic() == linux
    assert time.time() == wall + 3600


@in_world()
def test_real_clock_is_there_for_measuring(world: World) -> None:
    begin = real_seconds()
    gevent.sleep(1000)
    assert real_seconds() - begin < 100
    assert world.now() == 1000


@in_world()
def test_an_unwatched_signal_is_an_error(world: World) -> None:
    with pytest.raises(WorldError, match="signal 15"):
        world.signal(15)


@in_world()
def test_a_process_becomes_one_world_only() -> None:
    with pytest.raises(WorldError, match="hub has been used"):
        install(2)


def _draw(world: World) -> list[object]:
    with tempfile.NamedTemporaryFile() as file:
        name = Path(file.name).name
    generator = random.Random()
    shuffled = list(range(10))
    random.shuffle(shuffled)
    return [
        os.urandom(4), os.getrandom(4), secrets.token_hex(4), str(uuid.uuid4()), random.random(), shuffled, name,
        generator.random(), random.Random(5).random(), random.SystemRandom().random(),
        world.chance.stream("mine").random(), Chance().seed,
    ]  # fmt: skip


def test_randomness_comes_from_the_seed() -> None:
    first, again, other = run_forked(_draw, 1), run_forked(_draw, 1), run_forked(_draw, 2)
    assert first == again
    differing = [one != two for one, two in zip(first, other, strict=True)]
    assert differing == [True] * 8 + [False] + [True] * 3
