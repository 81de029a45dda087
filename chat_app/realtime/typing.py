"""Who is typing: told to the others, for a few seconds, and the first thing to be shed under load."""

import time
from typing import Any

from flask import Flask, current_app

from chat_app.errors import not_found
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
    """(conversation, user) → (told at, expires at), monotonic seconds."""

    def __init__(self) -> None:
        self.people: dict[Key, tuple[float, float]] = {}

    def begin(self, key: Key, now: float) -> bool:
        """True when the others are to be told."""
        told_at, _ = self.people.get(key, (-TOLD_EVERY, 0.0))
        if key not in self.people and len(self.people) >= MAX_TYPING:
            return False
        tell = now - told_at >= TOLD_EVERY
        self.people[key] = (now if tell else told_at, now + TIME_TO_LIVE)
        return tell

    def end(self, key: Key) -> bool:
        return self.people.pop(key, None) is not None

    def expired(self, now: float) -> list[Key]:
        return [key for key, (_, expires_at) in self.people.items() if expires_at <= now]


def init_typing(app: Flask) -> None:
    app.extensions["typing"] = TypingState()


def _state() -> TypingState:
    found: TypingState = current_app.extensions["typing"]
    return found


@chat.on_event("typing", Typing)
def typing(connection: Connection, data: Typing) -> dict[str, Any]:
    """Being in the conversation's room is the permission: no query for a hint."""
    if data.conversation_id not in connection.conversations:
        raise not_found("conversation")
    key = (data.conversation_id, connection.user_id)
    changed = _state().begin(key, time.monotonic()) if data.on else _state().end(key)
    if changed:
        _tell(key, on=data.on, skip_sid=connection.sid)
    return {}


@chat.on_close
def stop_typing(connection: Connection) -> None:
    for conversation_id in connection.conversations:
        if _state().end((conversation_id, connection.user_id)):
            _tell((conversation_id, connection.user_id), on=False)


def end_expired() -> None:
    """Called every second."""
    for key in _state().expired(time.monotonic()):
        _state().end(key)
        _tell(key, on=False)


def _tell(key: Key, *, on: bool, skip_sid: str | None = None) -> None:
    conversation_id, user_id = key
    rev = local_members().known_rev(conversation_id)
    publish_typing(conversation_id, user_id, rev, on=on, skip_sid=skip_sid)
