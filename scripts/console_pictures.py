"""Take the pictures of the console in docs/img: every view, in both languages, at three widths, with live data.

PerpBot is started at its simulated venues for it. It takes node and Chromium, what `make browser` installs, and
cwebp (Debian: webp). Usage: python scripts/console_pictures.py [SECONDS TO TRADE BEFORE THE FIRST PICTURE]
"""

import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
PICTURES = ROOT / "docs" / "img"
BROWSER = ROOT / "tests" / "console" / "browser"
WARM_UP_S = 120.0
QUALITY = "68"
URL = re.compile(r"Web console: (http://\S+)")
PASSWORD_AT = re.compile(r"the password in (\S+);")


def main() -> None:
    """Start PerpBot, let it trade for a while, take the pictures, and stop it."""
    warm_up_s = float(sys.argv[1]) if len(sys.argv) > 1 else WARM_UP_S
    with tempfile.TemporaryDirectory() as directory:
        log = Path(directory) / "log"
        command = [sys.executable, "-m", "perpbot.main", "--no-console", "--port", "0", "--state", f"{directory}/state"]
        with log.open("w") as output, subprocess.Popen(command, cwd=ROOT, stderr=output) as perpbot:
            try:
                time.sleep(warm_up_s)
                _take(_said(log, URL), Path(_said(log, PASSWORD_AT)).read_text().strip(), Path(directory))
            finally:
                perpbot.terminate()
    sizes = [each.stat().st_size for each in PICTURES.glob("*.webp")]
    print(f"{len(sizes)} pictures, {sum(sizes) / 1e6:.1f} MB, in {PICTURES}")


def _said(log: Path, pattern: re.Pattern[str]) -> str:
    """What PerpBot says at its first start: where the console is, and how to sign in."""
    match = pattern.search(log.read_text())
    if match is None:
        raise RuntimeError(f"PerpBot did not say {pattern.pattern!r}:\n{log.read_text()}")
    return match[1]


def _take(url: str, password: str, directory: Path) -> None:
    given = {"url": url, "password": password, "chromium": shutil.which("chromium"), "pictures": str(directory / "png")}
    subprocess.run(["node", "run.mjs", "pictures", json.dumps(given)], cwd=BROWSER, check=True)
    PICTURES.mkdir(parents=True, exist_ok=True)
    for picture in sorted((directory / "png").glob("*.png")):
        target = PICTURES / f"{picture.stem}.webp"
        subprocess.run(["cwebp", "-quiet", "-m", "6", "-q", QUALITY, picture, "-o", target], check=True)


if __name__ == "__main__":
    main()
