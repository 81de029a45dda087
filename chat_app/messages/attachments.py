"""Messages with files. They take an ordinary transaction of their own, beside the batches of plain messages
(`batches.py`), under the same lock of the conversation's row: one order for both.
"""

from collections.abc import Callable

import sqlalchemy as sa

from chat_app.conversations.members import lock
from chat_app.conversations.models import Conversation
from chat_app.db import after_commit, transaction
from chat_app.errors import invalid
from chat_app.extensions import db
from chat_app.messages.changes import changed
from chat_app.messages.drafts import Draft, Outcome, Status
from chat_app.messages.models import Message
from chat_app.messages.wire import Wire, with_parts
from chat_app.realtime.publish import publish_attachment
from chat_app.uploads.kinds import IMAGE_TYPES
from chat_app.uploads.models import PROCESSING, READY, Upload


def store(draft: Draft) -> Outcome:
    """Store a message and bind its uploads to it, both or neither; to be followed by :func:`as_stored`.

    The same outcomes as from a batch. `not_found` for who is no member; `validation_failed` when an upload is not the
    sender's own, has failed, or is held by a message already.
    """
    with transaction():
        conversation, member = lock(draft.sender_id, draft.conversation_id)
        known = db.session.execute(
            sa.select(Message.id, Message.body_hash).where(
                Message.conversation_id == draft.conversation_id,
                Message.sender_id == draft.sender_id,
                Message.client_msg_id == draft.client_msg_id,
            )
        ).first()
        if known:
            return Outcome(Status.KNOWN, message_id=known.id, body_hash=known.body_hash)
        if member.role == "read_only":
            return Outcome(Status.READ_ONLY)
        if draft.reply_to_id and not _is_in(draft.reply_to_id, draft.conversation_id):
            return Outcome(Status.BAD_REPLY)
        uploads = _free_uploads(draft)
        conversation.last_seq += 1
        conversation.last_change += 1
        conversation.updated_at = max(conversation.updated_at, draft.created_at)
        _insert(draft, conversation, uploads)
        return Outcome(Status.STORED, conversation.last_seq, conversation.last_change, conversation.members_rev)


def _is_in(message_id: str, conversation_id: str) -> bool:
    query = sa.select(Message.id).where(Message.id == message_id, Message.conversation_id == conversation_id)
    return db.session.scalar(query) is not None


def _free_uploads(draft: Draft) -> list[Upload]:
    """The draft's uploads, locked, in its order; refuses when one of them is not to be had."""
    query = sa.select(Upload).where(
        Upload.id.in_(draft.attachment_ids),
        Upload.owner_id == draft.sender_id,
        Upload.message_id.is_(None),
        Upload.status.in_((PROCESSING, READY)),
    )
    query = query.order_by(Upload.id).with_for_update().execution_options(populate_existing=True)
    found = {upload.id: upload for upload in db.session.scalars(query)}
    if found.keys() != set(draft.attachment_ids):
        raise invalid("attachment_ids", "each must be an upload of yours that has not failed and is in no message yet")
    if draft.type == "image" and any(upload.media_type not in IMAGE_TYPES for upload in found.values()):
        raise invalid("type", "an image holds images only; leave it out, or say file")
    return [found[upload_id] for upload_id in draft.attachment_ids]


def _insert(draft: Draft, conversation: Conversation, uploads: list[Upload]) -> None:
    message = Message(
        id=draft.id,
        conversation_id=draft.conversation_id,
        seq=conversation.last_seq,
        change=conversation.last_change,
        sender_id=draft.sender_id,
        client_msg_id=draft.client_msg_id,
        type=_type(draft, uploads),
        content=draft.content,
        reply_to_id=draft.reply_to_id,
        body_hash=draft.body_hash(),
        meta={},
        created_at=draft.created_at,
    )
    db.session.add(message)
    db.session.flush()
    for position, upload in enumerate(uploads):
        upload.message_id, upload.position = draft.id, position
    db.session.flush()


def _type(draft: Draft, uploads: list[Upload]) -> str:
    if draft.type != "text":
        return draft.type
    return "image" if all(upload.media_type in IMAGE_TYPES for upload in uploads) else "file"


def as_stored(message_id: str) -> Wire:
    """The message, with its attachments as they are now."""
    return with_parts([db.session.get_one(Message, message_id)])[0]


def attachment_changed(message_id: str) -> Callable[[Wire], None] | None:
    """Lock the message's conversation. What is returned numbers the change, so that `sync` brings it to whoever was
    away, and has it told after the commit; call it when the upload, whose wire form it takes, is changed.
    """
    query = (
        sa.select(Conversation)
        .join(Message, Message.conversation_id == Conversation.id)
        .where(Message.id == message_id)
        .with_for_update(of=Conversation, key_share=True)
        .execution_options(populate_existing=True)
    )
    conversation: Conversation | None = db.session.scalar(query)
    if conversation is None:
        return None

    def tell(upload: Wire) -> None:
        after_commit(publish_attachment, upload, conversation.id, conversation.members_rev)
        changed(conversation, db.session.get_one(Message, message_id, populate_existing=True))

    return tell
