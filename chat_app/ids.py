"""Identifiers: UUID version 7 (RFC 9562), as strings. They sort by the time they were made."""

import uuid_utils


def new_id() -> str:
    """A new UUIDv7, e.g. ``"019a9c1e-6f0a-7c3e-9d0b-3f2f6f0c9a11"``."""
    return str(uuid_utils.uuid7())
