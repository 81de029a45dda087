"""Sign-ins under way, kept in the browser's session cookie: signed, out of reach of scripts, gone after minutes.

It holds what Authlib needs at the callback (state, nonce, PKCE verifier) and, after a success, the one-time secret
that the page swaps for tokens. No token ever stands in it. Any process of the server can read it.
"""

import hmac
import time
from datetime import timedelta
from hashlib import sha256
from typing import TypedDict

from flask import Flask, request, session
from flask.sessions import SecureCookieSessionInterface

from chat_app.settings import Settings

NAME = "chatsphere_oauth"
LIFE = 600
"""Seconds that somebody may take at the provider."""
MAX_PENDING = 4
"""Sign-ins that one browser can have under way; a further one makes it forget the oldest."""


class Pending(TypedDict):
    """One sign-in. `session_id` is that of the signed-in person who is linking, or None."""

    provider: str
    state: str
    code_verifier: str
    nonce: str | None
    session_id: str | None
    expires_at: float


class _Cookie(SecureCookieSessionInterface):
    """Secure wherever people come by https, also when the proxy in front does not tell us so."""

    def get_cookie_secure(self, app: Flask) -> bool:
        settings: Settings = app.config["SETTINGS"]
        return request.is_secure or settings.public_url.startswith("https://")


def init_cookie(app: Flask, settings: Settings) -> None:
    # A key of its own: a cookie can never pass for a token, nor the other way round.
    app.secret_key = hmac.new(settings.secret_key.encode(), b"chatsphere session cookie", sha256).digest()
    app.session_interface = _Cookie()
    app.config.update(
        SESSION_COOKIE_NAME=NAME,
        SESSION_COOKIE_PATH="/api",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_REFRESH_EACH_REQUEST=False,
        PERMANENT_SESSION_LIFETIME=timedelta(seconds=LIFE),
    )


def remember(provider: str, authorization: dict[str, str], session_id: str | None = None) -> None:
    """Keep a sign-in that now goes to the provider."""
    entry = Pending(
        provider=provider,
        state=authorization["state"],
        code_verifier=authorization["code_verifier"],
        nonce=authorization.get("nonce"),
        session_id=session_id,
        expires_at=time.time() + LIFE,
    )
    session["pending"] = [*_pending(), entry][-MAX_PENDING:]


def take(provider: str, state: str | None) -> Pending | None:
    """The sign-in with this state at this provider, once; None when this browser did not begin it just now."""
    found = next((p for p in _pending() if p["provider"] == provider and p["state"] == state), None)
    session["pending"] = [p for p in _pending() if p is not found]
    return found


def _pending() -> list[Pending]:
    entries: list[Pending] = session.get("pending", [])
    return [entry for entry in entries if entry["expires_at"] > time.time()]


def hand_over(secret: str, provider: str) -> None:
    """Give the browser the secret that `POST /auth/oauth2/complete` wants."""
    session.clear()
    session["secret"], session["provider"] = secret, provider


def handed_over() -> tuple[str, str] | None:
    """The secret, and the provider it came from."""
    return (session["secret"], session["provider"]) if "secret" in session else None


def forget() -> None:
    """Remove the cookie."""
    session.clear()
