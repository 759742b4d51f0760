"""Every route answers as the description says, and only to those who may ask."""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import gevent
import jsonschema_rs
import pytest
from scene import native, positions, somebody_trades
from web_world import Site, at_site

from perpbot.control.audit import Audit
from perpbot.model.instrument import Side
from perpbot.web.openapi import describe, problems
from perpbot.web.route import EVENTS, JSON, Access, Route
from perpbot.web.server import ROUTES
from perpbot.web.signing_in import SIGN_IN

pytestmark = pytest.mark.simulated

BODIES: Mapping[str, Any] = {
    "/api/control/kill-switch": {"on": True, "venue": "okx"},
    "/api/control/restart": {"address": "/strategies/scanner-BTC-PERP", "yes": True},
    "/api/control/flatten": {},
    "/api/control/cancel-all": {"venue": "okx"},
    "/api/control/adopt": {"venue": "okx", "symbol": "BTC-PERP"},
    "/api/alerts/ack": {"name": "*"},
    "/api/alerts/silence": {"name": "*", "seconds": 60},
    "/api/alerts/test": {},
    "/api/config": {"changes": {"risk.daily_loss_limit": "300", "scanner.max_notional": "150"}},
}


def schema_of(route: Route) -> Any:
    whole = describe(ROUTES)
    found = whole["paths"][route.path][route.method.lower()]["responses"]["200"]["content"][JSON]["schema"]
    return {**found, "components": whole["components"]}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What one program answered to everything that is asked here: a world takes a while to begin."""

    def ask_everything(site: Site) -> dict[str, Any]:
        gevent.sleep(12)
        asked = (refusals, bad_requests, raw_requests, json_as_form, acts, answers, adopts)
        return {each.__name__: each(site) for each in asked}

    found: dict[str, Any] = at_site(ask_everything, tmp_path_factory.mktemp("state"))
    return found


def test_every_route_answers_as_it_is_described(told: dict[str, Any]) -> None:
    found = told["answers"]
    assert found == dict.fromkeys(found, "")
    assert len(found) > 25


def answers(site: Site) -> dict[str, str]:
    found = {}
    for route in ROUTES:
        name = f"{route.method} {route.path}"
        if route.media == EVENTS or route.path.startswith("/api/auth/"):
            continue
        answer = site.ask(route.method, route.path, body=BODIES.get(route.path))
        nothing_there = answer.status_code == 409 and route.path in {"/api/alerts/ack", "/api/control/adopt"}
        found[name] = "" if answer.status_code == 200 or nothing_there else answer.text
        if route.media == JSON and answer.status_code == 200:
            errors = jsonschema_rs.validator_for(schema_of(route)).iter_errors(answer.json)
            found[name] = "; ".join(f"{list(each.instance_path)}: {each.message}" for each in errors)[:500]
    trades = site.get("/api/trades/list")
    found["there are trades"] = "" if trades["total"] and trades["items"][0]["net"] else json.dumps(trades)
    found["they have legs"] = "" if all(map(_has_legs, trades["items"])) else json.dumps(trades)
    return found


def _has_legs(trade: Mapping[str, Any]) -> bool:
    """What is left out of a record is what it does not know: the slippage of a leg that was not filled."""
    legs, sums = trade["legs"], ("fees", "slippage", "volume")
    return (
        {name: leg["side"] for name, leg in legs.items()} == {"buy": "buy", "sell": "sell"}
        and all(Decimal(trade[key]) == sum(Decimal(leg[key]) for leg in legs.values()) for key in sums)
        and all(("slippage_bps" in leg) == ("achieved" in leg) for leg in legs.values())
        and trade["unhedged_total_ms"] >= trade["unhedged_ms"]
        and (Decimal(trade["unhedged_value_s"]) > 0) == (trade["unhedged_total_ms"] > 0)
    )


def test_no_route_answers_without_a_token_or_with_too_small_a_scope(told: dict[str, Any]) -> None:
    assert [name for name, (wanted, got) in told["refusals"].items() if wanted != got] == []


def refusals(site: Site) -> dict[str, tuple[int, int]]:
    small = site.sign_in("read")["access_token"]
    found = {}
    for route in ROUTES:
        if route.access is Access.OPEN:
            continue
        name, body = f"{route.method} {route.path}", BODIES.get(route.path)
        found[f"{name} without"] = (401, site.ask(route.method, route.path, body, token="").status_code)
        found[f"{name} wrong"] = (401, site.ask(route.method, route.path, body, token=f"{small}x").status_code)
        if route.scope.value != "read":
            found[f"{name} small"] = (403, site.ask(route.method, route.path, body, token=small).status_code)
    return found


BAD: list[tuple[str, str, Any, int]] = [
    ("GET", "/api/trades/list?page=0", None, 422),
    ("GET", "/api/trades/list?page=x", None, 422),
    ("GET", "/api/trades/list?pgae=1", None, 422),
    ("GET", "/api/trades/list?page=1&page=2", None, 422),
    ("GET", "/api/trades/list?date_from=yesterday", None, 422),
    ("GET", "/api/logs/list?level=LOUD", None, 422),
    ("GET", "/api/logs/list?file=../journal.sqlite", None, 404),
    ("GET", "/api/logs/list?file=..%2f..%2fetc%2fpasswd", None, 404),
    ("GET", "/api/logs/list?file=operator.json", None, 404),
    ("GET", "/api/tree?address=/nobody", None, 404),
    ("GET", "/api/nothing", None, 404),
    ("GET", "/../../pyproject.toml", None, 404),
    ("GET", "/%2e%2e/%2e%2e/pyproject.toml", None, 404),
    ("GET", "/static.py", None, 404),
    ("DELETE", "/api/config", None, 405),
    ("POST", "/", None, 404),
    ("POST", "/api/control/kill-switch", {}, 422),
    ("POST", "/api/control/kill-switch", {"on": "yes"}, 422),
    ("POST", "/api/control/kill-switch", {"on": True, "venue": "nowhere"}, 409),
    ("POST", "/api/control/kill-switch", {"on": True, "venue": "okx", "connection": "/x"}, 409),
    ("POST", "/api/control/kill-switch", [1], 422),
    ("POST", "/api/control/flatten", {"timeout": 0}, 422),
    ("POST", "/api/control/adopt", {"venue": "okx"}, 422),
    ("POST", "/api/control/adopt", {"venue": "nowhere", "symbol": "BTC-PERP", "yes": True}, 409),
    ("POST", "/api/control/adopt", {"venue": "okx", "symbol": "DOGE-PERP", "yes": True}, 409),
    ("POST", "/api/control/adopt", {"venue": "okx", "symbol": "BTC-PERP", "price": "0"}, 409),
    ("POST", "/api/control/restart", {"address": "/nobody"}, 409),
    ("POST", "/api/control/restart", {"address": "/perpbot", "yes": True}, 409),
    ("PATCH", "/api/config", {"changes": {}}, 422),
    ("PATCH", "/api/config", {"changes": {"risk.nothing": "1"}}, 409),
    ("PATCH", "/api/config", {"changes": {"risk.daily_loss_limit": "much"}}, 409),
    ("PATCH", "/api/config", {"changes": {"risk.daily_loss_limit": "NaN"}}, 409),
    ("PATCH", "/api/config", {"changes": {"mode": "live"}}, 409),
    ("PATCH", "/api/config", {"changes": {"scanner.profit_weight": "0.9"}}, 409),
    ("PATCH", "/api/config", {"changes": {"exchanges.okx.trading.trade_enabled": "true"}}, 409),
    ("POST", "/api/alerts/silence", {"name": "", "seconds": 1}, 422),
]


def test_what_is_not_as_described_is_refused_with_a_problem_that_says_why(told: dict[str, Any]) -> None:
    assert told["bad_requests"] == []


def bad_requests(site: Site) -> list[str]:
    before = site.whole.program.setting.settings
    wrong = []
    for method, target, body, status in BAD:
        path, _, query = target.partition("?")
        answer = site.ask(method, path, body, query_string=query)
        problem = answer.json if answer.content else {}
        if answer.status_code != status or problem.get("status") != status or not problem.get("detail"):
            wrong.append(f"{method} {target} {body}: {answer.status_code} {answer.text}")
        if answer.headers["content-type"] != "application/problem+json":
            wrong.append(f"{method} {target}: {answer.headers['content-type']}")
    assert site.whole.program.setting.settings is before
    assert not site.whole.program.kill.on
    return wrong


RAW: list[tuple[dict[str, str], bytes, int]] = [
    ({"Content-Type": "application/json"}, b"{", 400),
    ({"Content-Type": "application/json"}, b"\xff", 400),
    ({"Content-Type": "application/json"}, b"[" * 60_000, 400),
    ({"Content-Type": "application/json"}, b'{"on": NaN}', 400),
    ({"Content-Type": "application/json"}, b'{"on": true, "venue": "\\ud800"}', 400),
    ({"Content-Type": "application/json"}, b" " * 70_000, 413),
    ({"Content-Type": "text/plain"}, b"{}", 415),
    ({"Content-Type": "application/x-www-form-urlencoded"}, b"on=true", 415),
    ({"Content-Type": "application/json", "Origin": "https://evil.example"}, b'{"on": true}', 403),
    ({"Content-Type": "application/json", "Origin": "null"}, b'{"on": true}', 403),
    ({"Content-Type": "application/json", "Sec-Fetch-Site": "cross-site"}, b'{"on": true}', 403),
    ({"Content-Type": "application/json", "Host": "evil.example"}, b'{"on": true}', 403),
    ({"Content-Type": "application/json", "Authorization": "Basic b3A6eA=="}, b'{"on": true}', 401),
    ({"Content-Type": "application/json", "Origin": "http://127.0.0.1:8000"}, b'{"on": true}', 200),
]


def test_bodies_and_headers_that_must_not_be_are_refused(told: dict[str, Any]) -> None:
    assert told["raw_requests"] == [status for *_, status in RAW]


def test_a_password_in_json_that_is_sent_as_a_form_is_not_repeated(told: dict[str, Any]) -> None:
    status, detail, text, password = told["json_as_form"]
    assert (status, detail) == (415, "the body is JSON: send the header Content-Type: application/json")
    assert password not in text


def json_as_form(site: Site) -> tuple[int, str, str, str]:
    headers, body = {"Content-Type": "application/x-www-form-urlencoded"}, json.dumps({"password": site.password})
    answer = site.ask("POST", "/api/auth/token", body.encode(), token="", headers=headers)
    return answer.status_code, answer.json["detail"], answer.text, site.password


def raw_requests(site: Site) -> list[int]:
    found = []
    for headers, body, _ in RAW:
        shown = {"Authorization": f"Bearer {site.token}", **headers}
        found.append(site.ask("POST", "/api/control/kill-switch", body, token="", headers=shown).status_code)
    site.ask("POST", "/api/control/start")
    return found


def test_what_an_operator_does_happens_and_is_written_down_and_comes_back_after_a_restart(
    told: dict[str, Any],
) -> None:
    found = told["acts"]
    assert found["killed"] == {"global": "operator in the web console"}
    refused = "the kill switch of global is on by operator in the web console by now; look again"
    assert found["of another"] == (409, refused)
    assert found["after"] == {}
    assert found["limit"] == ("500", "250")
    assert [each["action"] for each in found["audit"]][:4] == ["config", "start", "kill-switch", "stop"]
    assert found["audit"][2]["outcome"].startswith("not done: ")
    assert found["audit"][0]["what"] == "risk.daily_loss_limit: 500 -> 250"
    assert found["kept"] == [each["action"] for each in found["audit"]]
    in_force, written = found["at once"]
    assert written == sorted(written, reverse=True), "in the order of the journal"
    assert in_force == written[0][1].rpartition(" ")[2]
    assert found["since"] == [True, False]  # a later start is not this one


def acts(site: Site) -> dict[str, Any]:
    found: dict[str, Any] = {"killed": site.ask("POST", "/api/control/stop").json["on"]}
    found["overview"] = site.get("/api/dashboard/quick-stats")["trading"]
    stale = site.ask("POST", "/api/control/kill-switch", {"on": False, "whose": "somebody before"})
    found["of another"] = (stale.status_code, stale.json["detail"])
    found["after"] = site.ask("POST", "/api/control/start").json["on"]
    before = site.get("/api/config")["settings"]["risk.daily_loss_limit"]["value"]
    answer = site.ask("PATCH", "/api/config", {"changes": {"risk.daily_loss_limit": "250"}})
    assert answer.status_code == 200, answer.text
    gevent.sleep(1)
    risk: Any = site.system.cell("/books/risk").actor
    assert str(risk._limits.daily_loss_limit) == "250"
    site.whole.crash("/books/risk")
    gevent.sleep(5)
    again: Any = site.system.cell("/books/risk").actor
    assert again is not risk
    found["limit"] = (before, str(again._limits.daily_loss_limit))
    found["audit"] = site.get("/api/audit")["items"]
    found["kept"] = [each.acted.action for each in Audit(site.whole.program).newest()]
    found["at once"] = at_once(site)
    found["since"] = [audit.done(SIGN_IN) for audit in (site.desk.audit, Audit(site.whole.program))]
    return found


def at_once(site: Site) -> tuple[str, list[tuple[int, str]]]:
    """Several change one setting at the same moment: what is in force, and what is written, newest first."""

    def change(limit: int) -> None:
        site.ask("PATCH", "/api/config", {"changes": {"risk.daily_loss_limit": str(limit)}})

    gevent.joinall([gevent.spawn(change, limit) for limit in range(100, 108)], raise_error=True)
    deeds = site.desk.audit.newest(8)
    return (
        site.get("/api/config")["settings"]["risk.daily_loss_limit"]["value"],
        [(each.number, each.acted.what) for each in deeds],
    )


def test_what_somebody_else_did_is_told_first_and_closed_when_it_is_meant_and_only_that_is_written_down(
    told: dict[str, Any],
) -> None:
    found = told["adopts"]
    assert [(each["quantity"], each["done"]) for each in (found["looked"], found["done"])] == [
        ("0.0001", False),
        ("0.0001", True),
    ]
    assert found["looked"]["trades"] == []
    assert found["priced"]["price"] == "12345.5"
    assert found["looked"]["price"] is not None
    assert found["looked"]["mark"] is not None
    assert found["stale"] == (409, "it is 0.0001 by now, not 0.2; look again")
    assert found["odd_prices"] == [409, 409, 409, 409]
    assert len(found["done"]["trades"]) == 1
    assert found["shown"] == {"quantity": "0", "venue_says": "0.0001"}
    assert found["audit"] == [("adopt", "okx BTC-PERP", "done")]
    assert found["left"] == {}


ODD_PRICES = ["1e999999", "1_000", "\uff11\uff12", "0.00"]
"""What some readers take for a number."""


def adopts(site: Site) -> dict[str, Any]:
    whole, asked = site.whole, {"venue": "okx", "symbol": "BTC-PERP"}
    site.ask("POST", "/api/control/stop")
    site.ask("POST", "/api/control/flatten", {})
    whole.wait_until(lambda: whole.open_trades == 0, 120.0, "nothing is open")
    deeds = len(site.get("/api/audit")["items"])
    somebody_trades(whole, "okx", native(whole, "okx", "BTC-PERP").native, Side.BUY, Decimal("0.0001"))

    def contradicted() -> list[dict[str, str]]:
        return [each for each in site.get("/api/positions")["positions"].values() if "venue_says" in each]

    whole.wait_until(lambda: bool(contradicted()), 60.0, "the difference seen")
    (held,) = contradicted()
    looked = site.ask("POST", "/api/control/adopt", asked).json
    priced = site.ask("POST", "/api/control/adopt", {**asked, "price": "12345.5"}).json
    stale = site.ask("POST", "/api/control/adopt", {**asked, "yes": True, "quantity": "0.2"})
    odd = [site.ask("POST", "/api/control/adopt", {**asked, "price": each}).status_code for each in ODD_PRICES]
    done = site.ask("POST", "/api/control/adopt", {**asked, "yes": True, "quantity": looked["quantity"]}).json
    whole.wait_until(lambda: not positions(whole) and whole.open_trades == 0, 60.0, "it is closed")
    written = site.get("/api/audit")["items"]
    return {
        "looked": looked,
        "priced": priced,
        "stale": (stale.status_code, stale.json["detail"]),
        "odd_prices": odd,
        "done": done,
        "shown": {key: held[key] for key in ("quantity", "venue_says")},
        "audit": [(each["action"], each["what"], each["outcome"]) for each in written[: len(written) - deeds]],
        "left": dict(positions(whole)),
    }


def test_the_description_names_the_problems_of_every_route() -> None:
    for route in ROUTES:
        assert {403, 500} <= set(problems(route))
