from typing import Any

from flask_openapi import Tag

from chat_app.auth.current import identity, scope
from chat_app.conversations.schemas import ConversationPath, SyncOut
from chat_app.db import transaction
from chat_app.documents.area import Area
from chat_app.ids import new_id
from chat_app.messages import history, service, sync
from chat_app.messages.drafts import Draft
from chat_app.messages.schemas import (
    ChatHistoryPath,
    EditBody,
    HistoryQuery,
    MessageOut,
    MessagePath,
    NewMessage,
    NewMessageAnywhere,
    ReactionPath,
    ReaderOut,
    Sync,
)
from chat_app.schemas import Page, PageQuery

TAG = Tag(name="messages", description="History, sending, editing, reactions, and catching up.")
bp = Area("messages", __name__, abp_tags=[TAG])
Json = dict[str, Any]


@bp.get("/conversations/<conversation_id>/messages", responses={200: Page[MessageOut]})
def list_messages(path: ConversationPath, query: HistoryQuery) -> Json:
    """A page of history, in ascending `seq`; the latest one when no position is given."""
    return history.page(identity().user_id, path.conversation_id, query)


@bp.get("/messages/<chat_type>/<chat_id>", responses={200: Page[MessageOut]})
def list_chat_messages(path: ChatHistoryPath, query: HistoryQuery) -> Json:
    """A page of history, under the address that names the kind of conversation."""
    return history.page(identity().user_id, path.chat_id, query, path.chat_type)


@bp.post("/conversations/<conversation_id>/messages", responses={200: MessageOut, 201: MessageOut, 409: None})
def send(path: ConversationPath, body: NewMessage) -> tuple[Json, int]:
    """Send a message; 200 with the first one when its `client_msg_id` is known already."""
    return _send(path.conversation_id, body)


@bp.post("/messages", responses={200: MessageOut, 201: MessageOut, 404: None, 409: None})
def send_anywhere(body: NewMessageAnywhere) -> tuple[Json, int]:
    """Send a message to the conversation that the body names; 200 when its `client_msg_id` is known already."""
    return _send(body.conversation_id, body)


def _send(conversation_id: str, body: NewMessage) -> tuple[Json, int]:
    message, is_new = service.send(
        Draft(
            conversation_id=conversation_id,
            sender_id=identity().user_id,
            client_msg_id=body.client_msg_id or new_id(),
            content=body.content,
            type=body.type,
            reply_to_id=body.reply_to_id,
            attachment_ids=tuple(body.attachment_ids),
        )
    )
    return message, 201 if is_new else 200


@bp.get("/messages/<message_id>", responses={200: MessageOut})
def get(path: MessagePath) -> Json:
    """One message; a deleted one is a tombstone without content."""
    return service.get(identity().user_id, path.message_id)


@bp.patch("/messages/<message_id>", responses={200: MessageOut, 409: None})
def edit(path: MessagePath, body: EditBody) -> Json:
    """Replace the text of one's own message."""
    with transaction():
        return service.edit(identity().user_id, path.message_id, body.content)


@bp.delete("/messages/<message_id>", responses={200: MessageOut, 409: None})
def delete(path: MessagePath) -> Json:
    """Take a message back; answers the tombstone that remains."""
    with transaction():
        return service.delete(identity().user_id, path.message_id)


@bp.put("/messages/<message_id>/reactions/<emoji>", responses={200: MessageOut, 409: None})
def add_reaction(path: ReactionPath) -> Json:
    """React to a message with an emoji; repeating it changes nothing."""
    with transaction():
        return service.react(identity().user_id, path.message_id, path.emoji, on=True)


@bp.delete("/messages/<message_id>/reactions/<emoji>", responses={200: MessageOut, 409: None})
def remove_reaction(path: ReactionPath) -> Json:
    """Take one's reaction back; repeating it changes nothing."""
    with transaction():
        return service.react(identity().user_id, path.message_id, path.emoji, on=False)


@bp.get("/messages/<message_id>/readers", responses={200: Page[ReaderOut]})
def readers(path: MessagePath, query: PageQuery) -> Json:
    """Who has read a message, the first `limit` of them."""
    items = service.readers(identity().user_id, path.message_id, query.limit)
    return {"items": items, "next_cursor": None, "prev_cursor": None}


@bp.post("/sync", responses={200: SyncOut})
@scope("messages:read")
def synchronise(body: Sync) -> Json:
    """What changed since; the same as the socket event `sync`."""
    caller = identity()
    return sync.since(caller.user_id, body, sync.places_of(caller.user_id))
