"""A trading program in a simulated world, and its web application without a socket between."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import attrs
import falcon.testing
from whole import Whole

from actors.runtime import System
from perpbot import logs
from perpbot.config.web import Web
from perpbot.control.audit import Audit
from perpbot.masking import Mask
from perpbot.program import Program, open_journal
from perpbot.sections.feed import Feed
from perpbot.sections.observer import state_feed
from perpbot.simulation.world import World, run_forked
from perpbot.web.application import application
from perpbot.web.log_tail import LogTail
from perpbot.web.operator import find_operator
from perpbot.web.server import ROUTES, make_desk
from perpbot.web.static import Console

PASSWORD_COST = 2**4
"""Of scrypt, in tests: what is tested is not how long it takes."""


@attrs.define
class Site:
    """What tests ask."""

    whole: Whole
    desk: Any
    app: Any
    password: str
    token: str = ""

    def ask(self, method: str, path: str, body: Any = None, token: str | None = None, **options: Any) -> Any:
        """The answer as falcon.testing has it; `token` replaces the operator's own, empty for none."""
        shown = self.token if token is None else token
        headers = {"Host": "127.0.0.1:8000", **options.pop("headers", {})}
        if shown:
            headers["Authorization"] = f"Bearer {shown}"
        if isinstance(body, bytes):
            options["body"] = body
        elif body is not None:
            options["body"] = json.dumps(body)
            headers["Content-Type"] = "application/json"
        return falcon.testing.simulate_request(self.app, method, path, headers=headers, **options)

    def get(self, path: str, **params: Any) -> Any:
        return self.ask("GET", path, params=params).json

    def sign_in(self, scope: str | None = None) -> Mapping[str, Any]:
        body = {"password": self.password} | ({} if scope is None else {"scope": scope})
        answer = self.ask("POST", "/api/auth/token", body, token="")
        assert answer.status_code == 200, answer.text
        found: Mapping[str, Any] = answer.json
        return found

    @property
    def system(self) -> System:
        system: System = self.whole.program.system
        return system


def make_site(world: World, state: Path, settings: Web | None = None) -> Site:
    """A program that has begun, with its console."""
    whole = Whole(world, state)
    whole.program.journal.close()
    operator, password = find_operator(state, cost=PASSWORD_COST)
    assert password is not None
    tail, mask = LogTail(), Mask()
    file = logs.LogFile(state / "perpbot.log", 50_000_000, 10)
    made: list[Any] = []

    def surfaces(program: Program) -> Any:
        audit, feed = Audit(program), Feed()
        made.append(make_desk(program, settings or Web(), operator, tail, audit, feed))
        return [state_feed(program, feed, {"audit": audit.section})]

    log = logs.make_log("INFO", whole.log.append, tail.write, file.write, mask=mask)
    whole.program = Program(whole.program.setting, open_journal(state), log, surfaces, mask)
    whole.program.start()
    site = Site(whole, made[0], application(made[0], ROUTES, Console()), password)
    site.token = site.sign_in()["access_token"]
    return site


def at_site(body: Callable[[Site], Any], state: Path, seed: int = 3, settings: Web | None = None) -> Any:
    """Run `body` in a fork, in a world where a program trades."""
    return run_forked(lambda world: body(make_site(world, state, settings)), seed)
