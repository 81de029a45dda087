"""Sending, and changing what was sent."""

from typing import Any

import sqlalchemy as sa
from flask import current_app

from chat_app.conversations import members
from chat_app.conversations.models import Conversation, ConversationMember
from chat_app.db import insert_new, now, touched
from chat_app.errors import ChatError, conflict, forbidden, not_found
from chat_app.extensions import db
from chat_app.messages import attachments
from chat_app.messages.changes import changed, make_tombstone
from chat_app.messages.drafts import Draft, Outcome, Status
from chat_app.messages.models import Message, Reaction
from chat_app.messages.wire import COLUMNS, Wire, with_parts
from chat_app.messages.writer import refusal
from chat_app.realtime.publish import publish_message
from chat_app.receipts import service as receipts
from chat_app.receipts.pending import pending_receipts

MAX_EMOJIS = 20
"""Different emojis on one message."""


def send(draft: Draft) -> tuple[Wire, bool]:
    """Store and deliver a message; returns it, after the commit, and whether it is new.

    The same `client_msg_id` again answers the first message, however late; another body is a `conflict`.
    The repeated one is delivered again too: should the process have died between commit and delivery,
    the sender's retry is what makes up for it (receivers know it by its id).
    """
    parts = current_app.extensions  # looked up once: the way there is not free
    _check_size(draft.content)
    if wait := parts["message_rate"].take(draft.sender_id):
        raise ChatError("rate_limited", f"You are sending too fast; try again in {wait:.1f} seconds.", retry_after=wait)
    outcome: Outcome = attachments.store(draft) if draft.attachment_ids else parts["message_writers"].submit(draft)
    if outcome.status is not Status.STORED:
        if error := refusal(outcome):
            raise error
        return _known(draft, outcome), False
    parts["metrics"].messages += 1
    message = attachments.as_stored(draft.id) if draft.attachment_ids else draft.to_wire(outcome.seq, outcome.change)
    publish_message(message, outcome.members_rev)
    receipts.sender_has_read(draft.sender_id, draft.conversation_id, outcome.seq)
    return message, True


def _check_size(content: str) -> None:
    longest = current_app.config["SETTINGS"].max_message_length
    if len(content) > longest:
        raise ChatError(
            "payload_too_large",
            f"A message has at most {longest:,} characters; this one has {len(content):,}. Send it in parts.",
        )


def _known(draft: Draft, outcome: Outcome) -> Wire:
    if outcome.body_hash != draft.body_hash():
        raise conflict("This client_msg_id was used for another message; make a new one for a new message.")
    row = db.session.execute(
        sa.select(*COLUMNS, Conversation.members_rev)
        .join(Conversation, Conversation.id == Message.conversation_id)
        .where(Message.id == outcome.message_id)
    ).one()
    message = with_parts([row])[0]
    publish_message(message, row.members_rev)
    return message


def get(user_id: str, message_id: str) -> Wire:
    """One message of a conversation that the caller belongs to."""
    row = db.session.execute(
        sa.select(*COLUMNS)
        .join(ConversationMember, ConversationMember.conversation_id == Message.conversation_id)
        .where(
            Message.id == message_id,
            ConversationMember.user_id == user_id,
            ConversationMember.left_at.is_(None),
        )
    ).first()
    if row is None:
        raise not_found("message")
    return with_parts([row])[0]


def edit(user_id: str, message_id: str, content: str) -> Wire:
    """Replace the text of one's own message."""
    _check_size(content)
    change = _Change(user_id, message_id)
    if change.message.sender_id != user_id:
        raise forbidden("Only its sender may edit a message.")
    change.refuse_deleted()
    if change.message.content == content:
        return change.unchanged()
    change.message.content = content
    change.message.edited_at = now()
    return change.done()


def delete(user_id: str, message_id: str) -> Wire:
    """Take a message back: its sender, an owner or a moderator. Deleting it again changes nothing."""
    change = _Change(user_id, message_id)
    if change.message.sender_id != user_id and change.role not in ("owner", "moderator"):
        raise forbidden("Only its sender, an owner or a moderator may delete a message.")
    if change.message.deleted_at:
        return change.unchanged()
    return make_tombstone(change.conversation, change.message)


def react(user_id: str, message_id: str, emoji: str, *, on: bool) -> Wire:
    """Put one's emoji on a message or take it off; either may be repeated."""
    change = _Change(user_id, message_id)
    change.refuse_deleted()
    if on:
        used = set(db.session.scalars(sa.select(Reaction.emoji).where(Reaction.message_id == message_id).distinct()))
        if emoji not in used and len(used) >= MAX_EMOJIS:
            raise ChatError("quota_exceeded", f"A message carries at most {MAX_EMOJIS} different emojis.")
        changed = insert_new(Reaction, message_id=message_id, emoji=emoji, user_id=user_id)
    else:
        own = (Reaction.message_id == message_id, Reaction.emoji == emoji, Reaction.user_id == user_id)
        changed = bool(touched(sa.delete(Reaction).where(*own)))
    return change.done() if changed else change.unchanged()


class _Change:
    """A change of a stored message, by a member, under the conversation's lock.

    The lock gives changes and new messages one order, that of the conversation's `last_change`. It is taken before the
    membership is looked at: who was removed while we waited for it changes nothing any more.
    """

    def __init__(self, user_id: str, message_id: str) -> None:
        conversation_id = db.session.scalar(sa.select(Message.conversation_id).where(Message.id == message_id))
        found = members.lock_if_member(user_id, conversation_id) if conversation_id else None
        if found is None:
            raise not_found("message")
        self.conversation, member = found
        self.role = member.role
        if self.role == "read_only":
            raise forbidden("Your role in this conversation allows reading only.")
        self.message = db.session.get_one(Message, message_id, populate_existing=True)

    def refuse_deleted(self) -> None:
        if self.message.deleted_at:
            raise conflict("This message has been deleted.")

    def unchanged(self) -> Wire:
        return with_parts([self.message])[0]

    def done(self) -> Wire:
        return changed(self.conversation, self.message)


def readers(user_id: str, message_id: str, limit: int) -> list[dict[str, Any]]:
    """Who has read a message, its sender left out: `[{user_id, read_seq}]`, `limit` at most."""
    message = get(user_id, message_id)
    held = pending_receipts().readers(message["conversation_id"], message["seq"])
    rows = db.session.execute(
        sa.select(ConversationMember.user_id, ConversationMember.read_seq)
        .where(
            ConversationMember.conversation_id == message["conversation_id"],
            ConversationMember.left_at.is_(None),
            sa.or_(ConversationMember.read_seq >= message["seq"], ConversationMember.user_id.in_(held)),
            ConversationMember.user_id != message["sender_id"],
        )
        .order_by(ConversationMember.user_id)
        .limit(limit)
    )
    return [{"user_id": row.user_id, "read_seq": max(row.read_seq, held.get(row.user_id, 0))} for row in rows]
