"""Removing what has served its time, in small bites."""

from datetime import timedelta

import sqlalchemy as sa
from flask import current_app

from chat_app.audit.models import AuditEvent
from chat_app.auth.models import ApiKey, AuthSession, OneTimeToken
from chat_app.conversations.models import Conversation
from chat_app.db import now, touched
from chat_app.extensions import db
from chat_app.messages.models import Message

KEPT = timedelta(days=7)
"""How long ended sessions and deleted conversations stay."""
BITE = 1000


def remove_ended_sessions() -> int:
    """Sessions that ended, by revocation or time, more than a week ago. Returns how many."""
    before = now() - KEPT
    return touched(
        sa.delete(AuthSession).where(sa.or_(AuthSession.expires_at < before, AuthSession.revoked_at < before))
    )


def remove_spent_secrets() -> int:
    """API keys and mailed tokens that ended more than a week ago. Returns how many."""
    before = now() - KEPT
    keys = touched(sa.delete(ApiKey).where(sa.or_(ApiKey.expires_at < before, ApiKey.revoked_at < before)))
    return keys + touched(sa.delete(OneTimeToken).where(OneTimeToken.expires_at < before))


def remove_old_audit_events() -> int:
    """A bite of the security events that are older than AUDIT_DAYS; 0 when there is nothing left."""
    before = now() - timedelta(days=current_app.config["SETTINGS"].audit_days)
    ids = list(db.session.scalars(sa.select(AuditEvent.id).where(AuditEvent.at < before).limit(BITE)))
    if ids:
        touched(sa.delete(AuditEvent).where(AuditEvent.id.in_(ids)))
    return len(ids)


def remove_deleted_messages() -> int:
    """A bite of the messages of conversations deleted more than a week ago; 0 when there is nothing left."""
    doomed = (
        sa.select(Message.id)
        .join(Conversation, Conversation.id == Message.conversation_id)
        .where(Conversation.deleted_at < now() - KEPT)
        .limit(BITE)
    )
    ids = list(db.session.scalars(doomed))
    if ids:
        touched(sa.delete(Message).where(Message.id.in_(ids)))
    return len(ids)


def remove_deleted_conversations() -> int:
    """The rows of conversations deleted more than a week ago that have no messages any more."""
    return touched(
        sa.delete(Conversation).where(
            Conversation.deleted_at < now() - KEPT,
            ~sa.exists().where(Message.conversation_id == Conversation.id),
        )
    )
