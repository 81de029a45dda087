"""Password hashes: bcrypt, computed off the hub because one takes a quarter of a second of CPU."""

import bcrypt
from flask import current_app

from chat_app.runtime import run_blocking

_ABSENT = b"$2b$12$C6UzMDM.H6dfI/f/IKcEeO7ZHhY0FDnCIV/o.rnPu9lB1kVgzHn3u"
"""Compared with when there is no such account, so that the answer takes as long."""


def hash_password(password: str) -> str:
    rounds = current_app.config["SETTINGS"].bcrypt_rounds
    return str(run_blocking(bcrypt.hashpw, password.encode(), bcrypt.gensalt(rounds)).decode())


def verify_password(password: str, password_hash: str | None) -> bool:
    """True when they match. An account without a password (`None`) matches nothing, in the same time."""
    given = password.encode()[:72]
    expected = password_hash.encode() if password_hash else _ABSENT
    return bool(run_blocking(bcrypt.checkpw, given, expected)) and password_hash is not None
