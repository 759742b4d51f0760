"""Alerts in the whole program on virtual time: each shipped rule fires and clears, acts, and is told."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any
from unittest.mock import patch

import attrs
import gevent
import pytest
from gevent.pywsgi import WSGIServer
from msgspec.structs import replace
from whole import CONFIG, Whole, check_accounts, settings

from actors import deliveries
from actors.alert_requests import Acknowledge, AlertsView, ReadAlerts, SilenceRule, TryChannels
from actors.balances import ReadBalances, ReadCapital
from actors.kill_switch import TurnKillSwitch
from actors.pool import PoolView
from actors.positions import Mismatch
from actors.risk import ReadBlocks
from actors.runtime.signals import Resume, Suspend
from actors.state import ReadState, State
from perpbot import logs
from perpbot.clock import NS_PER_SECOND
from perpbot.config.alerts import Alerts, Channel, load_alerts
from perpbot.control.pages import status
from perpbot.execution.entries import ForeignAdopted, OrdersIntended, TradeRecord
from perpbot.execution.foreign import adopted_fill, take_over
from perpbot.execution.ledger import Ledger, answered
from perpbot.execution.plan import clearing_plan
from perpbot.execution.views import TradeView
from perpbot.logs import Background
from perpbot.masking import Mask
from perpbot.model.money import ZERO, Price, Quantity
from perpbot.model.order import Position, Refused
from perpbot.program import Program, Setting, open_journal
from perpbot.risk.approval import Level
from perpbot.risk.standing import Standing
from perpbot.risk.view import Naked
from perpbot.simulation.venues.market import MarketSettings
from perpbot.simulation.world import World, run_forked

pytest_plugins = ["whole"]
pytestmark = pytest.mark.simulated

SECRET = "CANARY-path-of-a-webhook"  # noqa: S105 - it opens nothing
QUIET = MarketSettings(frames_per_second=1.0, edge_every_s=0)
"""A market without opportunities."""
SHIPPED = CONFIG.with_name("alerts.yaml")


@attrs.define
class Receiver:
    """A webhook's server inside the world; while it is down it answers 503."""

    down: bool = False
    got: list[str] = attrs.field(factory=list)
    port: int = 0

    def serve(self) -> "Receiver":
        server = WSGIServer(("127.0.0.1", 0), self._answer, log=None)
        server.start()
        self.port = server.server_port or 0
        return self

    def _answer(self, environ: Mapping[str, Any], start: Callable[..., Any]) -> list[bytes]:
        body = environ["wsgi.input"].read().decode()
        if self.down:
            start("503 Service Unavailable", [])
        else:
            self.got.append(body)
            start("200 OK", [])
        return [b""]


@attrs.define
class Alerted(Whole):
    """A running program with alert rules, and two people who are told."""

    receivers: dict[str, Receiver] = attrs.field(factory=lambda: {"ann": Receiver().serve(), "bob": Receiver().serve()})
    alerts: Alerts = attrs.field(factory=Alerts)

    def make_program(self) -> Program:
        mask = Mask()
        channels = tuple(
            Channel(name=name, url=f"env:{name.upper()}", allow_private=("127.0.0.1",)) for name in self.receivers
        )
        environment = {name.upper(): f"http://127.0.0.1:{each.port}/{SECRET}" for name, each in self.receivers.items()}
        return Program(
            Setting(
                settings=self.settings,
                config="config/simulation.yaml",
                state=self.state,
                simulated=self.details,
                environment=environment,
                seed=self.world.seed,
                alerts=attrs.evolve(self.alerts, channels=channels),
            ),
            open_journal(self.state),
            logs.make_log("INFO", self.log.append, mask=mask),
            mask=mask,
        )

    def ask(self, address: str, question: Any) -> Any:
        return self.program.system.ref(address).ask(question)

    @property
    def firing(self) -> set[str]:
        view: AlertsView = self.ask("/alerts", ReadAlerts())
        return {each.id for each in view.firing}

    def until(self, alert: str, *, fires: bool, within_s: float = 60.0) -> None:
        self.wait_until(lambda: (alert in self.firing) is fires, within_s, f"{alert} {'fires' if fires else 'is over'}")

    @property
    def kill(self) -> dict[str, str]:
        return self.program.kill.on


