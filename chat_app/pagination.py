"""Cursors: opaque texts that hold the sort key of the last row seen (keyset pagination, never OFFSET)."""

import base64
import binascii
import json
from typing import Any
from uuid import UUID

from chat_app.errors import ChatError, invalid
from chat_app.schemas import MAX_SEQ


def encode_cursor(*key: Any) -> str:
    """`key` is a tuple of JSON values, e.g. ``("next", 41)``."""
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")


def decode_cursor(cursor: str, *types: type) -> tuple[Any, ...]:
    """The key inside `cursor`, whose parts must be of `types`; anything else is the caller's mistake."""
    try:
        key = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        key = None
    fits = isinstance(key, list) and [type(part) for part in key] == list(types)
    if not fits or any(isinstance(part, int) and abs(part) > MAX_SEQ for part in key):
        raise foreign_cursor()
    return tuple(key)


def checked_id(value: str) -> str:
    """An id out of a cursor; somebody may have written the cursor themselves."""
    try:
        return str(UUID(value))
    except ValueError:
        raise foreign_cursor() from None


def foreign_cursor() -> ChatError:
    return invalid("cursor", "is not one of ours; begin again without a cursor")
