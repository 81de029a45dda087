"""The SMTP server that takes our mails, as SMTP_URL names it. Nothing here connects: the settings check it at start."""

from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import parse_qs, unquote, urlsplit

Tls = Literal["at_once", "always", "if_offered", "never"]
"""TLS from the first byte (`smtps://`, RFC 8314), or by STARTTLS (RFC 3207): required, or where it is offered."""
_SUBMISSION, _SUBMISSIONS = 587, 465


@dataclass(frozen=True, slots=True)
class Relay:
    host: str
    port: int
    tls: Tls
    user: str = ""
    password: str = field(default="", repr=False)

    @classmethod
    def from_url(cls, url: str) -> "Relay":
        """Read ``smtp://user:password@host:587?starttls=never`` or ``smtps://…``.

        Raises `ValueError` whose text says what is wrong and never holds the password.
        """
        parts = urlsplit(url)
        if parts.scheme not in ("smtp", "smtps"):
            raise ValueError("starts with smtp:// or smtps://")
        if not parts.hostname or parts.path not in ("", "/"):
            raise ValueError("has the form smtp://user:password@host:port; write %40 for @ and %2F for / in a password")
        try:
            port = parts.port
        except ValueError:
            raise ValueError("has a port that is no number from 1 to 65535") from None
        secure = parts.scheme == "smtps"
        relay = cls(
            host=parts.hostname,
            port=port or (_SUBMISSIONS if secure else _SUBMISSION),
            tls="at_once" if secure else _starttls(parts.query, bool(parts.username)),
            user=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
        )
        if not f"{relay.user}{relay.password}".isascii():
            raise ValueError("has a user or a password with letters that SMTP cannot carry; use ASCII")
        return relay


def _starttls(query: str, has_credentials: bool) -> Tls:
    options = parse_qs(query, keep_blank_values=True)
    wish = options.pop("starttls", [""])[-1]
    if options or wish not in ("", "never", "always"):
        raise ValueError("knows the options ?starttls=never and ?starttls=always only")
    if wish == "never" and has_credentials:
        raise ValueError("would send the password in clear: remove ?starttls=never or the user and password")
    if wish == "never":
        return "never"
    return "always" if wish or has_credentials else "if_offered"
