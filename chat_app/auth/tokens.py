"""Access and refresh tokens: signed JWTs (HS256) made and read by Flask-JWT-Extended.

An access token names the person (`sub`) and the session (`sid`). What it allows is looked up at every use,
so a revocation or a ban counts at once. Claims beyond that would only go stale.
"""

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Any

import sqlalchemy as sa
from flask import Flask, current_app
from flask_jwt_extended import create_access_token, create_refresh_token, decode_token
from flask_jwt_extended.exceptions import JWTExtendedException
from jwt import ExpiredSignatureError, PyJWTError

from chat_app.auth.models import AuthSession
from chat_app.auth.permissions import SESSION_ONLY, permits
from chat_app.errors import ChatError, forbidden
from chat_app.extensions import jwt
from chat_app.plans.models import Plan
from chat_app.reads import read
from chat_app.settings import Settings
from chat_app.users.models import User

KNOWN_TOKENS = 10_000
"""Access tokens of which a process remembers that it has verified them; beyond it the first of them is forgotten."""
HOLDER = (
    sa.select(User.role, User.plan, Plan.requests_per_minute, User.banned_at, AuthSession.revoked_at)
    .join(AuthSession, AuthSession.user_id == User.id)
    .join(Plan, Plan.name == User.plan)
    .where(AuthSession.id == sa.bindparam("session_id"), User.id == sa.bindparam("user_id"))
)
"""Who holds a token, and whether the session still lives."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who is calling: a person through a session, or a program with an API key that acts for its owner.

    `session_id` is "" for a key, `key_id` None for a session; `scopes` None means that nothing narrows the role.
    `expires_at` is in seconds since 1970. `requests_per_minute` is that of the account's plan.
    """

    user_id: str
    session_id: str
    role: str
    expires_at: float
    plan: str
    requests_per_minute: int
    key_id: str | None = None
    scopes: frozenset[str] | None = None

    def may(self, permission: str) -> bool:
        return permits(self.role, permission)

    def require(self, permission: str) -> None:
        """Refuse who lacks the permission."""
        if not self.may(permission):
            raise forbidden(f"This needs the permission {permission}, which your role ({self.role}) does not have.")

    def require_scope(self, scope: str) -> None:
        """Refuse an API key that was not given this scope. A session has them all."""
        if self.scopes is None or scope in self.scopes:
            return
        if scope == SESSION_ONLY:
            raise forbidden("An API key cannot do this; sign in as a person.")
        raise forbidden(f"This API key lacks the scope {scope}; make one that has it.")


def init_tokens(app: Flask, settings: Settings) -> None:
    app.config.update(
        JWT_SECRET_KEY=settings.secret_key,
        JWT_ALGORITHM="HS256",
        JWT_ACCESS_TOKEN_EXPIRES=timedelta(minutes=settings.access_token_expire_minutes),
        JWT_REFRESH_TOKEN_EXPIRES=timedelta(days=settings.refresh_token_expire_days),
        JWT_TOKEN_LOCATION=["headers"],
    )
    jwt.init_app(app)
    app.extensions["known_tokens"] = {}


def make_access_token(user_id: str, session_id: str) -> str:
    return str(create_access_token(user_id, additional_claims={"sid": session_id}))


def make_refresh_token(session: AuthSession) -> str:
    claims = {"sid": session.id, "rid": session.refresh_id}
    return str(create_refresh_token(session.user_id, additional_claims=claims))


def read_token(token: str, kind: str) -> dict[str, Any]:
    """The claims of a token of `kind` ("access" or "refresh"); not to be changed.

    Raises `token_expired` for one past its time and `unauthorized` for anything that is not ours.
    """
    if kind != "access":
        return _verify(token, kind)
    known: dict[bytes, dict[str, Any]] = current_app.extensions["known_tokens"]
    digest = sha256(token.encode("utf-8", "surrogatepass")).digest()
    claims = known.get(digest)
    if claims is None or claims["exp"] <= time.time():
        claims = known[digest] = _verify(token, kind)
        if len(known) > KNOWN_TOKENS:
            with suppress(KeyError, RuntimeError, StopIteration):  # another thread was faster
                del known[next(iter(known))]
    return claims


def _verify(token: str, kind: str) -> dict[str, Any]:
    try:
        claims = decode_token(token)
    except ExpiredSignatureError:
        raise ChatError("token_expired", "The token has expired. Refresh it, or log in again.") from None
    except (PyJWTError, JWTExtendedException, ValueError, TypeError):
        raise ChatError("unauthorized", "The token is not valid. Log in to get one.") from None
    if claims.get("type") != kind or "sid" not in claims:
        raise ChatError("unauthorized", f"This is not an {kind} token." if kind == "access" else "Not a refresh token.")
    return claims


def authenticate(token: str | None) -> Identity:
    """Who holds this access token; the session must be alive and the person not banned (one query)."""
    if not token:
        raise ChatError("unauthorized", "Log in first: send the access token.")
    claims = read_token(token, "access")
    return identified(claims, read(HOLDER, session_id=claims["sid"], user_id=claims["sub"]))


def identified(claims: dict[str, Any], found: Sequence[Any]) -> Identity:
    """Who the rows of :data:`HOLDER` for these claims say it is."""
    if not found:
        raise session_ended()
    row = found[0]
    if row.banned_at is not None:  # which has ended the session, too: the reason goes first
        raise banned()
    if row.revoked_at is not None:
        raise session_ended()
    return Identity(claims["sub"], claims["sid"], row.role, float(claims["exp"]), row.plan, row.requests_per_minute)


def session_ended() -> ChatError:
    return ChatError("token_revoked", "This session has ended. Log in again.")


def banned() -> ChatError:
    return ChatError("banned", "This account is banned. Ask an administrator.")
