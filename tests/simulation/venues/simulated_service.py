"""Simulated venues in a process of their own."""

import json
import subprocess
import sys
from decimal import Decimal
from typing import Any

import requests

Served = dict[str, Any]
PATIENCE_S = 60
"""Seconds that an answer may take on a machine with much else to do."""


class Service:
    """Simulated venues in a process of their own."""

    def __init__(self, *arguments: str) -> None:
        command = [sys.executable, "-m", "perpbot.simulation.venues", "--die-with-parent", *arguments]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.served: Served = json.loads(self.process.stdout.readline())

    def admin(self, venue: str, action: str, **body: Any) -> Any:
        url = f"{self.served['admin']['url']}/admin/{venue}/{action}"
        reply = (
            requests.get(url, timeout=PATIENCE_S)
            if action == "books"
            else requests.post(url, json=body, timeout=PATIENCE_S)
        )
        assert reply.status_code == 200, reply.text
        return json.loads(reply.text, parse_float=Decimal)

    def books(self, venue: str) -> Any:
        return self.admin(venue, "books")["main"]

    def stop(self) -> int:
        self.process.terminate()
        code = self.process.wait(timeout=PATIENCE_S)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code
