"""What every HTTP answer has in common: request id, log line, security headers, CORS, compression.

docs/security.md says what each header is for.
"""

import logging
import re
import time
from collections.abc import Iterable
from typing import Any

from flask import Flask, Response, g, request
from flask.json.provider import DefaultJSONProvider
from flask_compress import Compress

from chat_app.errors import from_validation, problem
from chat_app.ids import new_id
from chat_app.logs import request_id, set_request_id
from chat_app.operations.metrics import init_metrics
from chat_app.settings import Settings

log = logging.getLogger("chat_app.access")

MAX_BODY = 2 * 1024 * 1024
"""Bytes of a request body; uploads will have a limit of their own."""
SLOW = 1.0
"""Seconds from which on a request is a warning."""
MAX_PATH = 200
"""Characters of a path that are logged."""
WORTH_COMPRESSING = 1024
"""Bytes from which on an answer is compressed."""
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_QUIET = re.compile(r"/(?:api/(?:v1/)?)?(?:health|metrics|assets|favicon)\b")
"""What machines fetch all the time: logged at DEBUG."""
_SHARED = re.compile(r"/(?:api/.*|info|health.*|openapi\.json|asyncapi\.json)")
"""What pages of other origins may read, when the operator named them."""
_WITH_TOKENS = re.compile(r"/api/(?:v1/)?auth/.*")
"""Answers that carry secrets are not compressed: the length of a compressed one tells of its content (BREACH)."""
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=(), browsing-topics=()",
}
HSTS = "max-age=31536000"


class Json(DefaultJSONProvider):
    ensure_ascii = False
    sort_keys = False

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        """A body that is nested deeper than the parser goes is broken like any other that cannot be read."""
        try:
            return super().loads(s, **kwargs)
        except RecursionError:
            raise ValueError("nested too deeply") from None


def init_http(app: Flask, settings: Settings) -> None:
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY
    app.validation_error_callback = lambda error: problem(from_validation(error))  # type: ignore[attr-defined]
    app.json = Json(app)
    init_metrics(app)
    compress = _compression(app)

    @app.before_request
    def _begin() -> Response | None:
        g.began = time.perf_counter()
        given = request.headers.get("X-Request-ID", "")
        set_request_id(given if _REQUEST_ID.fullmatch(given) else new_id())
        return Response(status=204) if _is_preflight() else None

    @app.after_request
    def _finish(response: Response) -> Response:
        _add_headers(response)
        if _SHARED.fullmatch(request.path):
            _allow_origin(response, settings)
        if not _WITH_TOKENS.fullmatch(request.path):
            response = compress.after_request(response)
        seconds = time.perf_counter() - g.began
        app.extensions["metrics"].count_request(response, seconds)
        _write_line(response, seconds)
        return response


def _compression(app: Flask) -> Compress:
    """A page of 50 messages (24 kB) becomes 2 kB at the cost of 0.1 ms; streams pass as they are."""
    app.config.update(
        COMPRESS_ALGORITHM=["br", "gzip"],
        COMPRESS_BR_LEVEL=4,
        COMPRESS_LEVEL=5,
        COMPRESS_MIN_SIZE=WORTH_COMPRESSING,
        COMPRESS_STREAMS=False,
        COMPRESS_REGISTER=False,
    )
    return Compress(app)


def _add_headers(response: Response) -> None:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if request.is_secure:
        response.headers["Strict-Transport-Security"] = HSTS
    response.headers["X-Request-ID"] = request_id() or ""
    if request.path.startswith("/api/"):
        response.headers.setdefault("Cache-Control", "no-store")


def _is_preflight() -> bool:
    """A browser asks whether a page of another origin may send what it is about to send."""
    return request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers


def _allow_origin(response: Response, settings: Settings) -> None:
    """CORS for the origins that the operator named, no others; tokens travel in headers, never in cookies."""
    origin = request.headers.get("Origin")
    response.headers.add("Vary", "Origin")
    if origin not in settings.cors_origins:
        return
    response.headers["Access-Control-Allow-Origin"] = origin
    if _is_preflight():
        response.headers["Access-Control-Allow-Methods"] = "GET, POST, PUT, PATCH, DELETE"
        response.headers["Access-Control-Allow-Headers"] = (
            "Authorization, Content-Type, Idempotency-Key, Last-Event-ID, X-API-Key, X-Request-ID"
        )
        response.headers["Access-Control-Max-Age"] = "600"
    else:
        response.headers["Access-Control-Expose-Headers"] = (
            "Retry-After, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, X-Request-ID"
        )


def _write_line(response: Response, seconds: float) -> None:
    """One line for each request; the query is left out, it may hold what people look for."""
    level = logging.WARNING if seconds > SLOW else logging.DEBUG if _QUIET.match(request.path) else logging.INFO
    if not log.isEnabledFor(level):
        return
    fields = {
        "method": request.method[:16],
        "path": request.path[:MAX_PATH],
        "status": response.status_code,
        "milliseconds": round(seconds * 1000, 1),
        "address": request.remote_addr or "",
    }
    text = "%(method)s %(path)s %(status)d in %(milliseconds)g ms from %(address)s"
    if caller := g.get("identity"):
        fields["user_id"] = caller.user_id
        text += " for %(user_id)s"
    log.log(level, text, fields, extra=fields)


class SocketHeaders:
    """WSGI middleware that gives the HTTP answers of `/socket.io`, which never pass Flask, the same headers."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self._headers = [*HEADERS.items(), ("Cache-Control", "no-store"), ("Vary", "Origin")]

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            return start_response(status, headers + self._headers, *rest)

        is_socket = environ.get("PATH_INFO", "").startswith("/socket.io")
        return self._app(environ, start if is_socket else start_response)
