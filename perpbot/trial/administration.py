"""What an operator of the simulation may do to one simulated venue, asked over HTTP."""

import json
from typing import Any
from urllib.request import Request, urlopen

PATIENCE_S = 10.0


class Administration:
    """The administration of one simulated venue."""

    def __init__(self, url: str, venue: str) -> None:
        """`url` is where all the venues are administrated, as ``perpbot venues serve`` prints it."""
        self._base = f"{url}/admin/{venue}"

    def set_faults(self, **faults: int | bool) -> None:
        """Make the next occasions go wrong."""
        self._ask("POST", "faults", json.dumps(faults).encode())

    def faults(self) -> dict[str, Any]:
        """What is still to go wrong."""
        found: dict[str, Any] = self._ask("GET", "faults")
        return found

    def disconnect(self) -> None:
        """Cut the venue's connections; it listens on."""
        self._ask("POST", "disconnect", b"{}")

    def _ask(self, method: str, action: str, body: bytes | None = None) -> Any:
        request = Request(f"{self._base}/{action}", body, method=method)  # noqa: S310 - our own child, on loopback
        with urlopen(request, timeout=PATIENCE_S) as answer:  # noqa: S310
            return json.load(answer)
