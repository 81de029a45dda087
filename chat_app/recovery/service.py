"""Resetting a password and verifying an address by a mailed link. Callers open the transaction.

A request only asks for a job; the job (`workers/mail.py`) looks the account up, makes the secret and mails it. So the
answer tells nobody whether there is such an account, and no secret ever stands in the broker.
"""

import logging
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa
from flask import current_app

from chat_app.audit.models import AuditEvent
from chat_app.audit.service import record
from chat_app.auth.models import OneTimeToken
from chat_app.auth.passwords import refuse_own_name
from chat_app.auth.service import hand_to_owner, key
from chat_app.auth.tokens import banned
from chat_app.db import after_commit, now
from chat_app.errors import ChatError, conflict, invalid
from chat_app.extensions import db
from chat_app.jobs import enqueue
from chat_app.mail import texts
from chat_app.mail.texts import Mail
from chat_app.realtime.publish import user_changed
from chat_app.recovery.tokens import Purpose, enough_lately, find_token, make_token, take_token, void_tokens
from chat_app.settings import Settings
from chat_app.users.models import User

log = logging.getLogger(__name__)

VERIFICATION_LIFE = timedelta(hours=24)
INVITATION_LIFE = timedelta(days=7)
MAX_NOTICES = 5
"""Notices of changed passwords to one account in an hour: its address may be somebody else's, unverified."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail and whom it goes to; `secret` is the one in its link, if it has one."""

    to: str
    mail: Mail
    secret: str | None = None


def reset_letter(email: str) -> Letter | None:
    """The mail with the link for whoever has this address; None when there is nobody to send one.

    It goes to the address that we have stored: `email` may be another that only looks the same.
    """
    user = _for_update(User.email_key == key(email))
    settings = _settings()
    life = timedelta(minutes=settings.password_reset_minutes)
    return _letter(user, "password_reset", "reset-password", life, texts.password_reset)


def invitation_letter(user_id: str) -> Letter | None:
    """The mail for somebody whom an administrator made an account: its link, too, is one to set a password."""
    user = _for_update(User.id == user_id)
    return _letter(user, "password_reset", "reset-password", INVITATION_LIFE, texts.invitation)


def verification_letter(user_id: str) -> Letter | None:
    """The mail with the link for the person's present address, unless they have verified it."""
    user = _for_update(User.id == user_id)
    if user is not None and user.email_verified:
        return None
    return _letter(user, "email_verify", "verify-email", VERIFICATION_LIFE, texts.verification)


def _letter(user: User | None, purpose: Purpose, page: str, life: timedelta, text: texts.LinkText) -> Letter | None:
    if user is None or user.email is None or user.banned_at:
        return None
    secret = make_token(purpose, user, life)
    if secret is None:
        log.info("no mail: there were enough of the kind %s in the last hour (account %s)", purpose, user.id)
        return None
    address = _settings().address
    # In the fragment, which browsers do not send: it stands in no server's log.
    return Letter(user.email, text(address, user.username, f"{address}/#/{page}/{secret}", _in_words(life)), secret)


def may_reset(secret: str, new_password: str) -> None:
    """Refuse a bad link, or a password that is one's own name, before the costly hash. Uses nothing up."""
    token = find_token("password_reset", secret)
    user = db.session.get(User, token.user_id) if token else None
    if token is None or user is None:
        raise _bad_link()
    refuse_own_name("new_password", new_password, user.username, user.email)


def reset_password(secret: str, new_hash: str) -> None:
    """Set the password, once per link; every session ends, and the address is proven to be the person's."""
    user = _owner(take_token("password_reset", secret))
    hand_to_owner(user, new_hash)
    user.email_verified_at = user.email_verified_at or now()
    after_commit(enqueue, "mail.password_changed", user.id)
    record("auth.password_reset", actor_id=user.id, target_id=user.id)


def verify_email(secret: str) -> None:
    """The address of the link is verified, if it still is the account's."""
    user = _owner(take_token("email_verify", secret))
    user.email_verified_at = user.email_verified_at or now()
    void_tokens(user.id, "email_verify")
    record("auth.email_verified", actor_id=user.id, target_id=user.id)
    after_commit(user_changed, user.id)


def ask_to_verify(user_id: str) -> None:
    """After the commit, mail a link to the person's new address by itself; without a mail server, only on request."""
    if _settings().smtp_url:
        after_commit(enqueue, "mail.verification", user_id)


def may_ask_for_verification(user_id: str) -> None:
    """Refuse, saying why, whoever needs no link or had enough of them."""
    user = db.session.get_one(User, user_id)
    if user.email is None:
        raise conflict("Your account has no e-mail address. Give one first.")
    if user.email_verified:
        raise conflict("Your address is verified already.")
    if enough_lately("email_verify", user):
        raise ChatError(
            "rate_limited", "Enough links were mailed in the last hour; look for them, or try later.", retry_after=600.0
        )


def password_notice(user_id: str) -> Letter | None:
    """Tells the owner that the password was changed."""
    user = db.session.get(User, user_id)
    if user is None or user.email is None or user.banned_at or _changes_lately(user_id) > MAX_NOTICES:
        return None
    return Letter(user.email, texts.password_changed(_settings().address, user.username))


def address_notice(user_id: str, old_address: str) -> Letter | None:
    """Tells whoever had the account's former address that it has another."""
    user = db.session.get(User, user_id)
    return Letter(old_address, texts.address_changed(_settings().address, user.username)) if user else None


def _owner(token: OneTimeToken | None) -> User:
    """Whose link this was, if it was mailed to the address that they still have."""
    user = _for_update(User.id == token.user_id) if token else None
    if token is None or user is None or user.email_key != token.email_key:
        raise _bad_link()
    if user.banned_at:
        raise banned()
    return user


def _bad_link() -> ChatError:
    return invalid("token", "does not work (any more): it was used, is too old, or was replaced. Ask for another link")


def _for_update(condition: sa.ColumnElement[bool]) -> User | None:
    query = sa.select(User).where(condition).with_for_update(key_share=True).execution_options(populate_existing=True)
    user: User | None = db.session.scalar(query)
    return user


def _changes_lately(user_id: str) -> int:
    query = sa.select(sa.func.count()).where(
        AuditEvent.target_id == user_id,
        AuditEvent.action.in_(("auth.password_changed", "auth.password_reset")),
        AuditEvent.at > now() - timedelta(hours=1),
    )
    return db.session.scalar(query) or 0


def _in_words(life: timedelta) -> str:
    if life.days > 1:
        return f"{life.days} days"
    minutes = int(life.total_seconds() // 60)
    hours, rest = divmod(minutes, 60)
    if rest:
        return f"{minutes} minutes"
    return f"{hours} hours" if hours > 1 else "1 hour"


def _settings() -> Settings:
    found: Settings = current_app.config["SETTINGS"]
    return found