def impatient(alerts: Alerts) -> Alerts:
    """The same rules, with short waits: virtual time costs some of ours."""
    return attrs.evolve(
        alerts,
        alerts=tuple(
            attrs.evolve(each, for_sec=min(3.0, each.for_sec), keep_sec=min(3.0, each.keep_sec))
            for each in alerts.alerts
        ),
    )


def begun(world: World, state: Path) -> Alerted:
    whole = Alerted(world, state, QUIET, settings(("okx", "hyperliquid")), alerts=impatient(load_alerts(SHIPPED, {})))
    whole.program.start()
    whole.wait_until(whole.all_connected, 10.0, "all connections up")
    return whole


def finish(whole: Alerted) -> dict[str, Any]:
    report = whole.stop()
    check_accounts(whole, report)
    return report


def silent_venue(world: World, state: Path) -> dict[str, Any]:
    """A venue falls silent: its stream, connection and polling are missed, trading there is paused, and back."""
    whole = begun(world, state)
    gevent.sleep(25.0)
    found: dict[str, Any] = {"quiet": whole.firing}
    whole.venues.admin.stop("okx")
    whole.until("quotes-late/okx", fires=True)
    whole.wait_until(lambda: "okx" in whole.kill, 5.0, "trading is paused there")
    found["paused"] = whole.kill
    state_: State = whole.ask("/state", ReadState(0))
    found["problems"] = [each for each in status(state_, whole.program.system)["problems"] if each.startswith("alert")]
    for alert in ("quotes-stale/okx", "connection-down/okx/trading"):
        whole.until(alert, fires=True, within_s=200.0)
    whole.ask("/alerts", Acknowledge("quotes-late", "ann"))
    whole.venues.admin.start("okx")
    for alert in ("quotes-late/okx", "quotes-stale/okx", "connection-down/okx/trading"):
        whole.until(alert, fires=False, within_s=120.0)
    whole.wait_until(lambda: not whole.kill, 5.0, "the pause is over")
    gevent.sleep(10.0)
    found["told"] = whole.receivers["ann"].got
    found["log"] = [str(each) for each in whole.log]
    finish(whole)
    return found


def test_a_silent_venue_is_told_of_and_paused_until_it_is_back(state: Path) -> None:
    found = run_forked(silent_venue, 71, state)
    assert found["quiet"] == set()
    assert found["paused"] == {"okx": "alert quotes-late/okx"}
    assert found["problems"][0].startswith("alert quotes-late/okx: Stream is down, quote_latency")
    text = "\n".join(found["told"])
    assert "PerpBot runs" in text
    assert "OVER Connection down for two minutes (okx/trading)" in text
    assert "docs/runbook.md#quotes-stale" in text
    assert "FIRING Stream is down" not in text, "its rule tells telegram and lark, which are not there"
    assert not [each for each in (*found["told"], *found["log"]) if SECRET in each]


def unlisted_venue(world: World, state: Path) -> tuple[set[str], dict[str, str]]:
    """A venue that lists none of the symbols: nothing is to be heard of it."""
    whole = Alerted(world, state, QUIET, settings(("okx", "hyperliquid")), alerts=impatient(load_alerts(SHIPPED, {})))
    with patch.object(whole.program.parts.venues["okx"], "fetch_instruments", list):
        whole.program.start()
        gevent.sleep(40.0)
        found = whole.firing, whole.kill
        finish(whole)
    return found


def test_a_venue_that_lists_none_of_the_symbols_is_not_waited_for(state: Path) -> None:
    firing, killed = run_forked(unlisted_venue, 72, state)
    assert not {each for each in firing if each.startswith("quotes-")}
    assert killed == {}


