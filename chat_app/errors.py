"""One error type, with one rendering for HTTP (RFC 9457) and one for Socket.IO acknowledgements."""

import logging
import math
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from flask import Flask, Response, jsonify, request
from pydantic import ValidationError
from pydantic_core import ErrorDetails
from sqlalchemy.exc import DataError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException

from chat_app.logs import request_id
from chat_app.schemas import PATTERN_MESSAGES

log = logging.getLogger(__name__)

STATUS = {
    "validation_failed": 422,
    "bad_request": 400,
    "oauth_failed": 400,
    "unauthorized": 401,
    "token_expired": 401,
    "token_revoked": 401,
    "invalid_credentials": 401,
    "forbidden": 403,
    "banned": 403,
    "registration_closed": 403,
    "email_not_verified": 403,
    "not_found": 404,
    "method_not_allowed": 405,
    "conflict": 409,
    "account_exists": 409,
    "identity_taken": 409,
    "payload_too_large": 413,
    "uri_too_long": 414,
    "unsupported_media_type": 415,
    "range_not_satisfiable": 416,
    "rate_limited": 429,
    "quota_exceeded": 429,
    "headers_too_large": 431,
    "unknown_event": 400,
    "internal_error": 500,
    "unavailable": 503,
}
_SPECIAL = {"banned", "registration_closed", "email_not_verified", "account_exists", "identity_taken", "quota_exceeded"}
_CODE_OF_STATUS = {status: code for code, status in STATUS.items() if code not in _SPECIAL} | {
    400: "bad_request",
    401: "unauthorized",
}
FieldErrors = Sequence[dict[str, str]]
RETRY_AFTER_UNAVAILABLE = 1.0
MAX_TOLD = 100
"""Mistakes up to which a caller is told which they are."""


class ChatError(Exception):
    """Something that the caller is told about.

    `code` is one of :data:`STATUS`, `detail` a sentence that says what to do, `errors` names fields,
    `retry_after` is in seconds.
    """

    def __init__(
        self, code: str, detail: str, errors: FieldErrors | None = None, retry_after: float | None = None
    ) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.errors = errors
        self.retry_after = retry_after

    @property
    def status(self) -> int:
        return STATUS[self.code]

    def to_dict(self) -> dict[str, Any]:
        """The error as an acknowledgement carries it: `{code, detail, errors?, retry_after?}`."""
        body: dict[str, Any] = {"code": self.code, "detail": self.detail}
        if self.errors:
            body["errors"] = list(self.errors)
        if self.retry_after is not None:
            body["retry_after"] = math.ceil(self.retry_after * 1000) / 1000
        return body


def not_found(noun: str) -> ChatError:
    """What the caller may not see and what does not exist answer alike."""
    return ChatError("not_found", f"There is no such {noun}, or it is not yours to see.")


def forbidden(detail: str) -> ChatError:
    return ChatError("forbidden", detail)


def conflict(detail: str) -> ChatError:
    return ChatError("conflict", detail)


def invalid(field: str, message: str) -> ChatError:
    """One field is not acceptable for a reason that its type cannot express."""
    return ChatError("validation_failed", f"{field}: {message}", [{"field": field, "message": message}])


def unavailable(detail: str = "The database does not answer at present. Please try again.") -> ChatError:
    return ChatError("unavailable", detail, retry_after=RETRY_AFTER_UNAVAILABLE)


def from_validation(error: ValidationError) -> ChatError:
    """Name every bad field, never its value: values may be secrets."""
    if error.error_count() > MAX_TOLD:  # to list them takes pydantic 6 µs each, and a body may have 100,000
        return ChatError(
            "validation_failed", f"{error.error_count()} things are wrong with this; see the documentation."
        )
    fields = [
        {"field": ".".join(map(str, e["loc"])), "message": _message(e)}
        for e in error.errors(include_url=False, include_input=False)[:20]
    ]
    named = "; ".join(f"{f['field'] or 'body'}: {f['message']}" for f in fields[:3])
    return ChatError("validation_failed", f"Please correct: {named}", fields)


_MESSAGES = {
    "missing": "is required",
    "extra_forbidden": "is not a field of this call",
    "string_type": "must be text",
    "string_too_short": "needs at least {min_length} characters",
    "string_too_long": "may have at most {max_length} characters",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "list_type": "must be a list",
    "dict_type": "must be an object",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "too_short": "needs at least {min_length} items",
    "too_long": "may hold at most {max_length} items",
    "literal_error": "must be {expected}",
}


def _message(error: ErrorDetails) -> str:
    """What is wrong, as the rest of a sentence that begins with the field's name."""
    context = error.get("ctx", {})
    if error["type"] == "string_pattern_mismatch":
        return PATTERN_MESSAGES.get(context["pattern"], "has a form that is not allowed")
    if error["type"] in _MESSAGES:
        return _MESSAGES[error["type"]].format(**context)
    return error["msg"].removeprefix("Value error, ").removeprefix("value ")


def as_chat_error(error: Exception) -> ChatError:
    """The error that a caller is told of for any exception; unexpected ones are logged, not shown."""
    if isinstance(error, ChatError):
        return error
    if isinstance(error, ValidationError):
        return from_validation(error)
    if isinstance(error, (OperationalError, InterfaceError, PoolTimeout)):
        log.warning("the database is unavailable: %s", _first_line(error))
        return unavailable()
    if isinstance(error, DataError):
        return ChatError("validation_failed", "A value is out of the range that can be stored.")
    log.error("unexpected error", exc_info=error)
    return ChatError("internal_error", "Something went wrong on our side. It has been logged.")


def _first_line(error: Exception) -> str:
    return str(getattr(error, "orig", None) or error).strip().splitlines()[0]


def problem(error: ChatError) -> Response:
    """An `application/problem+json` answer (RFC 9457)."""
    body = {
        "type": "about:blank",
        "title": HTTPStatus(error.status).phrase,
        "status": error.status,
        **error.to_dict(),
        "request_id": request_id(),
    }
    response = jsonify(body)
    response.status_code = error.status
    response.content_type = "application/problem+json"
    if error.retry_after is not None:
        response.headers["Retry-After"] = str(max(1, math.ceil(error.retry_after)))
    if error.status == HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def _from_http(error: HTTPException) -> ChatError:
    status = error.code or 500
    code = _CODE_OF_STATUS.get(status, "bad_request" if status < 500 else "internal_error")
    if status == HTTPStatus.NOT_FOUND:
        return ChatError("not_found", f"There is nothing at {request.path}.")
    return ChatError(code, error.description or HTTPStatus(status).phrase)


def register_error_handlers(app: Flask) -> None:
    """Every error of a route leaves as a problem document."""

    @app.errorhandler(HTTPException)
    def _http(error: HTTPException) -> Response | HTTPException:
        if error.code is not None and error.code < HTTPStatus.BAD_REQUEST:
            return error
        return problem(_from_http(error))

    @app.errorhandler(Exception)
    def _any(error: Exception) -> Response:
        return problem(as_chat_error(error))
