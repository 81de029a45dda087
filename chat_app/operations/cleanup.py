"""Removing what has served its time: hourly by `workers/cleanup.py`, or at once by `flask cleanup`.

Each sweep names the rows that are to go by one query, which also counts them for a dry run, and removes them in bites,
a transaction each; a run takes a bounded number of bites, and the next run goes on.
"""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from flask import current_app

from chat_app.audit.models import AuditEvent
from chat_app.auth.models import ApiKey, AuthSession, OneTimeToken
from chat_app.conversations.models import Conversation
from chat_app.db import now, touched, transaction
from chat_app.extensions import db
from chat_app.messages.expiry import expire, expired_messages
from chat_app.messages.models import Message
from chat_app.uploads.contents import forget, unused_contents
from chat_app.uploads.models import Upload

log = logging.getLogger(__name__)

KEPT = timedelta(days=7)
"""How long ended sessions and deleted conversations stay."""
MAX_BITES = 100
"""Of one sweep in one run."""


@dataclass(frozen=True)
class Sweep:
    """`doomed` selects what identifies the rows that are to go; `remove` takes some of these, returns how many went."""

    name: str
    doomed: Callable[[], sa.Select[Any]]
    remove: Callable[[list[Any]], int]
    bite: int = 1000

    def count(self) -> int:
        return int(db.session.scalar(sa.select(sa.func.count()).select_from(self.doomed().subquery())) or 0)

    def run(self) -> int:
        """Remove, in bites; returns how many went. Opens its transactions itself."""
        removed = 0
        for _ in range(MAX_BITES):
            with transaction():
                ids = list(db.session.scalars(self.doomed().limit(self.bite)))
                removed += self.remove(ids) if ids else 0
            if len(ids) < self.bite:
                break
        return removed


def by(column: Any, *conditions: Callable[[], sa.ColumnElement[bool]]) -> Callable[[list[Any]], int]:
    """Removes the rows with these values of `column`, if the conditions still hold."""

    def remove(values: list[Any]) -> int:
        still = [condition() for condition in conditions]
        return touched(sa.delete(column.class_).where(column.in_(values), *still))

    return remove


def _long_ago() -> Any:
    return now() - KEPT


def _ended_sessions() -> sa.Select[Any]:
    return sa.select(AuthSession.id).where(
        sa.or_(AuthSession.expires_at < _long_ago(), AuthSession.revoked_at < _long_ago())
    )


def _ended_keys() -> sa.Select[Any]:
    return sa.select(ApiKey.id).where(sa.or_(ApiKey.expires_at < _long_ago(), ApiKey.revoked_at < _long_ago()))


def _spent_tokens() -> sa.Select[Any]:
    return sa.select(OneTimeToken.token_hash).where(OneTimeToken.expires_at < _long_ago())


def _old_audit_events() -> sa.Select[Any]:
    before = now() - timedelta(days=current_app.config["SETTINGS"].audit_days)
    return sa.select(AuditEvent.id).where(AuditEvent.at < before)


def _messages_of_the_deleted() -> sa.Select[Any]:
    return (
        sa.select(Message.id)
        .join(Conversation, Conversation.id == Message.conversation_id)
        .where(Conversation.deleted_at < _long_ago())
    )


def _deleted_conversations() -> sa.Select[Any]:
    return sa.select(Conversation.id).where(
        Conversation.deleted_at < _long_ago(), ~sa.exists().where(Message.conversation_id == Conversation.id)
    )


def _in_no_message() -> sa.ColumnElement[bool]:
    return Upload.message_id.is_(None)


def _orphaned_uploads() -> sa.Select[Any]:
    before = now() - timedelta(hours=current_app.config["SETTINGS"].upload_keep_hours)
    return sa.select(Upload.id).where(_in_no_message(), Upload.created_at < before)


SWEEPS = (
    Sweep("ended sessions", _ended_sessions, by(AuthSession.id)),
    Sweep("ended API keys", _ended_keys, by(ApiKey.id)),
    Sweep("spent tokens", _spent_tokens, by(OneTimeToken.token_hash)),
    Sweep("old security events", _old_audit_events, by(AuditEvent.id)),
    Sweep("messages past their time", expired_messages, expire, bite=100),
    Sweep("messages of deleted conversations", _messages_of_the_deleted, by(Message.id)),
    Sweep("deleted conversations", _deleted_conversations, by(Conversation.id)),
    Sweep("files in no message", _orphaned_uploads, by(Upload.id, _in_no_message)),
    # Last, for what the others left unused. Few at a time: the rows stay locked while the bytes are removed.
    Sweep("unused contents", unused_contents, lambda digests: sum(map(forget, digests)), bite=20),
)


def clean_up(*, dry_run: bool = False) -> Iterator[tuple[str, int]]:
    """Run all sweeps: yields `(name, how many went)` after each; of a dry run, how many would go."""
    for sweep in SWEEPS:
        count = sweep.count() if dry_run else sweep.run()
        db.session.rollback()
        if count and not dry_run:
            log.info("clean-up: %d %s removed", count, sweep.name)
        yield sweep.name, count
