"""What a provider tells about a person, brought into the form that an account may have. It is foreign text."""

import re
import unicodedata
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter, ValidationError

from chat_app.users.schemas import Email

MAX_SUBJECT = 255
"""Characters of `sub` (OpenID Connect Core 1.0, section 2)."""
_email: TypeAdapter[str] = TypeAdapter(Email)


@dataclass(frozen=True, slots=True)
class Profile:
    """Who somebody is at `provider`: `subject` never changes there, everything else may.

    `email_verified` only if the provider says that the address was proven to be theirs.
    """

    provider: str
    subject: str
    email: str | None
    email_verified: bool
    username: str
    name: str | None

    @classmethod
    def of(cls, provider: str, subject: object, email: object, verified: object, **names: Any) -> "Profile":
        """From what the provider sent; `names` are `username` and `name`. Raises `ValueError` for a bad subject."""
        if not isinstance(subject, str) or not 0 < len(subject) <= MAX_SUBJECT or not subject.isprintable():
            raise ValueError("the provider tells no usable subject")
        address = _address(email)
        # Some providers write their booleans as text.
        proven = address is not None and (verified is True or verified == "true")
        username = _username(names.get("username")) or _username(address) or "user"
        return cls(provider, subject, address, proven, username, _line(names.get("name")))


def _address(value: object) -> str | None:
    try:
        return _email.validate_python(value)
    except ValidationError:
        return None


def _username(value: object) -> str | None:
    """A valid username made from a name or an address, or None when nothing is left of it."""
    if not isinstance(value, str):
        return None
    latin = unicodedata.normalize("NFKD", value.partition("@")[0][:200]).encode("ascii", "ignore").decode()
    name = re.sub(r"[^A-Za-z0-9_.-]+", "-", latin).strip("_.-")[:32].rstrip("_.-")
    return name if len(name) >= 3 else None


def _line(value: object) -> str | None:
    """A display name: one line, nothing invisible, 64 characters at most."""
    if not isinstance(value, str):
        return None
    visible = "".join(character if character.isprintable() else " " for character in value[:500])
    return " ".join(visible.split())[:64].rstrip() or None
