"""A venue's own secret is put wherever an actor can put it, and must not be found in anything that leaves PerpBot."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import attrs
import gevent
import pytest
from whole import Whole

from actors.runtime import Actor, Backoff, handles
from perpbot import logs
from perpbot.control.protocol import encode
from perpbot.control.verbs import VERBS
from perpbot.main import _keep_crashes
from perpbot.masking import Mask
from perpbot.program import Program, open_journal
from perpbot.simulation.world import World, run_forked
from supervisors.presenting import MAX_TEXT
from supervisors.spec import ChildSpec

pytest_plugins = ["whole"]
pytestmark = pytest.mark.simulated

NAMED = "CANARY-only-its-name-tells"


@attrs.frozen
class Login:
    headers: dict[str, Any]
    text: str
    url: str


class Leak(Actor):
    """Puts `secret` at the very places where texts are cut, and says `NAMED` under the names of secrets."""

    def __init__(self, secret: str) -> None:
        super().__init__()
        self._secret = secret

    def on_start(self) -> None:
        self.timers.every(0.5, "leak")

    @handles(str)
    def leak(self, _: str) -> None:
        self.log.warning("told", api_secret=NAMED, nested={"cred": [NAMED]}, text=self._secret, error=self._error(0))
        self.look_up("/nobody").tell(self._login())
        self.look_up(self.address).tell(self._login())

    @handles(Login)
    def login(self, _: Login) -> None:
        raise self._error(500 - len("failed in Login: ValueError: "))

    def _login(self) -> Login:
        headers = {"OK-ACCESS-KEY": NAMED, "pwd": NAMED, "sign": [NAMED], "cred": {"value": NAMED}, "seed": NAMED}
        return Login(headers, self._cut_at(MAX_TEXT), f"https://venue/x?signature={NAMED}&symbol=BTC")

    def _error(self, length: int) -> ValueError:
        return ValueError(f"{self._cut_at(length)} {self._cut_at(300)} {self._cut_at(500)} apiKey={NAMED}")

    def _cut_at(self, length: int) -> str:
        return "p" * (length - len(self._secret) // 2) + self._secret

    def describe(self) -> dict[str, Any]:
        return {"login": self._login(), "pair": [("apiKey", NAMED)], self._secret: 1}


def make(whole: Whole, log: logs.LogFile) -> Program:
    mask = Mask()
    setting = whole.program.setting

    def surfaces(program: Program) -> Sequence[ChildSpec]:
        def start() -> Leak:
            return Leak(next(each for each in secrets(program) if len(each) > 20))

        return [ChildSpec(name="leak", start=start, backoff=Backoff(min_s=0.1, max_s=0.2))]

    whole.program.journal.close()
    return Program(setting, open_journal(whole.state), logs.make_log("INFO", log.write, mask=mask), surfaces, mask)


def secrets(program: Program) -> list[str]:
    found = [each.credentials for each in program.parts.venues.values() if each.credentials is not None]
    return [secret for each in found for secret in each.secrets]


def leaking(world: World, state: Path) -> dict[str, str]:
    whole = Whole(world, state)
    log = logs.LogFile(state / "perpbot.log", 50_000_000, 10)
    program = whole.program = make(whole, log)
    crashes = _keep_crashes(program)
    program.start()
    gevent.sleep(3.0)
    address = next(cell.address for cell in program.system.cells() if cell.type_name == "Leak")
    places = {
        verb: program.mask(encode({"data": VERBS[verb](program, arguments)}).decode())
        for verb, arguments in (
            ("inspect", {"address": address}),
            ("dead-letters", {}),
            ("crashes", {}),
            ("top", {}),
            ("status", {}),
        )
    }
    heard = list(VERBS["trace"](program, {"address": address, "seconds": 2}))
    assert any(each.get("way") == "in" for each in heard)
    places["trace"] = "".join(program.mask(encode(each).decode()) for each in heard)
    places["summary"] = program.mask(json.dumps(whole.stop()))
    crashes.finish()
    log.close()
    places["log"] = (state / "perpbot.log").read_text()
    places["crashes.jsonl"] = (state / "crashes.jsonl").read_text()
    pieces = {each[:half] for each in secrets(program) if (half := len(each) // 2 - 2) >= 10}
    return {place: " ".join(each for each in (NAMED, *pieces) if each in text) for place, text in places.items()} | {
        "written": str("***" in places["log"])
    }


def test_no_secret_gets_out_whole_or_in_part(state: Path) -> None:
    found = run_forked(leaking, 21, state)
    assert found.pop("written") == "True"
    assert {place: each for place, each in found.items() if each} == {}
