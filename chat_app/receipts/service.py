"""Watermarks. One mark costs one query: it is permission, bound (never past the last message) and audience.

Told at once to the conversation, kept in this process for a moment, then stored by the job
`receipts.store`, which tells the stored state once more: whoever came in between has it too
(docs/receipts.md).
"""

import logging
from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from chat_app.conversations.models import Conversation, ConversationMember
from chat_app.db import after_commit, greatest, least, touched, transaction
from chat_app.errors import not_found
from chat_app.extensions import db
from chat_app.jobs import enqueue
from chat_app.realtime.publish import publish_receipt
from chat_app.receipts.pending import pending_receipts

log = logging.getLogger(__name__)

BATCH = 500


def mark(user_id: str, conversation_id: str, seq: int, *, read: bool) -> None:
    """Move one's watermark to `seq` (reading implies delivery); `not_found` for a non-member.

    A mark behind the stored one changes nothing and is told to nobody.
    """
    row = db.session.execute(_standing(conversation_id, user_id).where(ConversationMember.left_at.is_(None))).first()
    if row is None:
        raise not_found("conversation")
    reached = min(seq, row.last_seq)
    before = pending_receipts().highest(conversation_id, user_id, row.delivered_seq, row.read_seq)
    delivered = max(before[0], reached)
    read_seq = max(before[1], reached) if read else before[1]
    if (delivered, read_seq) == before:
        return
    _hold(conversation_id, user_id, delivered, read_seq)
    publish_receipt(_receipt(conversation_id, user_id, delivered, read_seq), row.member_count, row.members_rev)


def sender_has_read(user_id: str, conversation_id: str, seq: int) -> None:
    """Who sends a message has it, and everything before it. Told by the message itself."""
    _hold(conversation_id, user_id, seq, seq)


def _hold(conversation_id: str, user_id: str, delivered: int, read: int) -> None:
    if pending_receipts().raise_to(conversation_id, user_id, delivered, read):
        flush()


def flush() -> None:
    """Hand what is held to the job, in batches; called every second and at the bound."""
    rows = pending_receipts().take()
    for start in range(0, len(rows), BATCH):
        batch = rows[start : start + BATCH]
        try:
            enqueue("receipts.store", batch)
        except Exception as error:
            log.warning("receipts are stored without the job queue, which does not answer: %s", error)
            _store_here(batch)


def _store_here(batch: list[tuple[str, str, int, int]]) -> None:
    """Without a broker this process stores them; without a database they wait for the next flush."""
    try:
        with transaction():
            store(batch)
    except Exception:
        for row in batch:
            pending_receipts().raise_to(*row)
        raise


def store(rows: Iterable[tuple[str, str, int, int]]) -> None:
    """Raise the stored watermarks of `(conversation_id, user_id, delivered_seq, read_seq)`; the job's work.

    Never backwards and never past the last message, so that it may run late, twice or in any order.
    Rows are touched in one order, that of their keys, so that two batches cannot deadlock.
    """
    for conversation_id, user_id, delivered, read in sorted((c, u, d, r) for c, u, d, r in rows):
        if not touched(_raise_statement(conversation_id, user_id, delivered, read)):
            continue
        row = db.session.execute(_standing(conversation_id, user_id)).one()
        receipt = _receipt(conversation_id, user_id, row.delivered_seq, row.read_seq)
        after_commit(publish_receipt, receipt, row.member_count, row.members_rev)


def _raise_statement(conversation_id: str, user_id: str, delivered: int, read: int) -> sa.Update:
    last_seq = sa.select(Conversation.last_seq).where(Conversation.id == conversation_id).scalar_subquery()
    member = ConversationMember
    return (
        sa.update(member)
        .where(
            member.conversation_id == conversation_id,
            member.user_id == user_id,
            member.left_at.is_(None),
            sa.or_(member.delivered_seq < delivered, member.read_seq < read),
        )
        .values(
            delivered_seq=greatest(member.delivered_seq, least(delivered, last_seq)),
            read_seq=greatest(member.read_seq, least(read, last_seq)),
        )
    )


def _standing(conversation_id: str, user_id: str) -> sa.Select[int, int, int, int, int]:
    """What is stored of a member, and what a receipt has to carry. (MariaDB has no `UPDATE … RETURNING`.)"""
    return (
        sa.select(
            Conversation.last_seq,
            Conversation.member_count,
            Conversation.members_rev,
            ConversationMember.delivered_seq,
            ConversationMember.read_seq,
        )
        .join(ConversationMember, ConversationMember.conversation_id == Conversation.id)
        .where(Conversation.id == conversation_id, ConversationMember.user_id == user_id)
    )


def _receipt(conversation_id: str, user_id: str, delivered: int, read: int) -> dict[str, Any]:
    return {
        "conversation_id": conversation_id,
        "user_id": user_id,
        "delivered_seq": delivered,
        "read_seq": read,
    }
