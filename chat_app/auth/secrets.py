"""Secrets that we hand out and recognise later: random, and stored as a hash only.

They are long and random, so a plain SHA-256 is enough (unlike for passwords) and can be looked up by index.
"""

import secrets
from hashlib import sha256


def new_secret() -> str:
    """256 random bits as 43 characters that may stand in an address or a header."""
    return secrets.token_urlsafe(32)


def secret_hash(secret: str) -> str:
    """64 hexadecimal digits."""
    return sha256(secret.encode(errors="replace")).hexdigest()
