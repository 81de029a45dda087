"""Sessions of accounts, their tokens and their ends. Callers open the transaction, but for `refresh`."""

from datetime import timedelta
from hashlib import sha256
from typing import Any

import sqlalchemy as sa
from flask import current_app

from chat_app.audit.service import record
from chat_app.auth.models import AuthSession
from chat_app.auth.tokens import banned, make_access_token, make_refresh_token, read_token, session_ended
from chat_app.db import after_commit, now, touched, transaction
from chat_app.errors import ChatError
from chat_app.extensions import db
from chat_app.ids import new_id
from chat_app.realtime.publish import end_sessions
from chat_app.recovery.tokens import void_tokens
from chat_app.users.models import User
from chat_app.users.schemas import Me

LOST_ANSWER = timedelta(seconds=60)
"""How long the last refresh may be repeated with the same Idempotency-Key."""
AT_ONCE = 1000
"""Sessions that are ended with one statement, and told of in one message."""


def open_session(
    user: User, user_agent: str = "", address: str = "", action: str = "auth.login", **detail: str
) -> dict[str, Any]:
    """Begin a session on one device and hand out its first tokens.

    `action` is how the audit log calls it, `detail` what it notes besides.
    """
    session = AuthSession(
        id=new_id(),
        user_id=user.id,
        refresh_id=new_id(),
        user_agent=user_agent.replace("\x00", "")[:200],
        address=address[:45],
        expires_at=now() + _lifetime(),
    )
    db.session.add(session)
    record(action, actor_id=user.id, target_id=user.id, session_id=session.id, **detail)
    db.session.flush()
    return _tokens(user, session)


def refresh(token: str, idempotency_key: str | None = None) -> dict[str, Any]:
    """Swap a refresh token for the next pair. Of several callers with one token, one wins.

    A token that was used before means that it was stolen (or that a client broke the rules): the whole
    session is revoked and its sockets are closed (RFC 9700, section 4.14.2). One exception: whoever repeats the
    last refresh with the same secret Idempotency-Key within `LOST_ANSWER` did not get the answer, and gets
    another pair. Opens its own transaction: the revocation has to be kept although the caller gets an error.
    """
    claims = read_token(token, "refresh")
    key_hash = sha256(idempotency_key.encode()).hexdigest() if idempotency_key else None
    with transaction() as session:
        if _rotate(claims, key_hash) or (key_hash and _rotate_again(claims, key_hash)):
            row = session.get_one(AuthSession, claims["sid"], populate_existing=True)
            user = session.get_one(User, row.user_id)
            if user.banned_at:
                raise banned()
            return _tokens(user, row)
        if revoke_sessions([claims["sid"]], "token_revoked"):
            record("auth.token_reused", actor_id=None, target_id=claims["sub"], session_id=claims["sid"])
    raise ChatError("token_revoked", "This refresh token was used before; the session has ended. Log in again.")


def _rotate(claims: dict[str, Any], key_hash: str | None) -> int:
    """Replace the good refresh token, if this is it: a compare-and-set that one caller wins."""
    return touched(
        sa.update(AuthSession)
        .where(
            AuthSession.id == claims["sid"],
            AuthSession.refresh_id == claims.get("rid"),
            AuthSession.revoked_at.is_(None),
        )
        .values(
            refresh_id=new_id(),
            previous_refresh_id=claims.get("rid"),
            refresh_key_hash=key_hash,
            refreshed_at=now(),
            expires_at=now() + _lifetime(),
        )
    )


def _rotate_again(claims: dict[str, Any], key_hash: str) -> int:
    """The same for the token before it, for the caller who used it last, within `LOST_ANSWER`."""
    return touched(
        sa.update(AuthSession)
        .where(
            AuthSession.id == claims["sid"],
            AuthSession.previous_refresh_id == claims.get("rid"),
            AuthSession.refresh_key_hash == key_hash,
            AuthSession.refreshed_at > now() - LOST_ANSWER,
            AuthSession.revoked_at.is_(None),
        )
        .values(refresh_id=new_id())
    )


def revoke_sessions(session_ids: list[str], code: str) -> int:
    """End sessions: their tokens count no more and their sockets are closed on every process.

    Returns how many had not ended before.
    """
    ended = 0
    for start in range(0, len(session_ids), AT_ONCE):
        part = session_ids[start : start + AT_ONCE]
        living = (AuthSession.id.in_(part), AuthSession.revoked_at.is_(None))
        ended += touched(sa.update(AuthSession).where(*living).values(revoked_at=now()))
        after_commit(end_sessions, part, code)
    return ended


def end_all_sessions(user_id: str, code: str, keep: str | None = None) -> None:
    """End all of the person's sessions but the one to `keep`, and the sign-ins with a provider that are under way."""
    void_tokens(user_id, "oauth_login")  # first: it waits for the one that is opening a session just now
    living = sa.select(AuthSession.id).where(AuthSession.user_id == user_id, AuthSession.revoked_at.is_(None))
    revoke_sessions([found for found in db.session.scalars(living) if found != keep], code)


def confirm_session(user_id: str, session_id: str) -> User:
    """The account, locked; `token_revoked` when the session ended since the request began.

    For all that decides who gets into an account. Else what an intruder has under way at the moment when the owner
    shuts them out would still be done after it.
    """
    query = sa.select(User).where(User.id == user_id).with_for_update(key_share=True)
    user: User = db.session.scalars(query.execution_options(populate_existing=True)).one()
    living = (AuthSession.id == session_id, AuthSession.revoked_at.is_(None), AuthSession.expires_at > now())
    if user.banned_at or not db.session.scalar(sa.select(AuthSession.id).where(*living)):
        raise session_ended()
    return user


def log_out(user_id: str, session_id: str, *, everywhere: bool) -> None:
    """End this session, or all of the person's."""
    if everywhere:
        end_all_sessions(user_id, "logged_out")
    else:
        revoke_sessions([session_id], "logged_out")
    record("auth.logged_out", actor_id=user_id, target_id=user_id, everywhere=everywhere)


def _lifetime() -> timedelta:
    return timedelta(days=current_app.config["SETTINGS"].refresh_token_expire_days)


def _tokens(user: User, session: AuthSession) -> dict[str, Any]:
    minutes = current_app.config["SETTINGS"].access_token_expire_minutes
    return {
        "access_token": make_access_token(user.id, session.id),
        "refresh_token": make_refresh_token(session),
        "token_type": "bearer",
        "expires_in": int(minutes * 60),
        "user": Me.model_validate(user).to_json(),
    }
