"""API keys: made once and shown once, kept as a hash, bound to scopes and to their owner's permissions."""

from datetime import datetime, timedelta

import sqlalchemy as sa

from chat_app.audit.service import record
from chat_app.auth.models import ApiKey
from chat_app.auth.permissions import permits
from chat_app.auth.secrets import new_secret, secret_hash
from chat_app.auth.sessions import confirm_session
from chat_app.auth.tokens import Identity, banned
from chat_app.db import now, touched, transaction
from chat_app.errors import ChatError, forbidden, invalid, not_found
from chat_app.extensions import db
from chat_app.plans.models import Plan
from chat_app.users.models import User

PREFIX = "cs_"
"""Begins every key, so that scanners for leaked secrets can know it."""
MAX_KEYS = 50
"""Keys of one account that are not revoked."""
_LENGTH = len(PREFIX) + 43
USED_EVERY = timedelta(minutes=1)
"""`last_used_at` is written at most so often: a key in a loop must not write at each call."""


def authenticate_key(key: str) -> Identity:
    """Who calls with this `X-API-Key`; `unauthorized` for one that is unknown, revoked or past its time."""
    row = None
    if key.startswith(PREFIX) and len(key) == _LENGTH:
        row = db.session.execute(
            sa.select(
                ApiKey.id,
                ApiKey.scopes,
                ApiKey.expires_at,
                ApiKey.last_used_at,
                User.id.label("user_id"),
                User.role,
                User.plan,
                User.banned_at,
                Plan.requests_per_minute,
            )
            .join(User, User.id == ApiKey.user_id)
            .join(Plan, Plan.name == User.plan)
            .where(ApiKey.key_hash == secret_hash(key), ApiKey.revoked_at.is_(None))
        ).first()
    if row is None or (row.expires_at and row.expires_at <= now()):
        raise ChatError("unauthorized", "This API key is not valid (any more). Make another one.")
    if row.banned_at:
        raise banned()
    if row.last_used_at is None or row.last_used_at < now() - USED_EVERY:
        _note_use(row.id)
    expires_at = row.expires_at.timestamp() if row.expires_at else float("inf")
    return Identity(
        row.user_id, "", row.role, expires_at, row.plan, row.requests_per_minute, row.id, frozenset(row.scopes)
    )


def _note_use(key_id: str) -> None:
    """Of many calls at the same moment, one writes."""
    long_ago = sa.or_(ApiKey.last_used_at.is_(None), ApiKey.last_used_at < now() - USED_EVERY)
    with transaction():
        touched(sa.update(ApiKey).where(ApiKey.id == key_id, long_ago).values(last_used_at=now()))


def list_keys(user_id: str) -> list[ApiKey]:
    """The account's keys that are not revoked, newest first; also expired ones, until the clean-up."""
    query = sa.select(ApiKey).where(ApiKey.user_id == user_id, ApiKey.revoked_at.is_(None))
    return list(db.session.scalars(query.order_by(ApiKey.id.desc())))


def make_key(caller: Identity, name: str, scopes: list[str], expires_at: datetime | None) -> tuple[ApiKey, str]:
    """A new key and its secret text, which is never to be had again."""
    caller.require("api_keys.create")
    if expires_at and expires_at <= now():
        raise invalid("expires_at", "must be in the future")
    for scope in scopes:
        if scope in _FOR_ADMINISTRATORS and not permits(caller.role, "people.manage"):
            raise forbidden(f"The scope {scope} is for administrators' keys only.")
    # Locks the account, too: of two calls at once, the second counts the key of the first.
    confirm_session(caller.user_id, caller.session_id)
    if len(list_keys(caller.user_id)) >= MAX_KEYS:
        raise ChatError("quota_exceeded", f"An account has at most {MAX_KEYS} API keys; revoke one first.")
    secret = PREFIX + new_secret()
    key = ApiKey(
        user_id=caller.user_id,
        name=name,
        prefix=secret[:11],
        key_hash=secret_hash(secret),
        scopes=sorted(set(scopes)),
        expires_at=expires_at,
    )
    db.session.add(key)
    db.session.flush()
    record(
        "api_key.created",
        actor_id=caller.user_id,
        target_id=caller.user_id,
        key_id=key.id,
        name=name,
        scopes=key.scopes,
    )
    return key, secret


_FOR_ADMINISTRATORS = {"people:write", "admin:read", "admin:write"}


def revoke_key(user_id: str, key_id: str) -> None:
    """End one's own key at once."""
    revoked = touched(
        sa.update(ApiKey)
        .where(ApiKey.id == key_id, ApiKey.user_id == user_id, ApiKey.revoked_at.is_(None))
        .values(revoked_at=now())
    )
    if not revoked:
        raise not_found("API key")
    record("api_key.revoked", actor_id=user_id, target_id=user_id, key_id=key_id)
