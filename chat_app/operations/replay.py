"""Playing a transcript into a running server: every person of it is a real Socket.IO client.

A transcript is JSON lines, one row per line of a chat: `n` (row number), `at` (UTC), `type` (`message`,
`action` or `system`), `user`, `text`, `reply_to` (row number or null). Accounts, sessions and the room are
made in the database directly; everything that is said goes through sockets. The row number is the
`client_msg_id`, so playing the same file again adds nothing.
"""

import json
import re
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import click
import socketio
import sqlalchemy as sa

from chat_app.auth.models import AuthSession
from chat_app.auth.service import create_user, key
from chat_app.auth.sessions import open_session
from chat_app.auth.tokens import make_access_token
from chat_app.conversations import members, service
from chat_app.conversations.models import Conversation
from chat_app.conversations.schemas import NewConversation
from chat_app.db import transaction
from chat_app.extensions import db
from chat_app.users.models import User

CHAT = "/chat"
ATTEMPTS = 30
MAX_PAUSE = 10.0
"""Seconds; a longer silence in the transcript is shortened to it."""


@dataclass(frozen=True, slots=True)
class Row:
    n: int
    at: datetime
    user: str
    text: str
    reply_to: int | None


def read_transcript(path: Path) -> list[Row]:
    """The rows that somebody said; joins, parts and other notices of the system are left out.

    Raises `click.ClickException` that names the line that is not a row.
    """
    rows = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            row = json.loads(line)
            if row["type"] == "system" or not row["text"].strip():
                continue
            text = f"* {row['user']} {row['text']}" if row["type"] == "action" else row["text"]
            rows.append(Row(row["n"], datetime.fromisoformat(row["at"]), row["user"], text, row["reply_to"]))
        except (ValueError, KeyError, TypeError) as error:
            raise click.ClickException(f"{path}, line {number} is not a row of a transcript: {error!r}") from None
    if not rows:
        raise click.ClickException(f"{path} holds no messages.")
    return rows


def usernames(names: Iterable[str]) -> dict[str, str]:
    """An allowed username for every name of the transcript; two never share one."""
    taken: dict[str, str] = {}
    for name in dict.fromkeys(names):
        plain = re.sub(r"[^A-Za-z0-9_.-]", "-", name).strip("-_.")[:24]
        candidate, number = f"r.{plain}" if plain else "r.x", 2
        while candidate.casefold() in taken:
            candidate, number = f"r.{plain}.{number}", number + 1
        taken[candidate.casefold()] = name
    return {name: username for username, name in taken.items()}


@dataclass
class Cast:
    """The people of a transcript: name → (user id, session id), and the room they talk in."""

    room_id: str
    people: dict[str, tuple[str, str]]

    def token(self, name: str) -> str:
        return make_access_token(*self.people[name])


def prepare(rows: list[Row], title: str) -> Cast:
    """Accounts (without a password: nobody can log in to them), sessions, and the room with all in it."""
    named = usernames(row.user for row in rows)
    with transaction():
        users = {name: _account(username, name) for name, username in named.items()}
        sessions = {name: _session(user) for name, user in users.items()}
        first = next(iter(users.values()))
        room = _room(first.id, title)
        members.add(room, {user.id: "member" for user in users.values()})
        return Cast(room.id, {name: (user.id, sessions[name]) for name, user in users.items()})


def _account(username: str, name: str) -> User:
    known: User | None = db.session.scalar(sa.select(User).where(User.username_key == key(username)))
    if known:
        return known
    return create_user(username, f"{username.lower()}@replay.example.com", None, display_name=name[:64])


def _session(user: User) -> str:
    open_session(user, user_agent="flask replay")
    return db.session.scalars(
        sa.select(AuthSession.id).where(AuthSession.user_id == user.id).order_by(AuthSession.id.desc()).limit(1)
    ).one()


def _room(owner_id: str, title: str) -> Conversation:
    known: Conversation | None = db.session.scalar(
        sa.select(Conversation).where(
            Conversation.kind == "room", Conversation.title == title, Conversation.deleted_at.is_(None)
        )
    )
    if known:
        return known
    room_id, _ = service.create(owner_id, NewConversation(kind="room", title=title))
    return db.session.get_one(Conversation, room_id)


class Player:
    """The sockets of the cast, spread over the given servers."""

    def __init__(self, cast: Cast, urls: list[str], stem: str) -> None:
        self._cast = cast
        self._urls = urls
        self._stem = stem
        self._clients: dict[str, socketio.Client] = {}
        self._message_ids: dict[int, str] = {}

    def connect(self, name: str) -> None:
        url = self._urls[len(self._clients) % len(self._urls)]
        client = socketio.Client()
        try:
            client.connect(
                url,
                namespaces=[CHAT],
                transports=["websocket"],
                auth=lambda: {"token": self._cast.token(name)},
                wait_timeout=10,
            )
        except socketio.exceptions.ConnectionError as error:
            raise click.ClickException(f"{url} does not take connections: {error}. Is the server running?") from None
        self._clients[name] = client

    def say(self, row: Row) -> None:
        """Send one row and wait until it is stored; waits and repeats when the server asks for it."""
        payload: dict[str, Any] = {
            "conversation_id": self._cast.room_id,
            "client_msg_id": f"{self._stem[:40]}:{row.n}",
            "content": row.text,
        }
        if row.reply_to in self._message_ids:
            payload["reply_to_id"] = self._message_ids[row.reply_to]
        for _ in range(ATTEMPTS):
            answer = self._try(row.user, payload)
            if answer["ok"]:
                self._message_ids[row.n] = answer["message"]["id"]
                return
            error = answer["error"]
            if error["code"] == "token_expired":
                self._try(row.user, {"token": self._cast.token(row.user)}, "authenticate")
            elif error["code"] in ("rate_limited", "unavailable"):
                time.sleep(error.get("retry_after", 1))
            else:
                raise click.ClickException(f"row {row.n} was refused: {error['detail']}")
        raise click.ClickException(f"row {row.n} could not be sent in {ATTEMPTS} attempts: {answer['error']['detail']}")

    def _try(self, name: str, payload: dict[str, Any], event: str = "send_message") -> dict[str, Any]:
        try:
            answer: dict[str, Any] = self._clients[name].call(event, payload, namespace=CHAT, timeout=15)
            return answer
        except socketio.exceptions.SocketIOError as error:
            return {"ok": False, "error": {"code": "unavailable", "detail": str(error) or type(error).__name__}}

    def close(self) -> None:
        for client in self._clients.values():
            client.disconnect()


def play(rows: list[Row], player: Player, speed: float, progress: Callable[[Iterable[Row]], Iterator[Row]]) -> None:
    """Say the rows in order; `speed` times as fast as they were said, or without pauses when it is 0."""
    before = rows[0].at
    for row in progress(rows):
        if speed:
            time.sleep(min(MAX_PAUSE, max(0.0, (row.at - before).total_seconds() / speed)))
            before = row.at
        player.say(row)
