"""The files of the console: read, joined and compressed once, told apart by what is in them."""

import gzip
import hashlib
import mimetypes
import re
from pathlib import Path
from typing import Any

import attrs
import falcon

from perpbot.web.joining import one_sheet, script
from perpbot.web.route import Problem

FOLDER = Path(__file__).parent / "console"
TYPES = {".js": "text/javascript; charset=utf-8", ".mjs": "text/javascript; charset=utf-8"}
COMPRESSED = {".js", ".mjs", ".css", ".html", ".svg", ".json", ".txt"}
INDEX = "/index.html"
ENTRY, SHEET, LIBRARIES = "app.js", "style.css", "vendor/"

FOREVER = "public, max-age=31536000, immutable"
ASKED_AGAIN = "no-cache"
"""Every time, and mostly answered with 304."""
LINK = re.compile(rb'(href|src)="(?=[a-z_]+[./])')
"""Where the page names a file of the console."""
EDITION = re.compile(r"/([0-9a-f]{16})(/.+)")


@attrs.frozen
class _File:
    data: bytes
    gzipped: bytes | None
    media: str
    tag: str


class Console:
    """Serves what lay in the folder at the start, and nothing else: a path is looked up among the files there were.

    The page names all other files below the edition, a digest of everything. So browsers keep them for good and ask
    for the page alone; and modules find each other there, because they name each other relatively.
    """

    def __init__(self, folder: Path = FOLDER) -> None:
        self._files = {f"/{path}": _file(data, Path(path).suffix) for path, data in _joined(_read(folder)).items()}
        tags = "".join(self._files[path].tag for path in sorted(self._files))
        self._edition = hashlib.sha256(tags.encode()).hexdigest()[:16]
        self._files[INDEX] = _file(self._linked(self._files[INDEX].data), ".html")

    def __call__(self, req: falcon.Request, resp: falcon.Response, **_: Any) -> None:
        """Answer with a file; as Falcon calls what takes all other paths."""
        if req.method not in {"GET", "HEAD"}:
            raise Problem(404, "not found", f"there is no {req.path} to {req.method}")
        named = EDITION.fullmatch(req.path)
        edition, path = (named[1], named[2]) if named is not None else ("", req.path)
        file = self._find(INDEX if path == "/" else path)
        resp.content_type = file.media
        # a page from before an update gets what there is now, but does not keep it under the old name
        resp.set_header("Cache-Control", FOREVER if edition == self._edition else ASKED_AGAIN)
        resp.set_header("ETag", file.tag)
        resp.set_header("Vary", "Accept-Encoding")
        if file.tag in (req.get_header("If-None-Match") or ""):
            resp.status = falcon.HTTP_304
        elif file.gzipped is not None and "gzip" in (req.get_header("Accept-Encoding") or ""):
            resp.set_header("Content-Encoding", "gzip")
            resp.data = file.gzipped
        else:
            resp.data = file.data

    def _linked(self, page: bytes) -> bytes:
        """The page, with the edition in front of every file that it names."""
        return LINK.sub(rb'\1="/%b/' % self._edition.encode(), page)

    def _find(self, path: str) -> _File:
        if path not in self._files:
            raise Problem(404, "not found", f"there is no {path}; the console is at /, its API below /api")
        return self._files[path]


def _read(folder: Path) -> dict[str, bytes]:
    files = [each for each in folder.rglob("*") if each.is_file() and not each.name.startswith(".")]
    return {each.relative_to(folder).as_posix(): each.read_bytes() for each in files}


def _joined(files: dict[str, bytes]) -> dict[str, bytes]:
    """The same, with all modules in the one that begins, and one style sheet."""
    page, sheets = one_sheet(files["index.html"].decode(), SHEET)
    modules = {path: data.decode() for path, data in files.items() if path.endswith(".js")}
    return {
        **files,
        "index.html": page.encode(),
        SHEET: b"".join(files[each] for each in sheets),
        ENTRY: script(modules, ENTRY, LIBRARIES).encode(),
    }


def _file(data: bytes, suffix: str) -> _File:
    media = TYPES.get(suffix) or mimetypes.types_map.get(suffix) or "application/octet-stream"
    if media.startswith("text/") and "charset" not in media:
        media += "; charset=utf-8"
    gzipped = gzip.compress(data, compresslevel=6, mtime=0) if suffix in COMPRESSED else None
    return _File(data, gzipped, media, f'"{hashlib.sha256(data).hexdigest()[:32]}"')
