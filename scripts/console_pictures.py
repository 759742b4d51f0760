"""Take the pictures of the console in docs/img: every view, in both languages, at three widths, with live data.

PerpBot is started for it, at simulated venues, one of which is stopped for the pictures of alerts. It takes node and
Chromium, what `make browser` installs, and cwebp (Debian: webp).
Usage: python scripts/console_pictures.py [VIEW…]     all views where none is given
"""

import http.client
import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

T = TypeVar("T")

ROOT = Path(__file__).parents[1]
PICTURES = ROOT / "docs" / "img"
BROWSER = ROOT / "tests" / "console" / "browser"
TRADES = 60
"""So many are over before the first picture."""
VENUES = ("okx", "hyperliquid", "aster", "backpack", "edgex", "extended", "grvt", "lighter", "paradex")
PATIENCE_S, LOOK_S = 900.0, 0.5
QUALITY = "68"
URL = re.compile(r"Web console: (http://\S+)")
PASSWORD_AT = re.compile(r"the password in (\S+);")


def main() -> None:
    """Start PerpBot, let it trade for a while, take the pictures, and stop it."""
    with (
        tempfile.TemporaryDirectory() as directory,
        _venues(Path(directory)) as (venues, admin),
        _perpbot(Path(directory), venues) as log,
    ):
        url = _awaited(lambda: URL.search(log.read_text()), "where its console is")[1]
        password = Path(_awaited(lambda: PASSWORD_AT.search(log.read_text()), "its password")[1]).read_text()
        _await_trades(url, password.strip())
        _take(url, password.strip(), admin, Path(directory))
    sizes = [each.stat().st_size for each in PICTURES.glob("*.webp")]
    print(f"{len(sizes)} pictures, {sum(sizes) / 1e6:.1f} MB, in {PICTURES}")


@contextmanager
def _venues(directory: Path) -> Iterator[tuple[Path, str]]:
    """Simulated venues: the file that tells where they are, and the address that stops them."""
    command = [sys.executable, "-m", "perpbot", "venues", "serve", "--seed", "1", *VENUES]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as venues:
        try:
            told = venues.stdout.readline() if venues.stdout is not None else ""
            where = directory / "venues.json"
            where.write_text(told)
            yield where, json.loads(told)["admin"]["url"]
        finally:
            venues.terminate()


@contextmanager
def _perpbot(directory: Path, venues: Path) -> Iterator[Path]:
    """PerpBot, trading there; the file that it says everything in."""
    log = directory / "log"
    options = ["--no-console", "--port", "0", "--state", str(directory / "state"), "--venues", str(venues)]
    command = [sys.executable, "-m", "perpbot.main", *options]
    with log.open("w") as output, subprocess.Popen(command, cwd=ROOT, stderr=output) as perpbot:
        try:
            yield log
        finally:
            perpbot.terminate()


def _awaited(look: Callable[[], T | None], what: str) -> T:
    """What `look` finds, as soon as it does."""
    for _ in range(int(PATIENCE_S / LOOK_S)):
        found = look()
        if found is not None:
            return found
        time.sleep(LOOK_S)
    raise RuntimeError(f"PerpBot did not tell {what} within {PATIENCE_S:g} s")


def _await_trades(url: str, password: str) -> None:
    token = _asked(url, "POST", "/api/auth/token", body={"password": password})["access_token"]

    def enough() -> Any:
        stats = _asked(url, "GET", "/api/dashboard/quick-stats", token)
        return stats if stats is not None and stats.get("trades_over", 0) >= TRADES else None

    _awaited(enough, f"of {TRADES} trades that are over")


def _asked(url: str, method: str, path: str, token: str = "", body: Any = None) -> Any:
    """The answer; None where there is none yet."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    connection.request(method, path, None if body is None else json.dumps(body), headers)
    answer = connection.getresponse()
    data = answer.read()
    connection.close()
    return json.loads(data) if answer.status == http.client.OK else None


def _take(url: str, password: str, admin: str, directory: Path) -> None:
    where: dict[str, Any] = {"url": url, "password": password, "admin": admin, "chromium": shutil.which("chromium")}
    given = {**where, "pictures": str(directory / "png"), "wanted": sys.argv[1:]}
    subprocess.run(["node", "run.mjs", "pictures", json.dumps(given)], cwd=BROWSER, check=True)
    PICTURES.mkdir(parents=True, exist_ok=True)
    for picture in sorted((directory / "png").glob("*.png")):
        target = PICTURES / f"{picture.stem}.webp"
        subprocess.run(["cwebp", "-quiet", "-m", "6", "-q", QUALITY, picture, "-o", target], check=True)


if __name__ == "__main__":
    main()
