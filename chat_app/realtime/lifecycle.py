"""What happens when a chat socket opens, is ready, and when pushes may have been lost."""

import random
from typing import Any

from flask import Flask, current_app

from chat_app.conversations.models import Conversation, ConversationMember
from chat_app.conversations.views import membership_query, render
from chat_app.db import now
from chat_app.extensions import db, socketio
from chat_app.operations.epoch import current_epoch
from chat_app.realtime.arrivals import read_arrival
from chat_app.realtime.connections import Connection, connections
from chat_app.realtime.members import local_members
from chat_app.realtime.namespaces import chat
from chat_app.realtime.publish import CHAT, user_room
from chat_app.realtime.sessions import expiry
from chat_app.schemas import utc_text

COALESCE = 0.1
"""Seconds that changes of one conversation are gathered before its members are told."""
SPREAD = 2.0
"""Seconds over which clients are told to sync after an interruption, so that they do not come all at once."""


@chat.admits
def enter_rooms(connection: Connection, token: str) -> None:
    """The socket hears its person's room and all of their conversations before it is confirmed."""
    arrival = read_arrival(token)
    connection.epoch = arrival.epoch
    current_app.extensions["bus"].enter_room(connection.sid, CHAT, user_room(connection.user_id))
    local_members().set_places(connection, arrival.places)


@chat.on_ready
def say_ready(connection: Connection) -> None:
    """`ready` {user_id, session_id, epoch, server_time, expires_at}: the client's cue to sync."""
    epoch, connection.epoch = connection.epoch, None
    _emit_here(
        "ready",
        {
            "user_id": connection.user_id,
            "session_id": connection.session_id,
            "epoch": epoch or current_epoch(),
            "server_time": utc_text(now()),
            "expires_at": expiry(connection),
        },
        connection.sid,
    )


def say_ready_again() -> None:
    """Pushes may have been lost: every chat client of this process gets `ready` anew and syncs."""
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    here = [connection for connection in connections() if connection.namespace == CHAT]
    random.shuffle(here)
    socketio.start_background_task(_say_ready_to, app, here)


def _say_ready_to(app: Any, waiting: list[Connection]) -> None:
    pause = SPREAD / max(1, len(waiting))
    for number, connection in enumerate(waiting):
        if not connection.ended:
            with app.app_context():
                say_ready(connection)
        if number % 10 == 9:
            socketio.sleep(pause * 10)


def tell_removed(change: dict[str, Any]) -> None:
    """`conversation_removed` to the sockets of those whom a membership change has taken out.

    Told here and not by whoever published the change: one who is in again by now is not told that they are out.
    """
    conversation_id = change["conversation_id"]
    for user_id in change["user_ids"]:
        for connection in connections().of_user(user_id, CHAT):
            if conversation_id not in connection.conversations:
                payload = {"conversation_id": conversation_id, "id": conversation_id}
                _emit_here("conversation_removed", payload, connection.sid)


def tell_conversation_changed(message: dict[str, Any]) -> None:
    """From the bus: `{conversation_id, user_id}`; without a user, every member is told.

    Read in the background, so as not to hold up the bus, and after a moment, so that a hundred people who
    join at once cost one reading and not a hundred; and not before Redis has confirmed that this process hears
    conversations that its people have just joined. Thus it tells of whatever was said before that.
    """
    waiting: dict[str, set[str | None]] = current_app.extensions["changed_conversations"]
    conversation_id = message["conversation_id"]
    if conversation_id in waiting:
        waiting[conversation_id].add(message["user_id"])
        return
    waiting[conversation_id] = {message["user_id"]}
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    socketio.start_background_task(_tell_changed, app, conversation_id)


def _tell_changed(app: Any, conversation_id: str) -> None:
    socketio.sleep(COALESCE)
    with app.app_context():
        app.extensions["bus"].settle_all()
        told: set[str | None] = app.extensions["changed_conversations"].pop(conversation_id)
        here = local_members().people_in(conversation_id)
        people = sorted(here if None in told else here & told)
        for start in range(0, len(people), 200):
            query = membership_query().where(
                Conversation.id == conversation_id,
                ConversationMember.user_id.in_(people[start : start + 200]),
            )
            rows = db.session.execute(query).all()
            for row, view in zip(rows, render(rows), strict=True):
                _emit_here("conversation_changed", view, user_room(row.user_id))


def init_lifecycle(app: Flask) -> None:
    app.extensions["changed_conversations"] = {}


def _emit_here(event: str, payload: dict[str, Any], room: str) -> None:
    """To this process's own sockets only: every process does the same for its own."""
    current_app.extensions["bus"].emit(event, payload, namespace=CHAT, room=room, ignore_queue=True)