def record(number: int, phase: str) -> TradeRecord:
    return TradeRecord(
        trade_id=f"t{number}",
        symbol="BTC-PERP",
        buy_venue="okx",
        sell_venue="aster",
        quantity=ZERO,
        phase=phase,
        reason="",
        trading=ZERO,
        fees=ZERO,
        funding=ZERO,
        currencies=["USDT"],
        expected_net=ZERO,
        slippage=ZERO,
        opened_at_ns=1,
        settled_at_ns=2,
        sent_ms=1.0,
        hedged_ms=1.0,
        max_unhedged=ZERO,
        unhedged_ms=1.0,
    )


def standing(rule: str, used: str) -> Standing:
    return Standing(rule=rule, level=Level.ACCOUNT, used=Decimal(used), limit=Decimal(10), unit="pct")


def naked(value: str) -> Naked:
    return Naked(
        trade_id="t1", symbol="BTC-PERP", venues=("okx", "aster"), value=Decimal(value), unknown_at=(), since_ns=0
    )


def refused_for_ever() -> TradeView:
    """A trade whose closes its venue turns down again and again."""
    held = adopted_fill(Position(venue="okx", account="main", symbol="BTC-PERP", quantity=Quantity(Decimal(1))),
                        Price(Decimal(100)), "USDT", 1)  # fmt: skip
    opened, stands, *_ = take_over(held, [], clearing_plan("1-t1", held, seen_ns=0, wall_ns=0))
    assert isinstance(stands, ForeignAdopted)
    closes = [replace(stands.order, client_id=f"1-{number}", purpose="close") for number in range(5)]
    ledger = Ledger()
    for entry in (opened, OrdersIntended(orders=closes), *(answered(each.client_id, Refused("no")) for each in closes)):
        ledger.apply(entry, 0)
    (trade,) = ledger.trades()
    return trade


def bad_values(world: World, state: Path) -> dict[str, Any]:
    """What the actors say is made worse than it is, rule by rule; the rules, the actions and the messages are real."""
    whole = begun(world, state)
    whole.wait_until(lambda: bool(whole.ask("/books/balances", ReadBalances())), 30.0, "balances")
    told, lost = whole.program.system.cell("/state").actor, Background(lambda _: None)
    gather, worse = told._gather, dict[str, Any]()  # type: ignore[union-attr]
    told._gather = lambda: attrs.evolve(gather(), **worse)  # type: ignore[union-attr]
    known: State = whole.ask("/state", ReadState(0))
    assert known.orders is not None
    assert known.positions is not None
    failed = [record(number, "unwound") for number in range(6)]
    mismatch = Mismatch(("okx", "main", "BTC-PERP"), Decimal(1), Decimal(2))
    pool = PoolView(name="arb", total={"okx": Decimal(100)}, allocated={"okx": Decimal(95)}, available={}, owners=())
    assert known.registry is not None
    trading = next(each for each in known.registry.reports if (each.venue, each.connection) == ("okx", "trading"))
    poor = attrs.evolve(trading, alerts=("latency: 700 ms in the mean, more than 500",))
    causes: dict[str, dict[str, Any]] = {
        "connection-poor/okx/trading": {"registry": attrs.evolve(known.registry, reports=(poor,))},
        "failures-in-a-row": {"records": tuple(failed[:3])},
        "few-succeed": {"records": tuple(failed)},
        "daily-loss": {"daily_profit": Decimal("-500.5")},
        "drawdown": {"standings": (standing("drawdown", "10"),)},
        "positions-differ": {"positions": attrs.evolve(known.positions, mismatches=(mismatch,))},
        "leg-alone": {"naked": (naked("10.5"),)},
        "orders-refused": {"trades": (refused_for_ever(),)},
        "orders-unknown": {"orders": attrs.evolve(known.orders, unknown_open=1)},
        "capital-used-up": {"pools": (pool,)},
        "health-low": {"orders": None, "positions": None, "balances": ()},
    }
    found: dict[str, Any] = {"fired": [], "blocks": [], "kill": {}}
    for rule, cause in causes.items():
        worse.update(cause)
        whole.until(rule, fires=True, within_s=90.0)
        gevent.sleep(2.0)
        found["fired"].append(rule)
        found["blocks"] += whole.ask("/books/risk", ReadBlocks())
        found["kill"] |= whole.kill
        if rule == "drawdown":
            found["safe"] = [each.safe_mode for each in whole.ask("/books/balances", ReadCapital()).values()]
        worse.clear()
        if rule == "few-succeed":  # trades that went well are needed to think better of it
            worse["records"] = tuple(record(number, "completed") for number in range(6))
        whole.until(rule, fires=False, within_s=90.0)
    found["kill_after"] = whole.kill
    whole.program.writers.append(lost)
    lost._failed = 1
    suspended = whole.program.system.cell("/connections")
    suspended.mailbox.signal(Suspend())
    whole.until("log-lines-lost", fires=True)
    for rule in ("part-silent//connections", "actors-troubled"):
        whole.until(rule, fires=True, within_s=90.0)
    lost._failed = 0
    suspended.mailbox.signal(Resume())
    for rule in ("log-lines-lost", "part-silent//connections", "actors-troubled"):
        whole.until(rule, fires=False, within_s=120.0)
    gevent.sleep(10.0)
    found["told"] = whole.receivers["ann"].got
    whole.ask("/kill-switch", TurnKillSwitch("global", on=False, by="ann"))
    finish(whole)
    return found


