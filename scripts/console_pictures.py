"""Take the pictures of the console in docs/img: every view, in both languages, at three widths, with live data.

PerpBot is started at its simulated venues for it. It takes node and Chromium, what `make browser` installs, and
cwebp (Debian: webp). Usage: python scripts/console_pictures.py [TRADES THAT ARE OVER BEFORE THE FIRST PICTURE]
"""

import http.client
import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

T = TypeVar("T")

ROOT = Path(__file__).parents[1]
PICTURES = ROOT / "docs" / "img"
BROWSER = ROOT / "tests" / "console" / "browser"
TRADES = 30
PATIENCE_S, LOOK_S = 900.0, 0.5
QUALITY = "68"
URL = re.compile(r"Web console: (http://\S+)")
PASSWORD_AT = re.compile(r"the password in (\S+);")


def main() -> None:
    """Start PerpBot, let it trade for a while, take the pictures, and stop it."""
    trades = int(sys.argv[1]) if len(sys.argv) > 1 else TRADES
    with tempfile.TemporaryDirectory() as directory:
        log = Path(directory) / "log"
        command = [sys.executable, "-m", "perpbot.main", "--no-console", "--port", "0", "--state", f"{directory}/state"]
        with log.open("w") as output, subprocess.Popen(command, cwd=ROOT, stderr=output) as perpbot:
            try:
                url = _awaited(lambda: URL.search(log.read_text()), "where its console is")[1]
                password = Path(_awaited(lambda: PASSWORD_AT.search(log.read_text()), "its password")[1]).read_text()
                _await_trades(url, password.strip(), trades)
                _take(url, password.strip(), Path(directory))
            finally:
                perpbot.terminate()
    sizes = [each.stat().st_size for each in PICTURES.glob("*.webp")]
    print(f"{len(sizes)} pictures, {sum(sizes) / 1e6:.1f} MB, in {PICTURES}")


def _awaited(look: Callable[[], T | None], what: str) -> T:
    """What `look` finds, as soon as it does."""
    for _ in range(int(PATIENCE_S / LOOK_S)):
        found = look()
        if found is not None:
            return found
        time.sleep(LOOK_S)
    raise RuntimeError(f"PerpBot did not tell {what} within {PATIENCE_S:g} s")


def _await_trades(url: str, password: str, trades: int) -> None:
    token = _asked(url, "POST", "/api/auth/token", body={"password": password})["access_token"]

    def enough() -> Any:
        stats = _asked(url, "GET", "/api/dashboard/quick-stats", token)
        return stats if stats is not None and stats.get("trades_over", 0) >= trades else None

    _awaited(enough, f"of {trades} trades that are over")


def _asked(url: str, method: str, path: str, token: str = "", body: Any = None) -> Any:
    """The answer; None where there is none yet."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    connection.request(method, path, None if body is None else json.dumps(body), headers)
    answer = connection.getresponse()
    data = answer.read()
    connection.close()
    return json.loads(data) if answer.status == http.client.OK else None


def _take(url: str, password: str, directory: Path) -> None:
    given = {"url": url, "password": password, "chromium": shutil.which("chromium"), "pictures": str(directory / "png")}
    subprocess.run(["node", "run.mjs", "pictures", json.dumps(given)], cwd=BROWSER, check=True)
    PICTURES.mkdir(parents=True, exist_ok=True)
    for picture in sorted((directory / "png").glob("*.png")):
        target = PICTURES / f"{picture.stem}.webp"
        subprocess.run(["cwebp", "-quiet", "-m", "6", "-q", QUALITY, picture, "-o", target], check=True)


if __name__ == "__main__":
    main()
