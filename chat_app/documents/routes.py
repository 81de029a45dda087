"""The documents and the pages that show them. Open to everybody: they tell of the product, not of anybody's data."""

import hashlib
import json
import re
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any, cast

from flask import Blueprint, Response, current_app, request, send_from_directory
from flask_openapi import OpenAPI

from chat_app.auth.current import public
from chat_app.documents.asyncapi import asyncapi_document
from chat_app.documents.openapi import openapi_document
from chat_app.errors import not_found

PAGES = Path(__file__).parent / "pages"
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' "
    # The hash of nothing: ReDoc makes an empty style element and fills it through its object, which is allowed.
    "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='; "
    "img-src 'self' data:; font-src data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
FOREIGN_LOGO = re.compile(rb"https://cdn\.redoc\.ly/redoc/logo-mini(?:-full)?\.svg")
bp = Blueprint("documents", __name__)
SWAGGER_UI = Path(str(files("flask_openapi_swagger"))) / "templates" / "swagger"
REDOC = Path(str(files("flask_openapi_redoc"))) / "templates" / "redoc"
ASSETS = {
    "docs.js": PAGES,
    "redoc.js": PAGES,
    "swagger-ui.css": SWAGGER_UI / "css",
    "swagger-ui-bundle.js": SWAGGER_UI / "js",
    "redoc.standalone.js": REDOC / "js",
    "redoc.svg": REDOC / "images",
}


@bp.get("/openapi.json")
@public
def openapi() -> Response:
    """The HTTP interface, as OpenAPI 3.1."""
    return _document("openapi", lambda: openapi_document(cast(OpenAPI, current_app)))


@bp.get("/asyncapi.json")
@public
def asyncapi() -> Response:
    """The events of the sockets, as AsyncAPI 3.0."""
    return _document("asyncapi", asyncapi_document)


def _document(name: str, make: Callable[[], dict[str, Any]]) -> Response:
    def text() -> bytes:
        return json.dumps(make(), ensure_ascii=False, separators=(",", ":")).encode()

    return _cached(name, "application/json", text)


def _cached(name: str, content_type: str, make: Callable[[], bytes]) -> Response:
    """What is made at its first use in this process; browsers ask whether it has changed."""
    made: dict[str, tuple[bytes, str]] = current_app.extensions.setdefault("documents", {})
    if name not in made:
        content = make()
        made[name] = (content, hashlib.sha256(content).hexdigest()[:32])
    content, etag = made[name]
    response = Response(content, content_type=content_type)
    response.set_etag(etag)
    response.headers["Cache-Control"] = "public, no-cache"
    return cast(Response, response.make_conditional(request))


@bp.get("/docs")
@bp.get("/api/docs")
@public
def docs() -> Response:
    """Swagger UI."""
    return _page("docs.html")


@bp.get("/redoc")
@bp.get("/redoc/events")
@public
def redoc() -> Response:
    """ReDoc: of HTTP, and of the sockets."""
    return _page("redoc.html")


def _page(name: str) -> Response:
    response = send_from_directory(PAGES, name, max_age=0)
    response.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
    return response


@bp.get("/docs/assets/<name>")
@public
def asset(name: str) -> Response:
    """Files of the two pages, those of the packages among them; browsers ask whether they have changed."""
    if name not in ASSETS:
        raise not_found("file")
    if name == "redoc.standalone.js":
        return _cached(name, "text/javascript; charset=utf-8", _redoc)
    return send_from_directory(ASSETS[name], name, max_age=0)


def _redoc() -> bytes:
    """ReDoc loads its maker's logo from a foreign server; here it loads it from us."""
    bundle = (ASSETS["redoc.standalone.js"] / "redoc.standalone.js").read_bytes()
    return FOREIGN_LOGO.sub(b"/docs/assets/redoc.svg", bundle)