def test_what_the_system_says_of_itself_fires_each_rule_acts_and_clears(state: Path) -> None:
    found = run_forked(bad_values, 72, state, timeout_s=300.0)
    assert len(found["fired"]) == 11
    assert "failure-cooldown" in {each.rule for each in found["blocks"]}
    assert found["safe"] == [True, True]
    assert found["kill"]["global"] == "emergency stop by alert daily-loss"
    assert found["kill_after"] == found["kill"], "only an operator ends an emergency stop"
    text = "\n".join(found["told"])
    assert all(
        each in text for each in ("Drawdown over 10 %", "A leg stands alone", "System health", "does not answer")
    )


def one_channel_down(world: World, state: Path) -> dict[str, Any]:
    """Bob's channel is down for a while, over a restart too: Ann is told at once, Bob when it is back."""
    deliveries.OVERDUE_NS = 30 * NS_PER_SECOND  # in this world alone
    whole = begun(world, state)
    ann, bob = whole.receivers["ann"], whole.receivers["bob"]
    whole.wait_until(lambda: len(bob.got) == 1, 30.0, "bob hears that it runs")
    bob.down = True
    tried = whole.program.system.ref("/alerts").ask(TryChannels(None, "ann"), timeout_s=30.0)
    lost = Background(lambda _: None)
    whole.program.writers.append(lost)
    lost._failed = 1
    whole.until("log-lines-lost", fires=True)
    whole.ask("/alerts", SilenceRule("few-succeed", 3600, "ann"))
    whole.until("messages-wait", fires=True, within_s=100.0)
    whole.wait_until(lambda: "are not delivered" in ann.got[-1], 30.0, "ann hears of it")
    at_ann = list(ann.got)
    whole.end_abruptly()
    whole.program = whole.make_program()
    whole.program.start()
    view: AlertsView = whole.ask("/alerts", ReadAlerts())
    bob.down = False
    whole.wait_until(lambda: len(bob.got) > len(at_ann) - 1, 200.0, "bob hears of everything")
    at_bob = list(bob.got)
    whole.wait_until(whole.all_connected, 30.0, "all connections up")
    finish(whole)
    return {"tried": tried, "ann": at_ann, "bob": at_bob, "silenced": [each.rule for each in view.silences],
            "last": [each.got[-1] for each in whole.receivers.values()]}  # fmt: skip


def test_one_channel_that_is_down_stops_no_other_and_catches_up(state: Path) -> None:
    found = run_forked(one_channel_down, 73, state, timeout_s=300.0)
    assert found["tried"] == {"ann": None, "bob": "127.0.0.1 answered 503"}
    for words in ("Log lines are lost", "are not delivered"):
        assert any(words in each for each in found["ann"])
        assert any(words in each for each in found["bob"])
    assert found["silenced"] == ["few-succeed"]
    assert all("PerpBot stopped" in each for each in found["last"])
