from typing import Any

from chat_app.conversations.schemas import SyncAcknowledgement
from chat_app.db import transaction
from chat_app.messages import service, sync
from chat_app.messages.drafts import Draft
from chat_app.messages.schemas import DeleteMessage, EditMessage, MessageAcknowledgement, React, SendMessage, Sync
from chat_app.realtime.connections import Connection
from chat_app.realtime.members import local_members
from chat_app.realtime.namespaces import chat

Ack = dict[str, Any]


@chat.on_event("send_message", SendMessage, MessageAcknowledgement)
def send_message(connection: Connection, data: SendMessage) -> Ack:
    """Send a message. It is acknowledged once it is stored; without an acknowledgement, send the same again."""
    message, _ = service.send(
        Draft(
            conversation_id=data.conversation_id,
            sender_id=connection.user_id,
            client_msg_id=data.client_msg_id,
            content=data.content,
            type=data.type,
            reply_to_id=data.reply_to_id,
            attachment_ids=tuple(data.attachment_ids),
        )
    )
    return {"message": message}


@chat.on_event("edit_message", EditMessage, MessageAcknowledgement)
def edit_message(connection: Connection, data: EditMessage) -> Ack:
    """Replace the text of one's own message."""
    with transaction():
        return {"message": service.edit(connection.user_id, data.message_id, data.content)}


@chat.on_event("delete_message", DeleteMessage, MessageAcknowledgement)
def delete_message(connection: Connection, data: DeleteMessage) -> Ack:
    """Take a message back; a tombstone remains."""
    with transaction():
        return {"message": service.delete(connection.user_id, data.message_id)}


@chat.on_event("react", React, MessageAcknowledgement)
def react(connection: Connection, data: React) -> Ack:
    """React to a message, or take the reaction back."""
    with transaction():
        return {"message": service.react(connection.user_id, data.message_id, data.emoji, on=data.on)}


@chat.on_event("sync", Sync, SyncAcknowledgement)
def synchronise(connection: Connection, data: Sync) -> Ack:
    """What changed since. Also puts the socket into the rooms of exactly these conversations, should a change have
    been missed."""
    before = set(connection.conversations)
    places = sync.places_of(connection.user_id)
    if local_members().set_places(connection, places, before):
        # Other processes' messages came only from now on; what was said before, these rows may not show.
        places = sync.places_of(connection.user_id)
    return sync.since(connection.user_id, data, places)
