"""The answers of an operation: what its route declares, and the errors that follow from what it is."""

from http import HTTPStatus
from typing import Any

from chat_app.documents.operations import BASE, Route
from chat_app.errors import STATUS
from chat_app.limits import is_free_path

Json = dict[str, Any]
PROBLEM = "application/problem+json"
WHEN = {
    400: "The request cannot be read.",
    401: "No token, or one that is not valid any more.",
    403: "The caller's role, place in the conversation or API key does not allow it.",
    404: "There is no such thing, or it is not the caller's to see.",
    409: "It contradicts what is stored.",
    413: "The body, or the message in it, is too large.",
    414: "The address, with its query, is longer than 8,190 bytes.",
    415: "The body is not of a type that is taken here.",
    422: "A field is missing, unknown or not acceptable; `errors` names it.",
    429: "Too many calls; `Retry-After` tells when to come again.",
    503: "A part of the server is away for the moment; `Retry-After` tells when to come again.",
}
_DETAILS = {
    401: "Log in first: send the access token.",
    404: "There is no such conversation, or it is not yours to see.",
    422: "Please correct: username: needs at least 3 characters",
}
_SHARED_CODES = {"unauthorized", "validation_failed", "forbidden", "rate_limited", "bad_request"}
HEADERS: Json = {
    "X-Request-ID": {
        "description": "Names the request in the server's log; a caller may choose it (1 to 64 of `A-Za-z0-9._-`).",
        "schema": {"type": "string"},
    },
    "Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer", "minimum": 1}},
    "WWW-Authenticate": {"description": "How to authenticate (RFC 6750).", "schema": {"type": "string"}},
    "X-RateLimit-Limit": {
        "description": "Calls that may be made in one window of the limit that counts here.",
        "schema": {"type": "integer"},
    },
    "X-RateLimit-Remaining": {"description": "Calls that are left in it.", "schema": {"type": "integer"}},
    "X-RateLimit-Reset": {
        "description": "When the window ends, in seconds since 1970.",
        "schema": {"type": "integer"},
    },
}
RATE_LIMIT = ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset")


def header_refs(*names: str) -> Json:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def is_limited(route: Route) -> bool:
    """Whether calls are counted (docs/limits.md)."""
    return not is_free_path(route.path)


def error_statuses(route: Route) -> set[int]:
    """The errors that this operation may answer with."""
    found = {int(status) for status in route.declared.responses or {} if int(status) >= HTTPStatus.BAD_REQUEST}
    if not route.is_public:
        found |= {401, 403}
    if route.model("path"):
        found.add(404)
    if route.model("query"):
        found.add(414)
    if any(route.model(part) for part in ("path", "query", "header", "body", "form")):
        found.add(422)
    if route.model("body") or route.model("form") or route.declared.requestBody:
        found |= {413, 422}
    if is_limited(route):
        found.add(429)
    if route.path.startswith(BASE):
        found.add(503)
    return found


def problem_name(status: int) -> str:
    return HTTPStatus(status).phrase.replace(" ", "")


def problem_answer(status: int) -> Json:
    """The reusable answer of one status, for `components/responses`."""
    headers = ["X-Request-ID"]
    if status in (429, 503):
        headers.append("Retry-After")
    if status == HTTPStatus.UNAUTHORIZED:
        headers.append("WWW-Authenticate")
    codes = [code for code, its_status in STATUS.items() if its_status == status]
    code = next((code for code in codes if code in _SHARED_CODES), codes[0])
    example = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": _DETAILS.get(status, WHEN[status]),
        "request_id": "01939c6e-2b7a-7c3e-9d6f-0a1b2c3d4e5f",
    }
    schema = {"$ref": "#/components/schemas/Problem"}
    return {
        "description": f"{WHEN[status]} Codes: {', '.join(f'`{code}`' for code in codes)}.",
        "headers": header_refs(*headers),
        "content": {PROBLEM: {"schema": schema, "example": example}},
    }
