"""Which sockets of this process hear which conversation, kept in step with the database (docs/membership.md).

For every conversation with sockets here, `_revs` holds the `members_rev` that the room is known to reflect.
Changes arrive over the bus and move it; a delivery that carries a higher one makes the process read the
members first. So a lost, late or reordered change never lets a removed person hear anything.
"""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import Any

import sqlalchemy as sa
from flask import Flask, current_app

from chat_app.conversations.models import Conversation, ConversationMember
from chat_app.errors import as_chat_error
from chat_app.extensions import db
from chat_app.realtime.connections import Connection, Connections
from chat_app.realtime.publish import CHAT, conversation_room


class LocalMembers:
    """The rooms of the sockets of one process."""

    def __init__(self, app: Flask, manager: Any, connections: Connections) -> None:
        self._app = app
        self._manager = manager
        self._connections = connections
        self._revs: dict[str, int] = {}

    def set_places(self, connection: Connection, places: Sequence[Any], before: AbstractSet[str] = frozenset()) -> bool:
        """Put a socket into the rooms of exactly these conversations: rows with `id` and `members_rev`.

        The rows may be older than what the bus brought meanwhile. A conversation is then taken to be known
        only as far as they go, so that the next delivery looks again. `before` are the conversations that the
        socket was in when the rows were asked for: what it was put into since then, it is not taken out of.

        Returns once this process hears the conversations; True if that was not so at once, and the rows may be older.
        """
        for conversation_id in before - {place.id for place in places}:
            self._leave(connection, conversation_id)
        connection.conversations.update(place.id for place in places)
        self._manager.enter_rooms(connection.sid, CHAT, [conversation_room(place.id) for place in places])
        for place in places:
            self._revs[place.id] = min(place.members_rev, self._revs.get(place.id, place.members_rev))
        return bool(self._manager.settle(connection.sid))

    def apply(self, change: dict[str, Any]) -> None:
        """A membership change from the bus: `{conversation_id, user_ids, rev, present}`."""
        conversation_id, rev = change["conversation_id"], change["rev"]
        known = self._revs.get(conversation_id)
        if known is not None and rev <= known:
            return
        for user_id in change["user_ids"]:
            for connection in self._connections.of_user(user_id, CHAT):
                if change["present"]:
                    self._enter(connection, conversation_id)
                else:
                    self._leave(connection, conversation_id)
        if not self._has_room(conversation_id):
            self._revs.pop(conversation_id, None)
        elif known is None or rev == known + 1:
            self._revs[conversation_id] = rev

    def refresh_if_older(self, conversation_id: str, rev: int) -> bool:
        """Make sure that the room reflects `rev`; False when that could not be found out.

        Undelivered then: a lost push is made up for by `sync`, a leaked one by nothing.
        """
        known = self._revs.get(conversation_id)
        if (known is not None and known >= rev) or not self._has_room(conversation_id):
            return True
        try:
            with self._app.app_context():
                self._refresh(conversation_id)
        except Exception as error:
            as_chat_error(error)  # logs it
            return False
        return True

    def _refresh(self, conversation_id: str) -> None:
        here = self.people_in(conversation_id)
        rows = db.session.execute(
            sa.select(Conversation.members_rev, ConversationMember.user_id)
            .outerjoin(
                ConversationMember,
                sa.and_(
                    ConversationMember.conversation_id == Conversation.id,
                    ConversationMember.left_at.is_(None),
                    ConversationMember.user_id.in_(here),
                ),
            )
            .where(Conversation.id == conversation_id)
        ).all()
        members = {row.user_id for row in rows}
        for connection in self._listeners(conversation_id):
            if connection.user_id in here and connection.user_id not in members:
                self._leave(connection, conversation_id)
        self._revs[conversation_id] = rows[0].members_rev if rows else 0
        self._manager.mark_fresh(CHAT, conversation_room(conversation_id))

    def known_rev(self, conversation_id: str) -> int:
        """The `members_rev` that the room here reflects, 0 for one without sockets."""
        return self._revs.get(conversation_id, 0)

    def people_in(self, conversation_id: str) -> set[str]:
        """The people with a socket here in this conversation."""
        return {connection.user_id for connection in self._listeners(conversation_id)}

    def forget_empty_rooms(self) -> None:
        """Called now and then: closing sockets leave rooms without telling us."""
        for conversation_id in [known for known in self._revs if not self._has_room(known)]:
            del self._revs[conversation_id]

    def _listeners(self, conversation_id: str) -> list[Connection]:
        sids = self._manager.get_participants(CHAT, conversation_room(conversation_id))
        return [found for sid, _ in sids if (found := self._connections.get(sid))]

    def _has_room(self, conversation_id: str) -> bool:
        return conversation_room(conversation_id) in self._manager.rooms.get(CHAT, {})

    def _enter(self, connection: Connection, conversation_id: str) -> None:
        connection.conversations.add(conversation_id)
        self._manager.enter_room(connection.sid, CHAT, conversation_room(conversation_id))

    def _leave(self, connection: Connection, conversation_id: str) -> None:
        connection.conversations.discard(conversation_id)
        self._manager.leave_room(connection.sid, CHAT, conversation_room(conversation_id))


def local_members() -> LocalMembers:
    found: LocalMembers = current_app.extensions["local_members"]
    return found
