"""What signing costs, and that it does not hold up the hub: a timer is not late while orders are signed."""

import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from time import thread_time_ns

import pytest
from venue_cases import NAMES, an_order, trading, with_bitcoin

from perpbot.model.money import Price
from perpbot.venues.venue import Venue

pytestmark = pytest.mark.full

LONGEST_MS = 5.0
ORDERS = 200


def sign(made: Venue, number: int) -> None:
    instrument = made.instruments.symbol("BTC-PERP")
    assert instrument is not None
    price = Price(Decimal(65_000 + number))
    made.place(an_order(made, client_id=str(number), wire_id=made.wire_id(number), price=price), instrument)


@pytest.mark.parametrize("name", NAMES)
def test_signing_an_order_takes_less_than_five_milliseconds_or_is_done_in_a_thread(name: str) -> None:
    made = with_bitcoin(trading(name))
    sign(made, 1)
    times = []
    for number in range(2, ORDERS):
        began = thread_time_ns()
        sign(made, number)
        times.append((thread_time_ns() - began) / 1e6)
    times.sort()
    median, late = times[len(times) // 2], times[int(len(times) * 0.99)]
    sys.stdout.write(f"{name}: {median:.2f} ms in the median, {late:.2f} ms in 99 of 100\n")
    assert made.signs_slowly or late < LONGEST_MS


GAP = """
import sys
from gevent import monkey
monkey.patch_all()
import gevent
from gevent.threadpool import ThreadPool
from time import perf_counter
from perpbot.main import SWITCH_INTERVAL_S
from test_signing_times import sign, trading, with_bitcoin
sys.setswitchinterval(SWITCH_INTERVAL_S)
made = with_bitcoin(trading(sys.argv[1]))
sign(made, 1)
gaps = []
def tick():
    last = perf_counter()
    while True:
        gevent.sleep(0.001)
        now = perf_counter()
        gaps.append((now - last - 0.001) * 1e3)
        last = now
ticking = gevent.spawn(tick)
pool = ThreadPool(1)
for number in range(2, 200):
    if made.signs_slowly:
        pool.apply(sign, (made, number))
    else:
        sign(made, number)
    gevent.sleep(0.002)
ticking.kill()
gaps.sort()
print(gaps[len(gaps) // 2], gaps[int(len(gaps) * 0.99)])
"""


@pytest.mark.process
@pytest.mark.parametrize("name", NAMES)
def test_a_millisecond_timer_is_not_five_late_while_orders_are_signed(name: str) -> None:
    here = Path(__file__).parent
    paths = os.pathsep.join([str(here.parents[1]), str(here.parent), str(here), *sys.path])
    done = subprocess.run(
        [sys.executable, "-c", GAP, name],
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        check=True,
    )
    median, late = (float(each) for each in done.stdout.split())
    sys.stdout.write(f"{name}: {median:.2f} ms in the median, {late:.2f} ms in 99 of 100\n")
    assert median < LONGEST_MS
