"""What every change of a stored message ends with, whoever makes it. The caller has locked the conversation."""

import sqlalchemy as sa

from chat_app.conversations.models import Conversation
from chat_app.db import after_commit, now
from chat_app.extensions import db
from chat_app.messages.models import Message, Reaction
from chat_app.messages.wire import Wire, with_parts
from chat_app.realtime.publish import publish_message_change
from chat_app.uploads.models import Upload


def changed(conversation: Conversation, message: Message) -> Wire:
    """Number the change and hold the push for after the commit."""
    conversation.last_change += 1
    message.change = conversation.last_change
    db.session.flush()
    shown = with_parts([message])[0]
    after_commit(publish_message_change, shown, conversation.members_rev)
    return shown


def make_tombstone(conversation: Conversation, message: Message) -> Wire:
    """Take out what the message held: text, reactions, files."""
    message.content = ""
    message.deleted_at = now()
    db.session.execute(sa.delete(Reaction).where(Reaction.message_id == message.id))
    db.session.execute(sa.delete(Upload).where(Upload.message_id == message.id))
    return changed(conversation, message)
