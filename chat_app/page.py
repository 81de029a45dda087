"""The page: what Vite built into `web/dist`, served as it is."""

from pathlib import Path

from flask import Blueprint, Response, send_from_directory

from chat_app.auth.current import public
from chat_app.errors import ChatError

DIST = Path(__file__).parent.parent / "web" / "dist"
CONTENT_SECURITY_POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; connect-src 'self'; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
bp = Blueprint("page", __name__)


@bp.get("/")
@public
def index() -> Response:
    if not (DIST / "index.html").exists():
        raise ChatError("unavailable", "The page is not built; run `make web` and reload.")
    response = send_from_directory(DIST, "index.html", max_age=0)
    response.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
    return response


@bp.get("/assets/<path:name>")
@public
def asset(name: str) -> Response:
    """Their names carry a hash of their content: they never change."""
    response = send_from_directory(DIST / "assets", name, max_age=31_536_000)
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return response


@bp.get("/<any('favicon.svg', 'favicon.ico', 'manifest.webmanifest', 'robots.txt'):name>")
@public
def file(name: str) -> Response:
    return send_from_directory(DIST, name, max_age=3600)
