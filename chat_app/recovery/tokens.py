"""The secrets in our mails: random, stored as a hash, for one use, one account and one address.

An account's newest one counts: making another voids those before. Callers open the transaction.
"""

from datetime import timedelta
from typing import Literal, get_args

import sqlalchemy as sa

from chat_app.auth.models import OneTimeToken
from chat_app.auth.secrets import new_secret, secret_hash
from chat_app.db import now, touched
from chat_app.extensions import db
from chat_app.users.models import User

Purpose = Literal["password_reset", "email_verify", "oauth_login"]
MAX_AN_HOUR = 3
"""Mails of one purpose to one account or one address, so that nobody can flood somebody's letter box."""
_HOUR = timedelta(hours=1)


def make_token(purpose: Purpose, user: User, life: timedelta) -> str | None:
    """A new secret for the account's present address; None when there were enough in the last hour.

    `user` must have been read for update: the count would race otherwise.
    """
    if enough_lately(purpose, user):
        return None
    void_tokens(user.id, purpose)
    secret = new_secret()
    db.session.add(
        OneTimeToken(
            token_hash=secret_hash(secret),
            purpose=purpose,
            user_id=user.id,
            email_key=user.email_key,
            expires_at=now() + life,
        )
    )
    return secret


def enough_lately(purpose: Purpose, user: User) -> bool:
    query = sa.select(sa.func.count()).where(
        OneTimeToken.purpose == purpose,
        OneTimeToken.created_at > now() - _HOUR,
        sa.or_(OneTimeToken.user_id == user.id, OneTimeToken.email_key == user.email_key),
    )
    return (db.session.scalar(query) or 0) >= MAX_AN_HOUR


def find_token(purpose: Purpose, secret: str) -> OneTimeToken | None:
    """The token of this secret, while it is good."""
    token: OneTimeToken | None = db.session.scalar(
        sa.select(OneTimeToken).where(
            OneTimeToken.token_hash == secret_hash(secret),
            OneTimeToken.purpose == purpose,
            OneTimeToken.used_at.is_(None),
            OneTimeToken.expires_at > now(),
        )
    )
    return token


def take_token(purpose: Purpose, secret: str) -> OneTimeToken | None:
    """Use it up: a compare-and-set, so that of several callers with one secret one gets the token."""
    token = find_token(purpose, secret)
    if token is None:
        return None
    unused = sa.update(OneTimeToken).where(OneTimeToken.token_hash == token.token_hash, OneTimeToken.used_at.is_(None))
    return token if touched(unused.values(used_at=now())) else None


def void_tokens(user_id: str, *purposes: Purpose) -> None:
    """The account's secrets of these purposes (all, when none is named) work no more."""
    unused = sa.update(OneTimeToken).where(
        OneTimeToken.user_id == user_id,
        OneTimeToken.purpose.in_(purposes or get_args(Purpose)),
        OneTimeToken.used_at.is_(None),
    )
    touched(unused.values(used_at=now()))


def discard_token(secret: str) -> None:
    """Forget a secret that was never mailed; it does not count for the hour."""
    touched(sa.delete(OneTimeToken).where(OneTimeToken.token_hash == secret_hash(secret)))
