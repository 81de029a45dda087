"""Who is typing: told to the others, for a few seconds, and the first thing to be shed under load."""

import time
from typing import Any

import sqlalchemy as sa
from flask import Flask, current_app

from chat_app.conversations.models import ConversationMember
from chat_app.errors import forbidden, not_found
from chat_app.extensions import db
from chat_app.realtime.connections import Connection
from chat_app.realtime.members import local_members
from chat_app.realtime.namespaces import chat
from chat_app.realtime.publish import publish_typing
from chat_app.schemas import Id, Input

TIME_TO_LIVE = 6.0
"""Seconds until somebody counts as having stopped, unless they say `on` again."""
TOLD_EVERY = 2.0
"""A repeated `on` within this many seconds is not told again."""
MAX_TYPING = 5_000
"""People typing through this process; beyond it `typing` is acknowledged and told to nobody."""
Key = tuple[str, str]


class Typing(Input):
    conversation_id: Id
    on: bool


class TypingState:
    """(conversation, user) → (told at, expires at, `members_rev` when allowed), the times in monotonic seconds."""

    def __init__(self) -> None:
        self.people: dict[Key, tuple[float, float, int]] = {}

    def is_unchecked(self, key: Key, rev: int) -> bool:
        """Whether somebody who is typing now has to be looked up: they begin, or the members have changed since."""
        if key in self.people:
            return self.people[key][2] != rev
        return len(self.people) < MAX_TYPING

    def begin(self, key: Key, now: float, rev: int = 0) -> bool:
        """True when the others are to be told."""
        told_at = self.people[key][0] if key in self.people else -TOLD_EVERY
        if key not in self.people and len(self.people) >= MAX_TYPING:
            return False
        tell = now - told_at >= TOLD_EVERY
        self.people[key] = (now if tell else told_at, now + TIME_TO_LIVE, rev)
        return tell

    def end(self, key: Key) -> bool:
        return self.people.pop(key, None) is not None

    def expired(self, now: float) -> list[Key]:
        return [key for key, (_, expires_at, _) in self.people.items() if expires_at <= now]


def init_typing(app: Flask) -> None:
    app.extensions["typing"] = TypingState()


def _state() -> TypingState:
    found: TypingState = current_app.extensions["typing"]
    return found


@chat.on_event("typing", Typing)
def typing(connection: Connection, data: Typing) -> dict[str, Any]:
    """Tell the others that one types, or has stopped."""
    # Being in the conversation's room is the permission, and not being a reader there: looked up once while
    # somebody types and the members stay the same. A hint is not worth a query each time.
    if data.conversation_id not in connection.conversations:
        raise not_found("conversation")
    key = (data.conversation_id, connection.user_id)
    rev = local_members().known_rev(data.conversation_id)
    if data.on and _state().is_unchecked(key, rev) and not _may_write(key):
        _stop(key)
        raise forbidden("With a read-only role one cannot write here.")
    if not data.on:
        _stop(key, connection.sid)
    elif _state().begin(key, time.monotonic(), rev):
        _tell(key, on=True, skip_sid=connection.sid)
    return {}


def _stop(key: Key, skip_sid: str | None = None) -> None:
    if _state().end(key):
        _tell(key, on=False, skip_sid=skip_sid)


def _may_write(key: Key) -> bool:
    role = db.session.scalar(
        sa.select(ConversationMember.role).where(
            ConversationMember.conversation_id == key[0],
            ConversationMember.user_id == key[1],
            ConversationMember.left_at.is_(None),
        )
    )
    return role is not None and role != "read_only"


@chat.on_close
def stop_typing(connection: Connection) -> None:
    for conversation_id in connection.conversations:
        _stop((conversation_id, connection.user_id))


def end_expired() -> None:
    """Called every second."""
    for key in _state().expired(time.monotonic()):
        _stop(key)


def _tell(key: Key, *, on: bool, skip_sid: str | None = None) -> None:
    conversation_id, user_id = key
    rev = local_members().known_rev(conversation_id)
    publish_typing(conversation_id, user_id, rev, on=on, skip_sid=skip_sid)
