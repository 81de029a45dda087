"""The answers of an operation: what its route declares, and the errors that follow from what it is."""

from http import HTTPStatus
from typing import Any

from chat_app.documents.examples import ID
from chat_app.documents.operations import BASE, Route
from chat_app.errors import STATUS
from chat_app.limits import is_free_path

Json = dict[str, Any]
PROBLEM = "application/problem+json"
MEANING = {
    "validation_failed": "A field is missing, unknown or not acceptable; `errors` names each one.",
    "bad_request": "What was sent cannot be read.",
    "oauth_failed": "The sign-in at the provider did not work.",
    "unauthorized": "There is no token or key, or it is not a valid one.",
    "token_expired": "The access token has run out: refresh it.",
    "token_revoked": "The session has ended: log in again.",
    "invalid_credentials": "The name or the password is wrong.",
    "forbidden": "The caller's role, place in the conversation or API key does not allow it.",
    "banned": "The account was shut out.",
    "registration_closed": "Nobody can make an account here by themselves.",
    "email_not_verified": "The provider does not vouch for the e-mail address.",
    "not_found": "There is no such thing, or it is not the caller's to see.",
    "method_not_allowed": "The address takes other methods.",
    "conflict": "It contradicts what is stored.",
    "account_exists": "The address belongs to an account here: log in there and link the provider.",
    "identity_taken": "The account at the provider is linked to somebody else.",
    "payload_too_large": "The body, or the message in it, is too large.",
    "uri_too_long": "The address, with its query, is longer than 8,190 bytes.",
    "unsupported_media_type": "The body is not of a type that is taken here.",
    "range_not_satisfiable": "The file has no such bytes.",
    "rate_limited": "Too many calls; `retry_after` tells when to come again.",
    "quota_exceeded": "There is no room for one more.",
    "headers_too_large": "A header is longer than 8,190 bytes.",
    "unknown_event": "Sockets only: there is no such event in the namespace.",
    "internal_error": "Our mistake; it is in the server's log under `request_id`.",
    "unavailable": "A part of the server is away for the moment; `retry_after` tells when to come again.",
}
"""What each code of an error means, in the order of `chat_app.errors.STATUS`."""
_EXAMPLES: Json = {
    "unauthorized": {"detail": "Log in first: send the access token."},
    "forbidden": {"detail": "With a read-only role one cannot add people."},
    "not_found": {"detail": "There is no such conversation, or it is not yours to see."},
    "validation_failed": {
        "detail": "Please correct: username: needs at least 3 characters",
        "errors": [{"field": "username", "message": "needs at least 3 characters"}],
    },
    "rate_limited": {"detail": "Too many requests. Try again in 12 seconds.", "retry_after": 11.482},
    "unavailable": {"detail": "The database does not answer at present. Please try again.", "retry_after": 1},
}
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
    if not is_free_path(route.path):
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
    code = next((code for code in codes if code in _EXAMPLES), codes[0])
    problem = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "code": code}
    example = problem | {"detail": MEANING[code]} | _EXAMPLES.get(code, {}) | {"request_id": ID}
    schema = {"$ref": "#/components/schemas/Problem"}
    return {
        "description": "\n".join(f"- `{code}`: {MEANING[code]}" for code in codes),
        "headers": header_refs(*headers),
        "content": {PROBLEM: {"schema": schema, "example": example}},
    }


def list_of_codes() -> str:
    """In Markdown."""
    return "\n".join(f"- `{code}` ({status}): {MEANING[code]}" for code, status in STATUS.items())
