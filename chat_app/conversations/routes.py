from typing import Any

from flask import Response
from flask_openapi import Tag

from chat_app.auth.current import identity, requires
from chat_app.conversations import members, service
from chat_app.conversations.schemas import (
    ConversationList,
    ConversationOut,
    ConversationPath,
    ConversationUpdate,
    MemberOut,
    MemberPath,
    MemberUpdate,
    NewConversation,
    NewMembers,
    RoomList,
)
from chat_app.db import transaction
from chat_app.documents.area import Area
from chat_app.schemas import Page, PageQuery

TAG = Tag(name="conversations", description="Private chats, groups and rooms, and the people in them.")
ROOMS = Tag(name="rooms", description="Public rooms: the directory, joining and leaving.")
bp = Area("conversations", __name__, url_prefix="/conversations", abp_tags=[TAG])
rooms_bp = Area("rooms", __name__, url_prefix="/rooms", abp_tags=[ROOMS])
Json = dict[str, Any]
NEEDS = {"group": "groups.create", "room": "rooms.use"}
"""The permission that beginning such a conversation needs; anybody may begin a private chat."""


@bp.get("", responses={200: Page[ConversationOut]})
def list_conversations(query: ConversationList) -> Json:
    """One's conversations, newest activity first."""
    items, next_cursor = service.list_views(identity().user_id, query)
    return {"items": items, "next_cursor": next_cursor, "prev_cursor": None}


@bp.post("", responses={200: ConversationOut, 201: ConversationOut})
def create(body: NewConversation) -> tuple[Json, int]:
    """Begin a conversation; 200 when the private chat existed already."""
    caller = identity()
    if permission := NEEDS.get(body.kind):
        caller.require(permission)
    with transaction():
        conversation_id, is_new = service.create(caller.user_id, body)
    return service.get_view(caller.user_id, conversation_id), 201 if is_new else 200


@bp.get("/<conversation_id>", responses={200: ConversationOut})
def get(path: ConversationPath) -> Json:
    """One conversation, as the caller sees it."""
    return service.get_view(identity().user_id, path.conversation_id)


@bp.put("/<conversation_id>", responses={200: ConversationOut, 409: None})
@bp.patch("/<conversation_id>", responses={200: ConversationOut, 409: None})
def update(path: ConversationPath, body: ConversationUpdate) -> Json:
    """Rename it for everybody, or archive it for oneself."""
    caller = identity()
    with transaction():
        service.update(caller.user_id, path.conversation_id, body)
    return service.get_view(caller.user_id, path.conversation_id)


@bp.delete("/<conversation_id>", responses={204: None})
def delete(path: ConversationPath) -> Response:
    """Delete it for everybody (the owner's right)."""
    with transaction():
        service.delete(identity().user_id, path.conversation_id)
    return Response(status=204)


@bp.get("/<conversation_id>/members", responses={200: Page[MemberOut]})
def list_members(path: ConversationPath, query: PageQuery) -> Json:
    """Who is in it, by id, with their roles and how far they have read."""
    items, next_cursor = members.list_members(identity().user_id, path.conversation_id, query.limit, query.cursor)
    return Page[MemberOut](items=items, next_cursor=next_cursor).to_json()


@bp.post("/<conversation_id>/members", responses={201: Page[MemberOut], 409: None})
def add_members(path: ConversationPath, body: NewMembers) -> tuple[Json, int]:
    """Add people to a group or a room."""
    with transaction():
        added = members.invite(identity().user_id, path.conversation_id, body.user_ids, body.role)
    return Page[MemberOut](items=added).to_json(), 201


@bp.patch("/<conversation_id>/members/<user_id>", responses={200: MemberOut, 409: None})
def change_role(path: MemberPath, body: MemberUpdate) -> Json:
    """Give somebody another role there (the owner's right); a conversation keeps at least one owner."""
    caller = identity()
    with transaction():
        members.change_role(caller.user_id, path.conversation_id, path.user_id, body.role)
    return members.get_member(caller.user_id, path.conversation_id, path.user_id).to_json()


@bp.delete("/<conversation_id>/members/<user_id>", responses={204: None, 409: None})
def remove_member(path: MemberPath) -> Response:
    """Leave (with one's own id), or remove somebody."""
    with transaction():
        members.remove(identity().user_id, path.conversation_id, path.user_id)
    return Response(status=204)


@rooms_bp.get("", responses={200: Page[ConversationOut]})
@requires("rooms.use")
def list_rooms(query: RoomList) -> Json:
    """The directory of public rooms."""
    items, next_cursor = service.list_rooms(identity().user_id, query.q, query.limit, query.cursor)
    return {"items": items, "next_cursor": next_cursor, "prev_cursor": None}


@rooms_bp.post("/<conversation_id>/join", responses={200: ConversationOut})
@requires("rooms.use")
def join(path: ConversationPath) -> Json:
    """Walk into a public room; who was removed from it needs an invitation."""
    caller = identity()
    with transaction():
        members.join_room(caller.user_id, path.conversation_id)
    return service.get_view(caller.user_id, path.conversation_id)


@rooms_bp.post("/<conversation_id>/leave", responses={204: None, 409: None})
def leave(path: ConversationPath) -> Response:
    """Walk out of a room; one may come back."""
    caller = identity()
    with transaction():
        members.remove(caller.user_id, path.conversation_id, caller.user_id)
    return Response(status=204)
