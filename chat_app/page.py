"""The page: what Vite built into `web/dist`, served as it is."""

import gzip
import mimetypes
from functools import lru_cache
from pathlib import Path

import brotli  # type: ignore[import-untyped]
from flask import Blueprint, Response, request
from werkzeug.security import safe_join

from chat_app.auth.current import public
from chat_app.errors import ChatError, not_found
from chat_app.runtime import run_blocking

DIST = Path(__file__).parent.parent / "web" / "dist"
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "media-src 'self' blob:",
        "font-src 'self'",
        "manifest-src 'self'",
        # A browser that does not count ws: as 'self' (Safari before 15.4) falls back to long polling.
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "object-src 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
)
COMPRESSIBLE = {".css", ".html", ".js", ".json", ".svg", ".txt", ".webmanifest"}
UNCHANGING = 31_536_000
bp = Blueprint("page", __name__)


@bp.get("/")
@public
def index() -> Response:
    if not (DIST / "index.html").exists():
        raise ChatError("unavailable", "The page is not built; run `make web` and reload.")
    response = _file(DIST, "index.html", max_age=0)
    response.cache_control.no_cache = True
    response.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
    return response


@bp.get("/assets/<path:name>")
@public
def asset(name: str) -> Response:
    """Their names carry a hash of their content: they never change."""
    response = _file(DIST / "assets", name, max_age=UNCHANGING)
    response.cache_control.immutable = True
    return response


@bp.get("/<any('favicon.svg', 'favicon.ico', 'manifest.webmanifest', 'robots.txt'):name>")
@public
def file(name: str) -> Response:
    return _file(DIST, name, max_age=3600)


def _file(folder: Path, name: str, max_age: int) -> Response:
    """A file of the page in the best encoding that the client takes, or 304 when it has it already."""
    found = safe_join(str(folder), name)
    path = Path(found or "")
    if found is None or not path.is_file():
        raise not_found("file")
    encoding = "identity"
    if path.suffix in COMPRESSIBLE:
        encoding = request.accept_encodings.best_match(["br", "gzip"], default="identity")
    changed_at = path.stat().st_mtime_ns
    media_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
    response = Response(_encoded(path, changed_at, encoding), mimetype=media_type)
    if encoding != "identity":
        response.headers["Content-Encoding"] = encoding
    response.vary.add("Accept-Encoding")
    response.cache_control.public = True
    response.cache_control.max_age = max_age
    response.set_etag(f"{changed_at:x}-{encoding}")
    response.make_conditional(request)
    return response


@lru_cache(maxsize=64)
def _encoded(path: Path, changed_at: int, encoding: str) -> bytes:
    """Compressed once, off the event loop, and kept (some fifteen small files, each in three encodings)."""
    content = path.read_bytes()
    if encoding == "br":
        return run_blocking(brotli.compress, content, quality=9)
    return run_blocking(gzip.compress, content, 9) if encoding == "gzip" else content
