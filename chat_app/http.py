"""What every HTTP answer has in common: request id, security headers, size limit, trusted proxies, CORS."""

import re

from flask import Flask, Response, request
from werkzeug.middleware.proxy_fix import ProxyFix

from chat_app.errors import from_validation, problem
from chat_app.ids import new_id
from chat_app.logs import request_id, set_request_id
from chat_app.settings import Settings

MAX_BODY = 2 * 1024 * 1024
"""Bytes of a request body; uploads will have a limit of their own."""
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
}


def init_http(app: Flask, settings: Settings) -> None:
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY
    app.validation_error_callback = lambda error: problem(from_validation(error))  # type: ignore[attr-defined]
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.json.sort_keys = False  # type: ignore[attr-defined]
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]

    @app.before_request
    def _name_request() -> None:
        given = request.headers.get("X-Request-ID", "")
        set_request_id(given if _REQUEST_ID.fullmatch(given) else new_id())

    @app.after_request
    def _headers(response: Response) -> Response:
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)
        response.headers["X-Request-ID"] = request_id() or ""
        if request.path.startswith("/api/"):
            response.headers.setdefault("Cache-Control", "no-store")
            _allow_origin(response, settings)
        return response


def _allow_origin(response: Response, settings: Settings) -> None:
    """CORS for the origins that the operator named, no others; tokens travel in headers, never in cookies."""
    origin = request.headers.get("Origin")
    response.headers.add("Vary", "Origin")
    if origin in settings.cors_origins:
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Access-Control-Allow-Methods"] = "GET, POST, PUT, PATCH, DELETE"
        response.headers["Access-Control-Allow-Headers"] = "Authorization, Content-Type, X-API-Key, X-Request-ID"
        response.headers["Access-Control-Expose-Headers"] = "Retry-After, X-Request-ID"
        response.headers["Access-Control-Max-Age"] = "600"
