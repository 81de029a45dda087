"""What gunicorn answers by itself, where no application is reached: problem documents (RFC 9457), as everywhere."""

import json
from http import HTTPStatus
from typing import Any

from gunicorn import util

CODES = {403: "forbidden", 414: "uri_too_long", 431: "headers_too_large", 500: "internal_error", 503: "unavailable"}
"""Of `chat_app.errors`, which cannot be imported before the fork."""


def refusal(status: int, detail: str, retry_after: int | None = None) -> bytes:
    """A whole HTTP answer, after which the connection is closed. `retry_after` is in seconds."""
    phrase = HTTPStatus(status).phrase
    problem: dict[str, Any] = {
        "type": "about:blank",
        "title": phrase,
        "status": status,
        "code": CODES.get(status, "bad_request"),
        "detail": detail,
        "request_id": None,
    }
    headers = ["Content-Type: application/problem+json", "Connection: close"]
    if retry_after is not None:
        problem["retry_after"] = retry_after
        headers.append(f"Retry-After: {retry_after}")
    body = json.dumps(problem).encode()
    head = "\r\n".join([f"HTTP/1.1 {status} {phrase}", *headers, f"Content-Length: {len(body)}", "", ""])
    return head.encode() + body


def _write_error(client: Any, status: int, reason: str, message: str) -> None:
    util.write_nonblock(client, refusal(status, message or f"{reason}."))


# gunicorn has no hook for it: its workers call this function for a request that cannot be read, and write HTML.
util.write_error = _write_error
