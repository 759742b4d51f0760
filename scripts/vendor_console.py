"""Put the console's libraries into perpbot/web/console/vendor, as npm packs them, with their licences and hashes.

Browsers find modules by path, and the console's content security policy forbids the inline map that would translate
names. So the names in `import` are made paths here. Nothing else is changed but comments that point to source maps.
Usage: python scripts/vendor_console.py
"""

import hashlib
import re
import subprocess
import tarfile
import tempfile
from pathlib import Path

VENDOR = Path(__file__).parents[1] / "perpbot" / "web" / "console" / "vendor"
LIBRARIES = {
    "preact@11.2.0": {"dist/preact.mjs": "preact.js", "hooks/dist/hooks.mjs": "hooks.js", "LICENSE": "preact.LICENSE"},
    "@preact/signals-core@1.14.5": {"dist/signals-core.mjs": "signals-core.js"},
    "@preact/signals@2.11.4": {"dist/signals.mjs": "signals.js", "LICENSE": "signals.LICENSE"},
    "htm@3.1.1": {"dist/htm.mjs": "htm.js", "LICENSE": "htm.LICENSE"},
    "uplot@1.6.32": {"dist/uPlot.esm.js": "uplot.js", "dist/uPlot.min.css": "uplot.css", "LICENSE": "uplot.LICENSE"},
}
PATHS = {"preact": "preact.js", "preact/hooks": "hooks.js", "@preact/signals-core": "signals-core.js"}
IMPORT = re.compile(r'\bfrom"(@?[a-z/-]+)"')
SOURCE_MAP = re.compile(r"^//# sourceMappingURL=.*\n?|//# sourceMappingURL=\S+$", re.MULTILINE)


def main() -> None:
    """Fetch everything and write it."""
    VENDOR.mkdir(parents=True, exist_ok=True)
    for package, files in LIBRARIES.items():
        with tempfile.TemporaryDirectory() as directory:
            command = ["npm", "pack", "--silent", "--pack-destination", directory, package]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            with tarfile.open(next(Path(directory).glob("*.tgz"))) as packed:
                for inside, name in files.items():
                    (VENDOR / name).write_text(_fitted(name, _text(packed, inside)))
        print(package)
    hashed = sorted(each for each in VENDOR.iterdir() if each.name != "sha256.txt")
    lines = [f"{hashlib.sha256(each.read_bytes()).hexdigest()}  {each.name}\n" for each in hashed]
    (VENDOR / "sha256.txt").write_text("".join(lines))


def _text(packed: tarfile.TarFile, inside: str) -> str:
    found = packed.extractfile(f"package/{inside}")
    if found is None:
        raise FileNotFoundError(inside)
    return found.read().decode()


def _fitted(name: str, text: str) -> str:
    if not name.endswith(".js"):
        return text
    return IMPORT.sub(lambda each: f'from"./{PATHS[each[1]]}"', SOURCE_MAP.sub("", text))


if __name__ == "__main__":
    main()
