"""Password hashes: bcrypt, computed off the hub because one takes a quarter of a second of CPU."""

import bcrypt
from flask import current_app

from chat_app.runtime import run_blocking

_ABSENT = "$2b${rounds:02}$C6UzMDM.H6dfI/f/IKcEeO7ZHhY0FDnCIV/o.rnPu9lB1kVgzHn3u"
"""Compared with when there is no such account, at the same cost, so that the answer takes as long."""


def hash_password(password: str) -> str:
    return str(run_blocking(bcrypt.hashpw, password.encode(), bcrypt.gensalt(_rounds())).decode())


def verify_password(password: str, password_hash: str | None) -> bool:
    """True when they match. An account without a password (`None`) matches nothing, in the same time."""
    given = password.encode()[:72]
    expected = password_hash or _ABSENT.format(rounds=_rounds())
    return bool(run_blocking(bcrypt.checkpw, given, expected.encode())) and password_hash is not None


def _rounds() -> int:
    rounds: int = current_app.config["SETTINGS"].bcrypt_rounds
    return rounds
