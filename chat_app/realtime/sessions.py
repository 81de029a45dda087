"""The end of a session reaches its open sockets: revoked, banned, logged out, or past the token's time."""

import time
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from flask import current_app

from chat_app.auth.models import AuthSession
from chat_app.auth.schemas import Authenticate
from chat_app.auth.tokens import authenticate
from chat_app.errors import ChatError
from chat_app.extensions import db, socketio
from chat_app.realtime.connections import Connection, connections
from chat_app.realtime.namespaces import chat, presence
from chat_app.realtime.schemas import Prolonged
from chat_app.schemas import utc_text
from chat_app.users.models import User

SWEEP_EVERY = 15.0
"""Seconds between looks into the database, for revocations whose message over the bus was lost."""
_SWEEP = 500


def end(connection: Connection, code: str) -> None:
    """Tell the socket why, then close it. Later events of it are refused."""
    if connection.ended:
        return
    connection.ended = code
    manager = current_app.extensions["bus"]
    manager.emit(
        "session_ended",
        {"code": code},
        namespace=connection.namespace,
        room=connection.sid,
        ignore_queue=True,
    )
    if manager.is_connected(connection.sid, connection.namespace):
        socketio.server.disconnect(connection.sid, namespace=connection.namespace, ignore_queue=True)


def end_sessions(message: dict[str, Any]) -> None:
    """From the bus: `{session_ids, code}`."""
    for session_id in message["session_ids"]:
        for connection in connections().of_session(session_id):
            end(connection, message["code"])


def end_expired() -> None:
    """Called every half second: an access token that ran out ends its socket."""
    moment = time.time()
    for connection in connections():
        if connection.expires_at <= moment:
            end(connection, "token_expired")


def end_revoked() -> None:
    """Called now and then: end what the database says has ended."""
    ids = connections().session_ids()
    for start in range(0, len(ids), _SWEEP):
        part = ids[start : start + _SWEEP]
        rows = db.session.execute(
            sa.select(AuthSession.id, AuthSession.revoked_at, User.banned_at)
            .join(User, User.id == AuthSession.user_id)
            .where(AuthSession.id.in_(part))
        )
        found = {row.id: row for row in rows}
        for session_id in part:
            row = found.get(session_id)
            if row is None or row.revoked_at or row.banned_at:
                code = "banned" if row is not None and row.banned_at else "token_revoked"
                end_sessions({"session_ids": [session_id], "code": code})


def prolong(connection: Connection, data: Authenticate) -> dict[str, Any]:
    """Prolong the socket's life with a fresh access token of the same session."""
    identity = authenticate(data.token)
    if (identity.user_id, identity.session_id) != (connection.user_id, connection.session_id):
        raise ChatError("forbidden", "This token belongs to another session; connect anew with it.")
    connection.expires_at = max(connection.expires_at, identity.expires_at)
    return {"expires_at": expiry(connection)}


def expiry(connection: Connection) -> str:
    return utc_text(datetime.fromtimestamp(connection.expires_at, UTC))


for _events in (chat, presence):
    _events.on_event("authenticate", Authenticate, Prolonged)(prolong)
