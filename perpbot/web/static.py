"""The files of the console: found by listing, compressed once, told apart by what is in them."""

import gzip
import hashlib
import mimetypes
from pathlib import Path
from typing import Any

import attrs
import falcon

from perpbot.web.route import Problem

FOLDER = Path(__file__).parent / "console"
TYPES = {".js": "text/javascript; charset=utf-8", ".mjs": "text/javascript; charset=utf-8"}
COMPRESSED = {".js", ".mjs", ".css", ".html", ".svg", ".json", ".txt"}
INDEX = "/index.html"


@attrs.frozen
class _File:
    data: bytes
    gzipped: bytes | None
    media: str
    tag: str
    modified_ns: int


class Console:
    """Serves what lay in the folder at the start, and nothing else: a path is looked up among the files there were."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._paths = {f"/{each.relative_to(folder).as_posix()}": each for each in _listing(folder)}
        self._files: dict[str, _File] = {}

    def __call__(self, req: falcon.Request, resp: falcon.Response, **_: Any) -> None:
        """Answer with a file; as Falcon calls what takes all other paths."""
        if req.method not in {"GET", "HEAD"}:
            raise Problem(404, "not found", f"there is no {req.path} to {req.method}")
        file = self._find(INDEX if req.path == "/" else req.path)
        resp.content_type = file.media
        resp.set_header("Cache-Control", "no-cache")  # asked for again each time, and mostly answered with 304
        resp.set_header("ETag", file.tag)
        resp.set_header("Vary", "Accept-Encoding")
        if file.tag in (req.get_header("If-None-Match") or ""):
            resp.status = falcon.HTTP_304
        elif file.gzipped is not None and "gzip" in (req.get_header("Accept-Encoding") or ""):
            resp.set_header("Content-Encoding", "gzip")
            resp.data = file.gzipped
        else:
            resp.data = file.data

    def _find(self, path: str) -> _File:
        if path not in self._paths:
            raise Problem(404, "not found", f"there is no {path}; the console is at /, its API below /api")
        modified_ns = self._paths[path].stat().st_mtime_ns
        known = self._files.get(path)
        if known is None or known.modified_ns != modified_ns:
            known = self._files[path] = _read(self._paths[path], modified_ns)
        return known


def _listing(folder: Path) -> list[Path]:
    return [each for each in folder.rglob("*") if each.is_file() and not each.name.startswith(".")]


def _read(path: Path, modified_ns: int) -> _File:
    data = path.read_bytes()
    media = TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    if media.startswith("text/") and "charset" not in media:
        media += "; charset=utf-8"
    gzipped = gzip.compress(data, mtime=0) if path.suffix in COMPRESSED else None
    return _File(data, gzipped, media, f'"{hashlib.sha256(data).hexdigest()[:32]}"', modified_ns)
