"""The example of docs/actors.md does what the page says, and the page shows the example as it is."""

import importlib.util
import re
import sys
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any

import gevent
import pytest
from runtime_actors import quiet_system

from actors.runtime import DomainError, System
from perpbot.simulation.world import in_world
from supervisors.administration import TerminateChild

DOCS = Path(__file__).parents[2] / "docs"
EXAMPLE = DOCS / "examples" / "alarm.py"


def example() -> ModuleType:
    spec = importlib.util.spec_from_file_location("alarm", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["alarm"] = module
    spec.loader.exec_module(module)
    return module


def started() -> tuple[Any, System, Any]:
    alarm = example()
    system = quiet_system()
    alarm.start(system)
    keeper: Any = system.cell("/house/keeper").actor
    return alarm, system, keeper


@in_world()
def test_the_alarm_rings_and_its_keeper_hears_it() -> None:
    alarm, system, keeper = started()
    system.ref("/house/alarm").tell(alarm.Price("BTC", Decimal(99)))
    system.ref("/house/alarm").tell(alarm.Price("ETH", Decimal(101)))
    gevent.sleep(61)
    assert keeper.heard == ["ETH at 101", "rang 1 times"]


@in_world()
def test_a_no_is_an_answer_and_a_mistake_is_the_end_of_one_incarnation() -> None:
    alarm, system, _ = started()
    ref = system.ref("/house/alarm")
    assert ref.ask(alarm.SetLimit(Decimal(50))) == 100
    with pytest.raises(DomainError, match="would ring for ever"):
        ref.ask(alarm.SetLimit(Decimal(0)))
    assert ref.ask(alarm.SetLimit(Decimal(60))) == 50
    ref.tell(alarm.Price("BTC", Decimal(-1)))
    gevent.sleep(0.1)
    assert system.cell("/house/alarm").incarnation == 2
    assert ref.ask(alarm.SetLimit(Decimal(60))) == 100


@in_world()
def test_only_the_latest_price_of_a_coin_waits_while_the_alarm_is_busy() -> None:
    alarm, system, keeper = started()
    for price in (101, 102, 103):
        system.ref("/house/alarm").tell(alarm.Price("BTC", Decimal(price)))
    gevent.sleep(0.1)
    assert keeper.heard == ["BTC at 103"]


@in_world()
def test_the_keeper_learns_when_the_alarm_is_gone_for_good() -> None:
    _, system, keeper = started()
    system.ref("/house").ask(TerminateChild("alarm"))
    gevent.sleep(0.1)
    assert keeper.heard == ["gone: shutdown"]


def test_the_page_shows_the_example_as_it_is() -> None:
    page, text = (DOCS / "actors.md").read_text(encoding="utf-8"), EXAMPLE.read_text(encoding="utf-8")
    shown = re.findall(r"```python\n(.*?)```", page, flags=re.DOTALL)
    assert len(shown) >= 5
    for block in shown:
        assert block in text + Path(__file__).read_text(encoding="utf-8"), block
